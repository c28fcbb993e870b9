"""Exact transformers of this library (`logdepth.transformer`) as simulated models, with soft attention.

Their heads are functions of a row and its index, affine or any other, and write into the whole residual
(Definition 2.2). Here a head's queries and keys are filled up to the widest of its layer, and its values are those
coordinates that it can write at all: what is always 0 does not travel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from logdepth.simulation.layers import Array, SimulatedBlock, SimulatedEmbedding, SimulatedModel
from logdepth.simulation.sight import Sight
from logdepth.transformer import Affine, Circuit, Head, Layer, RowFunction, Transformer

Form = Affine | Circuit | RowFunction


def from_transformer(model: Transformer) -> SimulatedModel:
    """The model in float64.

    >>> from logdepth import compile
    >>> from logdepth.programs import khop_rank
    >>> exact = compile(khop_rank, length=20, alphabet=4, k=3).transformer
    >>> from_transformer(exact).embed_dim == exact.embed_dim
    True
    """
    sight = Sight(model.causal)
    embedding = SimulatedEmbedding(
        np.asarray(model.embedding.tokens, np.float64), np.asarray(model.embedding.positions, np.float64)
    )
    sample = embedding(np.zeros(1, np.int64), np.zeros(1, np.int64))
    blocks = [ExactBlock(layer, model.sharpness, sight, *_sizes(layer, sample)) for layer in model.layers]
    classes = len(model.readout.map.bias)
    return SimulatedModel(
        "the exact transformer", embedding, blocks, model.readout.map, classes, len(model.embedding.positions)
    )


@dataclass(frozen=True, eq=False)
class ExactBlock(SimulatedBlock):
    """A layer of an exact transformer. writes: of each head, the residual coordinates that its values can reach."""

    layer: Layer
    sharpness: float
    sight: Sight
    key_dim: int
    writes: tuple[Array, ...]

    @property
    def num_heads(self) -> int:  # type: ignore[override]
        return max(1, len(self.layer.heads))

    @property
    def num_key_heads(self) -> int:  # type: ignore[override]
        return self.num_heads

    @property
    def value_dim(self) -> int:  # type: ignore[override]
        return max(1, max((len(places) for places in self.writes), default=1))

    def project(self, rows: Array, positions: Array) -> tuple[Array, Array, Array]:
        query, key = (np.zeros((len(rows), self.num_heads, self.key_dim)) for _ in range(2))
        value = np.zeros((len(rows), self.num_heads, self.value_dim))
        for index, (head, places) in enumerate(zip(self.layer.heads, self.writes, strict=True)):
            for target, form, scale in ((query, head.query, self.sharpness), (key, head.key, 1.0)):
                made = at_rows(form, rows, positions)
                target[:, index, : made.shape[1]] = made * scale
            value[:, index, : len(places)] = at_rows(head.value, rows, positions)[:, places]
        return query, key, value

    def finish(self, rows: Array, read: Array, positions: Array) -> Array:
        written = np.zeros_like(rows)
        for index, places in enumerate(self.writes):
            written[:, places] += read[:, index, : len(places)]
        x = rows + written
        return x if self.layer.map is None else x + at_rows(self.layer.map, x, positions)


def at_rows(form: Form, rows: Array, positions: Array) -> Array:
    """A row-wise map on rows that stand at these positions."""
    if isinstance(form, RowFunction):
        made = [np.asarray(form.function(row, int(place))) for row, place in zip(rows, positions, strict=True)]
        return np.stack(made) if made else form.function(np.zeros(rows.shape[1]), 0)[None][:0]
    return form(rows)


def _sizes(layer: Layer, sample: Array) -> tuple[int, tuple[Array, ...]]:
    """The widest head's query, and what each head can write."""
    start = np.zeros(1, np.int64)
    widths = [at_rows(head.query, sample, start).shape[1] for head in layer.heads]
    return max([1, *widths]), tuple(_written(head, sample.shape[1]) for head in layer.heads)


def _written(head: Head, width: int) -> Array:
    if isinstance(head.value, Affine):
        return np.flatnonzero(np.abs(head.value.weight).sum(1) + np.abs(head.value.bias))
    return np.arange(width)
