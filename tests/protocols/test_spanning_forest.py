from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from logdepth.graphs import Graph
from logdepth.mpc.engine import Run
from logdepth.mpc.spec import Spec
from logdepth.protocols.spanning_forest import SPANNING_FOREST
from tests.protocols.laws import by_sorting, check_laws


def graph(n: int, tail, head) -> Graph:
    return Graph(np.arange(n), np.asarray(tail, np.int32), np.asarray(head, np.int32))


def check_parents(run: Run, data: Graph) -> None:
    """Parents are neighbours, and lead to the least vertex of the component: then it is a spanning forest."""
    n, parent = data.num_vertices, run.result
    assert parent.shape == (n,)
    ones = np.ones(data.num_edges)
    label = connected_components(coo_matrix((ones, (data.tail, data.head)), shape=(n, n)), directed=False)[1]
    least = np.full(n, n)
    np.minimum.at(least, label, np.arange(n))
    end = parent
    for _ in range(n.bit_length()):
        end = end[end]
    assert (end == least[label]).all()  # in particular no cycle, and no root but the least
    child = np.flatnonzero(parent != np.arange(n))
    edges = np.concatenate([data.tail.astype(np.int64) * n + data.head, data.head.astype(np.int64) * n + data.tail])
    assert np.isin(child * n + parent[child], edges).all()
    assert run.ledger.num_rounds <= run.ledger.bound


def words(data: Graph) -> int:
    return SPANNING_FOREST.words(SPANNING_FOREST.config(data))


