from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from logdepth.errors import InputError
from logdepth.graphs import Graph, graph_from_edges
from logdepth.mpc.spec import Spec
from logdepth.protocols.cycles import ONE_VERSUS_TWO_CYCLE
from tests.protocols.laws import by_sorting, check_laws


def cycles(lengths: list[int], seed: int | None = None) -> Graph:
    """Cycles of these lengths, one after another; shuffled with a seed: vertices, edges and their directions."""
    n = sum(lengths)
    starts = np.cumsum([0, *lengths])[:-1]
    head = np.arange(1, n + 1)
    head[np.cumsum(lengths, dtype=int) - 1] = starts
    tail = np.arange(n)
    if seed is not None:
        rng = np.random.default_rng(seed)
        name, order, turned = rng.permutation(n), rng.permutation(n), rng.random(n) < 0.5
        tail, head = name[tail[order]], name[head[order]]
        tail, head = np.where(turned, head, tail), np.where(turned, tail, head)
    return Graph(np.arange(n), tail.astype(np.int32), head.astype(np.int32))


def scipys_count(graph: Graph) -> int:
    ones = np.ones(graph.num_edges)
    matrix = coo_matrix((ones, (graph.tail, graph.head)), shape=(graph.num_vertices,) * 2)
    return connected_components(matrix, directed=False)[0]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 9), max_size=12), st.integers(0, 99), st.integers(1, 40))
def test_any_cycles(lengths: list[int], seed: int, q: int) -> None:
    run = ONE_VERSUS_TWO_CYCLE.run(cycles(lengths, seed), Spec(q, 4000, 3 * sum(lengths)))
    assert run.result == len(lengths) and run.ledger.num_rounds <= run.ledger.bound


@pytest.mark.parametrize("lengths", [[1000], [500, 500], [999, 1], [2] * 500, [1] * 1000, [400, 300, 300]])
@pytest.mark.parametrize("seed", [None, 5])
def test_long_and_short_cycles(lengths: list[int], seed: int | None) -> None:
    graph = cycles(lengths, seed)
    result = ONE_VERSUS_TWO_CYCLE.run(graph, Spec(30, 3000, 3000)).result
    assert type(result) is int and result == len(lengths) == scipys_count(graph)


@pytest.mark.parametrize(
    ("lengths", "q", "s"),
    [([], 3, 2000), ([1], 3, 2000), ([60], 15, 2000), ([30, 30], 15, 2000), ([100, 99, 1], 1, 9000)],
)
def test_laws(lengths: list[int], q: int, s: int) -> None:
    run = check_laws(ONE_VERSUS_TWO_CYCLE, cycles(lengths, 1), Spec(q, s, 3 * sum(lengths)))
    assert run.result == len(lengths)


def test_by_sorting_alone() -> None:
    run = ONE_VERSUS_TWO_CYCLE.run(cycles([100, 99], 1), Spec(400, 3100, 597))
    assert run.result == 2 and by_sorting(run)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 16, 91, 257, 1077, 2000])
@pytest.mark.parametrize("delta", [0.34, 0.5])
def test_default_machines_are_enough(size: int, delta: float) -> None:
    for lengths in ([size], [size // 2, size - size // 2] if size > 1 else [1]):
        graph = cycles(lengths, size)
        spec = ONE_VERSUS_TWO_CYCLE.spec(ONE_VERSUS_TWO_CYCLE.config(graph), delta)
        assert ONE_VERSUS_TWO_CYCLE.run(graph, spec).result == len(lengths)


def test_the_empty_graph_has_no_cycle() -> None:
    assert ONE_VERSUS_TWO_CYCLE.run(cycles([])).result == 0


@pytest.mark.parametrize(
    ("tail", "head", "message"),
    [
        (["a", "b"], ["b", "c"], "vertex 'a' has degree 1"),
        ([30, 10, 20, 10], [10, 20, 30, 10], "vertex 10 has degree 4"),
        ([1, 2, 2, 3, 3, 1], [2, 1, 3, 2, 1, 3], "each edge given once"),
    ],
)
def test_refused(tail: list, head: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ONE_VERSUS_TWO_CYCLE.run(graph_from_edges(tail, head))


def test_an_isolated_vertex_is_refused() -> None:
    with pytest.raises(InputError, match="vertex 9 has degree 0"):
        ONE_VERSUS_TWO_CYCLE.run(graph_from_edges([1, 2], [2, 1], vertex_ids=[1, 2, 9]))
