"""Pictures and tables of errors, out of rows alone. Ours in full lines, the published in dashed ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logdepth.experiments.errors import mean_errors
from logdepth.experiments.experiment import Rows
from logdepth.experiments.published import published_errors
from logdepth.files import write_text_atomically
from logdepth.report.figures import new_figure, save_figure
from logdepth.theory import khop_depth_rank
from logdepth.train.evaluate import least_depth, reach

COLOURS = ("#1b6ca8", "#d1495b", "#2e933c", "#edae49", "#6f4e7c", "#00798c", "#7a7a7a")


def draw_by_k(rows: Rows, folder: Path) -> list[Path]:
    """Figure 2, 6 or 9: error against k, a panel a depth, the published curve beside ours; and the table."""
    ours = {dropout: mean_errors(rows, on="test", dropout=dropout) for dropout in ("off", "on")}
    depths = sorted(ours["off"])
    figure, axes = new_figure(1, len(depths), (2.7, 2.9), sharey=True)
    theirs = published_errors(rows[0]["heads"]) if rows[0]["max_k"] == 16 else {}
    for axis, depth in zip(axes[0], depths, strict=True):
        for errors in _seeds(rows, depth):
            axis.plot(*zip(*sorted(errors.items()), strict=True), color=COLOURS[0], alpha=0.25, linewidth=1)
        axis.plot(*zip(*ours["off"][depth].items(), strict=True), color=COLOURS[0], label="ours", marker=".")
        if depth in ours["on"]:
            axis.plot(*zip(*ours["on"][depth].items(), strict=True), color=COLOURS[2], label="ours, dropout on")
        printed = {k: error for (d, k), error in theirs.items() if d == depth}
        if printed:
            axis.plot(*zip(*printed.items(), strict=True), color=COLOURS[1], linestyle="--", label="published")
        solved = reach(dict(ours["off"][depth]))
        axis.axhline(0.01, color="#cccccc", linewidth=0.8)
        axis.set_title(f"{depth} layers: k = {solved} at 1 %" if solved >= 0 else f"{depth} layers", fontsize=9)
        axis.set_xlabel("k")
    axes[0][0].set_ylabel("wrong, of defined positions")
    axes[0][0].legend(fontsize=7, frameon=False)
    picture = save_figure(figure, folder / "error-by-k.png", _caption(rows))
    return [picture, _table(rows, ours["off"], theirs, folder / "differences.md")]


def draw_by_depth(rows: Rows, folder: Path) -> list[Path]:
    """Figure 7: error against depth, a line a k; and L*(k), the least depth with 1 % wrong, beside the theory."""
    ours = mean_errors(rows, on="test", dropout="off")
    largest = max(row["k"] for row in rows)
    figure, axes = new_figure(1, 2, (4.4, 3.4))
    shown = [k for k in (1, 2, 3, 4, 6, 8, 12, 16) if k <= largest]
    theirs = published_errors(rows[0]["heads"]) if rows[0]["max_k"] == 16 else {}
    for place, k in enumerate(shown):
        colour = _shade(place, len(shown))
        line = {depth: errors[k] for depth, errors in ours.items() if k in errors}
        axes[0][0].plot(*zip(*line.items(), strict=True), color=colour, marker=".", label=f"k = {k}")
        printed = {depth: error for (depth, hops), error in theirs.items() if hops == k and depth in line}
        if printed:
            axes[0][0].plot(*zip(*printed.items(), strict=True), color=colour, linestyle="--", linewidth=0.9)
    axes[0][0].set(xlabel="depth", ylabel="wrong, of defined positions", xticks=sorted(ours))
    axes[0][0].set_title("error by depth" + (" (dashed: published)" if theirs else ""), fontsize=9)
    axes[0][0].legend(fontsize=7, frameon=False)
    hops = range(1, largest + 1)
    least = {k: least_depth({d: dict(e) for d, e in ours.items()}, k) for k in hops}
    solved = {k: depth for k, depth in least.items() if depth is not None}
    if solved:
        axes[0][1].plot(*zip(*solved.items(), strict=True), "o", color=COLOURS[0], label="trained, at most 1 % wrong")
    theory = [khop_depth_rank(k) for k in hops]
    axes[0][1].step(list(hops), theory, where="mid", color=COLOURS[1], label="rank: floor(log2 k) + 2")
    axes[0][1].set(xlabel="k", ylabel="least depth L*(k)", yticks=range(2, max([*theory, *solved.values()]) + 1))
    axes[0][1].legend(fontsize=7, frameon=False)
    picture = save_figure(figure, folder / "error-by-depth.png", _caption(rows))
    lines = ["| k | L*(k), trained | floor(log2 k) + 2 |", "|---|---|---|"]
    lines += [f"| {k} | {least[k] or '-'} | {khop_depth_rank(k)} |" for k in hops]
    return [picture, _write(folder / "threshold.md", lines)]


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
            axis.set_title(f"{size:,} samples, {depth} layers", fontsize=9)
            axis.set_xlabel("k")
            lines.append(f"| {size:,} | {depth} | {reached[0]} | {reached[1]} |")
    axes[0][0].legend(fontsize=7, frameon=False)
    axes[0][0].set_ylabel("wrong, of defined positions")
    picture = save_figure(figure, folder / "finite-samples.png", _caption(rows))
    return [picture, _write(folder / "samples.md", lines)]


def _seeds(rows: Rows, depth: int, on: str = "test") -> list[dict[int, float]]:
    """Errors by k of each seed."""
    found: dict[int, dict[int, float]] = {}
    for row in rows:
        if (row["depth"], row["dropout"], row["on"]) == (depth, "off", on) and row["error"] is not None:
            found.setdefault(row["seed"], {})[row["k"]] = row["error"]
    return list(found.values())


def _table(rows: Rows, ours: dict[int, dict[int, float]], theirs: dict[tuple[int, int], float], path: Path) -> Path:
    """Ours, the published and the difference, for each depth and k; and the reach of each."""
    lines = [f"{_caption(rows)}. Means over seeds, dropout off; published: with dropout on.", ""]
    lines += ["| depth | k | ours | published | difference |", "|---|---|---|---|---|"]
    for depth, errors in ours.items():
        for k, error in errors.items():
            printed = theirs.get((depth, k))
            beside = "| - | - |" if printed is None else f"| {printed:.4f} | {error - printed:+.4f} |"
            lines.append(f"| {depth} | {k} | {error:.4f} {beside}")
    lines += ["", "Largest k with at most 1 % wrong up to it, for each seed:", ""]
    lines += ["| depth | seeds | uniform strings | planted strings |", "|---|---|---|---|"]
    for depth in ours:
        reached = {on: [reach(dict(errors)) for errors in _seeds(rows, depth, on)] for on in ("test", "planted")}
        cells = [", ".join(map(str, reached[on])) for on in ("test", "planted")]
        lines.append(f"| {depth} | {len(reached['test'])} | {cells[0]} | {cells[1]} |")
    return _write(path, lines)


def _write(path: Path, lines: list[str]) -> Path:
    write_text_atomically(path, "\n".join(lines) + "\n")
    return path


def _caption(rows: Rows) -> str:
    row = rows[0]
    runs = len({row["run"] for row in rows})
    what = "GPT-2, the paper's recipe" if row["family"] == "paper" else "modern, fast recipe"
    return f"{what}: {row['heads']} heads, width {row['width']}, {row['steps']:,} steps, {runs} run{'s' * (runs > 1)}"


def _shade(place: int, count: int) -> Any:
    import matplotlib

    return matplotlib.colormaps["viridis"](0.9 * place / max(count - 1, 1))
