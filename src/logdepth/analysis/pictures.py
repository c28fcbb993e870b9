"""The pictures of a report, out of rows (and one trace for the attention maps)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.analysis.construction import Verdict, reach_of
from logdepth.analysis.page import Section
from logdepth.analysis.patching import Pair
from logdepth.analysis.pointers import visible_pointers
from logdepth.models.inside import attention_of
from logdepth.report.attention import Panel, draw_attention
from logdepth.report.figures import new_figure, save_figure, whole_ticks
from logdepth.tasks.task import Task
from logdepth.train.subject import Subject

Rows = Sequence[dict[str, Any]]
MAP_LENGTH = 36  # symbols in an attention map, so that each can be read


def telling_string(task: Task, strings: np.ndarray, k: int, most: int = MAP_LENGTH) -> np.ndarray:
    """The string, `most` symbols of it (or what the task needs), on which most slots have a k-th pointer: (1, n).

    >>> from logdepth.tasks.khop import Khop
    >>> telling_string(Khop(6, 3, max_k=2), np.array([[0, 1, 2, 1, 2, 0], [0, 1, 0, 1, 0, 1]]), 2).tolist()
    [[0, 1, 0, 1, 0, 1]]
    """
    shown = strings[:, : min(max(most, task.shortest), strings.shape[1])]
    defined = (task.pointers(shown, k)[k] > 0).sum(1)
    return shown[int(defined.argmax())][None]


def clear_heads(best: Rows, share: str, least: float = 0.5, a_layer: int = 2) -> list[dict[str, Any]]:
    """Rows of the heads worth a map: of each layer those that score highest, at least `least`; all if there is none.

    >>> clear_heads([{"layer": 1, "head": h, "s": s} for h, s in ((1, 0.9), (2, 0.1), (3, 0.95), (4, 0.7))], "s")
    [{'layer': 1, 'head': 1, 's': 0.9}, {'layer': 1, 'head': 3, 's': 0.95}]
    """
    chosen = []
    for layer in sorted({row["layer"] for row in best}):
        clear = [row for row in best if row["layer"] == layer and (row[share] or 0.0) >= least]
        chosen += sorted(sorted(clear, key=lambda row: -row[share])[:a_layer], key=lambda row: row["head"])
    return chosen or list(best)


def draw_heads(folder: Path, subject: Subject, k: int, strings: np.ndarray, best: Rows) -> Section:
    """The clearest heads' attention on one string, best pointers marked."""
    task = subject.task
    shown = telling_string(task, strings, k)
    weights = attention_of(subject.model, subject.encode(shown, k))
    powers = visible_pointers(task, shown, k, causal=subject.shape.causal)
    panels = []
    for row in clear_heads(best, "share"):
        j = row["j"] if row["name"].startswith(f"{task.pointer}^") else None
        attention = weights[row["layer"] - 1][0, row["head"] - 1].float().cpu().numpy()
        title = f"layer {row['layer']}, head {row['head']}: {row['name']} {row['share']:.2f}"
        panels.append(
            Panel(title, attention, None if j is None else powers[j][0], "" if j is None else f"{task.pointer}^{j}")
        )
    tokens = [f"k={k}" if task.takes_k else "S", *(chr(97 + s) if s < 26 else str(s) for s in shown[0])]
    many = int((task.pointers(shown, k)[k] > 0).sum())
    title = f"attention asked for k = {k}; {many} of these {shown.shape[1]} positions have so many hops"
    draw_attention(folder / "attention.png", panels, tokens, title, columns=2)
    text = (
        "Where a head reads, on one string: the two clearest heads of each layer, a row a reading slot. Circles mark "
    )
    text += f"the {task.pointer}^j that the head follows most nearly."
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


def draw_probes(folder: Path, rows: Rows, verdict: Verdict, pointer: str, taught: str = "") -> Section:
    """What of a pointer's powers a linear probe reads after each layer, and the hops in hand at every cutoff. taught: a
    sentence on what of it the model was asked for in training."""
    layers, hops = sorted({row["layer"] for row in rows}), sorted({row["j"] for row in rows})
    whats = ("symbol", "position", "rank", "distance")
    figure, axes = new_figure(1, len(whats) + 1, (max(0.16 * len(hops) + 1.0, 2.4), 0.26 * len(layers) + 1.3))
    image = None
    for axis, what in zip(axes[0], whats, strict=False):
        grid = np.full((len(layers), len(hops)), np.nan)
        for row in rows:
            if row["what"] == what:
                grid[layers.index(row["layer"]), hops.index(row["j"])] = row["accuracy"]
        image = axis.imshow(grid, cmap="Greens", vmin=0, vmax=1, aspect="auto")
        axis.set(xlabel="j", xticks=range(len(hops)), yticks=range(len(layers)))
        axis.set_xticklabels(hops, fontsize=6)
        axis.set_yticklabels(layers)
        axis.set_title(what, fontsize=9)
    axes[0][0].set_ylabel("after layer")
    figure.colorbar(image, ax=axes[0][len(whats) - 1], label="right")
    draw_hops(axes[0][-1], [verdict.curves], max(hops))
    axes[0][-1].legend(fontsize=6, frameon=False)
    picture = save_figure(figure, folder / "probes.png", f"linear probes for {pointer}^j, and hops in hand")
    reached = ", ".join(f"layer {layer}: {j}" for layer, j in sorted(verdict.reached.items()) if layer)
    text = f"What a linear map reads of {pointer}^j off the residual stream. Hops in hand at .99: {reached}. {taught}"
    tops = {what: max(row["accuracy"] for row in rows if row["what"] == what) for what in whats}
    text += (
        "Most that any layer tells of any hop: " + ", ".join(f"{what} {top:.3f}" for what, top in tops.items()) + "."
    )
    head = ["layer", "j", "of", "right", "95 % interval", "chance", "slots"]
    lines = []
    for row in rows:
        if row["accuracy"] >= 0.9:
            shares = [f"{row['accuracy']:.3f}", f"{row['low']:.3f} to {row['high']:.3f}", f"{row['chance']:.3f}"]
            lines.append([str(row["layer"]), str(row["j"]), row["what"], *shares, f"{row['slots']:,}"])
    note = "Listed: right in 90 % of slots. Chance: the same probe on the embedding, or the most frequent answer."
    return Section("Probes", text, picture, head, lines, note)


def draw_hops(axis: Any, nets: Sequence[Mapping[float, Mapping[int, int]]], largest: int) -> None:
    """Hops in hand after each layer, a line a cutoff and net, between the two constructions. nets: `Verdict.curves`."""
    layers = sorted({layer for curves in nets for reached in curves.values() for layer in reached if layer})
    for name, style in (("rank", "--"), ("doubling", ":")):
        wanted = [min(reach_of(name, layer), largest) for layer in layers]
        axis.plot(layers, wanted, style, color="#999999", linewidth=1.2, label=name)
    for curves in nets:
        for place, (cutoff, reached) in enumerate(sorted(curves.items())):
            colour, label = ("#9ecae1", "#4292c6", "#1b6ca8", "#08306b")[place % 4], f"{cutoff:g} right"
            values = [reached.get(layer, 0) for layer in layers]
            axis.plot(layers, values, color=colour, marker=".", linewidth=1, label=label if curves is nets[0] else None)
    axis.set(xlabel="after layer", ylabel="hops in hand")
    whole_ticks(axis.xaxis)
    whole_ticks(axis.yaxis)
    axis.set_title("hops in hand", fontsize=9)


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
