"""The pictures of a report, out of rows (and one trace for the attention maps)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.analysis.construction import Verdict
from logdepth.analysis.page import Section
from logdepth.analysis.patching import Pair
from logdepth.analysis.pointers import visible_pointers
from logdepth.models.inside import attention_of
from logdepth.report.attention import Panel, draw_attention
from logdepth.report.figures import new_figure, save_figure
from logdepth.train.subject import Subject

Rows = Sequence[dict[str, Any]]


def draw_heads(folder: Path, subject: Subject, k: int, string: np.ndarray, best: Rows, most: int = 48) -> Section:
    """Every head's attention on one string (`most` symbols of it, or what the task needs), best pointers marked."""
    task = subject.task
    shown = string[None, : min(max(most, task.shortest), len(string))]
    weights = attention_of(subject.model, subject.encode(shown, k))
    powers = visible_pointers(task, shown, k, causal=subject.shape.causal)
    panels = []
    for row in best:
        j = row["j"] if row["name"].startswith(f"{task.pointer}^") else None
        attention = weights[row["layer"] - 1][0, row["head"] - 1].float().cpu().numpy()
        title = f"layer {row['layer']}, head {row['head']}: {row['name']} {row['share']:.2f}"
        panels.append(
            Panel(title, attention, None if j is None else powers[j][0], "" if j is None else f"{task.pointer}^{j}")
        )
    tokens = [f"k={k}" if task.takes_k else "S", *(chr(97 + s) if s < 26 else str(s) for s in shown[0])]
    title = f"attention of every head, k = {k}"
    draw_attention(folder / "attention.png", panels, tokens, title, columns=min(subject.shape.num_heads, 8))
    text = f"Each head's attention on one string; circles mark the {task.pointer}^j it follows most nearly."
    return Section("Attention", text, folder / "attention.png")


