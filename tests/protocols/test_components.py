"""Components: exact on every way through the protocol, within s and the proved bound, in few words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from logdepth.graphs import Graph
from logdepth.mpc.engine import LocalEngine, Run
from logdepth.mpc.spec import Spec
from logdepth.protocols.components import CONNECTIVITY
from tests.protocols.laws import Shuffled, by_sorting, check_laws, same, same_ledger


def graph(size: int, tail, head) -> Graph:
    return Graph(np.arange(size), np.asarray(tail, np.int32), np.asarray(head, np.int32))


def random(size: int, edges: int, seed: int = 0) -> Graph:
    return graph(size, *np.random.default_rng(seed).integers(0, size, (2, edges)))


def line(size: int, seed: int | None = None) -> Graph:
    """A path in order of its vertices; with a seed, its edges in any order."""
    tail = np.arange(size - 1)
    if seed is not None:
        tail = np.random.default_rng(seed).permutation(tail)
    return graph(size, tail, tail + 1)


def star(size: int, centre: int) -> Graph:
    others = np.random.default_rng(1).permutation(np.delete(np.arange(size), centre))
    return graph(size, np.full(size - 1, centre), others)


def one_owner(size: int, edges: int, machines: int, greater: bool) -> Graph:
    """Of every edge the greater end, or the lesser one, is a vertex of machine 0."""
    rng = np.random.default_rng(2)
    ours, low, high = rng.integers(0, size // machines // 2, edges) * machines, 0, size
    if greater:
        ours += size // 2 // machines * machines
        high = size // 2
    else:
        low, high = size // 2, size // 2 + edges // 10
    return graph(size, ours, rng.integers(low, high, edges))


def least_of_component(data: Graph) -> np.ndarray:
    size = data.num_vertices
    pairs = coo_matrix((np.ones(data.num_edges), (data.tail, data.head)), (size, size))
    component = connected_components(pairs, directed=False)[1]
    least = np.full(size, size)
    np.minimum.at(least, component, np.arange(size))
    return least[component]


def words(data: Graph) -> int:
    return CONNECTIVITY.words(CONNECTIVITY.config(data))


def kinds(run: Run) -> set[str]:
    """What was done: the rounds' labels up to the colon."""
    return {row.label.split(":")[0].removesuffix(" by sorting") for row in run.ledger.rounds}


def moved(run: Run) -> int:
    return sum(row.words_sent - row.words_kept for row in run.ledger.rounds)


@pytest.mark.parametrize(
    ("data", "q", "s", "sorting", "merged"),
    [
        (random(400, 900), 20, 4000, False, False),  # some way to go before what is left fits one machine
        (random(400, 900), 20, 8000, False, True),
        (line(600, seed=1), 12, 4000, False, False),
        (line(600), 12, 4000, False, False),
        (star(600, 599), 12, 4000, False, False),
        (star(600, 0), 12, 4000, False, False),
        pytest.param(
            random(300, 200), 400, 3100, True, False, marks=pytest.mark.slow
        ),  # too many machines to be told by all
    ],
    ids=["random", "random, few", "line, shuffled", "line", "star, last", "star, first", "random, many machines"],
)
def test_laws(data: Graph, q: int, s: int, sorting: bool, merged: bool) -> None:
    run = check_laws(CONNECTIVITY, data, Spec(q, s, words(data)))
    np.testing.assert_array_equal(run.result, least_of_component(data))
    assert by_sorting(run) == sorting
    assert ("connect" in kinds(run)) != merged


@pytest.mark.parametrize("greater", [True, False])
def test_where_an_owner_would_get_too_much(greater: bool) -> None:
    """Going home, and in the push: each goes by sorting where it does not fit, strictly within s."""
    data = one_owner(12_000, 6000, 30, greater)
    run = check_laws(CONNECTIVITY, data, Spec(30, 12_000, words(data)))
    np.testing.assert_array_equal(run.result, least_of_component(data))
    kinds = [row.label.split(":")[0] for row in run.ledger.rounds]
    assert next(kind for kind in kinds if kind.startswith("connect")).endswith("by sorting") == greater
    assert "alter by sorting" in kinds


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_any_graph_on_any_machines(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, edges = int(rng.integers(1, 300)), int(rng.integers(0, 500))
    made = [random(size, edges, seed), line(size + 1, seed), line(size + 1), star(size + 2, int(rng.integers(size)))]
    data = made[rng.integers(4)]
    spec = Spec(int(rng.integers(1, 30)), int(rng.choice([1000, 3000, 5000, 20000])), words(data))
    spec = CONNECTIVITY.with_room(spec, CONNECTIVITY.config(data))
    run = CONNECTIVITY.run(data, spec, LocalEngine(kernels=str(rng.choice(["numpy", "numba"]))), strict=False)
    np.testing.assert_array_equal(run.result, least_of_component(data))
    assert run.ledger.num_rounds <= run.ledger.bound


@pytest.mark.parametrize("s", [2500, 3100])
def test_any_order_of_delivery(s: int) -> None:
    data, spec = random(300, 400), Spec(12 if s == 2500 else 400, s, 1100)
    whole = CONNECTIVITY.run(data, spec)
    for seed in range(3 if s == 2500 else 1):
        run = CONNECTIVITY.run(data, spec, LocalEngine(deliver=Shuffled(seed), threads=1 + seed))
        assert same(whole.result, run.result) and same_ledger(whole, run)


@pytest.mark.parametrize(
    ("data", "most"),
    [(random(3000, 30_000), 5.0), (line(20_000), 5.0), (random(20_000, 50_000), 8.0)],
    ids=["random, 10 edges a vertex", "sorted path", "random, 2.5 edges a vertex"],
)
def test_words_moved_an_input_word(data: Graph, most: float) -> None:
    run = CONNECTIVITY.run(data)
    assert moved(run) <= most * words(data)
    np.testing.assert_array_equal(run.result, least_of_component(data))
