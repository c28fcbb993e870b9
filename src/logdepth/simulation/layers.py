"""What a simulated model is: plain arrays, in functions of one token's row, and attention between them.

A `SimulatedBlock` says what a layer does beside attention: `project` makes queries, keys and values out of a row,
`finish` takes what was read and ends the layer. Both are row-wise (Definition 2.2 allows any such map), so a machine
that holds a token's words can do them. Attention itself, `softmax(q . k) v`, is the protocol's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from logdepth.errors import InputError
from logdepth.simulation.activations import ACTIVATIONS
from logdepth.simulation.digest import digest
from logdepth.simulation.online_softmax import attend
from logdepth.simulation.sight import Sight
from logdepth.summary import TwoLines

Array = np.ndarray
RowMap = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Linear:
    """`x -> weight x + bias`; weight (out, in)."""

    weight: Float[Array, "out in"]
    bias: Float[Array, " out"] | None = None

    def __call__(self, rows: Float[Array, "... in"]) -> Float[Array, "... out"]:
        made = rows @ self.weight.T
        return made if self.bias is None else made + self.bias


@dataclass(frozen=True, eq=False)
class Norm:
    """LayerNorm (`centred`) or RMSNorm along the last axis.

    >>> Norm(np.ones(2), None, 0.0, centred=True)(np.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    gain: Float[Array, " width"]
    bias: Float[Array, " width"] | None
    epsilon: float
    centred: bool

    def __call__(self, rows: Float[Array, "... width"]) -> Float[Array, "... width"]:
        if self.centred:
            rows = rows - rows.mean(-1, keepdims=True)
        scale = np.sqrt(np.square(rows).mean(-1, keepdims=True) + rows.dtype.type(self.epsilon))
        made = rows / scale * self.gain
        return made if self.bias is None else made + self.bias


@dataclass(frozen=True)
class Activation:
    """One of `activations.ACTIVATIONS`, by name."""

    name: str

    def __call__(self, rows: Array) -> Array:
        return ACTIVATIONS[self.name](rows)


@dataclass(frozen=True, eq=False)
class Hidden:
    """One hidden layer: `down(f(up x))`, or gated, `down(f(gate x) * up x)`."""

    up: Linear
    down: Linear
    activation: str
    gate: Linear | None = None

    def __call__(self, rows: Float[Array, "... width"]) -> Float[Array, "... width"]:
        function = ACTIVATIONS[self.activation]
        if self.gate is None:
            return self.down(function(self.up(rows)))
        return self.down(function(self.gate(rows)) * self.up(rows))


@dataclass(frozen=True, eq=False)
class Rotary:
    """Rotary positions: coordinates c and c + width/2 turn together, by the position's angle."""

    cosine: Float[Array, "positions half"]
    sine: Float[Array, "positions half"]

    def __call__(self, heads: Float[Array, "rows heads width"], positions: Int[Array, " rows"]) -> Array:
        cosine, sine = self.cosine[positions][:, None], self.sine[positions][:, None]
        first, second = np.split(heads, 2, axis=-1)
        return np.concatenate([first * cosine - second * sine, first * sine + second * cosine], -1)


class SimulatedBlock(ABC):
    """One layer. Heads come in groups of `num_heads / num_key_heads` that share keys and values.

    key_dim, value_dim: of one head. A score is the plain product of query and key: any scale is in the query.
    """

    num_heads: int
    num_key_heads: int
    key_dim: int
    value_dim: int
    sight: Sight

    @abstractmethod
    def project(
        self, rows: Float[Array, "rows m"], positions: Int[Array, " rows"]
    ) -> tuple[Float[Array, "rows heads key"], Float[Array, "rows kv key"], Float[Array, "rows kv value"]]:
        """Queries, keys and values of tokens that stand at these positions."""

    @abstractmethod
    def finish(
        self, rows: Float[Array, "rows m"], read: Float[Array, "rows heads value"], positions: Int[Array, " rows"]
    ) -> Float[Array, "rows m"]:
        """The rows after the layer, from those before it and what its heads read."""

    @property
    def query_words(self) -> int:
        return self.num_heads * self.key_dim

    @property
    def key_words(self) -> int:
        """Of a token's key and value, all heads."""
        return self.num_key_heads * (self.key_dim + self.value_dim)

    def split_keys(
        self, rows: Float[Array, "rows words"]
    ) -> tuple[Float[Array, "rows kv key"], Float[Array, "rows kv value"]]:
        """Keys and values out of rows that hold both, side by side."""
        split = self.num_key_heads * self.key_dim
        key = rows[:, :split].reshape(len(rows), self.num_key_heads, self.key_dim)
        return key, rows[:, split : self.key_words].reshape(len(rows), self.num_key_heads, self.value_dim)

    def split_queries(self, rows: Float[Array, "rows words"]) -> Float[Array, "rows heads key"]:
        """Queries out of rows that hold them side by side."""
        return rows.reshape(len(rows), self.num_heads, self.key_dim)

    @property
    def partial_words(self) -> int:
        """Of a partial (`online_softmax`): a logarithm and a mean value a head."""
        return self.num_heads * (1 + self.value_dim)


@dataclass(frozen=True, eq=False)
class StandardBlock(SimulatedBlock):
    """A layer of today's models: attention, then one hidden layer; each adds to the residual.

    Norms stand before (`attention_norm`, `hidden_norm`) or after (`after_attention`, `after_hidden`) where a model has
    them. `query_norm`, `key_norm`: of each head's queries and keys. `rotary`: positions in queries and keys.
    """

    sight: Sight
    num_heads: int
    num_key_heads: int
    query: Linear
    key: Linear
    value: Linear
    output: Linear
    hidden: RowMap
    scale: float
    attention_norm: Norm | None = None
    hidden_norm: Norm | None = None
    after_attention: Norm | None = None
    after_hidden: Norm | None = None
    query_norm: Norm | None = None
    key_norm: Norm | None = None
    rotary: Rotary | None = None

    @property
    def key_dim(self) -> int:  # type: ignore[override]
        return len(self.key.weight) // self.num_key_heads

    @property
    def value_dim(self) -> int:  # type: ignore[override]
        return len(self.value.weight) // self.num_key_heads

    def project(self, rows: Array, positions: Array) -> tuple[Array, Array, Array]:
        x = rows if self.attention_norm is None else self.attention_norm(rows)
        query = self.query(x).reshape(len(x), self.num_heads, self.key_dim)
        key = self.key(x).reshape(len(x), self.num_key_heads, self.key_dim)
        value = self.value(x).reshape(len(x), self.num_key_heads, self.value_dim)
        query = query if self.query_norm is None else self.query_norm(query)
        key = key if self.key_norm is None else self.key_norm(key)
        if self.rotary is not None:
            query, key = self.rotary(query, positions), self.rotary(key, positions)
        return query * query.dtype.type(self.scale), key, value

    def finish(self, rows: Array, read: Array, positions: Array) -> Array:
        x = rows + self.output(read.reshape(len(rows), self.num_heads * self.value_dim))
        x = x if self.after_attention is None else self.after_attention(x)
        x = x + self.hidden(x if self.hidden_norm is None else self.hidden_norm(x))
        return x if self.after_hidden is None else self.after_hidden(x)


@dataclass(frozen=True, eq=False)
class SimulatedEmbedding:
    """Token ids to rows: a table for tokens, one for positions (where there is one), a norm (where there is one)."""

    tokens: Float[Array, "vocabulary m"]
    positions: Float[Array, "slots m"] | None = None
    norm: Norm | None = None

    def __call__(self, tokens: Int[Array, " rows"], positions: Int[Array, " rows"]) -> Float[Array, "rows m"]:
        rows = self.tokens[tokens]
        rows = rows if self.positions is None else rows + self.positions[positions]
        return rows if self.norm is None else self.norm(rows)


@dataclass(frozen=True, eq=False)
class SimulatedReadout:
    """Logits out of the last rows: maps, one after another (norms, linear maps, activations)."""

    maps: Sequence[RowMap]

    def __call__(self, rows: Float[Array, "rows m"]) -> Float[Array, "rows classes"]:
        for each in self.maps:
            rows = each(rows)
        return rows


@dataclass(frozen=True, eq=False, repr=False)
class SimulatedModel(TwoLines):
    """A transformer as the protocols take it. max_length: tokens at most; num_classes: logits a token.

    name: what it was made from, for messages.
    """

    name: str
    embed: SimulatedEmbedding
    blocks: Sequence[SimulatedBlock]
    readout: RowMap
    num_classes: int
    max_length: int

    @property
    def vocab_size(self) -> int:
        return len(self.embed.tokens)

    @property
    def embed_dim(self) -> int:
        return self.embed.tokens.shape[1]

    @property
    def dtype(self) -> np.dtype:
        """What machines compute in."""
        return self.embed.tokens.dtype

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that it computes with: a checkpoint of a run is no other model's."""
        return digest(self)

    def summary(self) -> tuple[str, str]:
        heads = max((block.num_heads for block in self.blocks), default=0)
        return (
            f"{self.name}: {len(self.blocks)} layers, {heads} heads, embedding dimension {self.embed_dim}",
            f"{self.vocab_size:,} tokens, up to {self.max_length:,} of them, {self.num_classes:,} logits each",
        )

    def check(self, tokens: Num[Array, ...]) -> Int[Array, " n"]:
        """Token ids as int64. Raises `InputError` for none, too many, or one outside the vocabulary."""
        tokens = np.asarray(tokens)
        if tokens.ndim != 1 or not len(tokens) or tokens.dtype.kind not in "iu":
            raise InputError(f"tokens are {tokens.dtype} {tokens.shape}; one row of whole numbers is needed, not empty")
        if len(tokens) > self.max_length:
            raise InputError(f"there are {len(tokens):,} tokens; {self.name} takes {self.max_length:,} at most")
        if (outside := (tokens < 0) | (tokens >= self.vocab_size)).any():
            place = int(np.argmax(outside))
            raise InputError(
                f"token {tokens[place]} at position {place} is outside {self.name}'s vocabulary, "
                f"0..{self.vocab_size - 1}"
            )
        return tokens.astype(np.int64)

    def logits(self, tokens: Int[Array, " n"], seen: Bool[Array, " n"] | None = None) -> Float[Array, "n classes"]:
        """All in one place, without machines: what the protocols must come to. `seen`: false for padding.

        Raises `InputError` as `check`.
        """
        tokens = self.check(tokens)
        positions = np.arange(len(tokens))
        rows = self.embed(tokens, positions)
        for block in self.blocks:
            visible = block.sight.visible(positions, positions)
            if seen is not None:
                visible = visible & seen[None, :]
            rows = block.finish(rows, attend(*block.project(rows, positions), visible).mean, positions)
        return self.readout(rows)
