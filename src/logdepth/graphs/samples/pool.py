"""Edges of an input in memory, a bounded number of them, with what is known of their vertices in the whole of it.

An input of at most `MOST_EDGES` edges is held whole. Of a larger one two pools are read, in one pass: *spread*, edges
picked one by one, evenly; and *runs*, stretches of consecutive edges, in which neighbourhoods are whole where the files
are in an order that keeps neighbours together. A second pass counts their vertices' degrees in the whole input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from logdepth.graphs.graph import Graph, graph_from_edges, index_dtype
from logdepth.graphs.parts.reading import read_unit
from logdepth.graphs.parts.survey import PartsSurvey
from logdepth.graphs.samples.id_set import IdSet
from logdepth.graphs.samples.spheres import MOST, SEEDS, spheres
from logdepth.graphs.scan import INT64

MOST_EDGES = 1 << 23  # in memory at once, with about 100 bytes each
POOL_EDGES = 1 << 20  # of each of two pools, at least
RUNS = 4  # stretches of consecutive edges
COVERED = 0.8  # of the edges at a run's vertices: its balls can be told from what is cut off

Report = Callable[[int, int], None] | None


@dataclass(frozen=True, eq=False)
class EdgePool:
    """Edges in their order, ends as places in `ids`.

    ids: words of the vertices' ids, int64 (width, vertices), ascending. degree: of each vertex in the whole input,
    loops twice. total: edges of the whole input. weight: of each edge, or None. said: how many vertices the whole input
    has, where somebody said so and degrees are guesses.
    """

    tail: np.ndarray
    head: np.ndarray
    ids: np.ndarray
    degree: np.ndarray
    total: int
    names: bool = False
    weight: np.ndarray | None = None
    said: int | None = None

    @property
    def num_edges(self) -> int:
        return len(self.tail)

    @cached_property
    def neighbours(self) -> tuple[np.ndarray, np.ndarray]:
        """Offsets by vertex, and the other ends of its edges."""
        from logdepth.graphs.samples.kernels import neighbours  # compiled

        return neighbours(self.tail, self.head, self.num_vertices)

    @property
    def num_vertices(self) -> int:
        return self.ids.shape[1]

    @property
    def share(self) -> float:
        """Of the input's edges."""
        return self.num_edges / max(self.total, 1)

    def vertices_of_input(self) -> float:
        """Vertices with an edge in the whole input: counted, or estimated from who was seen (Horvitz-Thompson).

        A vertex of degree d is in an evenly picked share p of the edges with a chance of 1 - (1 - p)^d.
        """
        if self.num_edges == self.total:
            return float(self.num_vertices)
        return float((1 / seen_chance(self.degree, self.share)).sum())


@dataclass(frozen=True)
class Pools:
    """What samples are drawn from: `spread` picked evenly, `runs` of consecutive edges; one pool if that is all.

    spheres: vertices at each distance from a few, where the runs do not show it (`spheres.py`).
    """

    spread: EdgePool
    runs: EdgePool
    spheres: tuple[int, ...] = ()

    @property
    def covered(self) -> float:
        """Of the ends of the edges at the runs' vertices, how many are in the runs: 1 where neighbours lie together."""
        return 2 * self.runs.num_edges / max(int(self.runs.degree.sum()), 1)

    @property
    def whole(self) -> bool:
        return self.spread.num_edges == self.spread.total


def seen_chance(degree: np.ndarray, share: float) -> np.ndarray:
    """1 - (1 - share)^degree: that one of so many edges is among an evenly picked share of them."""
    if share >= 1:
        return np.ones(len(degree))
    return -np.expm1(degree * np.log1p(-share))


def pool_of_graph(graph: Graph) -> Pools:
    """All of a graph that is in memory already; its vertices without edges are left out.

    >>> pool_of_graph(graph_from_edges([30, 10], [10, 20])).spread.degree.tolist()
    [2, 1, 1]
    """
    degree = degrees(graph.tail, graph.head, graph.num_vertices)
    there = degree > 0
    place = np.cumsum(there) - 1
    tail, head = (place[end].astype(np.int32) for end in (graph.tail, graph.head))
    pool = EdgePool(tail, head, np.flatnonzero(there)[None], degree[there], graph.num_edges, weight=graph.weight)
    return Pools(pool, pool)


def thinned(pools: Pools, total: int, vertices: int) -> Pools:
    """The pools as an even share of an input of so many edges and vertices; degrees are guessed from the share."""
    pool = pools.spread
    degree = np.rint(pool.degree * (total / pool.num_edges)).astype(np.int64)
    thin = replace(pool, degree=degree, total=total, said=vertices)
    return Pools(thin, thin)


def degrees(tail: np.ndarray, head: np.ndarray, vertices: int) -> np.ndarray:
    """Edges at each vertex; a loop counts twice."""
    return np.bincount(tail, minlength=vertices) + np.bincount(head, minlength=vertices)


