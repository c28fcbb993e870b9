"""`analyze`: everything there is to see in one model, as rows, pictures and one self-contained page."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from logdepth.analysis.ablation import ablate_heads
from logdepth.analysis.circuit import circuit_rows, circuit_section
from logdepth.analysis.construction import Verdict, judge_probes
from logdepth.analysis.graph_report import analyze_graphs
from logdepth.analysis.page import Section, write_page
from logdepth.analysis.patching import find_pair, patch_heads, patch_residual
from logdepth.analysis.pictures import draw_ablation, draw_heads, draw_patching, draw_probes, draw_scores
from logdepth.analysis.pointers import best_pointers, head_scores, pattern_scores
from logdepth.analysis.probes import decodable, hop_prefix, probe_pointers
from logdepth.analysis.words import words
from logdepth.errors import InputError
from logdepth.files import check_new_folder, new_folder
from logdepth.models.families import find_family
from logdepth.tasks.lessons import GraphLesson
from logdepth.train.evaluate import evaluate
from logdepth.train.subject import Subject

Progress = Callable[[int, int], None]


def analyze(
    subject: Subject,
    out: str | Path,
    *,
    k: int | None = None,
    strings: int = 50,
    seed: int = 0,
    force: bool = False,
    also: Sequence[Subject] = (),
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write `rows.jsonl`, PNGs and `index.html` to a folder; the findings in short.

    A model without heads (`models/lstm.py`) has no rows of attention and ablation: its layers are looked into.
    k: hops to ask for (default: the most the model takes). strings: for attention and ablation (probes take six times
    as many). also: other seeds of a net that learned graphs, which is asked other things (`graph_report.py`). Raises
    `InputError` for a k it does not take, fewer than 2 strings, a model that thinks, or an occupied folder.
    """
    task = subject.task
    if isinstance(task, GraphLesson):
        return analyze_graphs(subject, out, k=k, graphs=strings, seed=seed, force=force, also=also, progress=progress)
    if also:
        raise InputError("verdicts over several runs are given of nets that learned graphs")
    out = Path(out)
    k = task.questions[-1] if k is None else k
    subject.check(k, task.length)
    if find_family(subject.shape.family).last_only:
        raise InputError(
            f"{subject.name} thinks before it answers, and pointers of its thoughts are not looked into here; "
            "`logdepth evaluate` and `logdepth communication` take it"
        )
    if strings < 2:
        raise InputError(f"strings is {strings}; at least 2 are needed")
    check_new_folder(out, force=force)
    steps = 6
    tell = progress or (lambda done, total: None)
    drawn = task.strings(strings, seed, "analysis")
    js = list(range(1, max(k, 1) + 1))
    common = {"strings": 10 * strings, "seed": seed, "positions": subject.positions}
    errors = evaluate(task, subject.predict, [k], **common)[0].row()
    tell(1, steps)
    has_heads = subject.shape.num_heads > 0
    scores = head_scores(subject, k, drawn) if has_heads else []
    patterns = pattern_scores(subject, k, drawn) if has_heads else []
    best = named_heads(best_pointers(scores), patterns, task.pointer)
    tell(2, steps)
    asked = sorted({k, *(j for j in (1, 2, 3, 4, 6, 8, 12) if j in task.questions and j < k)})
    ablations = ablate_heads(subject, asked, drawn) if has_heads else []
    circuit = circuit_rows(subject, k, drawn) if subject.circuit else []
    tell(3, steps)
    probes = probe_pointers(subject, k, js, strings=6 * strings, seed=seed) if k else []
    tell(4, steps)
    looks: dict[int, list[int]] = {}
    for row in best:
        if row["name"].startswith(f"{task.pointer}^"):
            looks.setdefault(row["layer"], []).append(row["j"])
    verdict = judge_probes(probes, looks) if k else None
    pair = find_pair(subject, k, seed=seed) if k else None
    patches = patch_residual(subject, k, pair) if pair else []
    heads = patch_heads(subject, k, pair) if pair else []
    tell(5, steps)
    symbols = decodable(probes)
    prefix = {layer: hop_prefix(found) for layer, found in symbols.items()}
    rows: list[dict[str, Any]] = [{"what": "error", **errors}]
    rows += [{"what": "attention", **row} for row in scores] + [{"what": "best pointer", **row} for row in best]
    rows += [{"what": "ablation", **row} for row in ablations] + [{"what": "circuit", **row} for row in circuit]
    rows += [{**row, "what": "probe", "of": row["what"]} for row in probes]
    rows += [{"what": "patch residual", **row} for row in patches] + [{"what": "patch head", **row} for row in heads]
    if verdict:
        rows.append({"what": "construction", "k": k, "prefix": prefix, **verdict.row()})
    with new_folder(out, force=force) as folder:
        (folder / "logdepth.json").write_text(json.dumps({"kind": "analysis", "model": subject.name, "k": k}) + "\n")
        (folder / "rows.jsonl").write_text(
            "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows), encoding="utf-8"
        )
        sections = []
        if has_heads:
            sections.append(draw_heads(folder, subject, k, drawn, best))
            sections.append(draw_scores(folder, scores, best, task.pointer))
            sections.append(draw_ablation(folder, ablations))
        if circuit:
            sections.append(circuit_section(circuit))
        if pair and verdict:
            sections += [
                draw_probes(folder, probes, verdict, task.pointer, _taught(subject)),
                draw_patching(folder, patches, heads, pair),
            ]
        summary = _summary(subject, errors, best, prefix, verdict)
        sections.append(words(task.pointer))
        sections.append(_made(subject, k, strings, seed))
        write_page(folder / "index.html", f"{subject.name}: k = {k}", summary, sections)
    tell(6, steps)
    return {
        "out": str(out),
        "k": k,
        "error": errors["error"],
        "heads": best,
        "prefix": prefix,
        "verdict": verdict.row() if verdict else None,
        "conclusion": verdict.sentence if verdict else None,
    }


