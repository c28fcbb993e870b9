"""`analyze` of a net that learned graphs: squaring, hooking, breadth-first search? Rows, pictures and one page.

What of distances is held after which layer (`distances.py`, judged by `graph_verdict.py`), where heads look and which
are needed (`graph_heads.py`), and whether the answers follow when edges are swapped inside (`graph_patching.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from logdepth.analysis.distances import probe_distances
from logdepth.analysis.graph_answers import asked_of, lesson_of, say
from logdepth.analysis.graph_heads import ablation_rows, attention_rows, named
from logdepth.analysis.graph_patching import patching_rows
from logdepth.analysis.graph_pictures import draw_distances, draw_needed, draw_places, draw_swapped
from logdepth.analysis.graph_verdict import SENTENCES, GraphVerdict, judge_distances
from logdepth.analysis.page import Section, write_page
from logdepth.errors import InputError
from logdepth.files import check_new_folder, new_folder
from logdepth.train.subject import Subject

DIAMETERS = (2, 4, 8, 12, 15)  # of ablation, those that the lesson has


def analyze_graphs(
    subject: Subject,
    out: str | Path,
    *,
    k: int | None = None,
    graphs: int = 50,
    seed: int = 0,
    force: bool = False,
    also: Sequence[Subject] = (),
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Write `rows.jsonl`, PNGs and `index.html` to a folder; the findings in short.

    k: the diameter of the graphs (default: the largest of the lesson). graphs: for attention, ablation and patching
    (probes take six times as many). also: other seeds of the net; the verdict is what all say, their probes are in the
    rows, the pictures show the first. A net without heads has no rows of attention and ablation. Raises `InputError`
    for a diameter that the lesson doesn't have, another task or depth among `also`, fewer than 2 graphs, or an occupied
    folder.
    """
    out, lesson = Path(out), lesson_of(subject)
    k = lesson.largest if k is None else k
    subject.check(k, lesson.length)
    if graphs < 2:
        raise InputError(f"strings is {graphs}; at least 2 are needed")
    for other in also:
        if other.task.name != lesson.name or other.shape.depth != subject.shape.depth:
            raise InputError(f"{other.name} is no other seed of {subject.name}: another task, or another depth")
        other.check(k, other.task.length)
    check_new_folder(out, force=force)
    tell = progress or (lambda done, total: None)
    drawn = lesson.strings_for(k, graphs, seed, "analysis")
    error = say(subject, lesson.strings_for(k, 6 * graphs, seed), k).error
    tell(1, 5)
    probes = probe_distances(subject, k, graphs=6 * graphs, seed=seed, radii=range(1, k))
    others = [probe_distances(other, k, graphs=6 * graphs, seed=seed, radii=range(1, k)) for other in also]
    verdict = judge_distances([probes, *others])
    tell(2, 5)
    has_heads = subject.shape.num_heads > 0
    attention = attention_rows(subject, k, drawn) if has_heads else []
    best = named(attention)
    tell(3, 5)
    asked = sorted({k, *(k for k in DIAMETERS if k in lesson.questions)})
    ablation = ablation_rows(subject, asked, graphs, seed) if has_heads else []
    tell(4, 5)
    patched = _patched(subject, k, graphs, seed)
    rows: list[dict[str, Any]] = [{"what": "error", "k": k, "asked": asked_of(subject), "error": error}]
    rows += [{"what": "probe", **row} for row in probes] + [{"what": "attention", **row} for row in attention]
    rows += [{"what": "head", **row} for row in best] + [{"what": "ablation", **row} for row in ablation]
    for other, found in zip(also, others, strict=True):
        rows += [{"what": "probe", "net": other.name, **row} for row in found]
    rows += [{"what": "patch", **row} for row in patched] + [{"what": "verdict", "k": k, **verdict.row()}]
    with new_folder(out, force=force) as folder:
        (folder / "logdepth.json").write_text(json.dumps({"kind": "analysis", "model": subject.name, "k": k}) + "\n")
        (folder / "rows.jsonl").write_text(
            "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows), encoding="utf-8"
        )
        sections = [draw_distances(folder, probes, verdict, _taught(subject))]
        if has_heads:
            sections += [draw_places(folder, attention), draw_needed(folder, ablation)]
        if patched:
            sections.append(draw_swapped(folder, patched))
        sections.append(_made(subject, k, graphs, seed, also))
        write_page(
            folder / "index.html", f"{subject.name}: diameter {k}", _summary(subject, error, best, verdict), sections
        )
    tell(5, 5)
    return {
        "out": str(out),
        "k": k,
        "error": error,
        "heads": best,
        "verdict": verdict.row(),
        "conclusion": verdict.sentence,
    }


def _patched(subject: Subject, k: int, graphs: int, seed: int) -> list[dict[str, Any]]:
    """No rows where no graph of this diameter has edges to swap."""
    try:
        return patching_rows(subject, k, graphs=graphs, seed=seed)
    except InputError:
        return []


def _taught(subject: Subject) -> str:
    config = subject.config
    if config is None or not config.auxiliary_weight:
        return "In training it was asked its question alone: what it holds of distances is its own."
    if config.deep:
        return (
            "In training it was asked after layer l who is within 2^(l-1), after the last who is connected: squaring "
            "was taught."
        )
    return "In training it was asked after the last layer who is connected: what it holds before is its own."


def _made(subject: Subject, k: int, graphs: int, seed: int, also: Sequence[Subject]) -> Section:
    command = f"logdepth analyze {subject.name} --k {k} --strings {graphs} --seed {seed}"
    command += "".join(f" --also {other.name}" for other in also)
    step = f", step {subject.step:,}" if subject.step else ""
    note = (
        f"Model: {subject.name}{step}. Random graphs {subject.task.drawn} of diameter {k}, from seed {seed}: {graphs} "
    )
    note += f"for attention, ablation and patching, {6 * graphs} for the error and the probes (two thirds to fit)."
    return Section("How this was made", command, note=note)


def _summary(subject: Subject, error: float, best: list[dict[str, Any]], verdict: GraphVerdict) -> Section:
    shape, lesson = subject.shape, lesson_of(subject)
    loops = f" x {shape.num_loops} loops" if shape.num_loops > 1 else ""
    heads = f"{shape.num_heads} heads" if shape.num_heads else "no heads"
    text = f"Trained, {shape.family}: {shape.num_layers} layers{loops}, {heads}, width {shape.embed_dim}. Graphs of "
    text += f"{lesson.alphabet_size} vertices told as {lesson.form}; {lesson.about}. Asked for {asked_of(subject)}: "
    text += f"{error:.2%} wrong. {verdict.sentence} {_taught(subject)}"
    head = ["layer", *(f"head {h + 1}" for h in range(shape.num_heads)), "within (.85)"]
    lines = []
    for layer in range(1, shape.depth + 1):
        names = {row["head"]: f"{row['name']} ({row['share']:.2f})" for row in best if row["layer"] == layer}
        cells = [names.get(h + 1, "-") for h in range(shape.num_heads)]
        lines.append([str(layer), *cells, str(verdict.reached.get(layer, 0))])
    note = "In a cell: where the head looks from a vertex's token, by what gets most beyond chance, with its share. "
    note += "Within: the largest r such that a probe tells who is at r and who at r + 1 in 85 %. "
    note += "What could have been said: " + " ".join(SENTENCES.values())
    return Section("Findings", text, None, head, lines, note)
