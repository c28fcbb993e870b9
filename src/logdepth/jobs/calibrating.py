"""From runs of samples to the whole input: what is fitted, what is extrapolated, and how far that may be off.

Passes of a loop are `a + b log2(words)`, b >= 0, by least squares. They go into the stages for the target's machines,
whose sorts and trees have their own rounds. Words (moved, on the busiest machine, at its peak) and seconds are
`a + b n + c n log2 n`, as in `plan.extrapolate`: what machines tell each other whatever the input, what each word of it
costs, and what costs that in every pass. Nothing here knows what a protocol does: all of it is measured.

Intervals hold what was seen in validation (benchmarks/bench_like.py), what the fits leave open, and the difference
between the kinds of samples where neither can be left out. They widen with the doublings beyond those validated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from logdepth.graphs.samples import all_edges, draw_samples, grow_ball
from logdepth.jobs.extrapolating import extrapolate
from logdepth.jobs.likeness import LikeInput, Trial
from logdepth.jobs.passes import Place, expected_rounds
from logdepth.mpc.protocol import Stage, count_rounds
from logdepth.mpc.spec import Spec
from logdepth.protocols.lookup import may_ask

VALIDATED = 8  # times the largest sample
SHAPES = ("random", "grid", "path", "power law (R-MAT)", "star")
LEAST_EDGES = 4  # a machine, in a sample
WORDS_OFF, SECONDS_OFF = 0.12, 1.0  # of an interval, at least: to 1.12 times as much, and as little
MORE_OFF, LESS_OFF = 0.3, 2.5  # the same of a machine's words, of which small samples show too many
MORE_PASSES, LESS_PASSES = 1.0, 0.5  # of a loop: passes hardly fall as inputs grow
ROUNDED = 1 / 12  # variance of what is rounded to whole numbers, as passes are


@dataclass(frozen=True)
class Estimate:
    """A number that was not measured, and between which it is expected to lie."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """kinds: of samples whose runs count. times: words of the input for each of the largest sample's."""

    rounds: Estimate
    peak_words: Estimate
    moved_words: Estimate
    busiest_words: Estimate
    seconds: Estimate
    trials: tuple[Trial, ...]
    kinds: tuple[str, ...]
    times: float
    notes: tuple[str, ...]


