"""Pictures and tables of errors against depth and against a fixed set of samples, out of rows alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logdepth.experiments.curves import COLOURS, curves_of, sizes_of
from logdepth.experiments.errors import mean_errors
from logdepth.experiments.experiment import Rows, smoke_mark, training_of
from logdepth.files import write_text_atomically
from logdepth.report.figures import log_errors, new_figure, save_figure, whole_ticks
from logdepth.theory import khop_depth_rank
from logdepth.train.evaluate import least_depth, reach


def draw_by_depth(rows: Rows, folder: Path) -> list[Path]:
    """Figure 7: error against depth, a line a k; and L*(k), the least depth with 1 % wrong, beside the theory."""
    depths = sorted({row["depth"] for row in rows})
    largest = max(row["k"] for row in rows)
    curves: dict[str, dict[int, dict[int, float]]] = {}
    said: dict[str, set[int]] = {}
    for depth in depths:
        for curve in curves_of(rows, depth):
            curves.setdefault(f"{curve.name}, dropout {curve.dropout}", {})[depth] = curve.errors
            said.setdefault(curve.said(), set()).add(depth)
    figure, axes = new_figure(1, 2, (4.4, 3.6))
    first = next(iter(curves))
    theirs = curves.get("the authors' nets, dropout off", {})
    shown = [k for k in (1, 2, 3, 4, 6, 8, 12, 16) if k <= largest]
    for place, k in enumerate(shown):
        colour = _shade(place, len(shown))
        for by, style in ((curves[first], "."), (theirs, None)):
            line = {depth: errors[k] for depth, errors in by.items() if k in errors}
            if line:
                common = {"color": colour, "marker": style, "linestyle": "-" if style else ":"}
                axes[0][0].plot(*zip(*line.items(), strict=True), **common, label=f"k = {k}" if style else None)
    log_errors(axes[0][0])
    axes[0][0].set(xlabel="depth", ylabel="wrong, of defined positions", xticks=depths)
    axes[0][0].set_title(first + ("; dotted: the authors' nets" if theirs else ""), fontsize=9)
    axes[0][0].legend(fontsize=7, frameon=False)
    hops = range(1, largest + 1)
    theory = [khop_depth_rank(k) for k in hops]
    axes[0][1].step(list(hops), theory, where="mid", color="#999999", label="rank: floor(log2 k) + 2")
    least = {}
    for place, (name, by) in enumerate(curves.items()):
        least[name] = {k: least_depth({d: dict(e) for d, e in by.items()}, k) for k in hops}
        solved = {k: depth + 0.08 * (place - 1.5) for k, depth in least[name].items() if depth is not None}
        if solved:
            axes[0][1].plot(*zip(*solved.items(), strict=True), "o^sv<>"[place], ms=5, color=COLOURS[place], label=name)
    axes[0][1].set(
        xlabel="k", ylabel="least depth with at most 1 % wrong", yticks=range(2, max([*theory, *depths]) + 1)
    )
    whole_ticks(axes[0][1].xaxis)
    axes[0][1].legend(fontsize=7, frameon=False, loc="lower right")
    lines = [f"{text} ({', '.join(map(str, sorted(where)))} layers)" for text, where in said.items()]
    caption = ". ".join([*lines, "Grey line: 1 %; no error seen stands at the bottom"])
    title = smoke_mark(rows) + sizes_of(rows)
    picture = save_figure(figure, folder / "error-by-depth.png", title, caption)
    table = [f"{title}. {caption}.", "", "L*(k), the least depth with at most 1 % wrong at k:", ""]
    table += [f"| k | {' | '.join(least)} | floor(log2 k) + 2 |", "|---" * (len(least) + 2) + "|"]
    table += [
        f"| {k} | {' | '.join(str(by[k] or '-') for by in least.values())} | {khop_depth_rank(k)} |" for k in hops
    ]
    return [picture, _write(folder / "threshold.md", table)]


def draw_samples(rows: Rows, folder: Path) -> list[Path]:
    """Figures 8 and 10: errors on the fixed set a model was trained on, and on new strings."""
    sizes = sorted({row["samples"] for row in rows})
    depths = sorted({row["depth"] for row in rows})
    figure, axes = new_figure(len(depths), len(sizes), (2.9, 2.7), sharey=True)
    lines = ["| samples | depth | trained on: k at 1 % | new strings: k at 1 % |", "|---|---|---|---|"]
    for down, depth in enumerate(depths):
        for across, size in enumerate(sizes):
            axis = axes[down][across]
            reached = []
            for place, kind in enumerate(("train", "test")):
                errors = mean_errors(rows, on=kind, dropout="off", samples=size, depth=depth)[depth]
                label = "trained on" if kind == "train" else "new strings"
                axis.plot(*zip(*errors.items(), strict=True), color=COLOURS[place], marker=".", label=label)
                reached.append(reach(dict(errors)))
            log_errors(axis)
            whole_ticks(axis.xaxis)
            axis.set_title(f"{size:,} samples, {depth} layers", fontsize=9)
            axis.set_xlabel("k")
            lines.append(f"| {size:,} | {depth} | {reached[0]} | {reached[1]} |")
    axes[0][0].legend(fontsize=7, frameon=False)
    axes[0][0].set_ylabel("wrong, of defined positions")
    caption = f"{training_of(rows)}. Grey line: 1 %; no error seen stands at the bottom"
    title = smoke_mark(rows) + sizes_of(rows)
    picture = save_figure(figure, folder / "finite-samples.png", title, caption)
    return [picture, _write(folder / "samples.md", lines)]


def _write(path: Path, lines: list[str]) -> Path:
    write_text_atomically(path, "\n".join(lines) + "\n")
    return path


def _shade(place: int, count: int) -> Any:
    import matplotlib

    return matplotlib.colormaps["viridis"](0.9 * place / max(count - 1, 1))
