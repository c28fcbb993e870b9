"""Errors of every architecture at one size, against k, with what theory says of each drawn in; and their search.

Not in the paper, whose section 5 proves and does not train. In its setting: strings of 98 symbols out of four, k in
0..16.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from logdepth.errors import InputError
from logdepth.experiments.contenders import ARMS, CONTENDERS, FOUND, Contender, best_arm, contender_run, searched
from logdepth.experiments.experiment import SCALES, Rows, smoke_mark, strings_for
from logdepth.files import write_text_atomically
from logdepth.report.figures import log_errors, new_figure, save_figure, whole_ticks
from logdepth.theory import Asked
from logdepth.theory.judgement import judge_sizes, statements_for
from logdepth.train.config import TrainConfig
from logdepth.train.evaluate import evaluate, reach
from logdepth.train.subject import Subject

LAYERS = 4
SEEDS = (0, 1, 2)
SMOKE = ("transformer", "longformer", "performer", "deltanet", "lstm", "gnn", "thinking, 2 layers")
SMALL: dict[str, Any] = {"length": 30, "max_k": 4, "batch_size": 16, "evaluate_strings": 20}


def rival_runs(scale: str) -> list[TrainConfig]:
    """Every contender with what its search found, three seeds. smoke: some of them, two layers, 60 steps; cpu: 1,500
    steps; full: 20,000 steps of 128 strings.

    >>> len(rival_runs("cpu")) == 3 * len(CONTENDERS)
    True
    """
    if scale == "smoke":
        some = [made for made in CONTENDERS if made.name in SMOKE]
        return [contender_run(made, layers=2, width=32, arm=best_arm(made), steps=60, **SMALL) for made in some]
    if scale not in SCALES:
        raise InputError(f"scale is {scale!r}; there are: {', '.join(SCALES)}")
    more = {"steps": 1500} if scale == "cpu" else {"steps": 20_000, "batch_size": 128}
    return [
        contender_run(made, layers=LAYERS, width=128, arm=best_arm(made), seed=seed, **more)
        for made in CONTENDERS
        for seed in SEEDS
    ]


def search_runs(scale: str) -> list[TrainConfig]:
    """Every contender with every arm, seed 10: two layers, a transformer's width of 64, strings of 40, k in 0..4, 250
    steps; full: the experiment's own sizes, 1,000 steps. smoke: two contenders.

    >>> len(search_runs("cpu")) == len(ARMS) * len(CONTENDERS)
    True
    """
    if scale not in SCALES:
        raise InputError(f"scale is {scale!r}; there are: {', '.join(SCALES)}")
    if scale == "smoke":
        some = [made for made in CONTENDERS if made.name in SMOKE[-2:]]
        return [contender_run(made, layers=2, width=32, arm=arm, steps=30, **SMALL) for made in some for arm in ARMS]
    if scale == "full":
        sizes: dict[str, Any] = {"layers": LAYERS, "width": 128, "steps": 1000}
    else:
        sizes = {"layers": 2, "width": 64, "steps": 250, "length": 40, "max_k": 4, "evaluate_every": 250}
    return [contender_run(made, arm=arm, seed=10, **sizes) for made in CONTENDERS for arm in ARMS]


def contender_of(subject: Subject) -> Contender:
    """Which contender a run is of."""
    shape = subject.shape
    for made in CONTENDERS:
        fits = made.options.get("spoken", True) == shape.spoken and made.layers in (None, shape.num_layers)
        if made.family == shape.family and (fits or shape.family != "cot"):
            return made
    raise InputError(f"{subject.name} is of no contender")


def measure_rival(subject: Subject, scale: str) -> Rows:
    """Errors on new strings for every k, with sizes, what was searched, and what a layer hands on. `positions`: a model
    that thinks answers at the last one alone, and gets as many strings more."""
    config, shape = subject.config, subject.shape
    assert config is not None
    model: Any = subject.model
    last = subject.positions != slice(None)
    sizes = {"contender": contender_of(subject).name, "family": shape.family, "layers": shape.num_layers}
    sizes |= {"width": shape.embed_dim, "parameters": model.num_parameters, "thoughts": shape.thoughts}
    sizes |= {"state": model.state_numbers(config.length + 1), "optimizer": config.optimizer}
    sizes |= {"rate": config.learning_rate, "seed": config.seed, "steps": config.steps, "batch": config.batch_size}
    sizes |= {"max_k": config.max_k, "positions": "last" if last else "all"}
    count = strings_for(scale) * (4 if last else 1)
    common = {"strings": count, "positions": subject.positions}
    return [
        {**sizes, **found.row()} for found in evaluate(subject.task, subject.predict, subject.task.questions, **common)
    ]


def errors_of(rows: Rows, contender: str) -> dict[int, dict[int, float]]:
    """By seed and k."""
    found: dict[int, dict[int, float]] = {}
    for row in rows:
        if row["contender"] == contender and row["error"] is not None:
            found.setdefault(row["seed"], {})[row["k"]] = row["error"]
    return found


def colour_of(name: str) -> tuple[Any, str]:
    """A colour and a line's style, the same in every picture."""
    import matplotlib

    place = [made.name for made in CONTENDERS].index(name)
    return matplotlib.colormaps["tab10"](place % 10), "-" if place < 10 else "--"


