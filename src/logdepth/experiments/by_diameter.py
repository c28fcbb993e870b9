"""Connectivity against the diameter, what the k-hop figure is to pointers: transformers by depth, looped, a graph net.

Not in the paper, whose Theorem 3.3 and Corollary 3.5 say log D layers from both sides and train nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logdepth.errors import InputError
from logdepth.experiments.curves import COLOURS
from logdepth.experiments.experiment import SCALES, Rows, smoke_mark
from logdepth.files import write_text_atomically
from logdepth.models.modern import AttentionModel
from logdepth.report.figures import log_errors, new_figure, save_figure
from logdepth.train.config import TrainConfig
from logdepth.train.evaluate import evaluate, reach
from logdepth.train.near import score_near
from logdepth.train.recipes import GraphTold, fast, plain
from logdepth.train.subject import Subject

SEEDS = (0, 1, 2)
TASK = "connectivity"


def diameter_runs(scale: str) -> list[TrainConfig]:
    """After layer l who is within 2^(l-1): depths 2 to 5 (full: 1 to 8), three seeds; at four layers also one block
    looped, all pairs at the end alone, the end question alone, and the other form; a graph network. 32 vertices, 1,500
    steps; with four and five layers, where that is not enough for every seed, also 3,000.

    >>> [config.model.depth for config in diameter_runs("smoke")]
    [1, 2]
    """
    if scale == "smoke":
        tiny: dict[str, Any] = {"embed_dim": 32, "steps": 60, "batch_size": 16, "evaluate_strings": 10}
        return [fast(depth, task=TASK, graph=GraphTold(10), **tiny) for depth in (1, 2)]
    if scale not in SCALES:
        raise InputError(f"scale is {scale!r}; there are: {', '.join(SCALES)}")
    common: dict[str, Any] = {"task": TASK, "batch_size": 64, "steps": 1500 if scale == "cpu" else 20_000}
    depths = range(2, 6) if scale == "cpu" else range(1, 9)
    found = [fast(depth, seed=seed, **common) for depth in depths for seed in SEEDS]
    if scale == "cpu":
        found += [fast(depth, seed=seed, **{**common, "steps": 3000}) for depth in (4, 5) for seed in SEEDS]
    found += [fast(1, num_loops=4, **common), fast(4, deep=False, **common), fast(4, auxiliary_weight=0.0, **common)]
    return [*found, fast(4, graph=GraphTold(form="edges"), **common), plain(4, family="gnn", **common)]


def measure_diameter(subject: Subject, scale: str) -> Rows:
    """Errors by diameter: `source`, of vertices whether they are connected with the source; `pairs`, of all two whether
    they are, after the last layer; `near`, whether they are within 2^(l-1), after layer l."""
    config, shape = subject.config, subject.shape
    assert config is not None
    asked = "end" if not config.auxiliary_weight else "every layer" if config.deep else "pairs at the end"
    sizes = {"family": shape.family, "layers": shape.num_layers, "loops": shape.num_loops, "depth": shape.depth}
    sizes |= {"form": shape.graph, "vertices": shape.vertices, "asked": asked, "seed": config.seed}
    sizes |= {"steps": config.steps, "batch": config.batch_size, "width": shape.embed_dim}
    count = 20 if scale == "smoke" else 500
    rows: Rows = []
    for found in evaluate(subject.task, subject.predict, subject.task.questions, strings=count):
        rows.append({**sizes, "what": "source", **found.row()})
    if isinstance(subject.model, AttentionModel) and subject.model.auxiliary is not None:
        for k in subject.task.questions:
            for row in score_near(subject, k, graphs=count):
                rows.append({**sizes, "what": "pairs" if row["within"] is None else "near", **row})
    return rows


def name_of_net(row: dict[str, Any], usual: int) -> str:
    """What a row's net is, its steps if they are not the usual ones.

    >>> row = {"family": "modern", "layers": 1, "loops": 4, "form": "pairs", "asked": "every layer", "steps": 1500}
    >>> name_of_net(row, 1500), name_of_net({**row, "layers": 4, "loops": 1, "asked": "end", "steps": 3000}, 1500)
    ('1 layer x 4', '4 layers, asked: end, 3,000 steps')
    """
    parts = [f"{row['layers']} layer{'s' * (row['layers'] > 1)}" + f" x {row['loops']}" * (row["loops"] > 1)]
    parts += [row["family"]] * (row["family"] != "modern")
    parts += ["edge list"] * (row["form"] == "edges")
    parts += [f"asked: {row['asked']}"] * (row["asked"] != "every layer")
    parts += [f"{row['steps']:,} steps"] * (row["steps"] != usual)
    return ", ".join(parts)


def draw_diameter(rows: Rows, folder: Path) -> list[Path]:
    """Error against the diameter, on a logarithmic axis: all pairs, and the source; of seeds the median and each."""
    figure, axes = new_figure(1, 2, (5.0, 3.8), sharey=True)
    usual = rows[0]["steps"]
    names = list(dict.fromkeys(name_of_net(row, usual) for row in rows))
    lines = ["Largest diameter with at most 1 % wrong up to it, by seed (-1: none).", ""]
    lines += ["| net | all pairs | the source's | 2^(L-1) |", "|---|---|---|---|"]
    for place, name in enumerate(names):
        mine = [row for row in rows if name_of_net(row, usual) == name]
        colour, style = COLOURS[place % len(COLOURS)], "-" if place < len(COLOURS) else "--"
        cells = []
        for axis, what in zip(axes[0], ("pairs", "source"), strict=True):
            by_seed: dict[int, dict[int, float]] = {}
            for row in mine:
                if row["what"] == what:
                    by_seed.setdefault(row["seed"], {})[row["k"]] = row["error"]
            if not by_seed:
                cells.append("not asked")
                continue
            ks = sorted(next(iter(by_seed.values())))
            middle = [sorted(errors[k] for errors in by_seed.values())[len(by_seed) // 2] for k in ks]
            axis.plot(ks, middle, style, color=colour, label=name, marker=".")
            for errors in by_seed.values():
                axis.plot(ks, [errors[k] for k in ks], style, color=colour, lw=0.6, alpha=0.5)
            cells.append(", ".join(str(reach(dict(errors))) for errors in by_seed.values()))
        depth = mine[0]["depth"]
        if mine[0]["asked"] == "every layer":
            axes[0][0].axvline(1 << (depth - 1), color=colour, lw=0.7, ls=":")
        lines.append(f"| {name} | {' | '.join(cells)} | {1 << (depth - 1)} |")
    for axis, title in zip(axes[0], ("all pairs: connected?", "the source: connected with it?"), strict=True):
        axis.set_xscale("log", base=2)
        log_errors(axis)
        axis.set_xlabel("diameter")
        axis.set_title(title, fontsize=9)
    axes[0][0].set_ylabel("wrong")
    axes[0][1].legend(fontsize=6.5, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    row = rows[0]
    seeds = len({row["seed"] for row in rows})
    caption = f"Two components of one size and diameter, {row['vertices']} vertices, ids shuffled; {usual:,} steps of "
    caption += (
        f"{row['batch']} graphs, {seeds} seed{'s' * (seeds > 1)}. Unless said, asked after layer l who is within "
    )
    caption += "2^(l-1), after the last who is connected. Of seeds the median, thin each. Dotted: 2^(L-1). Grey: 1 %"
    picture = save_figure(figure, folder / "by-diameter.png", smoke_mark(rows) + "connectivity by diameter", caption)
    table = folder / "by-diameter.md"
    write_text_atomically(table, "\n".join(lines) + "\n")
    return [picture, table]
