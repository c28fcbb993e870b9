"""Which keys a query sees: all, those up to itself, or a window of those. An interval, so trees leave out the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from logdepth.errors import InputError

Array = np.ndarray


@dataclass(frozen=True)
class Sight:
    """causal: query i sees keys j <= i. window: and only the last `window` of them, itself included.

    Raises `InputError` for a window without causal, or below 1.

    >>> Sight(causal=True, window=2).visible(np.arange(3), np.arange(3)).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    """

    causal: bool
    window: int | None = None

    def __post_init__(self) -> None:
        if self.window is not None and (not self.causal or self.window < 1):
            raise InputError(f"a window of {self.window} tokens that is not causal, or below 1, is not known")

    def keys(self, query: Int[Array, " n"], num_tokens: int) -> tuple[Array, Array]:
        """The keys that each query sees, `first <= j < last`."""
        last = query + 1 if self.causal else np.full_like(query, num_tokens)
        first = np.zeros_like(query) if self.window is None else np.maximum(query + 1 - self.window, 0)
        return first, last

    def queries(self, key: Int[Array, " n"], num_tokens: int) -> tuple[Array, Array]:
        """The queries that see each key, `first <= i < last`."""
        first = key if self.causal else np.zeros_like(key)
        last = np.full_like(key, num_tokens)
        return first, last if self.window is None else np.minimum(key + self.window, num_tokens)

    def visible(self, query: Int[Array, " q"], key: Int[Array, " k"]) -> Bool[Array, "q k"]:
        """Whether each query sees each key."""
        distance = query[:, None] - key[None, :]
        seen = distance >= 0 if self.causal else np.ones(distance.shape, bool)
        return seen if self.window is None else seen & (distance < self.window)