def draw_rivals(rows: Rows, folder: Path) -> list[Path]:
    """Error against k, a line a contender, its seeds' least and most as a band; reach; the table with bounds."""
    names = [made.name for made in CONTENDERS if errors_of(rows, made.name)]
    layers = max(row["layers"] for row in rows)
    most_k = rows[0]["max_k"]
    figure, axes = new_figure(1, 2, (5.6, 4.2))
    left, right = axes[0]
    reached: dict[str, list[int]] = {}
    for name in names:
        by_seed = errors_of(rows, name)
        ks = sorted(next(iter(by_seed.values())))
        colour, style = colour_of(name)
        per_k = [[errors[k] for errors in by_seed.values() if k in errors] for k in ks]
        left.plot(ks, [sum(row) / len(row) for row in per_k], style, color=colour, label=name, lw=1.3)
        left.fill_between(
            ks, [max(min(row), 1e-5) for row in per_k], [max(row) for row in per_k], color=colour, alpha=0.12
        )
        reached[name] = [reach(dict(errors)) for errors in by_seed.values()]
        state = next(row["state"] for row in rows if row["contender"] == name)
        places = reached[name]
        right.plot([state or 1] * len(places), places, "o", color=colour, mfc=colour if style == "-" else "none")
        right.annotate(name, (state or 1, max(places)), fontsize=6.5, xytext=(3, 3), textcoords="offset points")
    log_errors(left)
    left.axvline((1 << (layers - 1)) - 1, color="#444444", lw=0.8, ls=":")
    left.axvline(layers, color="#444444", lw=0.8, ls="-.")
    whole_ticks(left.xaxis)
    left.set(xlabel="k", ylabel="wrong, of defined positions")
    left.legend(fontsize=6.5, frameon=False, loc="lower right")
    right.set_xscale("log")
    right.set(
        xlabel="numbers that all layers hand on after the string (1: none, or no order)",
        ylabel="reach (-1: not even k = 0)",
    )
    caption = (
        f"{said_of(rows)}. Dotted: 2^(L-1) - 1, the exact construction of a transformer with L = {layers} layers; "
    )
    caption += (
        f"dash-dotted: k = L, beyond which Corollaries 5.2 to 5.6 ask for Omega(N / k^6) bits: {vacuous_at(rows)}. "
    )
    caption += "Grey line: 1 %; bands: least and most of the seeds; those that think answer at the last position alone"
    title = smoke_mark(rows) + f"architectures of one size on k-hop, k in 0..{most_k}"
    picture = save_figure(figure, folder / "rivals.png", title, caption)
    lines = [f"{title}. {caption}.", ""]
    lines.append(
        "| architecture | layers | width | parameters | state | optimizer, rate | reach by seed | theory at k = L + 1 |"
    )
    lines.append("|---" * 8 + "|")
    for name in names:
        row = next(row for row in rows if row["contender"] == name)
        state = "-" if row["state"] is None else f"{row['state']:,}"
        sizes = (
            f"{row['layers']} | {row['width']} | {row['parameters']:,} | {state} | {row['optimizer']}, {row['rate']}"
        )
        lines.append(f"| {name} | {sizes} | {', '.join(map(str, reached[name]))} | {verdict_of(row)} |")
    table = folder / "rivals.md"
    write_text_atomically(table, "\n".join(lines) + "\n")
    return [picture, table]


