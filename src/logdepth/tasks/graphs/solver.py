"""What the tasks ask, solved one edge at a time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Bool, Int, Integer


class Sets:
    """Disjoint sets of 0..n-1; the least of each names it."""

    def __init__(self, size: int) -> None:
        self.parent = list(range(size))

    def find(self, vertex: int) -> int:
        while self.parent[vertex] != vertex:
            self.parent[vertex] = vertex = self.parent[self.parent[vertex]]
        return vertex

    def join(self, one: int, other: int) -> bool:
        """Whether they were apart."""
        one, other = self.find(one), self.find(other)
        self.parent[max(one, other)] = min(one, other)
        return one != other


def component_labels(vertices: int, edges: Integer[np.ndarray, "m 2"]) -> Int[np.ndarray, " vertices"]:
    """The least vertex of each vertex's component.

    >>> component_labels(5, np.array([[4, 1], [2, 4]])).tolist()
    [0, 1, 1, 3, 1]
    """
    sets = _joined(vertices, edges.tolist())
    return np.array([sets.find(vertex) for vertex in range(vertices)])


def forest(vertices: int, edges: Integer[np.ndarray, "m 2"]) -> Bool[np.ndarray, " m"]:
    """Which edges Kruskal's algorithm takes, from the last to the first: the minimum spanning forest of edges in the order
    of falling weight.

    >>> forest(3, np.array([[0, 1], [1, 2], [2, 0]])).tolist()
    [False, True, True]
    """
    sets = Sets(vertices)
    return np.array([sets.join(*edge) for edge in edges[::-1].tolist()], bool)[::-1]


def is_bipartite(vertices: int, edges: Integer[np.ndarray, "m 2"]) -> bool:
    """Whether no vertex is connected with its own other copy, where edges join copies of different kind.

    >>> is_bipartite(3, np.array([[0, 1], [1, 2]])), is_bipartite(3, np.array([[0, 1], [1, 2], [2, 0]]))
    (True, False)
    """
    pairs = ((u, vertices + w) for one, other in edges.tolist() for u, w in ((one, other), (other, one)))
    sets = _joined(2 * vertices, pairs)
    return all(sets.find(vertex) != sets.find(vertices + vertex) for vertex in range(vertices))


def reaches(vertices: int, arcs: Integer[np.ndarray, "m 2"], goal: int = 0) -> Bool[np.ndarray, " vertices"]:
    """From which vertices the goal is reached along arcs.

    >>> reaches(4, np.array([[1, 0], [2, 1], [3, 3]])).tolist()
    [True, True, True, False]
    """
    found = np.zeros(vertices, bool)
    found[goal] = True
    for _ in range(vertices):
        found[arcs[found[arcs[:, 1]], 0]] = True
    return found


def _joined(size: int, pairs: Iterable[Iterable[int]]) -> Sets:
    sets = Sets(size)
    for one, other in pairs:
        sets.join(one, other)
    return sets
