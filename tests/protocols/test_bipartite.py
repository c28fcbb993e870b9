from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.graphs import Graph
from logdepth.mpc.engine import Run
from logdepth.mpc.spec import Spec
from logdepth.protocols.bipartite import BIPARTITENESS
from tests.protocols.laws import by_sorting, check_laws


def graph(n: int, edges: list[tuple[int, int]] | np.ndarray) -> Graph:
    tail, head = np.array(edges, np.int32).reshape(-1, 2).T
    return Graph(np.arange(n), tail, head)


def check_sides(run: Run, data: Graph) -> None:
    """Against NetworkX: the least vertex of a component is on side 0, so sides are unique."""
    reference = nx.Graph()
    reference.add_nodes_from(range(data.num_vertices))
    reference.add_edges_from(zip(data.tail.tolist(), data.head.tolist(), strict=True))
    side = np.empty(data.num_vertices, np.int8)
    for component in nx.connected_components(reference):
        vertices = sorted(component)
        part = reference.subgraph(vertices)
        if nx.is_bipartite(part):
            colour = nx.bipartite.color(part)
            side[vertices] = [colour[v] ^ colour[vertices[0]] for v in vertices]
        else:
            side[vertices] = -1
    assert run.result["side"].dtype == np.int8 and (run.result["side"] == side).all()
    assert run.result["bipartite"] is bool((side >= 0).all()) is nx.is_bipartite(reference)
    assert run.ledger.num_rounds <= run.ledger.bound


def cycle(n: int) -> np.ndarray:
    name = np.random.default_rng(n).permutation(n)
    return np.stack([name, np.roll(name, 1)], axis=1)


GRAPHS = {
    "none": graph(0, []),
    "one vertex": graph(1, []),
    "one loop": graph(1, [(0, 0)]),
    "isolated": graph(50, []),
    "even cycle": graph(500, cycle(500)),
    "odd cycle": graph(501, cycle(501)),
    "both cycles": graph(201, np.concatenate([cycle(100), 100 + cycle(101)])),
    "path": graph(400, np.stack([np.arange(399), np.arange(1, 400)], axis=1)),
    "path and loop": graph(401, np.concatenate([np.stack([np.arange(399), np.arange(1, 400)], axis=1), [[400, 400]]])),
    "star": graph(500, np.stack([np.zeros(499, int), np.arange(1, 500)], axis=1)),
    "star and chord": graph(500, np.stack([np.append(np.zeros(499, int), 7), np.append(np.arange(1, 500), 8)], axis=1)),
    "complete bipartite": graph(40, [(u, v) for u in range(0, 40, 2) for v in range(1, 40, 2)]),
    "complete": graph(25, [(u, v) for u in range(25) for v in range(u)]),
    "sparse": graph(600, np.random.default_rng(0).integers(0, 600, (250, 2))),
    "parallel edges": graph(3, [(0, 1), (1, 0), (0, 1), (1, 2), (1, 2)]),
}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize(("q", "s"), [(1, 40000), (8, 8000), (25, 6000)])
def test_every_kind_of_graph(name: str, q: int, s: int) -> None:
    data = GRAPHS[name]
    check_sides(BIPARTITENESS.run(data, Spec(q, s, data.num_vertices + 2 * data.num_edges)), data)


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(1, 25), st.integers(1, 40))
def test_any_graph(draw: st.DataObject, n: int, q: int) -> None:
    vertex = st.integers(0, n - 1)
    data = graph(n, draw.draw(st.lists(st.tuples(vertex, vertex), max_size=30)))
    check_sides(BIPARTITENESS.run(data, Spec(q, 5000, n + 2 * data.num_edges)), data)


@pytest.mark.parametrize(
    ("name", "q", "s"),
    [
        ("none", 3, 2000),
        ("one loop", 3, 2000),
        ("both cycles", 9, 4000),
        ("sparse", 10, 4000),
        ("star and chord", 1, 40000),
        ("parallel edges", 7, 4000),
    ],
)
def test_laws(name: str, q: int, s: int) -> None:
    data = GRAPHS[name]
    check_sides(check_laws(BIPARTITENESS, data, Spec(q, s, data.num_vertices + 2 * data.num_edges)), data)


def test_by_sorting_alone() -> None:
    data = graph(120, np.random.default_rng(2).integers(0, 120, (60, 2)))
    run = BIPARTITENESS.run(data, Spec(400, 3100, 240))
    check_sides(run, data)
    assert by_sorting(run)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 16, 91, 257, 1077, 2000])
@pytest.mark.parametrize("delta", [0.34, 0.5])
def test_default_machines_are_enough(size: int, delta: float) -> None:
    rng = np.random.default_rng(size)
    for edges in (
        cycle(size),
        rng.integers(0, max(size, 1), (size // 2, 2)),
        rng.integers(0, 1 + size // 20, (size, 2)),
    ):
        data = graph(size, edges)
        check_sides(BIPARTITENESS.run(data, BIPARTITENESS.spec(BIPARTITENESS.config(data), delta)), data)