def calibrate(
    like: LikeInput,
    stages: Sequence[Stage],
    spec: Spec,
    rng: np.random.Generator,
    *,
    largest: int,
    most_machines: int,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Run samples of at most `largest` edges and say what the input would cost with `stages`, on `spec`'s machines."""
    machines, slack = min(spec.num_machines, most_machines), spec.slack
    pools = like.pools
    if pools.whole and like.file_edges == like.edges <= largest and machines == spec.num_machines:
        if progress:
            progress(0, 1)
        pool = pools.spread
        like.trial(
            grow_ball(pool, [min(256, pool.num_edges)], rng)[0], pool, machines, slack
        )  # what is compiled is loaded
        return _measured(like.trial(all_edges(pool), pool, machines, slack, target=spec), stages, spec)
    drawn = draw_samples(pools, like.file_edges, rng, largest=largest, least=LEAST_EDGES * machines)
    samples, kinds, notes = drawn.samples, list(drawn.kinds), list(drawn.notes)
    smallest = min(range(len(samples)), key=lambda place: samples[place][0].num_edges)
    like.trial(*samples[smallest], machines, slack)  # what is compiled is loaded before anything is timed
    trials = []
    for step, (sample, pool) in enumerate(samples):
        if progress:
            progress(step, len(samples))
        trials.append(like.trial(sample, pool, machines, slack))
    words, share = like.words(), spec.num_words / spec.num_machines
    times = words / max(trial.input_words for trial in trials if trial.how != "chain")
    wider = max(1.0, math.log2(max(times, 1.0)) / math.log2(VALIDATED))
    more = max(spec.num_machines - machines, 0)
    names = ("rounds", "moved_words", "peak_words", "busiest_words", "seconds")
    more_off = LESS_OFF if drawn.apart else MORE_OFF  # a machine may hold what costs most alone
    chains = [trial for trial in trials if trial.how == "chain"]
    by_kind: dict[str, dict[str, Estimate]] = {}
    for kind in kinds:
        own = [trial for trial in trials if trial.how in (kind, "all")]
        sizes = [trial.input_words for trial in own]
        shares = [size / machines for size in sizes]

        def about(name: str, sizes: list[float], target: float, less: float, more: float, own=own) -> Estimate:
            values = [getattr(trial, name) for trial in own]
            return _extrapolated(sizes, values, target, less * wider, more * wider)

        by_kind[kind] = {
            "rounds": _rounds(own, chains, stages, words, wider, spec),
            "moved_words": about("moved_words", sizes, words, WORDS_OFF, WORDS_OFF),
            "peak_words": about("peak_words", shares, share, LESS_OFF, more_off),
            "busiest_words": about("busiest_words", shares, share, LESS_OFF, more_off),
            "seconds": about("seconds", sizes, words, SECONDS_OFF, SECONDS_OFF),
        }
    both = {name: _joined([by_kind[kind][name] for kind in kinds], list(drawn.kinds.values())) for name in names}
    if drawn.unseen:
        both = {name: _unbounded(estimate, both["rounds"], count_rounds(stages)) for name, estimate in both.items()}
    if more:
        both["peak_words"] = _shifted(both["peak_words"], more)
        notes.append(f"samples run on {machines:,} machines; more of them share vertices more often")
    if times > VALIDATED * 1.01:
        notes.append(
            f"{times:,.0f} times the largest sample; validated up to {VALIDATED} times, so intervals are wider"
        )
    return Calibration(**both, trials=tuple(trials), kinds=tuple(kinds), times=times, notes=tuple(notes))


def _measured(trial: Trial, stages: Sequence[Stage], spec: Spec) -> Calibration:
    """The input itself was run on as many machines: nothing is extrapolated."""
    loops = trial.loops
    rounds = expected_rounds(stages, lambda place, bound: loops.get(place, bound), _chooser([trial], spec))
    certain = {
        name: Estimate(value, value, value)
        for name, value in (
            ("rounds", rounds),
            ("peak_words", trial.peak_words),
            ("moved_words", trial.moved_words),
            ("busiest_words", trial.busiest_words),
        )
    }
    seconds = Estimate(trial.seconds, trial.seconds / (1 + SECONDS_OFF), trial.seconds * (1 + SECONDS_OFF))
    notes = ("the input itself was run, on as many machines: rounds and words are its own",)
    return Calibration(**certain, seconds=seconds, trials=(trial,), kinds=("all",), times=1.0, notes=notes)


def _chooser(trials: Sequence[Trial], spec: Spec) -> Callable[[Place], float]:
    """How often a choice goes its first way: as in the largest samples."""
    size = max(trial.input_words for trial in trials)
    last = [trial for trial in trials if trial.input_words > 0.7 * size]

    def share(place: Place) -> float:
        seen = [trial.choices[place] for trial in last if place in trial.choices]
        return float(np.mean(seen)) if seen else float(may_ask(spec))

    return share


def _rounds(
    trials: Sequence[Trial], chains: Sequence[Trial], stages: Sequence[Stage], words: int, wider: float, spec: Spec
) -> Estimate:
    """Of the samples' passes, or a chain's, which is not a sample but a part of the input, if these are more."""
    places = {place for trial in trials for place in trial.loops}
    fits = {
        place: _line([(t.input_words, t.loops[place]) for t in trials if place in t.loops], words) for place in places
    }
    for place, (value, error) in fits.items():
        fits[place] = max([value, *(chain.loops.get(place, 0.0) for chain in chains)]), error
    share = _chooser(trials, spec)

    def rounds(off: float, choices: Callable[[Place], float]) -> float:
        def loops(place: Place, bound: int) -> float:
            if place not in fits:
                return bound  # never seen: what is proved
            value, error = fits[place]
            least = (MORE_PASSES if off > 0 else LESS_PASSES) * wider
            return min(max(value + off * (least + 2 * error), 0.0), bound)

        return expected_rounds(stages, loops, choices)

    ways = (share, lambda place: float(share(place) > 0), lambda place: float(share(place) >= 1))
    ends = [rounds(off, way) for off in (-1, 1) for way in ways]
    return Estimate(rounds(0, share), min(ends), max(ends))


def _weights(sizes: Sequence[float], power: float) -> np.ndarray:
    """Of samples in a fit: what is small is untypical."""
    return (np.asarray(sizes, float) / max(sizes)) ** power


def _line(points: Sequence[tuple[int, float]], words: int) -> tuple[float, float]:
    """`a + b log2 n` at `words`, b >= 0, and its standard error."""
    x, y = np.log2([size for size, _ in points]), np.array([value for _, value in points], float)
    weight = _weights([size for size, _ in points], 0.5)
    there, total = math.log2(max(words, 2)), weight.sum()
    middle, mean = (weight * x).sum() / total, (weight * y).sum() / total
    wide = float((weight * (x - middle) ** 2).sum())
    if len(y) < 3 or wide == 0:
        return float(y.max()), 0.5
    slope = max(float((weight * (x - middle) * (y - mean)).sum()) / wide, 0.0)
    left = float((weight * (y - mean - slope * (x - middle)) ** 2).sum()) / total * len(y) / (len(y) - 2)
    left = max(left, ROUNDED)
    return float(mean + slope * (there - middle)), math.sqrt(
        left * (1 / len(y) + (there - middle) ** 2 * total / wide / len(y))
    )


def _extrapolated(sizes: Sequence[float], values: Sequence[float], target: float, less: float, more: float) -> Estimate:
    """Nearly all weight is on the largest samples: in small ones machines do not yet tell all others all they will."""
    weights = _weights(sizes, 2).tolist()
    value = extrapolate(sizes, values, target, weights)
    left = [
        values[i] / max(extrapolate(sizes, values, sizes[i], weights), 1e-12) - 1
        for i in np.argsort(sizes)[len(sizes) // 2 :]
    ]
    off = 2 * float(np.sqrt(np.mean(np.square(left))))
    return Estimate(value, value / (1 + less + off), value * (1 + more + off))


def _joined(found: list[Estimate], shares: list[float]) -> Estimate:
    """Of several kinds: the mean by their shares, and the ends of all."""
    value = sum(each.value * share for each, share in zip(found, shares, strict=True))
    return Estimate(value, min(each.low for each in found), max(each.high for each in found))


def _unbounded(estimate: Estimate, rounds: Estimate, bound: int) -> Estimate:
    """What would be if the rounds were as many as is proved, and each cost as those of the samples do."""
    return Estimate(estimate.value, estimate.low, estimate.high * bound / max(rounds.high, 1))


def _shifted(estimate: Estimate, more: float) -> Estimate:
    return Estimate(estimate.value + more, estimate.low, estimate.high + more)
