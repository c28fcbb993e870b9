"""Attention against find^j in a trained net: Figures 11-13 (maps), 14, 15 (pointer table), 16-19 (best pointer)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from logdepth.analysis.pictures import MAP_LENGTH, clear_heads, telling_string
from logdepth.analysis.pointers import best_pointers, head_scores
from logdepth.experiments.experiment import Rows, configs, smoke_mark, training_of
from logdepth.experiments.published import PUBLISHED_POINTERS
from logdepth.files import write_text_atomically
from logdepth.models.inside import attention_of
from logdepth.report.attention import Panel, draw_attention
from logdepth.report.figures import new_figure, save_figure
from logdepth.tasks.khop import Khop
from logdepth.train.config import TrainConfig
from logdepth.train.subject import Subject

STRINGS = 10  # the paper's average


def deepest_run(scale: str) -> list[TrainConfig]:
    """The deepest net of `figure-2`, seed 0: six layers (three at scale `smoke`).

    >>> deepest_run("cpu")[0].model.num_layers
    6
    """
    return configs(scale, [3 if scale == "smoke" else 6])


def measure_maps(subject: Subject, scale: str) -> Rows:
    """Attention of every head on one string asked for the largest k, three decimals, as rows. The string is that of
    2,000 on which most positions have so many hops."""
    k, size = subject.task.questions[-1], subject.task.alphabet_size
    task = subject.task.with_length(min(MAP_LENGTH, subject.task.length))
    string = telling_string(task, task.strings(2000, 0, "maps"), k)
    best = {(r["layer"], r["head"]): r for r in best_pointers(_scores(subject, k))}
    rows: Rows = []
    for layer, weights in enumerate(attention_of(subject.model, subject.encode(string, k)), 1):
        for head in range(weights.shape[1]):
            found = best[layer, head + 1]
            attention = np.round(weights[0, head].float().cpu().numpy(), 3).tolist()
            where = {
                **_net(subject),
                "layer": layer,
                "head": head + 1,
                "k": k,
                "j": found["j"],
                "valid": found["valid"],
            }
            rows.append({**where, "string": string[0].tolist(), "alphabet": size, "attention": attention})
    return rows


def measure_pointers(subject: Subject, scale: str) -> Rows:
    """Every head against every find^j, asked for the largest k."""
    return [{**_net(subject), **row} for row in _scores(subject, subject.task.questions[-1])]


def measure_best(subject: Subject, scale: str) -> Rows:
    """The best find^j of every head for each k."""
    rows: Rows = []
    for k in subject.task.questions:
        rows += best_pointers(_scores(subject, k, subject.task.questions[-1]))
    return [{**_net(subject), **row} for row in rows]


def _net(subject: Subject) -> dict[str, Any]:
    """What captions say of it."""
    config = subject.config
    assert config is not None
    named = {"depth": config.model.depth, "seed": config.seed, "steps": config.steps}
    return {**named, "auxiliary_weight": config.auxiliary_weight}


def _scores(subject: Subject, k: int, most: int | None = None) -> Rows:
    return head_scores(subject, k, subject.task.strings(STRINGS, 0, "maps"), most)


def draw_maps(rows: Rows, folder: Path) -> list[Path]:
    """Figures 11 to 13: attention of the two clearest heads of each layer on one string, their best find^j marked."""
    panels = []
    string, k = np.array([rows[0]["string"]]), rows[0]["k"]
    powers = Khop(string.shape[1], rows[0]["alphabet"], k=k).pointers(string, k)
    for row in clear_heads(rows, "valid"):
        clear = row["valid"] is not None and row["valid"] >= 0.5
        title = f"layer {row['layer']}, head {row['head']}" + (f": find^{row['j']} {row['valid']:.2f}" if clear else "")
        pointer = powers[row["j"]][0] if clear else None
        panels.append(Panel(title, np.array(row["attention"]), pointer, f"find^{row['j']}" if clear else ""))
    tokens = [f"k={k}", *(chr(97 + symbol) for symbol in string[0])]
    many = int((powers[k][0] > 0).sum())
    title = f"{smoke_mark(rows)}{_named(rows)}, asked for k = {k} ({many} of these {string.shape[1]} positions have so "
    title += "many hops)"
    draw_attention(folder / "attention-maps.png", panels, tokens, title, columns=2)
    return [folder / "attention-maps.png"]


def draw_pointers(rows: Rows, folder: Path) -> list[Path]:
    """Figures 14 and 15: heads against find^j, in the code's cosine; the published readings beside ours."""
    heads = sorted({(row["layer"], row["head"]) for row in rows})
    most, k = max(row["j"] for row in rows), rows[0]["k"]
    figure, axes = new_figure(1, 2, (0.3 * most + 1.9, 0.21 * len(heads) + 0.8), sharey=True)
    image = None
    for axis, by in zip(axes[0], ("code", "valid"), strict=True):
        grid = np.full((len(heads), most + 1), np.nan)
        for row in rows:
            if row[by] is not None:
                grid[heads.index((row["layer"], row["head"])), row["j"]] = row[by]
        image = axis.imshow(grid, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axis.set(xlabel="j", xticks=range(most + 1), yticks=range(len(heads)))
        axis.set_yticklabels([f"layer {layer}, head {head}" for layer, head in heads], fontsize=6)
        axis.set_title("the code's cosine" if by == "code" else "over rows with a pointer", fontsize=9)
        for (down, across), value in np.ndenumerate(grid):
            if value >= 0.5:
                shown = "1.0" if value >= 0.995 else f"{value:.2f}"[1:]
                axis.text(across, down, shown, ha="center", va="center", fontsize=5, color="white")
    figure.colorbar(image, ax=axes[0][1])
    title = f"{smoke_mark(rows)}attention against find^j, k = {k}"
    picture = save_figure(figure, folder / "pointer-table.png", title, _named(rows))
    lines = [
        "Cosine of the paper's code, the best head of each layer; published: the released six-layer net on hop_16.",
        "",
    ]
    lines += ["| layer | ours: find^j (cosine) | published |", "|---|---|---|"]
    for layer in sorted({layer for layer, _ in heads}):
        best: dict[int, float] = {}
        for row in rows:
            if row["layer"] == layer and row["j"] and row["code"] is not None:
                best[row["j"]] = max(best.get(row["j"], 0.0), row["code"])
        ours = [f"{j} ({value:.2f})" for j, value in sorted(best.items()) if value >= 0.5]
        printed = PUBLISHED_POINTERS.get(layer, {}) if most == 16 else {}
        theirs = [f"{j}" + (f" ({value:.2f})" if value is not None else "") for j, value in printed.items()]
        lines.append(f"| {layer} | {', '.join(ours) or '-'} | {', '.join(theirs) or '-'} |")
    return [picture, _write(folder / "pointers.md", lines)]


def draw_best(rows: Rows, folder: Path) -> list[Path]:
    """Figures 16 to 19: the j that each head follows most nearly, for every k; faint where it follows none well."""
    heads = sorted({(row["layer"], row["head"]) for row in rows})
    hops = sorted({row["k"] for row in rows})
    figure, axes = new_figure(1, 1, (0.34 * len(hops) + 2.2, 0.22 * len(heads) + 0.8))
    grid = np.full((len(heads), len(hops)), np.nan)
    for row in rows:
        down, across = heads.index((row["layer"], row["head"])), hops.index(row["k"])
        grid[down, across] = row["valid"]
        if row["valid"] >= 0.5:
            colour = "white" if row["valid"] > 0.65 else "black"
            axes[0][0].text(across, down, str(row["j"]), ha="center", va="center", fontsize=7, color=colour)
    image = axes[0][0].imshow(grid, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes[0][0].set(xlabel="k asked for", xticks=range(len(hops)), yticks=range(len(heads)))
    axes[0][0].set_xticklabels(hops)
    axes[0][0].set_yticklabels([f"layer {layer}, head {head}" for layer, head in heads], fontsize=7)
    figure.colorbar(image, ax=axes[0][0], label="score, valid rows")
    title = f"{smoke_mark(rows)}the find^j each head follows best (j in the cell)"
    return [save_figure(figure, folder / "best-pointer.png", title, _named(rows))]


def _named(rows: Rows) -> str:
    return f"{rows[0]['depth']} layers, {training_of(rows)}"


def _write(path: Path, lines: list[Any]) -> Path:
    write_text_atomically(path, "\n".join(lines) + "\n")
    return path
