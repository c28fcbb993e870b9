"""k-hop as a task: what the rest of the library asks about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from logdepth.rng import rng_for
from logdepth.tasks.khop.definition import solve_by_definition
from logdepth.tasks.khop.sampler import KhopSampler
from logdepth.tasks.khop.solver import all_hops, find, find_power, solve
from logdepth.tasks.task import Classes, Task, by_distance


@final
@dataclass(frozen=True)
class Khop(Task):
    """hop_k at every position: the symbol that k induction pointers lead to (Definition 4.1).

    An error's class is how many positions back the answer lies. Planted: the last position has all its k hops.

    >>> Khop(length=12, alphabet_size=5, k=2).solve(np.array([[1, 0, 4, 1, 2, 0, 1, 4, 1, 3, 4, 0]]), 2)[0, -1]
    np.int64(2)
    """

    name = "khop"
    pointer = "find"
    answer = "hop_"
    drawn = "without adjacent repeats"
    programs = {  # noqa: RUF012 (a ClassVar of Task's)
        "khop_rank": "rank",
        "khop_rank_any": "rank",
        "khop_doubling": "doubling",
        "khop_doubling_any": "doubling",
    }
    sampler_options = ("repeats", "labels")

    @property
    def asked_planted(self) -> slice:
        return slice(self.length - 1, self.length)

    def sampler(self, *, seed: int = 0, split: str = "train", planted: bool = False, **options: Any) -> KhopSampler:
        sizes = (self.length, self.alphabet_size, self.k, self.max_k)
        return KhopSampler(*sizes, planted=planted, seed=seed, split=split, **options)

    def strings(self, count: int, seed: int = 0, purpose: str = "test") -> np.ndarray:
        return random_strings(count, self.length, self.alphabet_size, seed, purpose)

    def planted_strings(self, k: int, count: int, seed: int = 0) -> np.ndarray:
        sizes = (self.length, self.alphabet_size)
        sampler = KhopSampler(*sizes, k=k, planted=True, seed=seed, split="evaluation", dtype="int64")
        return sampler.batch(0, count).inputs[:, 1:]

    def is_instance(self, strings: np.ndarray) -> np.ndarray:
        return self.is_solvable(strings) & (strings[:, 1:] != strings[:, :-1]).all(1)

    def is_solvable(self, strings: np.ndarray) -> np.ndarray:
        return np.asarray(((strings >= 0) & (strings < self.alphabet_size)).all(1))

    def telling_strings(self) -> np.ndarray:
        """Two symbols in turn, where find^j(i) = i - j as long as that is a position, and six with repeats."""
        strings = rng_for(0, "pointers").integers(0, self.alphabet_size, (7, self.length))
        strings[0] = np.arange(self.length) % min(2, self.alphabet_size)
        return strings

    def solve(self, strings: np.ndarray, k: int) -> np.ndarray:
        return solve(strings, k, self.alphabet_size)

    def solve_by_definition(self, string: list[int], k: int) -> list[int]:
        return solve_by_definition(string, k, self.alphabet_size)

    def all_targets(self, strings: np.ndarray) -> np.ndarray:
        if self.max_k is None:
            return super().all_targets(strings)
        return self.vocabulary.answer_ids(all_hops(strings, self.max_k, self.alphabet_size))

    def classes(self, strings: np.ndarray, k: int) -> Classes:
        pointer = find_power(find(strings, self.alphabet_size), k)[:, 1:]
        own = np.arange(1, strings.shape[1] + 1)
        return by_distance(np.ones(pointer.shape, bool), pointer > 0, own - pointer)

    def pointers(self, strings: np.ndarray, most: int) -> list[np.ndarray]:
        pointer = find(strings, self.alphabet_size)
        return [find_power(pointer, j) for j in range(most + 1)]


def random_strings(count: int, length: int, alphabet_size: int, seed: int, split: str = "test") -> np.ndarray:
    """Symbols (count, length), uniform over strings without adjacent repeats (the paper's distribution).

    >>> strings = random_strings(3, 50, 4, seed=0)
    >>> strings.shape, bool((strings[:, 1:] != strings[:, :-1]).all())
    ((3, 50), True)
    """
    rng = rng_for(seed, "khop", "evaluation", split, length)
    steps = rng.integers(1, max(alphabet_size, 2), (count, length))
    steps[:, 0] = rng.integers(0, alphabet_size, count)
    return np.cumsum(steps, axis=1) % alphabet_size
