"""Subgraph connectivity, hard where messages travel along edges (Theorem 5.1): disjointness, hidden in a graph.

Two sets, x and y, of numbers 0..g-1: do they meet? The graph: g paths of l vertices each, and a binary tree over l
leaves; leaf i has an edge, a *spoke*, to the i-th vertex of every path. So any two vertices are near, by the tree, but
all that tells x from y has to travel along the paths or through the few edges near the tree's root. The subgraph: all
of the tree and of the paths, the first leaf's spoke to path j unless j is in x, the last leaf's unless j is in y, and
no other spoke. Path j hangs on the tree unless j is in both: the subgraph is connected if and only if the sets are
disjoint. Sets as large as the paths are long, g = l, make n = Theta(g^2) vertices, and N = Theta(n) edges.
The construction is that of Das Sarma et al. (arXiv 1011.3049), which Loukas (arXiv 1907.03199) carries over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from logdepth.errors import InputError
from logdepth.graphs.graph import Graph
from logdepth.rng import rng_for


@dataclass(frozen=True, eq=False)
class SubgraphInstance:
    """graph: all edges; chosen: which of them are the subgraph's; connected: whether that is connected (spanning all
    vertices)."""

    graph: Graph
    chosen: Bool[np.ndarray, " edges"]
    connected: bool


def disjointness_to_subgraph(
    x: Bool[np.ndarray, " paths"], y: Bool[np.ndarray, " numbers"], path_length: int
) -> SubgraphInstance:
    """The subgraph that is connected if and only if no number is in both sets.

    Vertices: path j's i-th is j l + i; then the tree's 2 l - 1, its root first, children of t at 2 t + 1 and 2 t + 2.
    Raises `InputError` unless the sets are of one size and the length is a power of two, 2 at least.

    >>> sets = np.array([[True, False], [False, True]])
    >>> found = disjointness_to_subgraph(*sets, path_length=2)
    >>> found.graph.num_vertices, found.graph.num_edges, int(found.chosen.sum()), found.connected
    (7, 8, 6, True)
    """
    if len(x) != len(y) or not len(x):
        raise InputError(f"the sets are of {len(x)} and {len(y)} numbers; they must be of one size, 1 at least")
    if path_length < 2 or path_length & (path_length - 1):
        raise InputError(f"paths of {path_length:,} vertices; the length must be a power of two from 2")
    paths, length = len(x), path_length
    on_path = np.arange(paths * length).reshape(paths, length)
    tree = paths * length + np.arange(2 * length - 1)
    leaves = tree[length - 1 :]
    tails = [on_path[:, :-1].ravel(), tree[(np.arange(1, len(tree)) - 1) // 2], np.tile(leaves, paths)]
    heads = [on_path[:, 1:].ravel(), tree[1:], on_path.ravel()]
    spokes = np.zeros((paths, length), bool)
    spokes[:, 0], spokes[:, -1] = ~x, ~y
    chosen = np.concatenate([np.ones(len(tails[0]) + len(tails[1]), bool), spokes.ravel()])
    size = paths * length + len(tree)
    narrow = np.int32 if size < 2**31 else np.int64
    edges = (np.concatenate(part).astype(narrow) for part in (tails, heads))
    return SubgraphInstance(Graph(np.arange(size), *edges), chosen, not bool((x & y).any()))


def subgraph_instance(num_vertices: int, connected: bool, *, seed: int = 0, number: int = 0) -> SubgraphInstance:
    """Random sets that are disjoint, or meet in one number; with as many paths as fit into so many vertices.

    Every number is in neither set, in x, or in y, evenly; one that is in both takes the place of any. The paths are as
    long as the greatest power of two l with l^2 <= n. Names of vertices and the order of edges are shuffled, so that
    neither tells. Raises `InputError` for fewer than 7 vertices.

    >>> found = subgraph_instance(1000, False)
    >>> found.graph.num_vertices, found.connected, bool(found.chosen.mean() < 0.6)
    (991, False, True)
    """
    length = 1 << max((int(num_vertices**0.5)).bit_length() - 1, 0)
    while length > 2 and length * length > num_vertices:
        length //= 2
    length = max(length, 2)
    paths = (num_vertices - (2 * length - 1)) // length
    if paths < 2:
        raise InputError(f"there are {num_vertices} vertices; the construction takes 7 at least")
    rng = rng_for(seed, "separations", "subgraph", num_vertices, number)
    sets = rng.integers(0, 3, paths)
    x, y = sets == 1, sets == 2
    if not connected:
        both = rng.integers(paths)
        x[both] = y[both] = True
    made = disjointness_to_subgraph(x, y, length)
    return _shuffled(made, rng)


def _shuffled(made: SubgraphInstance, rng: np.random.Generator) -> SubgraphInstance:
    graph = made.graph
    names = rng.permutation(graph.num_vertices).astype(graph.tail.dtype)
    order = rng.permutation(graph.num_edges)
    tail, head = names[graph.tail[order]], names[graph.head[order]]
    swap = (tail ^ head) * rng.integers(0, 2, graph.num_edges, dtype=np.int8)
    return SubgraphInstance(Graph(graph.ids, tail ^ swap, head ^ swap), made.chosen[order], made.connected)