def draw_scores(folder: Path, scores: Rows, best: Rows, pointer: str) -> Section:
    """Every head against every power of the pointer, normalised to rows that have a pointer."""
    heads = sorted({(row["layer"], row["head"]) for row in scores})
    most = max(row["j"] for row in scores)
    grid = np.full((len(heads), most + 1), np.nan)
    for row in scores:
        if row["valid"] is not None:
            grid[heads.index((row["layer"], row["head"])), row["j"]] = row["valid"]
    figure, axes = new_figure(1, 1, (0.42 * most + 3.2, 0.24 * len(heads) + 0.9))
    image = axes[0][0].imshow(grid, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes[0][0].set(xlabel="j", xticks=range(most + 1), yticks=range(len(heads)))
    axes[0][0].set_yticklabels([f"layer {layer}, head {head}" for layer, head in heads], fontsize=7)
    for (down, across), value in np.ndenumerate(grid):
        if value >= 0.5:
            colour = "white" if value > 0.6 else "black"
            axes[0][0].text(across, down, f"{value:.2f}", ha="center", va="center", fontsize=6, color=colour)
    figure.colorbar(image, ax=axes[0][0], label="score, valid rows")
    picture = save_figure(figure, folder / "pointers.png", f"attention against {pointer}^j")
    head = ["layer", "head", "best j", "code's cosine", "text's formula", "valid rows", "looks at"]
    lines = []
    for row in best:
        three = [f"{row[name]:.3f}" for name in ("code", "text", "valid")]
        lines.append([str(row["layer"]), str(row["head"]), str(row["j"]), *three, row["name"]])
    text = f"How nearly each head attends to {pointer}^j: 1 means to it alone, wherever there is a j-th hop."
    note = "The code's cosine, which the paper's figures show, counts rows without a pointer too: it cannot reach 1."
    return Section("Heads against pointers", text, picture, head, lines, note)


def draw_ablation(folder: Path, rows: Rows) -> Section:
    """Error at each k with a head taken out."""
    heads = sorted({(row["layer"], row["head"]) for row in rows})
    hops = sorted({row["k"] for row in rows})
    kinds = sorted({row["kind"] for row in rows}, reverse=True)
    figure, axes = new_figure(1, len(kinds), (0.42 * len(hops) + 2.4, 0.24 * len(heads) + 0.9), sharey=True)
    image = None
    for axis, kind in zip(axes[0], kinds, strict=True):
        grid = np.full((len(heads), len(hops)), np.nan)
        for row in rows:
            if row["kind"] == kind and row["error"] is not None:
                grid[heads.index((row["layer"], row["head"])), hops.index(row["k"])] = row["error"]
        image = axis.imshow(grid, cmap="Reds", vmin=0, vmax=1, aspect="auto")
        axis.set(xlabel="k", xticks=range(len(hops)), yticks=range(len(heads)))
        axis.set_xticklabels(hops)
        axis.set_yticklabels([f"layer {layer}, head {head}" for layer, head in heads], fontsize=7)
        axis.set_title("replaced by its mean" if kind == "mean" else "replaced by zero", fontsize=9)
    figure.colorbar(image, ax=axes[0][-1], label="wrong")
    picture = save_figure(figure, folder / "ablation.png", "one head taken out: error at each k")
    whole = ", ".join(f"k = {k}: {_percent(next(r['baseline'] for r in rows if r['k'] == k))}" for k in hops)
    return Section("Ablation", f"Which k need which head. The whole model's errors: {whole}.", picture)


def draw_probes(folder: Path, rows: Rows, verdict: Verdict, pointer: str) -> Section:
    """What of a pointer's powers a linear probe reads after each layer."""
    layers, hops = sorted({row["layer"] for row in rows}), sorted({row["j"] for row in rows})
    whats = ("symbol", "position", "symbol and rank")
    figure, axes = new_figure(1, len(whats), (0.2 * len(hops) + 1.7, 0.26 * len(layers) + 1.1), sharey=True)
    image = None
    for axis, what in zip(axes[0], whats, strict=True):
        grid = np.full((len(layers), len(hops)), np.nan)
        for row in rows:
            if row["what"] == what:
                grid[layers.index(row["layer"]), hops.index(row["j"])] = row["accuracy"]
        image = axis.imshow(grid, cmap="Greens", vmin=0, vmax=1, aspect="auto")
        axis.set(xlabel="j", xticks=range(len(hops)), yticks=range(len(layers)))
        axis.set_xticklabels(hops, fontsize=7)
        axis.set_yticklabels(layers)
        axis.set_title(what, fontsize=9)
    axes[0][0].set_ylabel("after layer")
    figure.colorbar(image, ax=axes[0][-1], label="right")
    picture = save_figure(figure, folder / "probes.png", f"linear probes for {pointer}^j")
    reached = ", ".join(f"layer {layer}: {j}" for layer, j in sorted(verdict.reached.items()) if layer)
    text = f"What a linear map reads of {pointer}^j off the residual stream. Hops in hand: {reached}."
    head = ["layer", "j", "of", "right", "chance", "slots"]
    best = [row for row in rows if row["accuracy"] >= 0.9]
    lines = [
        [str(r["layer"]), str(r["j"]), r["what"], f"{r['accuracy']:.3f}", f"{r['chance']:.3f}", f"{r['slots']:,}"]
        for r in best
    ]
    note = "Listed: right in 90 % of slots. Chance: the same probe on the embedding, or the most frequent answer."
    return Section("Probes", text, picture, head, lines, note)


def draw_patching(folder: Path, residual: Rows, heads: Rows, pair: Pair) -> Section:
    """How far the clean answer comes back when one activation of the clean run is put into the corrupt one."""
    layers, slots = sorted({row["layer"] for row in residual}), sorted({row["slot"] for row in residual})
    grid = np.full((len(layers), len(slots)), np.nan)
    for row in residual:
        grid[layers.index(row["layer"]), row["slot"]] = row["restored"]
    places = sorted({row["head"] for row in heads})
    across = np.full((len(layers), len(places)), np.nan)
    for row in heads:
        across[layers.index(row["layer"]), places.index(row["head"])] = row["restored"]
    shown = (grid, across) if places else (grid,)
    figure, axes = new_figure(1, len(shown), (5.2, 0.28 * len(layers) + 1.2))
    image = None
    for axis, values in zip(axes[0], shown, strict=True):
        image = axis.imshow(values, cmap="RdBu", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
        axis.set_yticks(range(len(layers)), layers)
    axes[0][0].set(xlabel="slot", ylabel="after layer")
    axes[0][0].set_title("residual stream at one slot", fontsize=9)
    if places:
        axes[0][1].set(xlabel="head")
        axes[0][1].set_xticks(range(len(places)), places)
        axes[0][1].set_title("one head's output, all slots", fontsize=9)
    figure.colorbar(image, ax=axes[0][-1], label="restored")
    picture = save_figure(figure, folder / "patching.png", "activation patching")
    text = (
        f"Two strings that differ in slot {pair.changed[0]} alone, where the last slot's k-th hop lands. Blue: putting "
        "the clean run's activation there brings the clean answer back at the last slot (1 wholly, 0 not at all)."
    )
    return Section("Patching", text, picture)


def _percent(error: float | None) -> str:
    return "-" if error is None else f"{error:.2%}"
