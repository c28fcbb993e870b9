"""Dense indices against the obvious construction, and ids that must be refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.graphs import graph_from_edges

LEAST, GREATEST = -(2**63), 2**63 - 1
integers = st.one_of(
    st.integers(-3, 9), st.integers(LEAST, GREATEST), st.sampled_from([LEAST, LEAST + 1, -1, 0, GREATEST])
)
names = st.text("abé☃𝔘0 ", min_size=1, max_size=4)


@given(st.one_of(*(st.lists(st.tuples(ids, ids)) for ids in (integers, names))), st.booleans())
def test_is_the_obvious_one(edges, isolated):
    extra = [edges[0][0]] * 2 + ([5, 77] if isinstance(edges[0][0], int) else ["5", "zz"]) if edges and isolated else []
    vertices = [*extra, *(end for edge in edges for end in edge)] if isolated else None
    graph = graph_from_edges([a for a, _ in edges], [b for _, b in edges], vertex_ids=vertices)
    assert graph.ids.tolist() == sorted({*extra, *(end for edge in edges for end in edge)})
    assert list(zip(graph.ids[graph.tail], graph.ids[graph.head], strict=True)) == edges
    assert graph.tail.dtype == graph.head.dtype == np.int32
    assert graph.ids.dtype == (object if edges and isinstance(edges[0][0], str) else np.int64)


@pytest.mark.parametrize("scale", [1, 10**6])
@pytest.mark.parametrize("offset", [LEAST, -50, GREATEST - 10**9])
def test_both_ways_of_numbering(scale, offset):
    ids = np.random.default_rng(0).integers(0, 1000, 5000) * scale + offset
    graph = graph_from_edges(ids[:2500], ids[2500:])
    assert (graph.ids == np.unique(ids)).all()
    assert (graph.ids[graph.tail] == ids[:2500]).all() and (graph.ids[graph.head] == ids[2500:]).all()


def test_kinds_of_input():
    for ids in (["b", "a"], np.array(["b", "a"]), np.array(["b", "a"], object)):
        assert graph_from_edges(ids, ids).ids.tolist() == ["a", "b"]
    for ids in ([2, 1], np.array([2, 1], np.uint8), np.array([2, 1], np.uint64), np.array([2, 1], object)):
        assert graph_from_edges(ids, ids).ids.dtype == np.int64
    empty = graph_from_edges([], [], [])
    assert (empty.num_vertices, empty.num_edges, empty.ids.dtype) == (0, 0, np.int64) and empty.weight is not None
    assert graph_from_edges([], [], vertex_ids=["x"]).ids.tolist() == ["x"]
    assert repr(graph_from_edges([1], [2], [3])) == "Graph(2 vertices, 1 edges, ids are whole numbers, weighted)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [2.0]), "not float64"),
        (([True], [False]), "not bool"),
        ((np.array([True]), np.array([False])), "not bool"),
        (([1], ["a"]), "not both"),
        (([1, "a"], ["a", "b"]), r"not int \(1\)"),
        (([None], [1]), "tail_ids: .*not NoneType"),
        (([2**63], [1]), "9223372036854775808 does not fit"),
        ((np.array([2**63], np.uint64), [1]), "does not fit"),
        (([1, 2], [1]), "tail_ids has 2 entries, head_ids has 1"),
        (([[1, 2]], [[1, 2]]), r"shape \(1, 2\)"),
        (([1], [2], [np.nan]), "weight of edge 0 is NaN"),
        (([1], [2], ["x"]), "weights are numbers"),
        (([1], [2], [1, 2]), r"weight has shape \(2,\)"),
        (([1, 4], [2, 9], None, [1, 2, 4]), "edge 1 has the id .*9"),
        ((["a"], ["q"], None, ["a"]), "edge 0 has the id 'q'"),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        graph_from_edges(*arguments)
