"""The two ways to a smaller graph of the same kind, and what each says about itself.

*Balls*: all edges among the vertices that are first reached from a random edge, breadth first. Nothing within is
changed, so lengths are kept: a ball of a path is a path, of a grid a grid. What it loses is at its border, and `cut`
says how much: the edges with one end inside, for each edge within. Where vertices have few others near them (paths,
grids, small components) that goes to 0 as balls grow. In a random graph or a power law nearly everything lies at the
border.

*Edges*: an even share p of the edges. The number of edges at a vertex falls with p, so that a random graph soon looks
like a forest. That is undone: among vertices of like degree d in the whole input a share 1 - (1 - p)^d is seen, and
where p of them should be, each with d edges again. So groups of `(1 - (1 - p)^d) / p` of them become one vertex: leaves
stay as they are, a random graph keeps its density, a power law its hubs, a star its centre. Neighbours in the order of
ids merge first, so that what is near in that order stays so. Lengths are lost: of a path a tangle is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from logdepth.graphs.samples.pool import EdgePool, seen_chance

CLASSES = 2  # classes of degrees a doubling


@dataclass(frozen=True, eq=False)
class EdgeSample:
    """Edges in the input's order; ends are vertices of the pool. rows: which edges of the pool.

    how: balls, edges, chain or all. cut: edges that leave, for each edge within (balls). merged: vertices in one
    (edges).
    """

    how: str
    tail: np.ndarray
    head: np.ndarray
    rows: np.ndarray
    cut: float = 0.0
    merged: float = 1.0

    @property
    def num_edges(self) -> int:
        return len(self.rows)


def all_edges(pool: EdgePool) -> EdgeSample:
    """The pool itself."""
    return EdgeSample("all", pool.tail, pool.head, np.arange(pool.num_edges))


def grow_ball(pool: EdgePool, sizes: list[int], rng: np.random.Generator, seed: int | None = None) -> list[EdgeSample]:
    """Balls of about so many edges around a random edge (or vertex `seed`), each within the next.

    Of several components, one after another, from further random edges; fewer edges where the pool ends.

    >>> from logdepth.graphs.graph import graph_from_edges
    >>> from logdepth.graphs.samples import pool_of_graph
    >>> path = pool_of_graph(graph_from_edges(range(100), range(1, 101))).spread
    >>> [(ball.num_edges, ball.cut) for ball in grow_ball(path, [10, 20], np.random.default_rng(0), seed=50)]
    [(10, 0.2), (20, 0.1)]
    """
    from logdepth.graphs.samples.kernels import breadth_first  # compiled

    seeds = np.where(rng.random(pool.num_edges) < 0.5, pool.tail, pool.head)[rng.permutation(pool.num_edges)]
    if seed is not None:
        seeds = np.concatenate([[seed], seeds]).astype(pool.tail.dtype)
    priority = rng.permutation(pool.num_vertices).astype(np.int32)
    rank, reached, _ = breadth_first(*pool.neighbours, seeds, priority, max(sizes))
    last = np.maximum(rank[pool.tail], rank[pool.head])
    ordered = np.sort(last[last < pool.num_vertices])
    by_rank = np.empty(reached, np.int64)
    inside = rank < pool.num_vertices
    by_rank[rank[inside]] = pool.degree[inside]
    ends = np.cumsum(by_rank)
    balls = []
    for size in sizes:
        most = int(ordered[min(size, len(ordered)) - 1])  # the rank at which so many edges lie within
        rows = np.flatnonzero(last <= most)
        left = int(ends[most]) - 2 * len(rows)
        balls.append(EdgeSample("balls", pool.tail[rows], pool.head[rows], rows, cut=left / max(len(rows), 1)))
    return balls


def probe(pool: EdgePool, size: int, count: int, rng: np.random.Generator) -> list[tuple[int, float]]:
    """Around random ends of edges: the vertex, and what its ball of about `size` edges loses for each within."""
    from logdepth.graphs.samples.kernels import breadth_first  # compiled

    priority, found = rng.permutation(pool.num_vertices).astype(np.int32), []
    for _ in range(count):
        rows = rng.integers(pool.num_edges, size=1 + size // 4)
        seeds = np.where(rng.random(len(rows)) < 0.5, pool.tail[rows], pool.head[rows])
        rank, _, within = breadth_first(*pool.neighbours, seeds, priority, size)
        ends = int(pool.degree[rank < pool.num_vertices].sum())
        found.append((int(seeds[0]), 2 * (ends - within) / max(within, 1)))
    return found


def draw_chain(pool: EdgePool, most: int) -> EdgeSample:
    """The longest stretch of vertices with two edges at most, with the edges among them, the first `most` of them.

    >>> from logdepth.graphs.graph import graph_from_edges
    >>> from logdepth.graphs.samples import pool_of_graph
    >>> tadpole = pool_of_graph(graph_from_edges([0, 0, 0, 1, 1, 2, 4, 5, 6], [1, 2, 3, 2, 3, 3, 3, 4, 5])).spread
    >>> draw_chain(tadpole, 100).num_edges  # 4 - 5 - 6
    2
    """
    from logdepth.graphs.samples.kernels import longest_chain  # compiled

    inside = longest_chain(*pool.neighbours)
    rows = np.flatnonzero(inside[pool.tail] & inside[pool.head])[:most]
    return EdgeSample("chain", pool.tail[rows], pool.head[rows], rows)


def draw_edges(pool: EdgePool, size: int, rng: np.random.Generator) -> EdgeSample:
    """`size` edges picked evenly, vertices of like degree merged until degrees are as in the whole input.

    >>> from logdepth.graphs.graph import graph_from_edges
    >>> from logdepth.graphs.samples import pool_of_graph
    >>> star = pool_of_graph(graph_from_edges([0] * 100, range(1, 101))).spread
    >>> sample = draw_edges(star, 10, np.random.default_rng(0))
    >>> sample.num_edges, len(set(sample.head.tolist())), sample.merged
    (10, 10, 1.0)
    """
    rows = np.sort(rng.choice(pool.num_edges, size, replace=False, shuffle=False))
    tail, head = pool.tail[rows], pool.head[rows]
    seen = np.zeros(pool.num_vertices, bool)
    seen[tail] = seen[head] = True
    vertex = np.flatnonzero(seen)
    degree, share = pool.degree[vertex], size / max(pool.total, 1)
    weight = share / seen_chance(degree, share)  # of a vertex: the part of a merged one that it is
    if pool.said is not None:
        weight = np.minimum(weight * (pool.said * share / weight.sum()), 1.0)
    kind = np.floor(CLASSES * np.log2(degree)).astype(np.int16)
    order = np.lexsort((vertex, kind))
    total = np.cumsum(weight[order])
    group = np.floor(total - weight[order] / 2).astype(np.int64)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    sizes = np.diff(starts, append=len(group))
    middle = vertex[order[starts + sizes // 2]]  # stands for the group: neither its least nor its greatest id
    name = np.zeros(pool.num_vertices, pool.tail.dtype)
    name[vertex[order]] = np.repeat(middle, sizes)
    return EdgeSample("edges", name[tail], name[head], rows, merged=round(len(vertex) / max(len(starts), 1), 2))
