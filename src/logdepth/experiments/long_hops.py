"""Long hops: how far three layers get when a hop leads further back, trained until longer schedules stop helping.

With A symbols and no repeats a hop leads back A - 1 positions in the mean (less on positions of a finite string that
have one). So the alphabet alone is changed: the same depth, length, k in 0..8, recipe and seeds. A net is trained with
schedules of 2,000, 4,000, .. steps, each a run of its own from the start; it has stopped if the last doubling changed
no seed's reach and took less than a tenth of the error at the first k that is not solved (`has_stopped`). What has not
stopped is drawn hollow and said to be so: there a longer schedule has to be added to STEPS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from logdepth.experiments.curves import COLOURS, seeds_of
from logdepth.experiments.errors import mean_errors
from logdepth.experiments.experiment import Rows, smoke_mark, training_of
from logdepth.experiments.variants import measure_variant
from logdepth.files import write_text_atomically
from logdepth.report.figures import log_errors, new_figure, save_figure, whole_ticks
from logdepth.tasks.task import Task
from logdepth.train.config import TrainConfig
from logdepth.train.evaluate import reach
from logdepth.train.recipes import fast, paper
from logdepth.train.subject import Subject

LAYERS, MOST = 3, 8
ALPHABETS = (4, 8, 12, 26)
STEPS = (2000, 4000, 8000)
STILL = 0.1  # the share of an error that a doubling must take for a net to be called still improving


def long_runs(scale: str) -> list[TrainConfig]:
    """Every alphabet and schedule, three seeds, shortest schedules first.

    >>> len(long_runs("cpu")), {config.max_k for config in long_runs("cpu")}
    (36, {8})
    """
    if scale == "smoke":
        small: dict[str, Any] = {"embed_dim": 32, "max_k": 2, "length": 30, "evaluate_strings": 20}
        return [fast(2, alphabet_size=size, steps=steps, **small) for steps in (30, 60) for size in (4, 8)]
    recipe = fast if scale == "cpu" else paper
    return [
        recipe(LAYERS, alphabet_size=size, max_k=MOST, steps=steps, seed=seed)
        for steps in STEPS
        for size in ALPHABETS
        for seed in (0, 1, 2)
    ]


def measure_long(subject: Subject, scale: str) -> Rows:
    """Errors as for the variants, with the mean distance of a hop."""
    return [{**row, "hop_distance": hop_distance(subject.task)} for row in measure_variant(subject, scale)]


def hop_distance(task: Task) -> float:
    """How many positions back a hop leads, in the mean over the positions of 1,000 strings that have one.

    >>> from logdepth.tasks.khop import Khop
    >>> hop_distance(Khop(98, 4, max_k=1)), hop_distance(Khop(98, 12, max_k=1))
    (2.938, 9.718)
    """
    pointer = task.pointers(task.strings(1000, 0), 1)[1]
    back = (np.arange(pointer.shape[1]) - pointer)[pointer > 0]
    return round(float(back.mean()), 3)


def has_stopped(before: Rows, after: Rows) -> bool:
    """Whether doubling the steps (rows of one alphabet, uniform strings) was to no avail: see above.

    >>> def rows(*errors): return [{"seed": 0, "depth": 3, "k": k, "error": e} for k, e in enumerate(errors)]
    >>> has_stopped(rows(0, 0.3), rows(0, 0.28)), has_stopped(rows(0, 0.3), rows(0, 0.2))
    (True, False)
    >>> has_stopped(rows(0, 0.012), rows(0, 0.009)), has_stopped(rows(0, 0.0), rows(0, 0.0))
    (False, True)
    """
    one, other = ([reach(dict(errors)) for errors in seeds_of(rows)] for rows in (before, after))
    if one != other:
        return False
    means = [next(iter(mean_errors(rows).values())) for rows in (before, after)]
    unsolved = min(other) + 1
    if any(unsolved not in errors for errors in means):
        return True
    return means[1][unsolved] > (1 - STILL) * means[0][unsolved]


def draw_long(rows: Rows, folder: Path) -> list[Path]:
    """Error against k for each alphabet, the longest schedule and dashed the one before; reach against the distance of
    a hop, each seed, beside the constructions."""
    sizes = sorted({row["alphabet_size"] for row in rows})
    depth, most = rows[0]["depth"], rows[0]["max_k"]
    uniform = [row for row in rows if row["on"] == "test"]
    figure, axes = new_figure(1, 2, (4.6, 3.4))
    lines = ["| A | mean distance of a hop | steps | reach, each seed | stopped |", "|---|---|---|---|---|"]
    for place, size in enumerate(sizes):
        by = {
            steps: [row for row in uniform if (row["alphabet_size"], row["steps"]) == (size, steps)]
            for steps in sorted({row["steps"] for row in uniform if row["alphabet_size"] == size})
        }
        stages = list(by)
        distance = by[stages[0]][0]["hop_distance"]
        stopped = False
        for steps, style in ((stages[-1], "-"), *((steps, "--") for steps in stages[-2:-1])):
            errors = mean_errors(by[steps])[depth]
            label = f"A = {size}, hops of {distance:.1f}" if style == "-" else None
            axes[0][0].plot(*zip(*errors.items(), strict=True), style, color=COLOURS[place], label=label)
        for before, steps in zip([None, *stages[:-1]], stages, strict=True):
            reached = [reach(dict(errors)) for errors in seeds_of(by[steps])]
            stopped = before is not None and has_stopped(by[before], by[steps])
            shown = ", ".join(map(str, reached))
            lines.append(f"| {size} | {distance:.1f} | {steps:,} | {shown} | {'yes' if stopped else 'no'} |")
        last = [reach(dict(errors)) for errors in seeds_of(by[stages[-1]])]
        face = COLOURS[place] if stopped else "none"
        axes[0][1].scatter([distance] * len(last), last, s=36, facecolors=face, edgecolors=COLOURS[place])
    log_errors(axes[0][0])
    whole_ticks(axes[0][0].xaxis)
    axes[0][0].set(xlabel="k", ylabel="wrong, of defined positions")
    axes[0][0].legend(fontsize=7, frameon=False)
    for name, hops, style in (("rank", (1 << (depth - 1)) - 1, "--"), ("doubling", 1 << (depth - 2), ":")):
        axes[0][1].axhline(hops, linestyle=style, color="#999999", linewidth=1, label=f"{name}: {hops}")
    axes[0][1].set(xlabel="mean distance of a hop, positions", ylabel="reach at 1 %", ylim=(-0.5, most + 0.5))
    whole_ticks(axes[0][1].yaxis)
    axes[0][1].legend(fontsize=7, frameon=False)
    caption = (
        f"{depth} layers, k in 0..{most}, {training_of(rows)}. Full lines: the longest schedule, dashed half of it. "
    )
    caption += "Hollow: still improving with steps"
    title = smoke_mark(rows) + "reach where hops are long: the alphabet alone changed"
    picture = save_figure(figure, folder / "long-hops.png", title, caption)
    table = folder / "long-hops.md"
    write_text_atomically(table, "\n".join([f"{title}. {caption}.", "", *lines]) + "\n")
    return [picture, table]
