"""What `verify` runs: strings of every kind, as many as a budget of work allows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from logdepth.compiled.running import Sizes
from logdepth.lang.words import Setting
from logdepth.rng import rng_for
from logdepth.tasks.checked import Checked

MOST = 1000
_ALIKE = 8  # sequences of one length, where the length matters
LEAST = 4
KINDS, REPEAT_FREE = 8, (1, 5)
_OTHERS = (0, 2, 3, 4, 6, 7)  # uniform and structured kinds, which a task's instances may stand in for
SECONDS = 24.0  # of work for the samples, by `seconds_of`: a default run ends within a minute on two cores


def seconds_of(sizes: Sizes, num_slots: int, itemsize: int) -> float:
    """About what one sequence costs on two cores: a count of operations, not a clock, so that the choice of samples is
    the same everywhere. 1e11 operations a second, 1e8 scores and 2.5e8 logits (bound by memory), half that beyond
    float32."""
    n, d = num_slots, sizes.width
    scores = sizes.layers * sizes.heads * n * n
    work = sizes.layers * (2 * n * (4 * d * d + 2 * d * sizes.inner) + 4 * n * n * d) + 2 * n * d * sizes.vocabulary
    seconds = work / 1e11 + scores / 1e8 + n * sizes.vocabulary / 2.5e8
    return seconds if itemsize == 4 else 2 * seconds


def affordable(sizes: Sizes, num_slots: int, itemsize: int, seconds: float = SECONDS) -> int:
    """How many sequences fit into a budget of work: 4 at least, 1,000 at most.

    >>> sizes = Sizes(layers=8, heads=1, width=94, inner=32, vocabulary=5)
    >>> affordable(sizes, 101, 4), affordable(sizes, 4097, 4)
    (1000, 12)
    """
    return int(min(MOST, max(LEAST, seconds // seconds_of(sizes, num_slots, itemsize))))


def batches(
    setting: Setting,
    numbers: range,
    rows: int,
    seed: int,
    length: int | None = None,
    *,
    causal: bool = True,
    task: Checked | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Strings `(rows, length)` and their headers, for the sample numbers given: every kind of string, every header
    in turn; of a task's program a quarter are the task's own, or as many as it says. They have the full length: in a
    causal model that checks each of their prefixes, too. Where tokens see the whole sequence, few rows at once have the
    same length, and every other such group a random one, unless the task's instances have one length."""
    n, size, headers = length or setting.length, setting.alphabet_size, setting.header_size
    rng = rng_for(seed, "verify", str(numbers.start))
    whole = causal or (task is not None and task.one_length)
    rows = rows if whole else min(rows, _ALIKE)
    for group, first in enumerate(range(0, len(numbers), rows)):
        chosen = numbers[first : first + rows]
        long = n if whole or group % 2 == 0 else int(rng.integers(1, n + 1))
        strings = np.stack([random_string(rng, long, size, number) for number in chosen])
        if task is not None:
            own = np.isin(np.array(chosen) % KINDS, (*REPEAT_FREE, *_OTHERS)[: task.own_share])
            drawn = task.instances(long, int(own.sum()), seed, f"verify {chosen.start}")
            if drawn is not None:
                strings[own] = drawn
        yield strings, np.array(chosen) % headers if headers else None


def random_string(rng: np.random.Generator, length: int, size: int, kind: int) -> np.ndarray:
    """A string of one of five kinds in turn (`kind` modulo 8; four of the eight are uniform or repeat-free)."""
    match kind % KINDS:
        case rest if rest in REPEAT_FREE and size > 1:  # no adjacent repeats
            steps = rng.integers(1, size, length)
            return (rng.integers(size) + np.cumsum(steps)) % size
        case 3:  # all equal
            return np.full(length, rng.integers(size))
        case 4:  # two symbols
            return rng.integers(0, size, 2)[rng.integers(0, 2, length)]
        case 7:  # periodic
            return np.resize(rng.integers(0, size, int(rng.integers(1, 12))), length)
    return rng.integers(0, size, length)
