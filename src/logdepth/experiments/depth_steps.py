"""Depth against steps: how many layers, or tokens of thought, a k takes, by architecture. Not in the paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logdepth.errors import InputError
from logdepth.experiments.contenders import best_arm, contender_run, find_contender
from logdepth.experiments.experiment import SCALES, Rows, smoke_mark
from logdepth.experiments.rivals import SMALL, colour_of, measure_rival, said_of
from logdepth.files import write_text_atomically
from logdepth.report.figures import new_figure, save_figure, whole_ticks
from logdepth.theory import khop_depth_rank
from logdepth.train.config import TrainConfig
from logdepth.train.evaluate import reach
from logdepth.train.recipes import plain

DEPTHS = (1, 2, 3, 4, 5, 6)
THOUGHTS = (1, 2, 4, 8, 16)
NAMES = ("transformer", "longformer", "deltanet", "mamba2", "lstm", "gnn")
THINKER = "thinking, 2 layers"

measure_depth = measure_rival


def depth_runs(scale: str) -> list[TrainConfig]:
    """Some contenders at depths 1 to 6, each as large as a transformer of that depth; and two layers with 1 to 16
    thoughts; three seeds. smoke: one of each.

    >>> [(config.model.family, config.model.depth) for config in depth_runs("smoke")]
    [('lstm', 1), ('cot', 2)]
    """
    if scale == "smoke":
        made = find_contender("lstm")
        small = {"embed_dim": 32, "steps": 40, **SMALL}
        return [
            contender_run(made, layers=1, width=32, arm=best_arm(made), steps=40, **SMALL),
            plain(2, family="cot", thoughts=4, **small),
        ]
    if scale not in SCALES:
        raise InputError(f"scale is {scale!r}; there are: {', '.join(SCALES)}")
    more: dict[str, Any] = {"steps": 1500} if scale == "cpu" else {"steps": 20_000, "batch_size": 128}
    found = [
        contender_run(made, layers=depth, width=128, arm=best_arm(made), seed=seed, **more)
        for made in map(find_contender, NAMES)
        for depth in DEPTHS
        for seed in (0, 1, 2)
    ]
    arm = dict(zip(("optimizer", "learning_rate"), best_arm(find_contender(THINKER)), strict=True))
    found += [
        plain(2, family="cot", embed_dim=160, thoughts=count, seed=seed, **arm, **more)
        for count in THOUGHTS
        for seed in (0, 1, 2)
    ]
    return found


def draw_depth(rows: Rows, folder: Path) -> list[Path]:
    """The reach at 1 % by depth, and by thoughts, a mark a seed; floor(log2 k) + 2 layers, and k of both, drawn in."""
    figure, axes = new_figure(1, 2, (4.6, 3.8))
    nets: dict[tuple[str, int, int, int], dict[int, float | None]] = {}
    for row in rows:
        nets.setdefault((row["contender"], row["layers"], row["thoughts"], row["seed"]), {})[row["k"]] = row["error"]
    lines = ["Largest k with at most 1 % wrong up to it (-1: none), one line a net.", ""]
    lines += ["| architecture | layers | thoughts | seed | reach |", "|---|---|---|---|---|"]
    shown: set[str] = set()
    for (name, layers, thoughts, seed), errors in nets.items():
        colour, _ = colour_of(name)
        axis, x = (axes[0][1], thoughts) if thoughts else (axes[0][0], layers)
        axis.plot([x], [reach(errors)], "o", color=colour, alpha=0.7, ms=4, label=None if name in shown else name)
        shown.add(name)
        lines.append(f"| {name} | {layers} | {thoughts or '-'} | {seed} | {reach(errors)} |")
    ks = range(1, rows[0]["max_k"] + 1)
    exact = [max(k for k in range(1 << depth) if not k or khop_depth_rank(k) <= depth) for depth in DEPTHS]
    shown_exact = [(depth, min(k, rows[0]["max_k"])) for depth, k in zip(DEPTHS, exact, strict=True)]
    axes[0][0].plot(*zip(*shown_exact, strict=True), color="#999999", label="floor(log2 k) + 2 layers (exact)")
    for axis in axes[0]:
        axis.plot(list(ks), list(ks), ":", color="#444444", label="k")
        whole_ticks(axis.xaxis)
        axis.legend(fontsize=6.5, frameon=False)
    axes[0][0].set(xlabel="layers", ylabel="reach: largest k with at most 1 % wrong", xlim=(0.5, 6.5))
    axes[0][1].set(xlabel="tokens of thought, two layers")
    title = smoke_mark(rows) + "depth, or thoughts, against steps"
    picture = save_figure(figure, folder / "depth-against-steps.png", title, said_of(rows))
    table = folder / "depth-against-steps.md"
    write_text_atomically(table, "\n".join(lines) + "\n")
    return [picture, table]