def named_heads(
    best: Sequence[dict[str, Any]], patterns: Sequence[dict[str, Any]], pointer: str, least: float = 0.5
) -> list[dict]:
    """The best pointer of each head with a name: pointer^j (`find^2`) if it scores at least `least`, `previous` or
    `start` if the head mostly looks there, else `-`.

    >>> best = [{"layer": 2, "head": 1, "k": 3, "j": 1, "valid": 0.98}]
    >>> named_heads(best, [{"layer": 2, "head": 1, "previous": 0.3, "start": 0.0}], "find")[0]["name"]
    'find^1'
    """
    at = {(row["layer"], row["head"]): row for row in patterns}
    named = []
    for row in best:
        pattern = at[row["layer"], row["head"]]
        scored = {f"{pointer}^{row['j']}" if row["j"] else "itself": row["valid"]}
        scored |= {"previous": pattern["previous"], "start": pattern["start"]}
        name = max(scored, key=lambda name: scored[name])
        named.append({**row, "name": name if scored[name] >= least else "-", "share": scored[name]})
    return named


def _taught(subject: Subject) -> str:
    """What of the hops the model was asked for in training, for the probes' text."""
    config = subject.config
    if config is None or subject.construction:
        return ""
    if not config.auxiliary_weight:
        return "In training it was asked for the one k of its header alone: what it holds besides is its own. "
    after = "after layer l for those below 2^(l-1), after the last for all" if config.deep else "after the last layer"
    return f"In training it was asked for every hop's symbol at every slot, {after}: that much of it was taught. "


def _made(subject: Subject, k: int, strings: int, seed: int) -> Section:
    """What it takes to make the page again."""
    command = f"logdepth analyze {subject.name} --k {k} --strings {strings} --seed {seed}"
    step = f", step {subject.step:,}" if subject.step else ""
    return Section(
        "How this was made",
        command,
        note=f"Model: {subject.name}{step}. Random strings of {subject.task.length} symbols {subject.task.drawn}, from "
        f"seed {seed}: {strings} for attention and ablation, {10 * strings} for the error, {6 * strings} for the "
        "probes (two thirds to fit, the others to score), one pair for patching.",
    )


def _summary(
    subject: Subject,
    errors: dict[str, Any],
    best: Sequence[dict[str, Any]],
    prefix: dict[int, int],
    verdict: Verdict | None,
) -> Section:
    task, shape = subject.task, subject.shape
    kind = f"compiled, {subject.construction}" if subject.construction else f"trained, {shape.family}"
    if subject.step:
        kind += f", step {subject.step:,}"
    loops = f" x {shape.num_loops} loops" if shape.num_loops > 1 else ""
    heads = f"{shape.num_heads} heads" if shape.num_heads else "no heads"
    sizes = f"{shape.num_layers} layers{loops}, {heads}, width {shape.embed_dim}"
    text = f"{kind}: {sizes}. Strings of {task.length} symbols out of {task.alphabet_size}"
    text += f", k up to {task.questions[-1]}."
    if errors["error"] is not None:
        text += f" Error at this k: {errors['error']:.2%} of {errors['defined']:,} defined positions."
    if verdict:
        text += f" {verdict.sentence}"
        if verdict.verdict in ("neither", "undecided") and errors["error"] is not None and errors["error"] <= 0.01:
            text += " Its answers are right all the same: what it holds is in a form that these probes do not read."
    head = ["layer", *(f"head {h + 1}" for h in range(shape.num_heads)), "hops in hand", "hop prefix"]
    lines = []
    for layer in range(1, shape.depth + 1):
        names = {row["head"]: f"{row['name']} ({row['share']:.2f})" for row in best if row["layer"] == layer}
        cells = [names.get(h + 1, "-") for h in range(shape.num_heads)]
        reached = verdict.reached.get(layer, 0) if verdict else "-"
        lines.append([str(layer), *cells, str(reached), str(prefix.get(layer, "-"))])
    note = (
        "In a cell: where the head looks when asked for this k, with its score (1 is perfect). Hops in hand: the "
        "largest j whose symbol or position a linear probe reads in 99 % of slots; hop prefix: the largest J with all "
        "symbols 1..J readable. The last layer may forget all but the answer."
    )
    return Section("Findings", text, None, head, lines, note)
