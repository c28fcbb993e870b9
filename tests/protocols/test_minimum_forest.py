from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import minimum_spanning_tree

from logdepth.errors import InputError
from logdepth.graphs import Graph
from logdepth.mpc.engine import Run
from logdepth.mpc.spec import Spec
from logdepth.protocols.minimum_forest import MSF, weight_order
from tests.protocols.laws import by_sorting, check_laws


def graph(n: int, tail, head, weight=None) -> Graph:
    weight = None if weight is None else np.asarray(weight, np.float64)
    return Graph(np.arange(n), np.asarray(tail, np.int32), np.asarray(head, np.int32), weight)


def kruskal(data: Graph) -> tuple[list[int], list[int]]:
    """The forest's edges by (weight, edge number), ascending, and each vertex's least connected vertex."""
    parent = list(range(data.num_vertices))

    def root(vertex: int) -> int:
        while parent[vertex] != vertex:
            parent[vertex] = vertex = parent[parent[vertex]]
        return vertex

    weight = [0.0] * data.num_edges if data.weight is None else data.weight.tolist()
    chosen = []
    for edge in sorted(range(data.num_edges), key=lambda edge: (weight[edge], edge)):
        one, two = sorted((root(int(data.tail[edge])), root(int(data.head[edge]))))
        if one != two:
            parent[two] = one
            chosen.append(edge)
    return sorted(chosen), [root(vertex) for vertex in range(data.num_vertices)]


def check_forest(run: Run, data: Graph) -> None:
    edges, labels = kruskal(data)
    assert run.result["edges"].tolist() == edges
    assert run.result["labels"].tolist() == labels
    assert run.ledger.num_rounds <= run.ledger.bound


def words(data: Graph) -> int:
    return MSF.words(MSF.config(data))


def line(n: int, weight) -> Graph:
    return graph(n, np.arange(n - 1), np.arange(1, n), weight)


RNG = np.random.default_rng(0)
PLACES = RNG.permutation(700)
CLIQUE = np.triu_indices(40, 1)
GRID = np.arange(400).reshape(20, 20)
GRAPHS = {
    "none": graph(0, [], []),
    "one vertex": graph(1, [], []),
    "loops": graph(3, [0, 1, 1], [0, 1, 1], [-1.0, -2.0, 0.0]),
    "isolated": graph(90, [], []),
    "rising path": line(700, np.arange(699.0)),  # one phase: a tree as deep as can be
    "falling path": line(700, -np.arange(699.0)),
    "bit-reversed path": line(513, [float(f"{k:09b}"[::-1]) for k in range(512)]),  # as many phases as can be
    "shuffled path": graph(700, PLACES[:-1], PLACES[1:], np.arange(699.0)),
    "cycle, no weights": graph(700, PLACES, np.roll(PLACES, 1)),
    "star": graph(900, np.zeros(899), np.arange(1, 900), RNG.normal(size=899)),
    "star of the last": graph(900, np.full(899, 899), np.arange(899), np.zeros(899)),
    "clique": graph(40, *CLIQUE, RNG.integers(0, 9, len(CLIQUE[0]))),
    "grid": graph(
        400,
        np.concatenate([GRID[:, :-1].ravel(), GRID[:-1].ravel()]),
        np.concatenate([GRID[:, 1:].ravel(), GRID[1:].ravel()]),
        RNG.integers(-3, 3, 760),
    ),
    "parallel": graph(2, [0, 1, 0, 1], [1, 0, 1, 0], [2.0, 1.0, 1.0, 3.0]),
    "many parallel": graph(300, np.zeros(600), np.full(600, 299), RNG.normal(size=600)),
    "disjoint": graph(600, np.arange(600), np.arange(600) // 20 * 20, RNG.normal(size=600)),
    "few edges": graph(800, [5, 6, 7], [6, 7, 5], [1.0, 1.0, 1.0]),
    "random": graph(500, RNG.integers(0, 500, 1200), RNG.integers(0, 500, 1200), RNG.integers(0, 50, 1200)),
}
EXTREMES = [-np.inf, -1.5, -5e-324, -0.0, 0.0, 5e-324, 1.0, np.inf]


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_on_the_default_machines(name: str) -> None:
    for delta in (0.34, 0.5):
        spec = MSF.spec(MSF.config(GRAPHS[name]), delta)
        check_forest(MSF.run(GRAPHS[name], spec), GRAPHS[name])


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(1, 12), st.integers(1, 40))
def test_any_graph(data: st.DataObject, n: int, q: int) -> None:
    edge = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.sampled_from(EXTREMES))
    rows = data.draw(st.lists(edge, max_size=30))
    tail, head, weight = zip(*rows, strict=True) if rows else ((), (), ())
    drawn = graph(n, tail, head, weight)
    check_forest(MSF.run(drawn, Spec(q, 4000, words(drawn))), drawn)


@pytest.mark.parametrize("q", [1, 2, 7, 64, 300])
def test_machines_do_not_matter(q: int) -> None:
    data = GRAPHS["random"]
    check_forest(MSF.run(data, Spec(q, 40_000, words(data))), data)


