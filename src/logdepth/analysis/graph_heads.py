"""Where the heads of a net that learned graphs look, and what it can't do without one of them.

For a vertex's token the places to look are: itself, its own edges' tokens, others'; the vertices within 1, 2, 4, .. of
it, all of them, its component, the least id in it (what hooking follows), the source; the rest. For an edge's token:
itself, its two ends, edges that share an end, the rest. Each gets the share of a head's attention that lands there, and
what would land there by chance, were all slots looked at alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from logdepth.analysis.graph_answers import asked_of, lesson_of, say
from logdepth.graphs.lessons import BEFORE
from logdepth.models.inside import Edit, activations, attention_of, edited
from logdepth.tasks.lessons import GraphLesson
from logdepth.train.subject import Subject

LEAST_GAIN = 0.3  # of attention beyond chance, for a head to be named after a place


def places_from_vertices(
    lesson: GraphLesson, strings: Int[np.ndarray, "graphs n"]
) -> dict[str, Bool[np.ndarray, "graphs vertices slots"]]:
    """Of every vertex's token the places to look.

    >>> from logdepth.tasks.lessons import ConnectivityLesson
    >>> lesson = ConnectivityLesson.of_size(8)
    >>> found = places_from_vertices(lesson, lesson.strings(2))
    >>> list(found)[:5], int(found["itself"].sum(2).max())
    (['itself', 'its edges', 'other edges', 'within 1', 'within 2'], 1)
    """
    vertices, slots = lesson.alphabet_size, lesson.length + 1
    distance = lesson.distances(strings)
    of_vertex = np.eye(vertices, dtype=bool)
    first = lesson.vertex_slots.start

    def at_vertices(which: np.ndarray) -> np.ndarray:
        found = np.zeros((len(strings), vertices, slots), bool)
        found[:, :, first : first + vertices] = which
        return found

    mine, there = _edge_slots(lesson, strings)
    places = {"itself": at_vertices(of_vertex), "its edges": mine, "other edges": there[:, None] & ~mine}
    radius = 1
    while radius < vertices // 2:
        places[f"within {radius}"] = at_vertices((distance <= radius) & (distance > 0))
        radius *= 2
    places["all vertices"] = at_vertices(np.ones((vertices, vertices), bool))
    together = distance < vertices
    places["its component"] = at_vertices(together & ~of_vertex)
    places["the least id of it"] = at_vertices(np.arange(vertices) == together.argmax(2)[:, :, None])
    places["other components"] = at_vertices(~together)
    sources = lesson.ids.sources_of(strings)
    if (sources >= 0).all():
        places["the source"] = at_vertices(np.arange(vertices) == sources[:, None, None])
    rest = np.ones((len(strings), vertices, slots), bool)
    rest[:, :, first : first + vertices] = False
    places["other tokens"] = rest & ~there[:, None]
    return places


def places_from_edges(
    lesson: GraphLesson, strings: Int[np.ndarray, "graphs n"]
) -> dict[str, Bool[np.ndarray, "graphs edges slots"]]:
    """Of every slot of an edge the places to look; padding looks nowhere."""
    mine, there = _edge_slots(lesson, strings)
    slots = slice(BEFORE, lesson.vertex_slots.start)
    ends = mine[:, :, slots].transpose(0, 2, 1)  # graph, slot of an edge, vertex
    to_ends = np.zeros((*ends.shape[:2], lesson.length + 1), bool)
    to_ends[:, :, lesson.vertex_slots] = ends
    shared = np.einsum("gev,gfv->gef", ends.astype(np.int64), ends.astype(np.int64)) > 0
    if lesson.form == "edges":  # its other half is the same edge
        same = np.repeat(np.repeat(np.eye(shared.shape[1] // 2, dtype=bool), 2, 0), 2, 1)
    else:
        same = np.eye(shared.shape[1], dtype=bool)
    asked = there[:, slots, None]
    found = {"itself": np.zeros_like(to_ends), "its ends": to_ends, "edges beside it": np.zeros_like(to_ends)}
    found["itself"][:, :, slots], found["edges beside it"][:, :, slots] = same & asked, shared & ~same & asked
    seen = found["itself"] | to_ends | found["edges beside it"]
    return {**found, "elsewhere": ~seen & asked}


def _edge_slots(lesson: GraphLesson, strings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which slots hold an edge of a vertex (graphs, V, slots), and which any edge (graphs, slots)."""
    edges, each = lesson.ids.edges_of(strings), lesson.ids.slots_an_edge
    mine = np.zeros((len(strings), lesson.alphabet_size, lesson.length + 1), bool)
    ends = (edges[:, :, :, None] == np.arange(lesson.alphabet_size)).any(2)  # graph, edge, vertex
    mine[:, :, BEFORE : BEFORE + each * edges.shape[1]] = np.repeat(ends, each, 1).transpose(0, 2, 1)
    return mine, np.any(mine, 1, keepdims=True)[:, 0]


