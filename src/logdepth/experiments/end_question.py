"""Connectivity from the end question alone: which vertices are connected with the source? All that was tried.

Asked after every layer who is near (`by_diameter.py`), nets learn it; asked at the end alone they show no plateau in
1,500 steps. So: fewer vertices, more steps, diameters that grow (a curriculum), and all pairs at the end instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logdepth.errors import InputError
from logdepth.experiments.by_diameter import TASK, measure_diameter
from logdepth.experiments.curves import COLOURS
from logdepth.experiments.experiment import SCALES, Rows, smoke_mark
from logdepth.files import write_text_atomically
from logdepth.report.figures import log_errors, new_figure, save_figure, whole_ticks
from logdepth.train.config import TrainConfig
from logdepth.train.evaluate import reach
from logdepth.train.recipes import GraphTold, fast
from logdepth.train.subject import Subject


def end_runs(scale: str) -> list[TrainConfig]:
    """Four layers, seed 0. Of 8, 16 and 32 vertices: the end question alone, with and without a curriculum; of 16, all
    pairs at the end, and who is near after every layer.

    >>> len(end_runs("cpu")), [config.auxiliary_weight for config in end_runs("smoke")]
    (8, [0.0, 4.0])
    """
    if scale == "smoke":
        tiny: dict[str, Any] = {"embed_dim": 32, "steps": 60, "batch_size": 16, "evaluate_strings": 10, "task": TASK}
        tiny["graph"] = GraphTold(8)
        return [fast(1, auxiliary_weight=0.0, **tiny), fast(1, deep=False, **tiny)]
    if scale not in SCALES:
        raise InputError(f"scale is {scale!r}; there are: {', '.join(SCALES)}")
    more = 1 if scale == "cpu" else 10

    def net(vertices: int, steps: int, **asked: Any) -> TrainConfig:
        return fast(4, task=TASK, batch_size=64, graph=GraphTold(vertices), steps=more * steps, **asked)

    alone: dict[str, Any] = {"auxiliary_weight": 0.0}
    return [
        net(8, 3000, **alone),
        net(8, 3000, curriculum=1500 * more, **alone),
        net(16, 6000, **alone),
        net(16, 6000, curriculum=3000 * more, **alone),
        net(16, 1500, deep=False),
        net(16, 1500),
        net(32, 1500, **alone),
        net(32, 1500, curriculum=1000 * more, **alone),
    ]


def measure_end(subject: Subject, scale: str) -> Rows:
    """Errors by diameter, as `by_diameter.py` has them, and the steps over which diameters grew."""
    assert subject.config is not None
    return [{**row, "curriculum": subject.config.curriculum} for row in measure_diameter(subject, scale)]


def name_of_try(row: dict[str, Any]) -> str:
    """What was tried.

    >>> name_of_try({"vertices": 8, "asked": "end", "curriculum": 10, "steps": 30})
    '8 vertices, asked: end, diameters grown, 30 steps'
    """
    grown = ["diameters grown"] * bool(row["curriculum"])
    return ", ".join([f"{row['vertices']} vertices", f"asked: {row['asked']}", *grown, f"{row['steps']:,} steps"])


def draw_end(rows: Rows, folder: Path) -> list[Path]:
    """The source's question: errors by diameter, a line a net; and a table."""
    figure, axes = new_figure(1, 1, (5.0, 3.8))
    lines = ["Are they connected with the source? Wrong at the least and the largest diameter, and the reach at 1 %."]
    lines += ["", "| tried | least | largest | reach |", "|---|---|---|---|"]
    for place, name in enumerate(dict.fromkeys(map(name_of_try, rows))):
        found = {row["k"]: row["error"] for row in rows if name_of_try(row) == name and row["what"] == "source"}
        ks = sorted(found)
        style = "-" if place < len(COLOURS) else "--"
        axes[0][0].plot(ks, [found[k] for k in ks], style, color=COLOURS[place % len(COLOURS)], marker=".", label=name)
        lines.append(f"| {name} | {found[ks[0]]:.4f} | {found[ks[-1]]:.4f} | {reach(dict(found))} |")
    log_errors(axes[0][0])
    whole_ticks(axes[0][0].xaxis)
    axes[0][0].set(xlabel="diameter", ylabel="wrong: connected with the source?")
    axes[0][0].legend(fontsize=6.5, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    seeds = len({row["seed"] for row in rows})
    caption = f"{rows[0]['depth']} layers, {rows[0]['batch']} graphs a step, {seeds} seed{'s' * (seeds > 1)}"
    title = smoke_mark(rows) + "connectivity from the question at the end"
    picture = save_figure(figure, folder / "end-question.png", title, caption)
    table = folder / "end-question.md"
    write_text_atomically(table, "\n".join(lines) + "\n")
    return [picture, table]
