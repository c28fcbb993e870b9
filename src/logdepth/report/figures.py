"""Figures with matplotlib: a grid of panels, saved whole. What is drawn in them is up to the caller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logdepth.errors import InputError
from logdepth.files import new_file


def new_figure(rows: int, columns: int, panel: tuple[float, float], *, sharey: bool = False) -> tuple[Any, Any]:
    """A figure and its axes `[row][column]`; `panel` is a panel's width and height in inches.

    Raises `InputError` if matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise InputError("matplotlib is not installed: pip install 'logdepth[plot]'") from error
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    size = (panel[0] * columns + 0.4, panel[1] * rows + 0.4)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, sharey=sharey, layout="constrained")
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    return figure, axes


def save_figure(figure: Any, path: Path, title: str) -> Path:
    """Write a figure to `path` (.png, .svg, .pdf), whole or not at all, and close it; the path."""
    import matplotlib.pyplot as plt

    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    with new_file(Path(path), force=True) as temporary:
        figure.savefig(temporary, dpi=150, metadata={"Software": None} if path.suffix == ".png" else None)
    plt.close(figure)
    return path
