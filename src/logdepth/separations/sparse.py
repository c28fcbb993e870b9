"""Windowed attention at the blackboard (Corollary 5.4): rows near a border are passed on, and every g-th.

Token i sees j if they are at most w apart, or j is global, a multiple of g. A player writes the rows of its segment
that others may look at, w at either end and the global ones, once for all heads.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from logdepth.separations.blackboard import Message, Place
from logdepth.separations.layers import PlayedLayer, Rows
from logdepth.theory.chasing import sparse_rows

NEVER = np.float32(-1e30)


def seen(length: int, window: int, stride: int) -> Bool[np.ndarray, "query key"]:
    """The mask, of Longformer.

    >>> seen(5, 1, 4).astype(int)[2].tolist()
    [1, 1, 1, 1, 1]
    """
    place = np.arange(length)
    return (abs(place[:, None] - place) <= window) | (place % stride == 0)


def written(place: Place, window: int, stride: int) -> Int[np.ndarray, " rows"]:
    """Positions of a segment whose rows its player writes.

    >>> written(Place(1, 0, 10, 10, 20), 2, 5).tolist()
    [10, 11, 15, 18, 19]
    """
    position = place.first + np.arange(place.length)
    end = place.first + place.length
    return position[(position < place.first + window) | (position >= end - window) | (position % stride == 0)]


class SparseLayer(PlayedLayer):
    """A layer of softmax attention under that mask. width: numbers of a row; precision: bits of each."""

    window: int
    stride: int
    causal: bool
    width: int
    precision: int

    @abstractmethod
    def attend(
        self,
        rows: Rows,
        keys: Rows,
        mask: Bool[np.ndarray, "query key"],
        places: tuple[Int[np.ndarray, " query"], Int[np.ndarray, " key"]],
    ) -> Rows:
        """The layer's output at tokens which see some of the keys' tokens; places: where both stand."""

    def mask(self, length: int) -> Bool[np.ndarray, "query key"]:
        found = seen(length, self.window, self.stride)
        return np.tril(found) if self.causal else found

    def speak(self, rows: Rows, place: Place, said: Sequence[Message]) -> tuple[Message, Rows]:
        return (rows[:, written(place, self.window, self.stride) - place.first],), rows

    def hear(self, kept: Rows, place: Place, said: Sequence[Message]) -> Rows:
        parts, positions = [], []
        for segment, (rows,) in enumerate(said):
            other = Place(0, segment, segment * place.length, place.length, place.total)
            mine = segment == place.segment
            parts.append(kept if mine else rows)
            positions.append(
                place.first + np.arange(place.length) if mine else written(other, self.window, self.stride)
            )
        keys = np.concatenate(positions)
        own = slice(place.first, place.first + place.length)
        mask = self.mask(place.total)[own][:, keys]
        return self.attend(kept, np.concatenate(parts, 1), mask, (np.arange(place.total)[own], keys))

    def forward(self, rows: Rows) -> Rows:
        every = np.arange(rows.shape[1])
        return self.attend(rows, rows, self.mask(rows.shape[1]), (every, every))

    def message_bits(self, place: Place) -> int:
        rows = sparse_rows(place.first, place.length, self.window, self.stride)
        return rows * self.width * self.precision


def softmax(
    scores: Float[np.ndarray, "*batch query key"], mask: Bool[np.ndarray, "query key"]
) -> Float[np.ndarray, "*batch query key"]:
    """Weights; a key that is not seen has none."""
    scores = np.where(mask, scores, NEVER)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)
