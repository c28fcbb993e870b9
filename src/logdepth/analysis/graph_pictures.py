"""The pictures of a report on a net that learned graphs, out of rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.analysis.graph_verdict import GraphVerdict
from logdepth.analysis.page import Section
from logdepth.report.figures import new_figure, save_figure, whole_ticks

Rows = Sequence[dict[str, Any]]
FAINT = 0.02  # of attention: less is not listed


def draw_distances(folder: Path, rows: Rows, verdict: GraphVerdict, taught: str) -> Section:
    """What is read of every distance after each layer, between squaring and breadth-first search."""
    layers, radii = (sorted({row[name] for row in rows}) for name in ("layer", "within"))
    figure, axes = new_figure(1, 3, (max(0.24 * len(radii) + 1.2, 2.6), 0.3 * len(layers) + 1.5))
    image = None
    for axis, of in zip(axes[0], ("set", "label"), strict=False):
        grid = np.full((len(layers), len(radii)), np.nan)
        for row in rows:
            if row["of"] == of:
                grid[layers.index(row["layer"]), radii.index(row["within"])] = row["boundary"]
        image = axis.imshow(grid, cmap="Greens", vmin=0.5 if of == "set" else 0, vmax=1, aspect="auto")
        axis.set(xlabel="r", xticks=range(len(radii)), yticks=range(len(layers)))
        axis.set_xticklabels(radii, fontsize=6)
        axis.set_yticklabels(layers)
        axis.set_title("who is at r, who at r + 1" if of == "set" else "the least id, at r", fontsize=9)
        for mark, wanted in (("s", [1 << max(layer - 1, 0) for layer in layers]), ("o", layers)):
            there = [(radii.index(r), down) for down, r in enumerate(wanted) if layers[down] and r in radii]
            if there:
                axis.plot(*zip(*there, strict=True), mark, fillstyle="none", color="#d62728", markersize=7, ls="none")
        figure.colorbar(image, ax=axis)
    axes[0][0].set_ylabel("after layer")
    _draw_lines(axes[0][2], rows, layers)
    picture = save_figure(figure, folder / "distances.png", "linear probes for distances")
    text = "What a linear map reads of distances off the vertices' residuals. Left: pairs at exactly r and pairs at "
    text += "exactly r + 1 told apart, .5 is chance; right: all pairs, half within r and half not. Told apart in 85 %: "
    text += ", ".join(f"{r} after layer {layer}" for layer, r in sorted(verdict.reached.items()) if layer)
    text += f". Squares: what squaring holds; circles: breadth-first search. {taught}"
    head = ["layer", "r", "of", "right", "95 % interval", "chance", "boundary", "95 % interval"]
    lines = [
        [
            str(row["layer"]),
            str(row["within"]),
            row["of"],
            f"{row['accuracy']:.3f}",
            _between(row),
            f"{row['chance']:.3f}",
            f"{row['boundary']:.3f}",
            _between(row, "boundary_"),
        ]
        for row in rows
        if row["within"] & (row["within"] - 1) == 0
    ]
    return Section("Distances", text, picture, head, lines, "Listed: r = 1, 2, 4, ..; all others are in rows.jsonl.")


def _draw_lines(axis: Any, rows: Rows, layers: Sequence[int]) -> None:
    import matplotlib

    for layer in layers:
        mine = [row for row in rows if row["layer"] == layer and row["of"] == "set"]
        colour = matplotlib.colormaps["viridis"](0.85 * layers.index(layer) / max(len(layers) - 1, 1))
        radii = [row["within"] for row in mine]
        axis.plot(
            radii, [row["accuracy"] for row in mine], color=colour, marker=".", linewidth=1, label=f"layer {layer}"
        )
        low, high = ([row[name] for row in mine] for name in ("low", "high"))
        axis.fill_between(radii, low, high, color=colour, alpha=0.25, linewidth=0)
    axis.set(xlabel="r", ylim=(0.45, 1.02))
    axis.set_title("who is within r: right", fontsize=9)
    axis.legend(fontsize=6, frameon=False)
    whole_ticks(axis.xaxis)


def draw_places(folder: Path, rows: Rows) -> Section:
    """How much of every head's attention lands where, beyond chance."""
    heads = sorted({(row["layer"], row["head"]) for row in rows})
    sources = list(dict.fromkeys(row["from"] for row in rows))
    figure, axes = new_figure(1, len(sources), (4.6, 0.24 * len(heads) + 1.9), sharey=True)
    image = None
    for axis, source in zip(axes[0], sources, strict=True):
        places = list(dict.fromkeys(row["to"] for row in rows if row["from"] == source))
        grid = np.zeros((len(heads), len(places)))
        shares = np.zeros_like(grid)
        for row in rows:
            if row["from"] == source:
                cell = heads.index((row["layer"], row["head"])), places.index(row["to"])
                grid[cell], shares[cell] = row["share"] - row["chance"], row["share"]
        image = axis.imshow(grid, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
        for (down, across), value in np.ndenumerate(shares):
            if abs(grid[down, across]) >= 0.15:
                axis.text(across, down, f"{value:.2f}", ha="center", va="center", fontsize=5.5)
        axis.set(xticks=range(len(places)), yticks=range(len(heads)))
        axis.set_xticklabels(places, rotation=45, ha="right", fontsize=7)
        axis.set_yticklabels([f"layer {layer}, head {head}" for layer, head in heads], fontsize=7)
        axis.set_title(f"from the token of {'an' if source[0] in 'aeiou' else 'a'} {source}", fontsize=9)
    figure.colorbar(image, ax=axes[0][-1], label="share beyond chance")
    picture = save_figure(figure, folder / "attention.png", "where heads look")
    text = "The share of a head's attention that lands on each place (numbers), and how much that is beyond what would "
    text += "land there if all slots were looked at alike (colour). Places overlap: what is within 1 is within 2."
    head = ["layer", "head", "from", "to", "share", "95 % interval", "chance"]
    lines = [
        [
            str(row["layer"]),
            str(row["head"]),
            row["from"],
            row["to"],
            f"{row['share']:.3f}",
            _between(row),
            f"{row['chance']:.3f}",
        ]
        for row in rows
        if row["share"] >= FAINT and row["share"] - row["chance"] >= 0.15
    ]
    return Section("Attention", text, picture, head, lines, "Listed: at least .15 beyond chance.")


def draw_needed(folder: Path, rows: Rows) -> Section:
    """Errors at each diameter with a head, or a layer's attention, replaced by its mean."""
    takeouts = sorted({(row["layer"], row["head"] or 0) for row in rows})
    ks = sorted({row["k"] for row in rows})
    grid = np.zeros((len(takeouts), len(ks)))
    for row in rows:
        grid[takeouts.index((row["layer"], row["head"] or 0)), ks.index(row["k"])] = row["error"]
    figure, axes = new_figure(1, 1, (0.5 * len(ks) + 3.0, 0.24 * len(takeouts) + 1.0))
    image = axes[0][0].imshow(grid, cmap="Reds", vmin=0, vmax=0.5, aspect="auto")
    for (down, across), value in np.ndenumerate(grid):
        colour = "white" if value > 0.35 else "black"
        axes[0][0].text(across, down, f"{value:.2f}", ha="center", va="center", fontsize=6, color=colour)
    axes[0][0].set(xlabel="diameter", xticks=range(len(ks)), yticks=range(len(takeouts)))
    axes[0][0].set_xticklabels(ks)
    axes[0][0].set_yticklabels(
        [f"layer {layer}, head {h}" if h else f"layer {layer}, all" for layer, h in takeouts], fontsize=7
    )
    figure.colorbar(image, ax=axes[0][0], label="wrong")
    picture = save_figure(figure, folder / "ablation.png", "replaced by its mean: errors")
    whole = ", ".join(f"{k}: {next(row['baseline'] for row in rows if row['k'] == k):.2%}" for k in ks)
    text = f"Errors, asked for {rows[0]['asked']}, with one head's output or a layer's whole attention replaced by its "
    return Section(
        "Ablation", text + f"mean over graphs and slots. The whole net's errors by diameter: {whole}.", picture
    )


def draw_swapped(folder: Path, rows: Rows) -> Section:
    """How far the answers follow two swapped edges, by the layer and the slots at which the net is told so."""
    layers, groups = sorted({row["layer"] for row in rows}), list(dict.fromkeys(row["group"] for row in rows))
    grid = np.full((len(groups), len(layers)), np.nan)
    for row in rows:
        if row["followed"] is not None:
            grid[groups.index(row["group"]), layers.index(row["layer"])] = row["followed"]
    figure, axes = new_figure(1, 1, (0.6 * len(layers) + 3.6, 0.28 * len(groups) + 1.0))
    image = axes[0][0].imshow(grid, cmap="Purples", vmin=0, vmax=1, aspect="auto")
    for (down, across), value in np.ndenumerate(grid):
        if not np.isnan(value):
            colour = "white" if value > 0.6 else "black"
            axes[0][0].text(across, down, f"{value:.2f}", ha="center", va="center", fontsize=7, color=colour)
    axes[0][0].set(xlabel="after layer", xticks=range(len(layers)), yticks=range(len(groups)))
    axes[0][0].set_xticklabels(layers)
    axes[0][0].set_yticklabels(groups, fontsize=7)
    figure.colorbar(image, ax=axes[0][0], label="followed")
    picture = save_figure(figure, folder / "patching.png", "two edges swapped in the residual stream")
    first = rows[0]
    text = (
        f"{first['graphs']} graphs of diameter {first['k']} in which two edges of two components are swapped, and "
        f"which the net answers right before and after ({first['answers']:,} answers differ). It reads the first; "
        "after a layer, what it holds at some slots is replaced by what it holds of the second. 1: all answers follow."
    )
    head = ["after layer", "slots", "followed", "95 % interval"]
    lines = [
        [str(row["layer"]), row["group"], f"{row['followed']:.3f}", _between(row)]
        for row in rows
        if row["followed"] is not None
    ]
    return Section("Patching", text, picture, head, lines)


def _between(row: dict[str, Any], of: str = "") -> str:
    return f"{row[f'{of}low']:.3f} to {row[f'{of}high']:.3f}"
