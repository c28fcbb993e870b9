"""How many vertices lie at distance 1, 2, ... from a few: read level by level from an input that is not held."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from logdepth.graphs.samples.id_set import IdSet

SEEDS = 64
LEVELS = 6
MOST = 1 << 16  # vertices
GROWS = 1.5  # a sphere for each vertex of the last: 1 on a path, 6/5 and 36/25 at distance 6 in grids of 2 and 3 axes


def spheres(
    edges: Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]], seeds: np.ndarray, most: int = MOST
) -> list[int]:
    """Vertices at each distance from `seeds` (ids, one word each), until they are `most` or `LEVELS` levels.

    edges: tails and heads, piece by piece, all of them each time it is called. most: a quarter of all vertices, say;
    beyond that a sphere meets what was reached already.

    >>> path = np.arange(1000)
    >>> spheres(lambda: [(path[:-1], path[1:])], np.array([500]))
    [1, 2, 2, 2, 2, 2, 2]
    """
    level = known = np.unique(seeds)
    sizes = [len(level)]
    while len(level) and len(known) < most and len(sizes) <= LEVELS:
        found, inside = [], IdSet(level)
        for tail, head in edges():
            for end, other in ((tail, head), (head, tail)):
                found.append(np.unique(other[inside.places(end) >= 0]))
        near = np.unique(np.concatenate(found)) if found else level[:0]
        level = np.setdiff1d(near, known, assume_unique=True)
        known = np.union1d(known, level)
        sizes.append(len(level))
    return sizes


def grows(sizes: list[int]) -> bool:
    """Whether the last sphere is `GROWS` times the one before: so in random graphs and power laws, not grids and paths.

    >>> grows([64, 300, 1200]), grows([64, 128, 128, 128])
    (True, False)
    """
    return len(sizes) > 1 and sizes[-1] >= GROWS * max(sizes[-2], 1)
