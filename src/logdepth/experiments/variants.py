"""Depth and reach: `fast` nets with one thing changed. How do trained nets pass `2^(L-1) - 1`, the reach of *rank*?

Not in the paper. At every scale with the `fast` recipe: the paper's has no loops and no auxiliary question.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logdepth.experiments.curves import COLOURS
from logdepth.experiments.errors import measure_errors
from logdepth.experiments.experiment import Rows, configs, smoke_mark
from logdepth.files import write_text_atomically
from logdepth.report.figures import log_errors, new_figure, save_figure, whole_ticks
from logdepth.train.config import TrainConfig
from logdepth.train.evaluate import reach
from logdepth.train.recipes import fast
from logdepth.train.subject import Subject


def variant_runs(scale: str) -> list[TrainConfig]:
    """Three layers: as they are, one head, twelve symbols, planted strings; five without the auxiliary question; one
    block looped six times; six layers up to k = 32 in 2,000 and in 4,000 steps.

    >>> [(config.model.depth, config.max_k) for config in variant_runs("cpu")]
    [(3, 16), (3, 16), (3, 8), (3, 8), (5, 16), (6, 16), (6, 32), (6, 32)]
    """
    (plain,) = configs(scale, [3])
    if scale == "smoke":
        small: dict[str, Any] = {"embed_dim": 32, "max_k": 4, "length": 30, "steps": 60, "evaluate_strings": 20}
        return [plain, fast(3, num_heads=1, **small), fast(3, planted=True, **small), fast(1, num_loops=3, **small)]
    return [
        fast(3),
        fast(3, num_heads=1),
        fast(3, max_k=8, alphabet_size=12),
        fast(3, max_k=8, planted=True),
        fast(5, auxiliary_weight=0.0),
        fast(1, num_loops=6),
        fast(6, max_k=32),
        fast(6, max_k=32, steps=4000),
    ]


def measure_variant(subject: Subject, scale: str) -> Rows:
    """Errors as in `figure-2`, with what was changed."""
    assert subject.config is not None
    config, shape = subject.config, subject.shape
    changed = {
        "layers": shape.num_layers,
        "loops": shape.num_loops,
        "alphabet_size": config.alphabet_size,
        "trained_on": "planted" if config.planted else "uniform",
        "auxiliary_weight": config.auxiliary_weight,
    }
    return [{**row, **changed} for row in measure_errors(subject, scale)]


def name_of(row: dict[str, Any]) -> str:
    """What a row's net is.

    >>> row = {"layers": 1, "loops": 6, "heads": 4, "alphabet_size": 4, "trained_on": "uniform", "max_k": 16}
    >>> name_of({**row, "auxiliary_weight": 4.0, "steps": 2000})
    '1 block x 6, k <= 16'
    """
    parts = [f"{row['layers']} layers" if row["loops"] == 1 else f"{row['layers']} block x {row['loops']}"]
    parts += [f"{row['heads']} head{'s' * (row['heads'] > 1)}"] * (row["heads"] != 4)
    parts += [f"A = {row['alphabet_size']}"] * (row["alphabet_size"] != 4)
    parts += ["planted strings"] * (row["trained_on"] == "planted")
    parts += ["no auxiliary question"] * (not row["auxiliary_weight"])
    parts += [f"{row['steps']:,} steps"] * (row["steps"] not in (60, 150, 2000))
    return ", ".join([*parts, f"k <= {row['max_k']}"])


def draw_variants(rows: Rows, folder: Path) -> list[Path]:
    """Error against k on uniform strings, and on planted ones, whose hops are long; the reach of each net at 1 %."""
    nets: dict[str, dict[str, dict[int, float | None]]] = {}
    depths: dict[str, int] = {}
    for row in rows:
        net = nets.setdefault(name_of(row), {"test": {}, "planted": {}})
        net[row["on"]][row["k"]] = row["error"]
        depths[name_of(row)] = row["depth"]
    figure, axes = new_figure(1, 2, (5.4, 3.6), sharey=True)
    for axis, on in zip(axes[0], ("test", "planted"), strict=True):
        for place, (name, errors) in enumerate(nets.items()):
            line = {k: error for k, error in errors[on].items() if error is not None}
            style = "--" if place >= len(COLOURS) else "-"
            axis.plot(*zip(*line.items(), strict=True), style, color=COLOURS[place % len(COLOURS)], label=name)
        log_errors(axis)
        whole_ticks(axis.xaxis)
        axis.set_xlabel("k")
        axis.set_title("uniform strings" if on == "test" else "planted strings, last position", fontsize=9)
    axes[0][0].set_ylabel("wrong, of defined positions")
    axes[0][0].legend(fontsize=6.5, frameon=False)
    seeds = len({row["seed"] for row in rows})
    caption = f"Every k asked at every slot after every layer, unless said otherwise; 2,000 steps unless said; {seeds} "
    caption += f"seed{'s' * (seeds > 1)}; dropout off. Grey line: 1 %; no error seen stands at the bottom"
    title = smoke_mark(rows) + "depth and reach: one thing changed at a time"
    picture = save_figure(figure, folder / "variants.png", title, caption)
    lines = [
        "Largest k with at most 1 % wrong up to it (-1: none). *rank* of that depth stops at 2^(L-1) - 1.",
        "",
        "| net | uniform strings | planted strings | *rank* |",
        "|---|---|---|---|",
    ]
    for name, errors in nets.items():
        reached = [reach(errors[on]) for on in ("test", "planted")]
        lines.append(f"| {name} | {reached[0]} | {reached[1]} | {(1 << (depths[name] - 1)) - 1} |")
    table = folder / "variants.md"
    write_text_atomically(table, "\n".join(lines) + "\n")
    return [picture, table]