@pytest.mark.parametrize(("n", "m"), [(5000, 0), (5000, 4), (4000, 5000), (90, 4000)])
def test_the_weight_is_scipys(n: int, m: int) -> None:
    rng = np.random.default_rng(m)
    data = graph(n, rng.integers(0, n, m), rng.integers(0, n, m), rng.permutation(m) + 1.0)
    run = MSF.run(data)
    pair = np.sort(np.stack([data.tail, data.head]), axis=0).astype(np.int64)
    order = np.argsort(data.weight)  # of parallel edges scipy is given the least, of loops none
    order = order[pair[0, order] != pair[1, order]]
    first = order[np.unique(pair[0, order] * n + pair[1, order], return_index=True)[1]]
    matrix = coo_matrix((data.weight[first], pair[:, first]), shape=(n, n))
    assert MSF.facts(data, run.result)["weight"] == minimum_spanning_tree(matrix).sum()
    check_forest(run, data)


@pytest.mark.parametrize(
    ("name", "q", "s"),
    [
        ("none", 3, 3000),
        ("loops", 5, 3000),
        ("bit-reversed path", 40, 6000),
        ("star", 20, 6000),
        ("random", 1, 60_000),
        ("grid", 90, 6000),
        ("many parallel", 60, 4000),
    ],
)
def test_laws(name: str, q: int, s: int) -> None:
    check_forest(check_laws(MSF, GRAPHS[name], Spec(q, s, words(GRAPHS[name]))), GRAPHS[name])


@pytest.mark.parametrize("n", [0, pytest.param(6, marks=pytest.mark.slow)])
def test_laws_by_sorting_alone(n: int) -> None:
    rng = np.random.default_rng(n)
    m = 2 * n
    data = graph(n, rng.integers(0, max(n, 1), m), rng.integers(0, max(n, 1), m), rng.integers(-3, 3, m))
    run = check_laws(MSF, data, Spec(500, 3990, words(data)))
    assert by_sorting(run)
    check_forest(run, data)


def test_by_sorting_alone() -> None:
    rng = np.random.default_rng(6)
    data = graph(6, rng.integers(0, 6, 12), rng.integers(0, 6, 12), rng.integers(-3, 3, 12))
    run = MSF.run(data, Spec(500, 3990, words(data)))
    assert by_sorting(run)
    check_forest(run, data)


def test_skew_goes_by_sorting() -> None:
    """Every machine has an edge to vertices of one owner: asking it would not fit."""
    hubs = np.tile(np.arange(40) * 50, 50)
    data = graph(4000, hubs, np.random.default_rng(1).integers(0, 4000, 2000))
    run = MSF.run(data, Spec(50, 4200, words(data)))
    assert by_sorting(run) and not all("by sorting" in row.label for row in run.ledger.rounds)
    check_forest(run, data)


def test_phases_and_passes_meet_their_bounds() -> None:
    """A rising path is one phase, whose passes halve its depth; the bit-reversed one halves its trees every phase."""
    run = MSF.run(GRAPHS["rising path"])
    assert sum(row.label == "choose: send" for row in run.ledger.rounds) == 1
    assert sum(row.label == "contract: ask" for row in run.ledger.rounds) == (700 - 1).bit_length() + 1
    run = MSF.run(GRAPHS["bit-reversed path"])
    assert sum(row.label == "choose: send" for row in run.ledger.rounds) == 9 == (513).bit_length() - 1


def test_order_of_weights() -> None:
    rng = np.random.default_rng(0)
    weight = rng.integers(-(2**63), 2**63 - 1, 5000).view(np.float64)
    weight = np.concatenate([weight[~np.isnan(weight)], EXTREMES])
    order = weight_order(weight)
    assert order.dtype == np.int64
    assert (np.unique(order, return_inverse=True)[1] == np.unique(weight, return_inverse=True)[1]).all()


def test_nan_is_refused() -> None:
    with pytest.raises(InputError, match="weight of edge 2 is NaN"):
        MSF.run(graph(3, [0, 1, 2], [1, 2, 0], [1.0, -np.inf, np.nan]))


def test_too_little_memory_is_refused() -> None:
    with pytest.raises(InputError, match="local_memory = 900 is too small"):
        MSF.run(GRAPHS["random"], Spec(40, 900, words(GRAPHS["random"])))


def test_the_table_has_the_users_ids() -> None:
    data = Graph(np.array([10, 20, 30]), np.array([0, 1, 2]), np.array([1, 2, 0]), np.array([3.0, 1.0, 2.0]))
    result = MSF.run(data).result
    table = {name: column.tolist() for name, column in MSF.table(data, result).items()}
    assert table == {"edge": [1, 2], "tail": [20, 30], "head": [30, 10], "weight": [1.0, 2.0]}
    assert MSF.facts(data, result) == {"edges": 2, "trees": 1, "weight": 3.0}
