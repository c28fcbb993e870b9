"""What graphs there are to make: how many edges each has, and any range of them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs.graph import index_dtype

KINDS = ("random", "rmat", "grid", "path", "star")
RMAT = (0.57, 0.19, 0.19, 0.05)  # Graph500's: a, b, c and the rest
MOST = 2**40  # vertices, edges: numbers of edges and words stay far below 2^63


@dataclass(frozen=True)
class Recipe:
    """One graph. kind: of `KINDS`. edges: of random and rmat; the others have the edges that they have.

    random: both ends of an edge even on all vertices. rmat: a, b, c, d are the chances of an edge's quadrant at each of
    ceil(log2 vertices) levels; ends beyond the vertices are drawn again. grid: rows of isqrt(vertices) cells, the last
    perhaps shorter. path: 0 - 1 - 2 ..; star: 0 with all others. shuffled: vertices renumbered. Duplicates and
    loops occur where edges are drawn.

    Raises `InputError` for numbers out of range.

    >>> Recipe("path", vertices=5).num_edges
    4
    """

    kind: str
    vertices: int
    edges: int | None = None
    key: int = 0
    rmat: tuple[float, float, float, float] = RMAT
    shuffled: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"there is no graph {self.kind!r} to generate; there are: {', '.join(KINDS)}")
        if not 1 <= self.vertices <= MOST:
            raise InputError(f"--vertices is {self.vertices:,}; it must be 1 to {MOST:,}")
        drawn = self.kind in ("random", "rmat")
        if drawn and self.edges is None:
            raise InputError(f"{self.kind} needs --edges")
        if not drawn and self.edges is not None:
            raise InputError(
                f"a {self.kind} of {self.vertices:,} vertices has {self.num_edges:,} edges; leave out --edges"
            )
        if not 0 <= self.num_edges <= MOST:
            raise InputError(f"--edges is {self.num_edges:,}; it must be 0 to {MOST:,}")
        if min(self.rmat) < 0 or abs(sum(self.rmat) - 1) > 1e-9:
            raise InputError(f"R-MAT's a, b, c and d are {self.rmat}; they are chances, and add up to 1")

    @property
    def columns(self) -> int:
        """Cells in a row of a grid."""
        return math.isqrt(self.vertices)

    @property
    def num_edges(self) -> int:
        match self.kind:
            case "grid":
                lines = -(-self.vertices // self.columns)
                return (self.vertices - lines) + (self.vertices - self.columns)
            case "path" | "star":
                return self.vertices - 1
        return self.edges or 0

    def facts(self) -> dict[str, Any]:
        """What determines the edges, as JSON."""
        return {**asdict(self), "rmat": list(self.rmat) if self.kind == "rmat" else None, "edges": self.num_edges}

    def make(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Edges `first` to `last`: tail and head, int32 where that holds the vertices.

        >>> [column.tolist() for column in Recipe("grid", vertices=5).make(0, 5)]
        [[0, 0, 1, 2, 2], [1, 2, 3, 3, 4]]
        """
        from logdepth.graphs.generating import kernels  # compiled

        tail, head = (np.empty(last - first, index_dtype(self.vertices)) for _ in range(2))
        key, vertices = np.uint64(self.key), np.uint64(self.vertices)
        match self.kind:
            case "random":
                kernels.uniform_edges(first, key, vertices, tail, head)
            case "rmat":
                scale = (self.vertices - 1).bit_length()
                tables = (*_alias(self.rmat, kernels.LEVELS), *_alias(self.rmat, scale % kernels.LEVELS))
                kernels.rmat_edges(first, key, vertices, scale, *tables, tail, head)
            case "grid":
                lines = -(-self.vertices // self.columns)
                start = max(lines - 2, 0) * (2 * self.columns - 1)
                kernels.grid_edges(first, self.columns, start, self.vertices, tail, head)
            case "path":
                tail[:] = np.arange(first, last)
                head[:] = np.arange(first + 1, last + 1)
            case "star":
                tail[:] = 0
                head[:] = np.arange(first + 1, last + 1)
        if self.shuffled:
            for column in (tail, head):
                kernels.renumber_all(vertices, key, column)
        return tail, head


def _alias(chances: tuple[float, ...], levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Walker's tables for the 4^levels outcomes of so many levels: the tail's bits, then the head's.

    A cell of 4^levels is itself below its threshold, of 2^32, else its alias; the least cells are filled up first, in a
    fixed order, so that the tables are the same everywhere.
    """
    size = 4**levels
    outcome = np.ones(size)
    for code in range(size):
        for level in range(levels):
            row, column = code >> (levels + level) & 1, code >> level & 1
            outcome[code] *= chances[2 * row + column]
    share = (outcome / outcome.sum() * size).tolist()
    threshold, alias = np.full(size, 2**32, np.uint64), np.arange(size, dtype=np.uint64)
    small = [code for code in range(size) if share[code] < 1]
    large = [code for code in range(size) if share[code] >= 1]
    while small and large:
        less, more = small.pop(), large[-1]
        threshold[less], alias[less] = int(share[less] * 2**32), more
        share[more] -= 1 - share[less]
        if share[more] < 1:
            small.append(large.pop())
    return threshold, alias
