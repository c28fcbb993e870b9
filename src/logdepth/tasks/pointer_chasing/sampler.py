"""Random functional graphs as strings, with queries and their answers: number i depends on seed, split and i alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from logdepth.errors import InputError
from logdepth.rng import key_for
from logdepth.tasks.draws import below, start
from logdepth.tasks.task import IGNORED, Batch, task_vocabulary
from logdepth.vocabulary import Vocabulary

MOST_VERTICES = 65_535


@dataclass(frozen=True)
class ChasingSampler:
    """A stream of instances: V = `alphabet_size` pairs (v, f(v)) in random order, then length - 2 V random queries.

    f is uniform over all maps; `planted`: over those that are one cycle, where every hop leads on. Ids are the task's
    (`vocabulary`). Raises `InputError` for sizes that do not fit.

    >>> batch = ChasingSampler(length=8, alphabet_size=3, max_k=4).batch(0, 2)
    >>> batch.inputs.shape, batch.targets[0, :7].tolist()
    ((2, 9), [9, -100, -100, -100, -100, -100, -100])
    """

    length: int
    alphabet_size: int
    k: int | None = None
    max_k: int | None = None
    planted: bool = False
    labels: str = "all"
    seed: int = 0
    split: str = "train"

    def __post_init__(self) -> None:
        size, hops = self.alphabet_size, self.largest_k
        if (self.k is None) == (self.max_k is None):
            raise InputError("give either k or max_k")
        if not 1 <= size <= MOST_VERTICES:
            raise InputError(f"alphabet is {size:,}; there are 1 to {MOST_VERTICES:,} vertices")
        if self.length <= 2 * size:
            raise InputError(
                f"length is {self.length:,}; {size:,} pairs and a query need {2 * size + 1:,}; give a greater "
                "length or a smaller alphabet"
            )
        if not 0 <= hops < 1 << 16:
            raise InputError(f"k is {hops:,}; it must be in 0..65,535")
        if self.labels not in ("all", "last"):
            raise InputError(f"labels is {self.labels!r}; it must be 'all' or 'last'")

    @property
    def largest_k(self) -> int:
        return self.k if self.k is not None else self.max_k if self.max_k is not None else 0

    @property
    def vocabulary(self) -> Vocabulary:
        return task_vocabulary(self.alphabet_size, self.max_k)

    def batch(self, first: int, count: int) -> Batch:
        """Instances number `first` .. `first + count - 1`."""
        ids = self.vocabulary
        inputs = np.empty((count, self.length + 1), np.min_scalar_type(ids.size - 1))
        targets = np.full((count, self.length + 1), IGNORED, np.int64)
        targets[:, 0] = ids.unasked
        hops = np.empty(count, np.int64)
        key = np.uint64(key_for(self.seed, "pointer-chasing", self.split))
        fixed = -1 if self.k is None else self.k
        sizes = (self.alphabet_size, fixed, self.largest_k, ids.first_symbol, self.planted)
        _sample(key, np.uint64(first), *sizes, inputs, targets, hops)
        inputs[:, 0] = hops if ids.header_size else ids.start
        return Batch(inputs, targets if self.labels == "all" else targets[:, -1], hops)


@njit(cache=True)
def _sample(key, first, size, fixed, most, offset, planted, inputs, targets, hops):
    n = inputs.shape[1] - 1
    order = np.empty(size, np.int64)
    cycle = np.empty(size, np.int64)
    image = np.empty(size, np.int64)
    for s in range(inputs.shape[0]):
        state = start(key, first + np.uint64(s))
        pool, left = np.uint64(0), 0
        k = np.int64(fixed)
        if fixed < 0:
            drawn, state, pool, left = below(np.uint64(most + 1), state, pool, left)
            k = np.int64(drawn)
        hops[s] = k
        for i in range(size):  # the order of the pairs: Fisher and Yates, from the inside out
            drawn, state, pool, left = below(np.uint64(i + 1), state, pool, left)
            j = np.int64(drawn)
            order[i] = order[j]
            order[j] = i
        if planted:
            for i in range(size):
                drawn, state, pool, left = below(np.uint64(i + 1), state, pool, left)
                j = np.int64(drawn)
                cycle[i] = cycle[j]
                cycle[j] = i
            for i in range(size):
                image[cycle[i]] = cycle[(i + 1) % size]
        else:
            for i in range(size):
                drawn, state, pool, left = below(np.uint64(size), state, pool, left)
                image[i] = np.int64(drawn)
        for i in range(size):
            inputs[s, 1 + 2 * i] = offset + order[i]
            inputs[s, 2 + 2 * i] = offset + image[order[i]]
        power = np.arange(size)
        square = image.copy()
        while k > 0:
            if k & 1:
                power = square[power]
            k >>= 1
            if k > 0:
                square = square[square]
        for i in range(2 * size + 1, n + 1):
            drawn, state, pool, left = below(np.uint64(size), state, pool, left)
            inputs[s, i] = offset + np.int64(drawn)
            targets[s, i] = offset + power[np.int64(drawn)]
