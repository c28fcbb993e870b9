"""Error against k, depth by depth: our nets by what they were asked in training, beside the authors' by how they were
measured. Out of rows alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logdepth.experiments.errors import mean_errors
from logdepth.experiments.experiment import Rows, smoke_mark
from logdepth.experiments.published import published_errors, released_errors
from logdepth.files import write_text_atomically
from logdepth.report.figures import log_errors, new_figure, save_figure, whole_ticks
from logdepth.train.evaluate import reach

COLOURS = ("#1b6ca8", "#d1495b", "#2e933c", "#edae49", "#6f4e7c", "#00798c", "#7a7a7a")
AUTHORS_STEPS = 100_000


@dataclass(frozen=True)
class Curve:
    """name: supervision, or whose; errors: by k, the mean over `seeds`, each {k: error}; steps: of training."""

    name: str
    colour: str
    style: str
    dropout: str
    steps: tuple[int, ...]
    errors: dict[int, float]
    seeds: tuple[dict[int, float], ...] = ()

    def said(self) -> str:
        """What a caption has to say of it.

        >>> Curve("one k asked", "blue", "-", "off", (2500,), {0: 0.0}, ({0: 0.0}, {0: 0.0})).said()
        'one k asked: 2,500 steps, 2 seeds, dropout off'
        """
        steps = " or ".join(f"{count:,}" for count in self.steps)
        count = max(len(self.seeds), 1)
        return f"{self.name}: {steps} steps, {count} seed{'s' * (count > 1)}, dropout {self.dropout}"


def supervision(row: dict[str, Any]) -> str:
    """What a net was asked in training: the k of its header, or every k, at every slot.

    >>> supervision({"auxiliary_weight": 4.0}), supervision({"auxiliary_weight": 0.0})
    ('ours, every k asked', 'ours, one k asked')
    """
    return "ours, every k asked" if row["auxiliary_weight"] else "ours, one k asked"


def curves_of(rows: Rows, depth: int) -> list[Curve]:
    """Ours with and without the auxiliary question (as far as there are rows), the published, the authors' own nets."""
    found = []
    for place, name in enumerate(("ours, one k asked", "ours, every k asked")):
        for dropout in ("off", "on"):
            chosen = [
                row
                for row in rows
                if supervision(row) == name and (row["on"], row["dropout"], row["depth"]) == ("test", dropout, depth)
            ]
            if chosen:
                steps = tuple(sorted({row["steps"] for row in chosen}))
                errors, style = mean_errors(chosen)[depth], "-" if dropout == "off" else "-."
                found.append(Curve(name, COLOURS[2 * place], style, dropout, steps, errors, seeds_of(chosen)))
    if rows[0]["max_k"] == 16:
        for name, dropout, style, table in (
            ("published", "on", "--", published_errors(rows[0]["heads"])),
            ("the authors' nets", "off", ":", released_errors(rows[0]["heads"])),
        ):
            errors = {k: error for (layers, k), error in table.items() if layers == depth}
            if errors:
                found.append(Curve(name, COLOURS[1], style, dropout, (AUTHORS_STEPS,), errors))
    return found


def seeds_of(rows: Rows) -> tuple[dict[int, float], ...]:
    """Errors by k of each seed."""
    found: dict[int, dict[int, float]] = {}
    for row in rows:
        if row["error"] is not None:
            found.setdefault(row["seed"], {})[row["k"]] = row["error"]
    return tuple(found[seed] for seed in sorted(found))


