"""Figures with matplotlib: a grid of panels, saved whole. What is drawn in them is up to the caller."""

from __future__ import annotations

import textwrap
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


def log_errors(axis: Any, least: float = 1e-5, threshold: float = 0.01) -> None:
    """Error rates upwards on a logarithmic axis, with a line at the threshold; what is below `least` stands at it."""
    for line in axis.get_lines():
        line.set_ydata([max(value, least) for value in line.get_ydata()])
    axis.axhline(threshold, color="#bbbbbb", linewidth=0.9, zorder=0)
    axis.set_yscale("log")
    axis.set_ylim(least * 0.8, 1.3)


def whole_ticks(axis: Any) -> None:
    """Ticks at whole numbers alone (`axis.xaxis` or `axis.yaxis`)."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def save_figure(figure: Any, path: Path, title: str, caption: str = "") -> Path:
    """Write a figure to `path` (.png, .svg, .pdf), whole or not at all, and close it; the path. caption: below it."""
    import matplotlib.pyplot as plt

    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    if caption:
        characters = int(figure.get_size_inches()[0] * 17)
        figure.supxlabel("\n".join(textwrap.wrap(caption, characters)), fontsize=7, x=0.01, ha="left", color="#444444")
    with new_file(Path(path), force=True) as temporary:
        figure.savefig(temporary, dpi=150, metadata={"Software": None} if path.suffix == ".png" else None)
    plt.close(figure)
    return path
