"""Kernel attention at the blackboard (Corollary 5.3): sums are passed on, m' by m a head and m' to divide by.

A player writes its own tokens' sums of feature times value. With a causal mask a token adds the sums of the segments
before its own, without one those of all.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from logdepth.separations.blackboard import Message, Place
from logdepth.separations.layers import PlayedLayer, Rows
from logdepth.theory.chasing import kernel_bits


class KernelLayer(PlayedLayer):
    """A layer whose heads weigh key j for query i by the product of two vectors of features, positive numbers."""

    causal: bool
    precision: int  # bits of a number

    @abstractmethod
    def project(
        self, rows: Rows, first: int
    ) -> tuple[
        Float[np.ndarray, "batch heads t features"],
        Float[np.ndarray, "batch heads t features"],
        Float[np.ndarray, "batch heads t m"],
    ]:
        """Queries' features, keys' features, values, token by token; the tokens stand from position `first` on."""

    @abstractmethod
    def finish(self, rows: Rows, read: Float[np.ndarray, "batch heads t m"]) -> Rows:
        """The output at tokens, from what their heads read."""

    @property
    @abstractmethod
    def sizes(self) -> tuple[int, int, int]:
        """Heads, features m', width m of a value."""

    def speak(self, rows: Rows, place: Place, said: Sequence[Message]) -> tuple[Message, Rows]:
        _, keys, values = self.project(rows, place.first)
        return (np.swapaxes(keys, -1, -2) @ values, keys.sum(-2)), rows

    def hear(self, kept: Rows, place: Place, said: Sequence[Message]) -> Rows:
        queries, keys, values = self.project(kept, place.first)
        others = said[: place.segment] if self.causal else [*said[: place.segment], *said[place.segment + 1 :]]
        weights = queries @ np.swapaxes(keys, -1, -2) * _mask(kept.shape[1], self.causal)
        total, norm = weights @ values, weights.sum(-1, keepdims=True)
        for sums, features in others:
            total = total + queries @ sums
            norm = norm + queries @ features[..., None]
        return self.finish(kept, total / norm)

    def forward(self, rows: Rows) -> Rows:
        queries, keys, values = self.project(rows, 0)
        weights = queries @ np.swapaxes(keys, -1, -2) * _mask(rows.shape[1], self.causal)
        return self.finish(rows, weights @ values / weights.sum(-1, keepdims=True))

    def message_bits(self, place: Place) -> int:
        heads, features, width = self.sizes
        return kernel_bits(width, features, heads, self.precision)


def _mask(length: int, causal: bool) -> np.ndarray:
    return np.tri(length, dtype=np.float32) if causal else np.ones((length, length), np.float32)
