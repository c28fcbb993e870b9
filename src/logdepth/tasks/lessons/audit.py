"""What gives answers away: baselines that look at a graph without following an edge further than it says.

Each is fitted on half of the graphs and scored on the others. A set leaks if one is right in 2 % more than chance, the
share of the commoner answer. Baselines: *degree* (of vertex and source; of the whole, how many vertices have which
degree), *index* (their ids, and how far apart these are), *place* (where the edge list first names them), *length* (how
many edges there are), *bag of edges* (a linear map of which edges are there, and of the ids).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from logdepth.errors import InputError
from logdepth.tasks.lessons.lesson import GraphLesson

ALLOWED = 0.02
GRAPHS, VERTICES = 6000, 6  # graphs drawn, and vertices asked about in each
RIDGE = 1e-2


class Baseline(NamedTuple):
    """right: the share of answers it gets right; chance: that of the commoner answer."""

    name: str
    right: float
    chance: float

    @property
    def leaks(self) -> bool:
        return self.right > self.chance + ALLOWED


def audit(lesson: GraphLesson, *, graphs: int = GRAPHS, seed: int = 0) -> list[Baseline]:
    """Every baseline on graphs of the lesson, of all its diameters.

    >>> from logdepth.tasks.lessons import CycleLesson
    >>> [found.name for found in audit(CycleLesson.of_size(8), graphs=200)]
    ['degree', 'index', 'place', 'length', 'bag of edges']
    """
    strings = lesson.strings(graphs, seed, "audit")
    edges, vertices = lesson.ids.edges_of(strings), lesson.alphabet_size
    kinds, of = lesson.classes(strings, lesson.largest)
    asked = np.array([kind.asked for kind in kinds])[of]
    answers = lesson.solve(strings, lesson.largest)
    there = edges[:, :, 0] >= 0
    row = np.broadcast_to(np.arange(graphs)[:, None], there.shape)[there]
    ends = edges[there]
    degree, present = np.zeros((graphs, vertices), np.int64), np.zeros((graphs, vertices, vertices))
    for end in (0, 1):
        np.add.at(degree, (row, ends[:, end]), 1)
        present[row, ends[:, end], ends[:, 1 - end]] = 1
    bag = present[:, *np.triu_indices(vertices, 1)]
    count = there.sum(1)
    named = _first_named(edges, vertices)
    if lesson.of_whole:
        truth, graph = answers[:, -1], np.arange(graphs)
        tables = {
            "degree": [np.stack([(degree == d).sum(1) for d in range(4)], 1)],
            "length": [count[:, None]],
        }
        maps = {"index": degree > 0, "place": named, "bag of edges": bag}
    else:
        rng = np.random.default_rng(seed)
        chosen = rng.random(asked[:, lesson.asked].shape).argsort(1)[:, :VERTICES]
        keep = np.take_along_axis(asked[:, lesson.asked], chosen, 1)
        graph, vertex = np.nonzero(keep)[0], chosen[keep]
        truth = answers[:, lesson.asked][graph, vertex]
        source = lesson.ids.sources_of(strings)[graph]
        tables = {
            "degree": [np.stack([degree[graph, vertex], degree[graph, source]], 1)],
            "length": [count[graph][:, None]],
        }
        both = np.stack([named[graph, vertex], named[graph, source]], 1)
        names = np.concatenate([np.eye(vertices)[vertex], np.eye(vertices)[source]], 1)
        apart = abs(vertex - source)[:, None]
        tables |= {"index": [apart], "place": [abs(both[:, :1] - both[:, 1:])]}
        maps = {"index": names, "place": both, "bag of edges": np.concatenate([bag[graph], names], 1)}
    fitted = graph < graphs // 2
    chance = max(truth[~fitted].mean(), 1 - truth[~fitted].mean())
    found = []
    for name in ("degree", "index", "place", "length", "bag of edges"):
        rights = [_table(cells, truth, fitted) for cells in tables.get(name, [])]
        rights += [_linear(np.asarray(maps[name], float), truth, fitted)] if name in maps else []
        found.append(Baseline(name, max(rights), float(chance)))
    return found


def check_audit(lesson: GraphLesson, *, graphs: int = GRAPHS) -> list[Baseline]:
    """The audit. Raises `InputError` for a set that leaks."""
    found = audit(lesson, graphs=graphs)
    for one in found:
        if one.leaks:
            raise InputError(
                f"the graphs {lesson.graphs!r} of {lesson.name} fail their audit: {one.name} alone is right in "
                f"{one.right:.1%}, chance is {one.chance:.1%}; --force trains on them all the same"
            )
    return found


def _first_named(edges: Int[np.ndarray, "batch room 2"], vertices: int) -> Int[np.ndarray, "batch vertices"]:
    """At which edge each vertex is first named; the room where it is not."""
    room = edges.shape[1]
    named = (edges[:, :, :, None] == np.arange(vertices)).any(2)
    return np.where(named.any(1), named.argmax(1), room)


def _table(cells: np.ndarray, truth: np.ndarray, fitted: np.ndarray) -> float:
    """The commoner answer of each cell; of cells never seen, the commoner one of all."""
    _, cell = np.unique(cells, axis=0, return_inverse=True)
    cell = cell.ravel()
    yes = np.bincount(cell[fitted], truth[fitted], cell.max() + 1)
    all_ = np.bincount(cell[fitted], minlength=cell.max() + 1)
    says = np.where(all_ > 0, 2 * yes > all_, truth[fitted].mean() > 0.5)
    return float((says[cell[~fitted]] == truth[~fitted]).mean())


def _linear(x: np.ndarray, truth: np.ndarray, fitted: np.ndarray) -> float:
    """A ridge regression's sign."""
    x = np.concatenate([x, np.ones((len(x), 1))], 1)
    train = x[fitted]
    weights = np.linalg.solve(
        train.T @ train + RIDGE * len(train) * np.eye(x.shape[1]), train.T @ (2.0 * truth[fitted] - 1)
    )
    return float(((x[~fitted] @ weights > 0) == truth[~fitted]).mean())
