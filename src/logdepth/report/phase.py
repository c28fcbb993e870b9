"""The picture of a phase diagram: depth against width, a colour a region. Draws what was judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logdepth.report.figures import new_figure, save_figure, whole_ticks
from logdepth.theory.phase import Phase, region_of

POSSIBLE = ("#3b8f5a", "#8cc9a1", "#c5e6cf")
IMPOSSIBLE = ("#b3443c", "#d98880", "#edc3be")
OPEN = "#e3e3e3"


def draw_phase(phase: Phase, path: Path, compiled: dict[str, Any] | None = None) -> Path:
    """Write the picture. compiled: the construction as it was compiled, a mark at its width and depth."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    figure, axes = new_figure(1, 1, (7.4, 4.4))
    axis = axes[0][0]
    names, left = phase.regions, {"possible": list(POSSIBLE), "impossible": list(IMPOSSIBLE)}
    colours = []
    for name in names:
        shades = left.get(name.split(",")[0].split(" ")[0], [OPEN])
        colours.append(shades.pop(0) if len(shades) > 1 else shades[0])
    cells = [[names.index(region_of(found)) for found in row] for row in phase.judgements]
    axis.pcolormesh(
        range(len(phase.widths) + 1),
        [depth - 0.5 for depth in (*phase.depths, phase.depths[-1] + 1)],
        cells,
        cmap=ListedColormap(colours),
        vmin=-0.5,
        vmax=len(names) - 0.5,
        edgecolors="white",
        linewidth=0.4,
    )
    every = range(0, len(phase.widths), max(1, len(phase.widths) // 10))
    axis.set_xticks([place + 0.5 for place in every], [f"{phase.widths[place]:,}" for place in every])
    whole_ticks(axis.yaxis)
    asked = phase.asked
    axis.set(xlabel=f"width m, of every head (there are {asked.heads})", ylabel="depth L")
    handles: list[Any] = [Patch(color=colour, label=name) for colour, name in zip(colours, names, strict=True)]
    if compiled is not None:
        place = next((i for i, width in enumerate(phase.widths) if width >= compiled["width"]), len(phase.widths) - 1)
        handles += axis.plot(
            [place + 0.5],
            [compiled["layers"]],
            "k*",
            ms=9,
            linestyle="",
            label=f"compiled: {compiled['program']}, width {compiled['width']}, {compiled['layers']} layers",
        )
    axis.legend(handles=handles, fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(0.0, -0.16))
    sizes = [f"{name} = {getattr(asked, name):,}" for name in ("length", "k", "vertices", "diameter", "precision")
             if getattr(asked, name) is not None]  # fmt: skip
    caption = "Where a theorem says m = O(1) its constant is open: how narrow a model may be is not known here"
    return save_figure(figure, path, f"{asked.task}, {asked.arch}: {', '.join(sizes)}", caption)