def verdict_of(row: dict[str, Any]) -> str:
    """What theory says of the architecture with one hop more than layers, at its sizes; that it says nothing, if so."""
    made = next(made for made in CONTENDERS if made.name == row["contender"])
    try:
        statements_for("khop", made.arch)
    except InputError:
        return "no bound on k-hop"
    k = row["layers"] + 1
    given: dict[str, Any] = {"length": row["length"], "alphabet": 4, "k": k, "layers": row["layers"]}
    given |= {"width": row["width"], "heads": 4}
    if made.arch in ("rnn", "ssm") and row["state"]:
        given["state_bits"] = 32 * row["state"] // row["layers"]
    given |= {"window": 8, "stride": 16} if made.arch == "longformer" else {}
    given |= {"thoughts": row["thoughts"]} if made.arch == "cot" else {}
    found = judge_sizes(Asked("khop", made.arch, **given))
    said = [bound for bound in found.bounds if not bound.finding.vacuous]
    how = f" ({found.by.statement.name})" if found.by else ""
    return f"{found.verdict}{how}" if said else "vacuous: no bound says anything"


def vacuous_at(rows: Rows) -> str:
    """Whether N / k^6 is a bit at the first k that the corollaries speak of."""
    length, k = rows[0]["length"] + 1, max(row["layers"] for row in rows) + 1
    return (
        "vacuous here, less than a bit"
        if length < k**6
        else f"{length / k**6:.1f} bits at k = {k}, times an open constant"
    )


def said_of(rows: Rows) -> str:
    """What a caption has to say of how these nets were trained.

    >>> said_of([{"steps": 60, "batch": 16, "seed": 0}])[:68]
    'One k asked a string (recipe plain), 60 steps of 16 strings, 1 seed,'
    """
    steps = " or ".join(f"{count:,}" for count in sorted({row["steps"] for row in rows}))
    seeds = len({row["seed"] for row in rows})
    batch = " or ".join(str(size) for size in sorted({row["batch"] for row in rows}))
    seen = f"{seeds} seed{'s' * (seeds > 1)}"
    rates = "each with the best of the same search" if searched() else "rates by rule, the search has not been run"
    return f"One k asked a string (recipe plain), {steps} steps of {batch} strings, {seen}, {rates}"


def draw_search(rows: Rows, folder: Path) -> list[Path]:
    """The table of the search, and what it found: the arm with the least mean error over k from 1 on."""
    found: dict[str, dict[tuple[str, float], float]] = {}
    for row in rows:
        if row["error"] is not None and row["k"]:
            found.setdefault(row["contender"], {}).setdefault((row["optimizer"], row["rate"]), 0.0)
            found[row["contender"]][row["optimizer"], row["rate"]] += row["error"] / row["max_k"]
    head = " | ".join(f"{optimizer}, {rate}" for optimizer, rate in ARMS)
    lines = [
        f"{smoke_mark(rows)}Mean error over k in 1..{rows[0]['max_k']}, {rows[0]['steps']:,} steps, "
        f"seed {rows[0]['seed']}.",
        "",
    ]
    lines += [f"| architecture | parameters | {head} |", "|---" * (len(ARMS) + 2) + "|"]
    best = {}
    for name, arms in found.items():
        best[name] = min(arms, key=lambda arm: arms[arm])
        cells = [f"**{arms[arm]:.3f}**" if arm == best[name] else f"{arms[arm]:.3f}" for arm in ARMS]
        parameters = next(row["parameters"] for row in rows if row["contender"] == name)
        lines.append(f"| {name} | {parameters:,} | {' | '.join(cells)} |")
    table, chosen = folder / "search.md", folder / FOUND
    write_text_atomically(table, "\n".join(lines) + "\n")
    write_text_atomically(chosen, json.dumps({"searched": True, "arms": best}, indent=1) + "\n")
    return [table, chosen]