RNG = np.random.default_rng(0)
PLACES = RNG.permutation(700)
CLIQUE = np.triu_indices(40, 1)
GRID = np.arange(400).reshape(20, 20)
GRAPHS = {
    "none": graph(0, [], []),
    "one vertex": graph(1, [], []),
    "loops": graph(3, [0, 1, 1], [0, 1, 1]),
    "isolated": graph(90, [], []),
    "one edge": graph(2, [1], [0]),
    "path": graph(700, np.arange(699), np.arange(1, 700)),
    "shuffled path": graph(700, PLACES[:-1], PLACES[1:]),
    "cycle": graph(700, PLACES, np.roll(PLACES, 1)),
    "star": graph(900, np.zeros(899), np.arange(1, 900)),
    "star of the last": graph(900, np.full(899, 899), np.arange(899)),
    "clique": graph(40, *CLIQUE),
    "grid": graph(
        400,
        np.concatenate([GRID[:, :-1].ravel(), GRID[:-1].ravel()]),
        np.concatenate([GRID[:, 1:].ravel(), GRID[1:].ravel()]),
    ),
    "parallel": graph(300, np.arange(600) % 2 * 299, np.full(600, 299)),
    "disjoint stars": graph(600, np.arange(600), np.arange(600) // 20 * 20),
    "disjoint pairs": graph(600, np.arange(0, 600, 2), np.arange(1, 600, 2)),
    "random tree": graph(600, np.arange(1, 600), (np.arange(1, 600) * RNG.random(599)).astype(int)),
    "caterpillar": graph(600, np.arange(1, 600), np.concatenate([np.arange(299), np.arange(300)])),
    "few edges": graph(800, [5, 6, 7], [6, 7, 5]),
    "sparse": graph(700, RNG.integers(0, 700, 350), RNG.integers(0, 700, 350)),
    "random": graph(500, RNG.integers(0, 500, 1200), RNG.integers(0, 500, 1200)),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_on_the_default_machines(name: str) -> None:
    for delta in (0.34, 0.5):
        spec = SPANNING_FOREST.spec(SPANNING_FOREST.config(GRAPHS[name]), delta)
        check_parents(SPANNING_FOREST.run(GRAPHS[name], spec), GRAPHS[name])


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(1, 14), st.integers(1, 40))
def test_any_graph(data: st.DataObject, n: int, q: int) -> None:
    vertex = st.integers(0, n - 1)
    rows = data.draw(st.lists(st.tuples(vertex, vertex), max_size=30))
    drawn = graph(n, *zip(*rows, strict=True)) if rows else graph(n, [], [])
    check_parents(SPANNING_FOREST.run(drawn, Spec(q, 4000, words(drawn))), drawn)


@pytest.mark.parametrize("q", [1, 2, 7, 64, 300])
@pytest.mark.parametrize("name", ["random", "star"])
def test_machines_do_not_matter(name: str, q: int) -> None:
    data = GRAPHS[name]
    check_parents(SPANNING_FOREST.run(data, Spec(q, 40_000, words(data))), data)


@pytest.mark.parametrize(("n", "m"), [(5000, 0), (5000, 4), (5000, 5000), (90, 4000)])
def test_larger_random_graphs(n: int, m: int) -> None:
    rng = np.random.default_rng(m)
    data = graph(n, rng.integers(0, n, m), rng.integers(0, n, m))
    check_parents(SPANNING_FOREST.run(data), data)


@pytest.mark.parametrize("name", ["random tree", "caterpillar", "star of the last", "shuffled path"])
def test_a_tree_has_one_answer(name: str) -> None:
    data = GRAPHS[name]
    tree = nx.Graph(zip(data.tail.tolist(), data.head.tolist(), strict=True))
    assert nx.is_tree(tree)
    expected = {child: parent for parent, child in nx.bfs_edges(tree, 0)} | {0: 0}
    assert SPANNING_FOREST.run(data).result.tolist() == [expected[vertex] for vertex in range(data.num_vertices)]


@pytest.mark.parametrize(
    ("name", "q", "s"),
    [
        ("none", 3, 3000),
        ("loops", 5, 3000),
        ("path", 40, 4000),
        ("star", 50, 4000),
        ("disjoint pairs", 33, 4000),
        ("random", 1, 60_000),
        ("sparse", 80, 4000),
    ],
)
def test_laws(name: str, q: int, s: int) -> None:
    check_parents(check_laws(SPANNING_FOREST, GRAPHS[name], Spec(q, s, words(GRAPHS[name]))), GRAPHS[name])


@pytest.mark.parametrize("n", [0, pytest.param(6, marks=pytest.mark.slow)])
def test_laws_by_sorting_alone(n: int) -> None:
    rng = np.random.default_rng(n)
    data = graph(n, rng.integers(0, max(n, 1), 2 * n), rng.integers(0, max(n, 1), 2 * n))
    run = check_laws(SPANNING_FOREST, data, Spec(400, 3150, words(data)))
    assert by_sorting(run)
    check_parents(run, data)


def test_by_sorting_alone() -> None:
    rng = np.random.default_rng(6)
    data = graph(6, rng.integers(0, 6, 12), rng.integers(0, 6, 12))
    run = SPANNING_FOREST.run(data, Spec(400, 3150, words(data)))
    assert by_sorting(run)
    check_parents(run, data)


def test_a_large_star_is_spread_evenly() -> None:
    """The hub's arcs are more than any machine may hold; once they are an array, no tree is lighter than another."""
    n = 30_001
    star = graph(n, np.zeros(n - 1), np.arange(1, n))
    path = graph(n, np.arange(n - 1), np.arange(1, n))
    spec = SPANNING_FOREST.spec(SPANNING_FOREST.config(star))
    assert 2 * (n - 1) > spec.local_memory
    held = []
    for data in (star, path):
        run = SPANNING_FOREST.run(data, spec)
        check_parents(run, data)
        assert run.ledger.summary()["max_words_held"] < spec.local_memory / 4
        held.append([row.max_words_held for row in run.ledger.rounds if row.label in ("pair arcs", "tell children")])
    assert held[0] == held[1]


def test_doubling_meets_its_bound() -> None:
    """A path's tour is a list of 2 n - 2 arcs: its doublings, and one to see that nothing moved."""
    for n in (2, 3, 5, 9, 17, 33, 66):
        data = graph(n, np.arange(n - 1), np.arange(1, n))
        run = SPANNING_FOREST.run(data)
        passes = sum(row.label == "add distance: ask" for row in run.ledger.rounds)
        assert passes == (2 * n - 4).bit_length() + 1 <= (n - 1).bit_length() + 2


def test_the_table_has_the_users_ids() -> None:
    data = Graph(np.array([10, 20, 30, 40]), np.array([2, 1]), np.array([1, 0]))
    parent = SPANNING_FOREST.run(data).result
    table = {name: column.tolist() for name, column in SPANNING_FOREST.table(data, parent).items()}
    assert table == {"vertex": [10, 20, 30, 40], "parent": [10, 10, 20, 40]}
    assert SPANNING_FOREST.facts(data, parent) == {"trees": 2}