def attention_rows(subject: Subject, k: int, strings: Int[np.ndarray, "graphs n"]) -> list[dict[str, Any]]:
    """Rows of layer, head (from 1), from (`vertex`, `edge`), to, share with its 95 % interval low, high (a graph is a
    trial), chance.

    >>> from logdepth.models.build import build_model
    >>> from logdepth.train.recipes import GraphTold, fast
    >>> from logdepth.train.subject import run_subject
    >>> config = fast(1, embed_dim=8, num_heads=2, task="connectivity", graph=GraphTold(8))
    >>> subject = run_subject("tiny", build_model(config.model).eval(), config, 0)
    >>> rows = attention_rows(subject, 3, subject.task.strings_for(3, 4))
    >>> sorted({row["from"] for row in rows}), max(row["share"] for row in rows) <= 1
    (['edge', 'vertex'], True)
    """
    lesson = lesson_of(subject)
    looks = {
        "vertex": (lesson.vertex_slots, places_from_vertices(lesson, strings)),
        "edge": (slice(BEFORE, lesson.vertex_slots.start), places_from_edges(lesson, strings)),
    }
    rows = []
    for layer, weights in enumerate(attention_of(subject.model, subject.encode(strings, k)), 1):
        found = weights.float().cpu().numpy()
        for source, (slots, places) in looks.items():
            asked = np.any(list(places.values()), 0).any(2)  # graph, slot
            for to, there in places.items():
                landed = np.einsum("ghqs,gqs->ghq", found[:, :, slots], there.astype(np.float32))
                each = (landed * asked[:, None]).sum(2) / asked.sum(1)[:, None]
                chance = float(there.mean(2)[asked].mean())
                for head in range(each.shape[1]):
                    mean, apart = each[:, head].mean(), 1.96 * each[:, head].std() / len(each) ** 0.5
                    where = {"layer": layer, "head": head + 1, "k": k, "from": source, "to": to, "chance": chance}
                    share = {"share": mean, "low": max(mean - apart, 0.0), "high": min(mean + apart, 1.0)}
                    rows.append({**where, **{name: float(value) for name, value in share.items()}})
    return rows


def named(rows: Sequence[dict[str, Any]], source: str = "vertex") -> list[dict[str, Any]]:
    """Of every head the place that gets most beyond chance, by name where that is at least LEAST_GAIN, else `-`.

    >>> row = {"layer": 1, "head": 1, "from": "vertex", "share": 0.9, "chance": 0.1, "low": 0.8}
    >>> named([{**row, "to": "its edges"}, {**row, "to": "within 8", "chance": 0.7}])[0]["name"]
    'its edges'
    """
    best: dict[tuple[int, int], dict[str, Any]] = {}
    for row in rows:
        place = (row["layer"], row["head"])
        if row["from"] == source and (place not in best or _gain(row) > _gain(best[place])):
            best[place] = row
    return [{**row, "name": row["to"] if _gain(row) >= LEAST_GAIN else "-"} for row in best.values()]


def _gain(row: dict[str, Any]) -> float:
    return row["share"] - row["chance"]


def ablation_rows(subject: Subject, ks: Sequence[int], graphs: int, seed: int = 0) -> list[dict[str, Any]]:
    """Errors at each diameter with one head's output, or all of a layer's (head None), replaced by the mean over these
    graphs and slots. Rows of layer, head, k, asked, error, baseline."""
    lesson, rows = lesson_of(subject), []
    for k in ks:
        strings = lesson.strings_for(k, graphs, seed, "ablation")
        baseline = say(subject, strings, k).error
        for layer, heads in enumerate(activations(subject.model, subject.encode(strings, k)).heads, 1):
            edits = [Edit(layer, head, _constant(mean)) for head, mean in enumerate(heads.mean((0, 1)))]
            for head, chosen in [(None, edits), *((head + 1, [edit]) for head, edit in enumerate(edits))]:
                with edited(subject.model, chosen):
                    error = say(subject, strings, k).error
                where = {"layer": layer, "head": head, "k": k, "asked": asked_of(subject)}
                rows.append({**where, "error": error, "baseline": baseline})
    return rows


def _constant(value: Any) -> Any:
    return lambda x: value.to(x.dtype).expand_as(x)
