"""Families of random graphs: what the tasks are tried on. Ids are shuffled, edges come in any order and direction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Int

Family = Callable[[np.random.Generator, int], np.ndarray]  # edges (m, 2) on vertices 0..n-1


def _threshold(rng: np.random.Generator, n: int) -> np.ndarray:
    """G(n, p) with p between half and twice that of the giant component, 1 / n."""
    tail, head = np.triu_indices(n, 1)
    return np.stack([tail, head], 1)[rng.random(len(tail)) < rng.uniform(0.5, 2) / n]


def _cycle(rng: np.random.Generator, n: int) -> np.ndarray:
    vertices = np.arange(n)
    return np.stack([vertices, (vertices + 1) % max(n, 1)], 1)


def _two_cycles(rng: np.random.Generator, n: int) -> np.ndarray:
    half = n // 2
    return np.concatenate([_cycle(rng, half), half + _cycle(rng, n - half)])


def _grid(rng: np.random.Generator, n: int) -> np.ndarray:
    width = max(1, int(n**0.5))
    place = np.arange(n)
    right, below = place[(place + 1) % width != 0], place[place + width < n]
    right = right[right + 1 < n]
    return np.concatenate([np.stack([right, right + 1], 1), np.stack([below, below + width], 1)])


def _tree(rng: np.random.Generator, n: int) -> np.ndarray:
    child = np.arange(1, n)
    return np.stack([(rng.random(len(child)) * child).astype(np.int64), child], 1)


def _clique(rng: np.random.Generator, n: int) -> np.ndarray:
    """Of as many vertices as have n edges between them, about."""
    return np.stack(np.triu_indices(int((2 * n) ** 0.5), 1), 1)


def _multigraph(rng: np.random.Generator, n: int) -> np.ndarray:
    """Uniform ends: loops, and edges given twice."""
    return rng.integers(0, n, (n, 2))


FAMILIES: dict[str, Family] = {
    "threshold": _threshold,
    "path": lambda rng, n: _cycle(rng, n)[:-1],
    "cycle": _cycle,
    "two cycles": _two_cycles,
    "grid": _grid,
    "tree": _tree,
    "star": lambda rng, n: np.stack([np.zeros(max(n - 1, 0), np.int64), np.arange(1, n)], 1),
    "clique": _clique,
    "multigraph": _multigraph,
}
CYCLES: dict[str, Family] = {name: FAMILIES[name] for name in ("cycle", "two cycles")}


def shuffled(
    rng: np.random.Generator, edges: Int[np.ndarray, "m 2"], vertices: int, most: int, *, turned: bool = True
) -> Int[np.ndarray, "m 2"]:
    """The graph with its vertices renamed within 0..vertices-1, and at most `most` edges, in any order; `turned`: in any
    direction, too.

    >>> shuffled(np.random.default_rng(0), np.array([[0, 1], [1, 2]]), 5, 1).shape
    (1, 2)
    """
    edges = rng.permutation(vertices)[edges.astype(np.int64)].reshape(-1, 2)
    edges = edges[rng.permutation(len(edges))[:most]]
    return np.where(rng.random((len(edges), 1)) < 0.5, edges, edges[:, ::-1]) if turned else edges
