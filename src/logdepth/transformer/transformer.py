"""The exact transformer (Definition 2.2) on named residual coordinates: run it, trace it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Integer

from logdepth.errors import InputError
from logdepth.summary import TwoLines
from logdepth.transformer.attention import ATTENTION, causal_mask
from logdepth.transformer.rowmaps import Affine, Circuit, RowFunction
from logdepth.transformer.trace import Trace


@dataclass(frozen=True, eq=False)
class Embedding:
    """phi_0 as two tables that are added: `tokens (vocabulary, m)` and `positions (length + 1, m)`."""

    tokens: Float[np.ndarray, "vocabulary m"]
    positions: Float[np.ndarray, "slots m"]


@dataclass(frozen=True, eq=False)
class Head:
    """`softmax(Q(X) K(X)^T) V(X)` (Definition 2.1), no 1/sqrt(d).

    The intended keys score highest, all others at least one unit less. `counts`: the intended keys tie with
    the start token, and the head reads their average; else there is one intended key.
    """

    name: str
    query: Affine | RowFunction
    key: Affine | RowFunction
    value: Affine | RowFunction
    counts: bool = False


@dataclass(frozen=True, eq=False)
class Layer:
    """Heads, whose values add to the residual, then a row-wise map, whose value adds too."""

    heads: tuple[Head, ...]
    map: Circuit | RowFunction | None = None


@dataclass(frozen=True, eq=False)
class Readout:
    """Logits out of the last residual: affine in it."""

    map: Affine


@dataclass(frozen=True, eq=False, repr=False)
class Transformer(TwoLines):
    """Layers on named coordinates. Sequences are token ids `(batch, slots)`, slot 0 the start token.

    `sharpness` multiplies every score (the c of Lemma A.2): with margin 1 between the intended key and others,
    64 leaves less than n e^-64 of softmax to the others.
    """

    coordinates: tuple[str, ...]
    embedding: Embedding
    layers: tuple[Layer, ...]
    readout: Readout
    causal: bool = True
    sharpness: float = 64.0

    def summary(self) -> tuple[str, str]:
        tokens, slots = len(self.embedding.tokens), len(self.embedding.positions)
        heads = " + ".join(str(len(layer.heads)) for layer in self.layers)
        return (
            f"exact transformer: {self.depth} layers, {heads} heads, {self.embed_dim} coordinates",
            f"{tokens:,} tokens, {slots:,} positions, {'causal' if self.causal else 'bidirectional'}",
        )

    @property
    def depth(self) -> int:
        return len(self.layers)

    @property
    def embed_dim(self) -> int:
        return len(self.coordinates)

    def trace(self, tokens: Integer[np.ndarray, "batch slots"], attention: str = "soft") -> Trace:
        """Run with `soft` or `hard` attention and keep everything. Memory O(batch heads slots^2).

        Raises `InputError` for an unknown kind of attention, token ids outside the vocabulary, or sequences
        longer than the position table.
        """
        if attention not in ATTENTION:
            raise InputError(f"attention is {attention!r}; it must be one of {', '.join(ATTENTION)}")
        attend = ATTENTION[attention]
        tokens = np.asarray(tokens)
        num_slots = tokens.shape[1]
        if num_slots > len(self.embedding.positions):
            raise InputError(
                f"a sequence of {num_slots - 1:,} symbols; the model takes {len(self.embedding.positions) - 1:,}"
            )
        if tokens.size and (tokens.min() < 0 or tokens.max() >= len(self.embedding.tokens)):
            raise InputError(f"token ids must be in 0..{len(self.embedding.tokens) - 1}")
        x = self.embedding.tokens[tokens] + self.embedding.positions[:num_slots]
        mask = causal_mask(num_slots) if self.causal else np.zeros((num_slots, num_slots), bool)
        residual, weights = [x], []
        for layer in self.layers:
            written = np.zeros_like(x)
            each = []
            for head in layer.heads:
                scores = head.query(x) @ head.key(x).swapaxes(-1, -2)
                weight = attend(np.where(mask, -np.inf, scores), self.sharpness)
                each.append(weight)
                written += weight @ head.value(x)
            x = x + written
            if layer.map is not None:
                x = x + layer.map(x)
            residual.append(x)
            shape = (len(tokens), 0, num_slots, num_slots)
            weights.append(np.stack(each, 1) if each else np.zeros(shape))
        names = tuple(tuple(head.name for head in layer.heads) for layer in self.layers)
        return Trace(tuple(weights), tuple(residual), self.readout.map(x), names)

    def run(
        self, tokens: Integer[np.ndarray, "batch slots"], attention: str = "soft"
    ) -> Int[np.ndarray, "batch slots"]:
        """The argmax of the logits at every slot."""
        return self.trace(tokens, attention).logits.argmax(-1)