def draw_by_k(rows: Rows, folder: Path) -> list[Path]:
    """Figure 2, 6 or 9: a panel a depth, a thin line a seed; and the table."""
    depths = sorted({row["depth"] for row in rows})
    figure, axes = new_figure(1, len(depths), (2.7, 3.1), sharey=True)
    said: dict[str, set[int]] = {}
    shown = {depth: curves_of(rows, depth) for depth in depths}
    for axis, depth in zip(axes[0], depths, strict=True):
        for curve in shown[depth]:
            for errors in curve.seeds if len(curve.seeds) > 1 else ():
                axis.plot(
                    *zip(*sorted(errors.items()), strict=True), curve.style, color=curve.colour, alpha=0.3, lw=0.7
                )
            label = f"{curve.name}, dropout {curve.dropout}"
            axis.plot(*zip(*curve.errors.items(), strict=True), curve.style, color=curve.colour, label=label)
            said.setdefault(curve.said(), set()).add(depth)
        log_errors(axis)
        whole_ticks(axis.xaxis)
        axis.set_title(f"{depth} layers", fontsize=9)
        axis.set_xlabel("k")
    axes[0][0].set_ylabel("wrong, of defined positions")
    handles = {label: line for axis in axes[0] for line, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    axes[0][0].legend(handles.values(), handles.keys(), fontsize=7, frameon=False, loc="lower right")
    lines = [f"{text} ({_depths(where)})" for text, where in said.items()]
    caption = ". ".join([*lines, "Grey line: 1 %; no error seen stands at the bottom"])
    picture = save_figure(figure, folder / "error-by-k.png", smoke_mark(rows) + sizes_of(rows), caption)
    return [picture, _table(rows, shown, caption, folder / "differences.md")]


def sizes_of(rows: Rows) -> str:
    """What all nets of these rows have in common.

    >>> sizes_of([{"heads": 4, "width": 128, "max_k": 16, "family": "modern"}])
    '4 heads, width 128, k in 0..16 (ours: modern transformers)'
    """
    row = rows[0]
    kind = "GPT-2, the paper's recipe" if row["family"] == "paper" else f"{row['family']} transformers"
    return f"{row['heads']} heads, width {row['width']}, k in 0..{row['max_k']} (ours: {kind})"


def _depths(depths: set[int]) -> str:
    return ", ".join(map(str, sorted(depths))) + " layers"


def _table(rows: Rows, shown: dict[int, list[Curve]], caption: str, path: Path) -> Path:
    """Every error of every curve, and the reach of each."""
    names = list(dict.fromkeys(f"{c.name}, dropout {c.dropout}" for curves in shown.values() for c in curves))
    lines = [f"{smoke_mark(rows)}{sizes_of(rows)}. {caption}.", ""]
    lines += [
        "Reach: the largest k with at most 1 % wrong up to it; ours for each seed, and on planted strings, too.",
        "",
    ]
    lines += ["| depth | curve | steps | reach | planted strings |", "|---|---|---|---|---|"]
    for depth, curves in shown.items():
        for curve in curves:
            planted = [
                row
                for row in rows
                if row["on"] == "planted" and row["depth"] == depth and supervision(row) == curve.name
            ]
            reached = [reach(dict(errors)) for errors in curve.seeds or (curve.errors,)]
            far = [reach(dict(errors)) for errors in seeds_of(planted)] if curve.dropout == "off" else []
            cells = [f"{curve.name}, dropout {curve.dropout}", " or ".join(f"{s:,}" for s in curve.steps)]
            cells += [", ".join(map(str, reached)), ", ".join(map(str, far)) or "-"]
            lines.append(f"| {depth} | {' | '.join(cells)} |")
    lines += ["", "Errors, ours the mean over seeds:", ""]
    lines += [f"| depth | k | {' | '.join(names)} |", "|---" * (2 + len(names)) + "|"]
    for depth, curves in shown.items():
        by = {f"{c.name}, dropout {c.dropout}": c.errors for c in curves}
        for k in sorted({k for errors in by.values() for k in errors}):
            cells = [f"{by[name][k]:.4f}" if k in by.get(name, {}) else "-" for name in names]
            lines.append(f"| {depth} | {k} | {' | '.join(cells)} |")
    write_text_atomically(path, "\n".join(lines) + "\n")
    return path
