"""The exact transformer (Definition 2.2) on named residual coordinates: run it, trace it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int, Integer

from logdepth.errors import InputError
from logdepth.summary import TwoLines
from logdepth.transformer.attention import ATTENTION, causal_mask
from logdepth.transformer.columns import Columns
from logdepth.transformer.hashed import Hashed, hashed
from logdepth.transformer.parts import Embedding, Layer, Readout
from logdepth.transformer.trace import SparseTrace, Trace

Progress = Callable[[int, int], None]


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

    @cached_property
    def hashed(self) -> Hashed:
        """The same, ready for hash attention. Raises `InputError` naming the head or map that cannot be run so."""
        return hashed(self.coordinates, self.embedding, self.layers, self.readout, self.causal)

    def trace(
        self,
        tokens: Integer[np.ndarray, "batch slots"],
        attention: str = "soft",
        lengths: Integer[np.ndarray, " batch"] | None = None,
    ) -> Trace:
        """Run with `soft` or `hard` attention and keep everything. Memory O(batch heads slots^2).

        lengths: symbols of each row; the slots after them are padding, which nothing attends to and which mean nothing.
        Raises `InputError` for an unknown kind of attention, token ids outside the vocabulary, or sequences
        longer than the position table.
        """
        if attention not in ATTENTION:
            more = "; hash attention's trace is sparse: sparse_trace" if attention == "hash" else ""
            raise InputError(f"attention is {attention!r}; it must be one of {', '.join(ATTENTION)}{more}")
        attend = ATTENTION[attention]
        tokens, lengths = self._checked(tokens, lengths)
        num_slots = tokens.shape[1]
        x = (self.embedding.tokens[tokens] + self.embedding.positions[:num_slots]).astype(np.float64)
        mask = causal_mask(num_slots) if self.causal else np.zeros((num_slots, num_slots), bool)
        mask = mask | (np.arange(num_slots) > lengths[:, None])[:, None]
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
        return Trace(tuple(weights), tuple(residual), self.readout.map(x), self._head_names)

    def sparse_trace(
        self,
        tokens: Integer[np.ndarray, "batch slots"],
        lengths: Integer[np.ndarray, " batch"] | None = None,
        *,
        residual: bool = False,
        progress: Progress | None = None,
    ) -> SparseTrace:
        """Run with hash attention and keep what every head found. Memory O(batch slots (heads + m)), near-linear time.

        Numbers at padding are 0. residual: keep that, too. Raises `InputError` as `trace` and `hashed` do.
        """
        tokens, lengths = self._checked(tokens, lengths)
        batch, slots = tokens.shape
        found = [np.zeros((batch, len(layer.heads), slots), np.int32) for layer in self.layers]
        kept = [np.zeros((batch, slots, self.embed_dim)) for _ in range(self.depth + 1)] if residual else []
        answers = np.zeros((batch, slots), np.int64)
        for row, number, slots_found, x in self._by_hash(tokens, lengths, progress):
            if number:
                found[number - 1][row, :, : x.num_slots] = slots_found
            if residual:
                kept[number][row, : x.num_slots] = x.rows()
            if number == self.depth:
                answers[row, : x.num_slots] = self.hashed.readout(x)
        counts = tuple(tuple(head.counts for head in layer.heads) for layer in self.layers)
        return SparseTrace(tuple(found), counts, answers, self._head_names, tuple(kept))

    def run(
        self,
        tokens: Integer[np.ndarray, "batch slots"],
        attention: str = "soft",
        lengths: Integer[np.ndarray, " batch"] | None = None,
        *,
        progress: Progress | None = None,
    ) -> Int[np.ndarray, "batch slots"]:
        """The argmax of the logits at every slot, by `soft`, `hard` or `hash` attention (0 at padding then).

        progress: called after every layer of hash attention. Raises `InputError` as `trace` and `sparse_trace` do.
        """
        if attention != "hash":
            return self.trace(tokens, attention, lengths).logits.argmax(-1)
        tokens, lengths = self._checked(tokens, lengths)
        answers = np.zeros(tokens.shape, np.int64)
        for row, number, _, x in self._by_hash(tokens, lengths, progress):
            if number == self.depth:
                answers[row, : x.num_slots] = self.hashed.readout(x)
        return answers

    def _by_hash(
        self, tokens: np.ndarray, lengths: np.ndarray, progress: Progress | None
    ) -> Iterator[tuple[int, int, np.ndarray, Columns]]:
        """Every sequence after the embedding and every layer: its number, the layer, what heads found, the residual."""
        steps = self.depth + 1
        for row in range(len(tokens)):
            for number, (found, x) in enumerate(self.hashed.steps(tokens[row, : int(lengths[row]) + 1])):
                yield row, number, found, x
                if progress:
                    progress(row * steps + number + 1, len(tokens) * steps)

    @property
    def _head_names(self) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(head.name for head in layer.heads) for layer in self.layers)

    def _checked(self, tokens: np.ndarray, lengths: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        tokens = np.asarray(tokens)
        batch, num_slots = tokens.shape
        if num_slots > len(self.embedding.positions):
            raise InputError(
                f"a sequence of {num_slots - 1:,} symbols; the model takes {len(self.embedding.positions) - 1:,}"
            )
        if tokens.size and (tokens.min() < 0 or tokens.max() >= len(self.embedding.tokens)):
            raise InputError(f"token ids must be in 0..{len(self.embedding.tokens) - 1}")
        if lengths is None:
            return tokens, np.full(batch, num_slots - 1)
        lengths = np.asarray(lengths)
        if len(lengths) != batch:
            raise InputError(f"{batch} sequences and {len(lengths)} lengths; give one each a row")
        if lengths.size and (lengths.min() < 0 or lengths.max() >= num_slots):
            raise InputError(f"lengths {lengths.min()}..{lengths.max()} are not in 0..{num_slots - 1}")
        return tokens, lengths
