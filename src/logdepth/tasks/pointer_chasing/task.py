"""Pointer chasing as a task: what the rest of the library asks about it.

Encoding: the pairs (v, f(v)), one for each of the V = alphabet_size vertices, in random order, then queries. Pairs
rather than a list f(0) f(1) ..: a vertex is then named by its symbol alone, never by where it stands, and a hop is the
look-up of k-hop: find my symbol among the firsts, go on from the slot after it. Firsts and images differ in the parity
of their slot, which learned positions tell and rotary ones have to count (slow to learn, above all bidirectionally).
Queries come last and only they are asked, so that a causal model has seen all of f; a pair may have its image's pair
behind it, so causal models cannot square pointers within the list, and bidirectional ones can.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from logdepth.tasks.pointer_chasing.sampler import ChasingSampler
from logdepth.tasks.pointer_chasing.solver import chase_by_definition, hops_to_new, image_slots
from logdepth.tasks.powers import find_power, read_symbols
from logdepth.tasks.task import Classes, Task, by_distance


@final
@dataclass(frozen=True)
class PointerChasing(Task):
    """f^k of every query. The pointer of a slot is the slot where the image of its vertex is listed.

    An error's class is how many of the k hops lead to a vertex not met before. Planted: f is one cycle.

    >>> PointerChasing(length=8, alphabet_size=3, k=2).solve(np.array([[0, 1, 1, 2, 2, 0, 1, 2]]), 2)[0, 6:].tolist()
    [0, 1]
    """

    name = "pointer-chasing"
    pointer = "image"
    answer = "f^"
    drawn = "(pairs of a random map, then queries)"
    sampler_options = ("labels",)

    @property
    def asked(self) -> slice:
        return slice(2 * self.alphabet_size, self.length)

    @property
    def shortest(self) -> int:
        return 2 * self.alphabet_size + 1

    def sampler(self, *, seed: int = 0, split: str = "train", planted: bool = False, **options: Any) -> ChasingSampler:
        sizes = (self.length, self.alphabet_size, self.k, self.max_k)
        return ChasingSampler(*sizes, planted=planted, seed=seed, split=split, **options)

    def strings(self, count: int, seed: int = 0, purpose: str = "test") -> np.ndarray:
        return self._drawn(count, 0, seed, f"evaluation {purpose}", planted=False)

    def planted_strings(self, k: int, count: int, seed: int = 0) -> np.ndarray:
        return self._drawn(count, k, seed, "evaluation planted", planted=True)

    def _drawn(self, count: int, k: int, seed: int, split: str, *, planted: bool) -> np.ndarray:
        sizes = (self.length, self.alphabet_size)
        sampler = ChasingSampler(*sizes, k=k, planted=planted, seed=seed, split=split)
        return sampler.batch(0, count).inputs[:, 1:].astype(np.int64)

    def is_instance(self, strings: np.ndarray) -> np.ndarray:
        size = self.alphabet_size
        listed = (np.sort(strings[:, 0 : 2 * size : 2], 1) == np.arange(size)).all(1)
        return listed & ((strings >= 0) & (strings < size)).all(1)

    def solve(self, strings: np.ndarray, k: int) -> np.ndarray:
        size = self.alphabet_size
        return read_symbols(strings, find_power(image_slots(strings, size), k), size)

    def solve_by_definition(self, string: list[int], k: int) -> list[int]:
        return chase_by_definition(string, self.alphabet_size, k)

    def classes(self, strings: np.ndarray, k: int) -> Classes:
        asked = np.zeros(strings.shape, bool)
        asked[:, self.asked] = True
        return by_distance(asked, asked, hops_to_new(strings, self.alphabet_size, k))

    def pointers(self, strings: np.ndarray, most: int) -> list[np.ndarray]:
        pointer = image_slots(strings, self.alphabet_size)
        return [find_power(pointer, j) for j in range(most + 1)]
