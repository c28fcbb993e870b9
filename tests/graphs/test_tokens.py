"""The contract of ids, literally: tokens 0..V-1, V blank, V + 1 padding, V + 2 start; 1 + 2 E + V of them."""

from __future__ import annotations

import numpy as np
import pytest

from logdepth.errors import InputError
from logdepth.graphs.graph import Graph
from logdepth.graphs.tokens import GraphTokens


def graph(vertices: int, edges: list[tuple[int, int]], weight: list[float] | None = None) -> Graph:
    ends = np.array(edges, int).reshape(-1, 2)
    return Graph(np.arange(vertices), *ends.T, None if weight is None else np.array(weight))


def test_the_sequence_is_what_the_contract_says() -> None:
    ids = GraphTokens(vertices=4, edges=3)
    assert (ids.blank, ids.padding, ids.start) == (4, 5, 6)
    assert ids.length + 1 == 1 + 2 * 3 + 4  # the start token stands in front
    symbols, order = ids.encode(graph(3, [(2, 0), (1, 1)]))
    assert symbols.tolist() == [2, 0, 1, 1, 5, 5, 4, 4, 4, 4] and order.tolist() == [0, 1]
    assert GraphTokens(1, 0).encode(graph(1, []))[0].tolist() == [1]
    assert GraphTokens(2, 1).encode(graph(0, []))[0].tolist() == [3, 3, 2, 2]


def test_answers_stand_where_the_contract_says() -> None:
    ids = GraphTokens(vertices=4, edges=3)
    assert ids.slots("vertices").tolist() == [1 + 2 * 3 + v for v in range(4)]
    assert ids.slots("edges").tolist() == [1 + 2 * e for e in range(3)]
    assert ids.slots("whole").tolist() == [0]


def test_edges_stand_in_the_order_of_falling_weight() -> None:
    """Of equal ones the first of the file is the lightest, and comes last."""
    ids = GraphTokens(3, 4)
    symbols, order = ids.encode(graph(3, [(0, 1), (1, 2), (0, 2), (2, 1)], [1.0, -7.5, 1.0, 3.0]))
    assert order.tolist() == [3, 2, 0, 1] and symbols.tolist() == [2, 1, 0, 2, 0, 1, 1, 2, 3, 3, 3]


def test_which_sequences_are_graphs() -> None:
    ids = GraphTokens(2, 2)
    right = [[0, 1, 1, 1, 2, 2], [0, 1, 3, 3, 2, 2], [3, 3, 3, 3, 2, 2]]
    wrong = [[3, 3, 0, 1, 2, 2], [0, 3, 3, 3, 2, 2], [0, 2, 3, 3, 2, 2], [0, 1, 3, 3, 2, 0], [0, 1, 3, 3, 3, 2]]
    assert ids.are_graphs(np.array(right + wrong)).tolist() == [True] * 3 + [False] * 5
    assert not ids.are_graphs(np.array([[0, 1, 2, 2]])).any()
    assert [ids.edges_of(np.array(row)).tolist() for row in right] == [[[0, 1], [1, 1]], [[0, 1]], []]


@pytest.mark.parametrize(
    ("sizes", "of", "edges", "said"),
    [
        ((2, 1), 2, [(0, 1), (1, 0)], "2 edges; the model takes 1 at most (compile one with --edges 2)"),
        ((2, 1), 3, [(0, 2)], "3 vertices; the model takes 2 at most (compile one with --vertices 3)"),
        ((0, 1), 0, [], "vertices is 0; it must be at least 1"),
        ((1, -1), 0, [], "edges is -1; it must be at least 0"),
    ],
)
def test_what_does_not_fit_is_refused(sizes: tuple[int, int], of: int, edges: list, said: str) -> None:
    with pytest.raises(InputError) as error:
        GraphTokens(*sizes).encode(graph(of, edges))
    assert said in str(error.value)


@pytest.mark.parametrize("edge", [(0, 3), (-1, 0), (7, 7)])
def test_a_vertex_outside_is_refused(edge: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"edge 2 is \[.*\]; vertices are 0\.\.2"):
        GraphTokens(3, 4).symbols(*np.array([(0, 1), edge]).T)