def read_pools(
    found: PartsSurvey,
    rng: np.random.Generator,
    *,
    most_edges: int = MOST_EDGES,
    largest: int = POOL_EDGES // 2,
    progress: Report = None,
) -> Pools:
    """Read an input in parts: whole if it has at most `most_edges` edges, else two pools for samples of `largest`.

    A larger one is read twice, and once a level of `spheres` where its runs are not `COVERED`.

    Raises `InputError` where a part cannot be read.
    """
    total = found.num_edges
    if total <= most_edges:
        rows = [_read(found, place, progress, len(found.units)) for place in range(len(found.units))]
        pool = _pool(rows, found, None)
        return Pools(pool, pool)
    half = min(most_edges // 2, max(2 * largest, POOL_EDGES))
    key = rng.integers(2**63, dtype=np.uint64)
    picked = np.uint64(int(half / total * 2.0**64))
    length = half // RUNS
    starts = np.sort(rng.integers(0, total // RUNS - length, RUNS) + np.arange(RUNS) * (total // RUNS))
    spread, runs = [], []
    steps = 2 * len(found.units)
    for place, unit in enumerate(found.units):
        tails, heads = _read(found, place, progress, steps)
        number = np.arange(unit.first, unit.first + unit.rows)
        spread.append(_rows(tails, heads, _mixed(number.astype(np.uint64) + key) < picked))
        run = np.searchsorted(starts, number, "right") - 1
        runs.append(_rows(tails, heads, (run >= 0) & (number < starts[run] + length)))
    pools = [_pool(rows, found, total) for rows in (spread, runs)]
    known = [IdSet(_keys(pool.ids)) for pool in pools]
    counts = [np.zeros(pool.num_vertices, np.int64) for pool in pools]
    for place in range(len(found.units)):
        for words in _read(found, len(found.units) + place, progress, steps):
            asked = _keys(words)
            for own, count in zip(known, counts, strict=True):
                where = own.places(asked)
                count += np.bincount(where[where >= 0], minlength=len(count))
    spread_pool, runs_pool = (
        replace(pool, degree=count, total=total) for pool, count in zip(pools, counts, strict=True)
    )
    if Pools(spread_pool, runs_pool).covered >= COVERED:
        return Pools(spread_pool, runs_pool)

    def edges() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for place in range(len(found.units)):
            tails, heads = _read(found, place, progress, len(found.units))
            yield _keys(tails), _keys(heads)

    some = known[0].keys[rng.choice(spread_pool.tail, SEEDS)]
    most = min(MOST, round(spread_pool.vertices_of_input()) // 4)
    return Pools(spread_pool, runs_pool, tuple(spheres(edges, some, most)))


def _read(found: PartsSurvey, step: int, progress: Report, steps: int) -> tuple[np.ndarray, np.ndarray]:
    if progress:
        progress(step, steps)
    return read_unit(found.units[step % len(found.units)], found.width, INT64)


def _rows(tails: np.ndarray, heads: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return tails[:, mask], heads[:, mask]


def _mixed(number: np.ndarray) -> np.ndarray:
    """splitmix64's finalizer: even bits of consecutive numbers."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


def _keys(words: np.ndarray) -> np.ndarray:
    """An id as one word: itself, or a hash of its words (that two names share one is out by 2^-64 a pair)."""
    if len(words) == 1:
        return words[0]
    mixed = np.zeros(words.shape[1], np.uint64)
    for word in words:
        mixed = _mixed((mixed + np.uint64(0x9E3779B97F4A7C15)) ^ word.astype(np.uint64))
    return mixed.astype(np.int64)


def _pool(rows: list[tuple[np.ndarray, np.ndarray]], found: PartsSurvey, total: int | None) -> EdgePool:
    """Of words, tails and heads a unit; degrees of the pool itself where it is all there is (`total` is None)."""
    none = np.empty((found.width, 0), np.int64)
    tails, heads = (np.concatenate([none, *(row[end] for row in rows)], axis=1) for end in (0, 1))
    if found.width == 1:
        graph = graph_from_edges(tails[0], heads[0])
        ids, tail, head = graph.ids[None], graph.tail, graph.head
    else:
        ids, tail, head = _number(tails, heads)
    degree = degrees(tail, head, ids.shape[1])
    return EdgePool(tail, head, ids, degree, len(tail) if total is None else total, found.names)


def _number(tails: np.ndarray, heads: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct ids of several words in order, and the ends as places among them."""
    words = np.concatenate([tails, heads], axis=1)
    order = np.lexsort(words[::-1])
    words = words[:, order]
    new = np.ones(len(order), bool)
    new[1:] = (words[:, 1:] != words[:, :-1]).any(axis=0)
    rank = np.empty(len(order), index_dtype(len(order)))
    rank[order] = np.cumsum(new) - 1
    return words[:, new], rank[: tails.shape[1]].copy(), rank[tails.shape[1] :].copy()
