"""What is held where: nets that were asked for one k a string, looked into after every layer.

Nothing of what is inside was asked for, so what is found there is theirs. Which of the symbol, the position, the rank
and the distance of find^j is there after which layer: that of *rank*, that of *doubling*, or neither? Beside it, what
the net needs: errors with a layer's attention replaced by its mean. Written up in `docs/inside.md`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logdepth.analysis.ablation import ablate_heads, ablate_layers
from logdepth.analysis.construction import CUTOFFS, judge_probes
from logdepth.analysis.pictures import draw_hops
from logdepth.analysis.pointers import best_pointers, head_scores
from logdepth.analysis.probes import probe_pointers
from logdepth.experiments.experiment import Rows, smoke_mark, training_of
from logdepth.files import write_text_atomically
from logdepth.report.figures import log_errors, new_figure, save_figure, whole_ticks
from logdepth.train.config import TrainConfig
from logdepth.train.recipes import paper, plain
from logdepth.train.subject import Subject

ASKED = (8, 16)  # probed when asked for so many hops; drawn: the first, which nets of four layers answer
READ = ("symbol", "position", "rank", "distance")
STRINGS = 300


def inside_runs(scale: str) -> list[TrainConfig]:
    """Recipe `plain`, four and five layers, three seeds; at scale `full` the paper's; a tiny net at scale `smoke`.

    >>> len(inside_runs("cpu")), len(inside_runs("smoke"))
    (6, 1)
    """
    if scale == "smoke":
        return [plain(2, embed_dim=32, max_k=4, length=30, steps=150, evaluate_strings=20)]
    recipe = plain if scale == "cpu" else paper
    return [recipe(depth, seed=seed) for depth in (4, 5) for seed in (0, 1, 2)]


def measure_inside(subject: Subject, scale: str) -> Rows:
    """Probes, heads against find^j, and errors with a head's or a layer's attention taken out; four decimals."""
    assert subject.config is not None
    most = subject.task.questions[-1]
    strings = 30 if scale == "smoke" else STRINGS
    rows: Rows = []
    for k in dict.fromkeys(min(k, most) for k in ASKED):
        probes = probe_pointers(subject, k, range(1, k + 1), strings=strings)
        rows += [{**row, "what": "probe", "of": row["what"]} for row in probes if row["what"] in READ]
    drawn = subject.task.strings(strings // 6, 0, "inside")
    rows += [{"what": "head", **row} for row in best_pointers(head_scores(subject, most, drawn))]
    asked = [k for k in (1, 2, 3, 4, 6, 8, 12, 16) if k <= most]
    rows += [{"what": "ablated head", **row} for row in ablate_heads(subject, asked, drawn, ("mean",))]
    rows += [{"what": "ablated layer", **row} for row in ablate_layers(subject, asked, drawn)]
    config = subject.config
    net = {"depth": config.model.depth, "seed": config.seed, "steps": config.steps}
    net |= {"auxiliary_weight": config.auxiliary_weight}
    return [{**net, **{name: _rounded(value) for name, value in row.items()}} for row in rows]


def draw_inside(rows: Rows, folder: Path) -> list[Path]:
    """Accuracy of every probe by j, a line a layer and seed; hops in hand; errors without a layer; and a table."""
    most = min(row["k"] for row in rows if row["what"] == "probe")
    nets = {(row["depth"], row["seed"]): [] for row in rows}
    for row in rows:
        nets[row["depth"], row["seed"]].append(row)
    depths = sorted({depth for depth, _ in nets})
    said = smoke_mark(rows) + "inside nets asked for one k a string"
    caption = training_of(rows)
    files = [
        _draw_probes(nets, depths, most, folder / "inside-probes.png", said, caption),
        _draw_hops(nets, depths, most, folder / "inside-hops.png", said, caption),
        _draw_ablation(nets, depths, folder / "inside-ablation.png", said, caption),
    ]
    write_text_atomically(folder / "inside.md", "\n".join(_table(nets, most, f"{said}: {caption}.")) + "\n")
    return [*files, folder / "inside.md"]


Nets = dict[tuple[int, int], Rows]


def _draw_probes(nets: Nets, depths: list[int], most: int, path: Path, title: str, caption: str) -> Path:
    figure, axes = new_figure(len(depths), len(READ), (2.9, 2.4), sharey=True)
    for down, depth in enumerate(depths):
        first = min(seed for layers, seed in nets if layers == depth)
        for axis, of in zip(axes[down], READ, strict=True):
            chance: dict[int, float] = {}
            for (layers, seed), rows in nets.items():
                for layer in range(1, depth + 1) if layers == depth else ():
                    chosen = [
                        row
                        for row in rows
                        if row["what"] == "probe" and (row["of"], row["k"], row["layer"]) == (of, most, layer)
                    ]
                    chance |= {row["j"]: max(row["chance"], chance.get(row["j"], 0)) for row in chosen}
                    colour, label = _shade(layer - 1, depth), f"after layer {layer}" if seed == first else None
                    js = [row["j"] for row in chosen]
                    axis.plot(js, [row["accuracy"] for row in chosen], color=colour, linewidth=1, label=label)
                    low, high = ([row[name] for row in chosen] for name in ("low", "high"))
                    axis.fill_between(js, low, high, color=colour, alpha=0.2, linewidth=0)
            axis.plot(*zip(*sorted(chance.items()), strict=True), ":", color="#777777", linewidth=1, label="chance")
            axis.set(ylim=(-0.02, 1.02), xlabel="j")
            axis.set_title(f"{of}, {depth} layers", fontsize=9)
            whole_ticks(axis.xaxis)
        axes[down][0].set_ylabel("right")
        axes[down][-1].legend(fontsize=6, frameon=False)
    text = (
        f"What a linear probe reads of find^j when the net is asked for k = {most}: {caption}; bands: 95 % intervals."
    )
    return save_figure(figure, path, title, text)


def _draw_hops(nets: Nets, depths: list[int], most: int, path: Path, title: str, caption: str) -> Path:
    figure, axes = new_figure(1, len(depths), (3.6, 2.8))
    for axis, depth in zip(axes[0], depths, strict=True):
        draw_hops(axis, [_verdict(rows, most).curves for (d, _), rows in nets.items() if d == depth], most)
        axis.set_title(f"{depth} layers", fontsize=9)
    axes[0][0].legend(fontsize=7, frameon=False)
    text = f"Asked for k = {most}; a line a seed and cutoff, how often a probe has to be right. {caption}."
    return save_figure(figure, path, title, text)


def _draw_ablation(nets: Nets, depths: list[int], path: Path, title: str, caption: str) -> Path:
    figure, axes = new_figure(1, len(depths), (3.6, 2.8), sharey=True)
    for axis, depth in zip(axes[0], depths, strict=True):
        first = min(seed for layers, seed in nets if layers == depth)
        for (layers, seed), rows in nets.items():
            if layers != depth:
                continue
            whole = {row["k"]: row["baseline"] for row in rows if row["what"] == "ablated layer"}
            label = "whole" if seed == first else None
            axis.plot(whole.keys(), whole.values(), color="#777777", linewidth=1.2, linestyle=":", label=label)
            for layer in range(1, depth + 1):
                line = {
                    row["k"]: row["error"] for row in rows if row["what"] == "ablated layer" and row["layer"] == layer
                }
                label = f"without layer {layer}'s" if seed == first else None
                axis.plot(line.keys(), line.values(), color=_shade(layer - 1, depth), linewidth=1, label=label)
        log_errors(axis, 1e-4)
        whole_ticks(axis.xaxis)
        axis.set(xlabel="k")
        axis.set_title(f"{depth} layers", fontsize=9)
    axes[0][0].set_ylabel("wrong, of defined positions")
    axes[0][-1].legend(fontsize=6, frameon=False)
    text = f"Errors with one layer's attention replaced by its mean: {caption}, a line a seed. Grey line: 1 %."
    return save_figure(figure, path, title, text)


def _table(nets: Nets, most: int, first: str) -> list[str]:
    lines = [first, "", f"Asked for k = {most}. Most that a probe reads right of any hop after each layer:", ""]
    lines += [f"| depth | seed | layer | {' | '.join(READ)} | heads follow |", "|---" * (len(READ) + 4) + "|"]
    for (depth, seed), rows in sorted(nets.items()):
        for layer in range(1, depth + 1):
            cells = []
            for of in READ:
                chosen = [
                    r for r in rows if r["what"] == "probe" and (r["of"], r["k"], r["layer"]) == (of, most, layer)
                ]
                best = max(chosen, key=lambda row: row["accuracy"])
                cells.append(f"{best['accuracy']:.3f} (j = {best['j']})")
            heads = [r for r in rows if r["what"] == "head" and r["layer"] == layer and r["j"] and r["valid"] >= 0.5]
            follow = ", ".join(f"find^{row['j']} ({row['valid']:.2f})" for row in heads)
            lines.append(f"| {depth} | {seed} | {layer} | {' | '.join(cells)} | {follow or '-'} |")
    cutoffs = " | ".join(f"at {cutoff:g}" for cutoff in CUTOFFS)
    lines += ["", "Hops in hand after layers 1, 2, ..:", ""]
    lines += [f"| depth | seed | {cutoffs} | verdict |", "|---" * (len(CUTOFFS) + 3) + "|"]
    for (depth, seed), rows in sorted(nets.items()):
        verdict = _verdict(rows, most)
        reached = [", ".join(str(verdict.curves[c].get(layer, 0)) for layer in range(1, depth + 1)) for c in CUTOFFS]
        lines.append(f"| {depth} | {seed} | {' | '.join(reached)} | {verdict.verdict} |")
    return lines


def _verdict(rows: Rows, most: int) -> Any:
    probes = [{**row, "what": row["of"]} for row in rows if row["what"] == "probe" and row["k"] == most]
    return judge_probes(probes)


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


def _shade(place: int, count: int) -> Any:
    import matplotlib

    return matplotlib.colormaps["viridis"](0.85 * place / max(count - 1, 1))
