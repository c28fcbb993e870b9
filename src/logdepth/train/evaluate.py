"""Errors of a model on a task: for every k, over the positions whose answer is defined, and over all that are asked.

Strings are the task's random ones, where answers are mostly near (k-hop: 2.9 positions back a hop at A = 4); only
`score_planted` asks about answers that lie far.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from math import sqrt
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.tasks.task import Task

Predict = Callable[[np.ndarray, int], np.ndarray]
BATCH = 16  # strings a forward pass: on a core 43,000 tokens a second, against 31,000 at 256, which leaves its cache


@dataclass(frozen=True)
class Score:
    """One k at one length.

    defined: positions whose answer is a symbol; wrong: of these; error: their share, None if none is defined.
    low, high: a 95 % interval for `error` (positions of one string are not independent: see `interval`).
    error_all: share of wrong positions among all asked, "nothing" counted as an answer like any other.
    distances: rows of (least, most, defined, wrong) by how far the answer lies, in the task's unit, from 1 on.
    planted: of planted strings (`score_planted`).
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


def score(
    task: Task,
    predict: Predict,
    k: int,
    strings: np.ndarray,
    *,
    positions: slice = slice(None),
    batch_size: int = BATCH,
) -> Score:
    """Errors at one k. predict: symbols (batch, n) and k to answers (batch, n): a symbol, alphabet_size for "nothing",
    anything else for other tokens. positions: of which to count.

    >>> from logdepth.tasks.khop import Khop
    >>> score(Khop(4, 2, k=1), lambda strings, k: strings, 1, np.array([[0, 1, 0, 1]])).distances
    ((1, 1, 2, 2),)
    """
    count, length = strings.shape
    answers = task.solve(strings, k)[:, positions]
    kinds, of = task.classes(strings, k)
    of = of[:, positions]
    asked, defined = (np.array([getattr(kind, name) for kind in kinds])[of] for name in ("asked", "defined"))
    found = np.concatenate([predict(strings[at : at + batch_size], k) for at in range(0, count, batch_size)])
    wrong = (found[:, positions] != answers) & asked
    bad = wrong & defined
    total, low, high = int(defined.sum()), None, None
    if total:
        low, high = interval(bad.sum(1), defined.sum(1))
    there, mistaken = (np.bincount(of[chosen], minlength=len(kinds)) for chosen in (defined, bad))
    last = int(np.flatnonzero(there).max(initial=-1))
    rows = tuple(
        (*kind.distance, int(there[i]), int(mistaken[i]))
        for i, kind in enumerate(kinds[: last + 1])
        if kind.distance and kind.distance[0]
    )
    error = int(bad.sum()) / total if total else None
    error_all = int(wrong.sum()) / int(asked.sum())
    return Score(k, length, count, total, int(bad.sum()), error, low, high, error_all, rows)


def score_planted(task: Task, predict: Predict, k: int, *, strings: int = 1000, seed: int = 0) -> Score:
    """Errors on planted strings, whose answers lie as far as the task can plant them, at the positions where they do
    (k-hop: the last one, with all its k hops). Raises `InputError` if k does not fit.

    >>> from logdepth.tasks.khop import Khop
    >>> task = Khop(length=20, alphabet_size=4, max_k=3)
    >>> score_planted(task, task.solve, 3, strings=50).wrong
    0
    """
    drawn = task.planted_strings(k, strings, seed)
    return replace(score(task, predict, k, drawn, positions=task.asked_planted), planted=True)


def evaluate(
    task: Task,
    predict: Predict,
    ks: Sequence[int],
    *,
    strings: int = 1000,
    seed: int = 0,
    positions: slice = slice(None),
) -> list[Score]:
    """Errors for every k in `ks`, on random strings (the same for every k, unless the task draws by k). positions: of
    which to count (`Subject.positions`).

    >>> from logdepth.tasks.pointer_chasing import PointerChasing
    >>> task = PointerChasing(length=30, alphabet_size=10, max_k=5)
    >>> [row.wrong for row in evaluate(task, task.solve, task.questions, strings=10)]
    [0, 0, 0, 0, 0, 0]
    """
    return [score(task, predict, k, task.strings_for(k, strings, seed), positions=positions) for k in ks]


def reach(errors: dict[int, float | None], threshold: float = 0.01) -> int:
    """The largest k up to which every error is at most `threshold`; -1 if there is none. A k that no position has an
    answer to (None) says nothing, so it ends the row too. Raises `InputError` for a threshold that is no share.

    >>> reach({0: 0.0, 1: 0.002, 2: 0.3, 3: 0.001}), reach({0: 0.0, 1: 0.0, 2: None})
    (1, 1)
    """
    check_threshold(threshold)
    found = -1
    for k in sorted(errors):
        error = errors[k]
        if error is None or error > threshold:
            break
        found = k
    return found


def check_threshold(threshold: float) -> None:
    """Raise `InputError` for one that is no share of positions (a number that is none passes every comparison)."""
    if not 0 <= threshold <= 1:
        raise InputError(f"threshold is {threshold}; it is a share of positions, 0 to 1")


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
