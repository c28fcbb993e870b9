"""Errors of a model on k-hop: for every k, over the positions whose answer is defined, and over all of them.

Strings are uniform over those without adjacent repeats (the paper's distribution), where a hop goes back 2.9 positions
on average at A = 4; only `score_planted` asks about hops of any length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from math import sqrt
from typing import Any

import numpy as np

from logdepth.rng import rng_for
from logdepth.tasks.khop import KhopSampler, find, find_power

Predict = Callable[[np.ndarray, int], np.ndarray]


@dataclass(frozen=True)
class Score:
    """One k at one length.

    defined: positions whose answer is a symbol; wrong: of these; error: their share, None if none is defined.
    low, high: a 95 % interval for `error` (positions of one string are not independent: see `interval`).
    error_all: share of wrong positions among all, "nothing" counted as an answer like any other.
    distances: rows of (least, most, defined, wrong) by i - find^k(i), in doubling ranges.
    planted: of the last position of planted strings alone (`score_planted`).
    """

    k: int
    length: int
    strings: int
    defined: int
    wrong: int
    error: float | None
    low: float | None
    high: float | None
    error_all: float
    distances: tuple[tuple[int, int, int, int], ...] = ()
    planted: bool = False

    def row(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def wilson(share: float, total: float, z: float = 1.959964) -> tuple[float, float]:
    """A 95 % confidence interval for a proportion seen in `total` independent trials (Wilson 1927).

    >>> [round(x, 4) for x in wilson(0.0, 100)]
    [0.0, 0.037]
    """
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def interval(wrong: np.ndarray, defined: np.ndarray) -> tuple[float, float]:
    """A 95 % interval for the share wrong/defined, both counted per string.

    Wilson's, at the effective number of trials: positions of a string err together, so the variance is that of a ratio
    over strings, never taken smaller than for independent positions; with no error seen, or all wrong, a string counts
    as one trial.

    >>> low, high = interval(np.array([0, 0, 3, 1]), np.array([10, 12, 9, 11]))
    >>> bool(low < 4 / 42 < high)
    True
    """
    used = defined > 0
    wrong, defined = wrong[used].astype(float), defined[used].astype(float)
    total, strings = defined.sum(), len(defined)
    share = wrong.sum() / total
    if strings < 2 or share in (0.0, 1.0):
        return wilson(share, strings)
    variance = strings / (strings - 1) * ((wrong - share * defined) ** 2).sum() / total**2
    independent = share * (1 - share) / total
    return wilson(share, total * independent / max(variance, independent))


def random_strings(count: int, length: int, alphabet_size: int, seed: int, split: str = "test") -> np.ndarray:
    """Symbols (count, length), uniform over strings without adjacent repeats.

    >>> strings = random_strings(3, 50, 4, seed=0)
    >>> strings.shape, bool((strings[:, 1:] != strings[:, :-1]).all())
    ((3, 50), True)
    """
    rng = rng_for(seed, "khop", "evaluation", split, length)
    steps = rng.integers(1, max(alphabet_size, 2), (count, length))
    steps[:, 0] = rng.integers(0, alphabet_size, count)
    return np.cumsum(steps, axis=1) % alphabet_size


def score(
    predict: Predict,
    k: int,
    strings: np.ndarray,
    alphabet_size: int,
    *,
    positions: tuple[int, int] | None = None,
    batch_size: int = 256,
) -> Score:
    """Errors at one k. predict: symbols (batch, n) and k to answers (batch, n): a symbol, alphabet_size for "nothing",
    anything else for other tokens. positions: of which to count (from, to; default all)."""
    count, length = strings.shape
    pointer = find_power(find(strings, alphabet_size), k)[:, 1:]
    defined = pointer > 0
    symbols = np.concatenate([np.full((count, 1), alphabet_size), strings], 1)
    answers = np.take_along_axis(symbols, pointer, 1)
    found = np.concatenate([predict(strings[at : at + batch_size], k) for at in range(0, count, batch_size)])
    wrong = found != answers
    if positions is not None:
        counted = slice(*positions)
        wrong, defined, pointer = wrong[:, counted], defined[:, counted], pointer[:, counted]
    bad = wrong & defined
    total, low, high = int(defined.sum()), None, None
    if total:
        low, high = interval(bad.sum(1), defined.sum(1))
    own = np.arange(1, length + 1)[slice(*(positions or (0, length)))]
    distance = np.where(defined, own - pointer, 0)
    ranges, least = [], 1 if k else 0
    while k and least <= distance.max():
        inside = (distance >= least) & (distance < 2 * least)
        ranges.append((least, min(2 * least, length) - 1, int(inside.sum()), int((bad & inside).sum())))
        least *= 2
    error = int(bad.sum()) / total if total else None
    return Score(k, length, count, total, int(bad.sum()), error, low, high, float(wrong.mean()), tuple(ranges))


def score_planted(
    predict: Predict, k: int, *, length: int, alphabet_size: int, strings: int = 1000, seed: int = 0
) -> Score:
    """Errors at the last position of planted strings: it has all its k hops, to k slots drawn uniformly without
    replacement, so hops are as long as the string allows. Raises `InputError` if k hops do not fit.

    >>> from logdepth.tasks.khop import solve
    >>> score_planted(lambda strings, k: solve(strings, k, 4), 3, length=20, alphabet_size=4, strings=50).wrong
    0
    """
    sampler = KhopSampler(length, alphabet_size, k=k, planted=True, seed=seed, split="evaluation", dtype="int64")
    drawn = sampler.batch(0, strings).inputs[:, 1:]
    last = (length - 1, length)
    return replace(score(predict, k, drawn, alphabet_size, positions=last), planted=True)


def evaluate(
    predict: Predict, hops: Sequence[int], *, length: int, alphabet_size: int, strings: int = 1000, seed: int = 0
) -> list[Score]:
    """Errors for every k in `hops`, on the same random strings.

    >>> from logdepth.tasks.khop import solve
    >>> perfect = lambda strings, k: solve(strings, k, 4)
    >>> [row.wrong for row in evaluate(perfect, [0, 5], length=30, alphabet_size=4, strings=10)]
    [0, 0]
    """
    drawn = random_strings(strings, length, alphabet_size, seed)
    return [score(predict, k, drawn, alphabet_size) for k in hops]


def reach(errors: dict[int, float | None], threshold: float = 0.01) -> int:
    """The largest k up to which every error is at most `threshold`; -1 if there is none. None counts as no error.

    >>> reach({0: 0.0, 1: 0.002, 2: 0.3, 3: 0.001})
    1
    """
    found = -1
    for k in sorted(errors):
        error = errors[k]
        if error is not None and error > threshold:
            break
        found = k
    return found


def least_depth(errors: dict[int, dict[int, float | None]], k: int, threshold: float = 0.01) -> int | None:
    """L*(k): the least depth in `errors[depth][k]` whose error at k is at most `threshold`; None if none is.

    >>> least_depth({2: {3: 0.4}, 3: {3: 0.004}}, 3)
    3
    """
    for depth in sorted(errors):
        error = errors[depth].get(k)
        if error is not None and error <= threshold:
            return depth
    return None
