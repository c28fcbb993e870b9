"""Two edges of a graph swapped, and the net told so only from some layer on, at some slots: does the answer follow?

Edges a-b and c-d of two components become a-d and c-b, so that what hangs on b and on d changes places: who is
connected with whom changes, the components' sizes don't. The net reads the graph as it was; after a layer, some slots'
residuals are replaced by those of the other graph. If the answers that the swap changes follow, what tells them was
there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int

from logdepth.analysis.graph_answers import lesson_of, say
from logdepth.errors import InputError
from logdepth.graphs.lessons import BEFORE
from logdepth.models.inside import Edit, activations, edited
from logdepth.rng import rng_for
from logdepth.tasks.lessons import GraphLesson
from logdepth.train.evaluate import interval
from logdepth.train.subject import Subject

TRIES, LEAST_CHANGED = 60, 0.1


class Swapped(NamedTuple):
    """strings and others (graphs, n); places (graphs, 2): which edges were swapped; ends (graphs, 4): a, b, c, d."""

    strings: Int[np.ndarray, "graphs n"]
    others: Int[np.ndarray, "graphs n"]
    places: Int[np.ndarray, "graphs 2"]
    ends: Int[np.ndarray, "graphs 4"]


def swap_edges(lesson: GraphLesson, k: int, count: int, seed: int = 0) -> Swapped:
    """Up to `count` graphs of diameter k and the same with two edges swapped: as many components of the same sizes, no
    diameter above the lesson's, and at least a tenth of all pairs connected in one alone. Of a lesson about the whole
    graph: the answer is another.

    Raises `InputError` if no such pair turns up.

    >>> from logdepth.tasks.lessons import ConnectivityLesson
    >>> lesson = ConnectivityLesson.of_size(12)
    >>> found = swap_edges(lesson, 4, 3)
    >>> (found.strings != found.others).sum(1).tolist()
    [2, 2, 2]
    """
    rng = rng_for(seed, "graph patching", k)
    kept = []
    vertices = lesson.alphabet_size
    for string in lesson.strings_for(k, 20 * count, seed, "patching"):
        edges, distance = lesson.ids.edges_of(string[None])[0], lesson.distances(string[None])[0]
        real = np.flatnonzero(edges[:, 0] >= 0)
        tried = rng.choice(real, (TRIES, 2))
        tried = tried[distance[edges[tried[:, 0], 0], edges[tried[:, 1], 0]] == vertices]
        if not len(tried):
            continue
        flipped = rng.random(len(tried)) < 0.5
        one, two = edges[tried[:, 0]], np.where(flipped[:, None], edges[tried[:, 1], ::-1], edges[tried[:, 1]])
        changed = np.repeat(edges[None], len(tried), 0)
        rows = np.arange(len(tried))
        changed[rows, tried[:, 0]] = np.stack([one[:, 0], two[:, 1]], 1)
        changed[rows, tried[:, 1]] = np.stack([two[:, 0], one[:, 1]], 1)
        sources = None if lesson.of_whole else np.repeat(lesson.ids.sources_of(string[None]), len(tried))
        others = lesson.ids.symbols(changed, sources)
        good = np.flatnonzero(_alike(lesson, string, others, distance))
        if len(good):
            first = good[0]
            kept.append((string, others[first], tried[first], (*one[first], *two[first])))
        if len(kept) == count:
            break
    if not kept:
        raise InputError(f"no graph of {lesson.name} with diameter {k} whose edges can be swapped; give another --k")
    return Swapped(*(np.array(part) for part in zip(*kept, strict=True)))


def _alike(lesson: GraphLesson, string: np.ndarray, others: np.ndarray, distance: np.ndarray) -> np.ndarray:
    vertices = lesson.alphabet_size
    after = lesson.distances(others)
    near, reached = distance < vertices, after < vertices
    if lesson.of_whole:
        return lesson.solve(others, lesson.largest)[:, -1] != lesson.solve(string[None], lesson.largest)[0, -1]
    sizes = (np.sort(reached.sum(2), 1) == np.sort(near.sum(1))).all(1)
    largest = np.where(reached, after, 0).max((1, 2)) <= lesson.largest
    return sizes & largest & ((near != reached).mean((1, 2)) >= LEAST_CHANGED)


def groups_of(lesson: GraphLesson, swapped: Swapped) -> dict[str, Bool[np.ndarray, "graphs slots"]]:
    """The slots that are replaced together."""
    count, slots, vertices = len(swapped.strings), lesson.length + 1, lesson.alphabet_size
    rows = np.arange(count)[:, None]
    edges, told = np.zeros((count, slots), bool), np.zeros((count, slots), bool)
    each = lesson.ids.slots_an_edge
    for half in range(each):
        edges[rows, BEFORE + each * swapped.places + half] = True
    told[:, BEFORE : lesson.vertex_slots.start] = True
    groups = {"the two edges": edges, "all edges": told}
    near = [lesson.distances(strings)[rows, swapped.ends].min(1) for strings in (swapped.strings, swapped.others)]
    away = np.minimum(*near)
    radius, first = 0, lesson.vertex_slots
    while radius < vertices // 2:
        group = np.zeros((count, slots), bool)
        group[:, first] = away <= radius
        groups[f"vertices within {radius} of their ends" if radius else "their ends"] = group
        radius = 2 * radius or 1
    every = np.zeros((count, slots), bool)
    every[:, first] = True
    return {**groups, "all vertices": every, "all but vertices": ~every}


def patching_rows(subject: Subject, k: int, *, graphs: int = 50, seed: int = 0) -> list[dict[str, Any]]:
    """Rows of layer, group, followed: of answers that the swap changes and that the net gets right of both graphs, the
    share that is the other graph's, with its 95 % interval low, high (a graph is a trial), and `graphs`, `answers`: how
    many there were. None if the net gets none right.

    >>> from logdepth.models.build import build_model
    >>> from logdepth.train.recipes import GraphTold, fast
    >>> from logdepth.train.subject import run_subject
    >>> config = fast(1, embed_dim=8, num_heads=2, task="connectivity", graph=GraphTold(12))
    >>> subject = run_subject("tiny", build_model(config.model).eval(), config, 0)
    >>> patching_rows(subject, 4, graphs=2)[0]["group"]
    'the two edges'
    """
    lesson = lesson_of(subject)
    swapped = swap_edges(lesson, k, graphs, seed)
    was, other = (say(subject, strings, k) for strings in (swapped.strings, swapped.others))
    telling = (was.truth != other.truth) & was.counted & other.counted
    telling &= (was.said == was.truth) & (other.said == other.truth)
    kept = telling.any(1)
    residual = activations(subject.model, subject.encode(swapped.others, k)).residual
    rows: list[dict[str, Any]] = []
    for layer in range(1, len(residual)):
        for group, where in groups_of(lesson, swapped).items():
            row: dict[str, Any] = {"layer": layer, "group": group, "k": k, "graphs": int(kept.sum())}
            row |= {"answers": int(telling.sum()), "followed": None, "low": None, "high": None}
            if kept.any():
                mask = torch.from_numpy(where).to(residual[layer].device)[:, :, None]
                change = _replaced(residual[layer], mask)
                with edited(subject.model, [Edit(layer, None, change)]):
                    said = say(subject, swapped.strings, k).said
                followed = ((said == other.truth) & telling)[kept].sum(1)
                of = telling[kept].sum(1)
                low, high = interval(followed, of)
                row |= {"followed": float(followed.sum() / of.sum()), "low": low, "high": high}
            rows.append(row)
    return rows


def _replaced(value: torch.Tensor, mask: torch.Tensor) -> Any:
    return lambda x: torch.where(mask, value.to(x.dtype), x)
