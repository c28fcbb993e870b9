"""Attention maps: one panel a head, pointers marked on top."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import NamedTuple

import numpy as np

from logdepth.errors import InputError
from logdepth.files import new_file


class Panel(NamedTuple):
    """One head's attention `(query, key)` and the pointer to mark (a slot a query, or none)."""

    title: str
    attention: np.ndarray
    pointer: np.ndarray | None
    pointer_name: str


def draw_attention(path: str | Path, panels: list[Panel], tokens: list[str], title: str, *, columns: int = 3) -> None:
    """Draw panels, `columns` a row, and write them to `path` (.png, .svg, .pdf).

    Raises `InputError` for other endings, or if matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise InputError("matplotlib is not installed: pip install 'logdepth[plot]'") from error
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    path = Path(path)
    if path.suffix not in (".png", ".svg", ".pdf"):
        raise InputError(f"{path}: the name must end in .png, .svg or .pdf")
    columns = min(columns, len(panels)) or 1
    rows = -(-len(panels) // columns) or 1
    size = min(4.2, max(2.9, 0.17 * len(tokens)))
    figure, axes = plt.subplots(
        rows, columns, figsize=(size * columns, (size + 0.55) * rows), squeeze=False, layout="constrained"
    )
    font = 8 if len(tokens) <= 26 else 5
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for axis, panel in zip(axes.flat, panels, strict=False):
        axis.imshow(panel.attention, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
        if panel.pointer is not None:
            queries = np.flatnonzero(panel.pointer > 0)
            axis.scatter(
                *(panel.pointer[queries], queries),
                **{"s": 2.2e3 / len(tokens) ** 1.25 + 4, "facecolors": "none", "edgecolors": "#d1495b"},
                linewidths=1.1,
                label=panel.pointer_name,
            )
            axis.legend(loc="upper right", fontsize=8, frameon=False, handletextpad=0.1, borderaxespad=0.2)
        axis.set_title("\n".join(textwrap.wrap(panel.title, 46)), fontsize=9, loc="left")
        if len(tokens) <= 64:
            axis.set_xticks(range(len(tokens)), tokens, fontsize=font)
            axis.set_yticks(range(len(tokens)), tokens, fontsize=font)
        axis.tick_params(length=0)
        for spine in axis.spines.values():
            spine.set_color("#cccccc")
    for row in range(rows):
        axes[row, 0].set_ylabel("query (reads)", fontsize=9)
    for column in range(columns):
        lowest = axes[(len(panels) - 1 - column) // columns, column]
        lowest.set_xlabel("key (is read)", fontsize=9)
    figure.suptitle("\n".join(textwrap.wrap(title, int(17 * size * columns))), fontsize=11, x=0.01, ha="left")
    with new_file(path, force=True) as temporary:
        figure.savefig(temporary, dpi=150, metadata={"Software": None} if path.suffix == ".png" else None)
    plt.close(figure)
