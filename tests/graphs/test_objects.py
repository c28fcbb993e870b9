"""SciPy's and networkx's graphs."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from logdepth.errors import InputError
from logdepth.graphs import read_graph


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_matrix, sparse.coo_matrix, sparse.lil_array])
def test_sparse(kind):
    matrix = kind(np.array([[0, 2, 0], [1, 0, 0], [0, 0, 0]]))
    graph = read_graph(matrix, weighted=True)
    found = zip(graph.tail.tolist(), graph.head.tolist(), graph.weight.tolist(), strict=True)
    assert graph.num_vertices == 3 and sorted(found) == [(0, 1, 2.0), (1, 0, 1.0)]
    assert read_graph(matrix).weight is None


def test_sparse_refused():
    with pytest.raises(InputError, match=r"the matrix has shape \(2, 3\)"):
        read_graph(sparse.csr_array((2, 3)))
    with pytest.raises(InputError, match=r"the matrix has shape \(2,\)"):
        read_graph(sparse.coo_array(np.array([1, 2])))
    with pytest.raises(InputError, match="weights are numbers, not complex128"):
        read_graph(sparse.csr_array([[1j]]), weighted=True)
    with pytest.raises(InputError, match="the matrix: the weight of edge 0 is NaN"):
        read_graph(sparse.csr_array([[np.nan]]), weighted=True)
    with pytest.raises(InputError, match="num_vertices cannot be given"):
        read_graph(sparse.csr_array((2, 2)), num_vertices=2)


def test_networkx():
    multi = nx.MultiDiGraph()
    multi.add_nodes_from(["z", "b", "a"])
    multi.add_weighted_edges_from([("b", "a", 2), ("b", "a", np.float32(0.5)), ("a", "a", 1)])
    graph = read_graph(multi, weighted=True)
    assert graph.ids.tolist() == ["a", "b", "z"] and graph.tail.tolist() == [1, 1, 0]
    assert graph.head.tolist() == [0, 0, 0] and graph.weight.tolist() == [2, 0.5, 1]
    assert read_graph(nx.Graph()).num_vertices == 0
    path = nx.Graph([(np.int64(3), 1)])
    assert read_graph(path).ids.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("edges", "weighted", "message"),
    [
        ([((0, 0), (0, 1))], False, r"the node \(0, 0\) will not do"),
        ([(1, "a")], False, "the node 'a' will not do"),
        ([(True, 2)], False, "the node True will not do"),
        ([(1.5, 2)], False, "the node 1.5 will not do"),
        ([(2**63, 2)], False, "does not fit 64 bits"),
        ([(1, 2)], True, "the edge 1 - 2 has the weight None"),
        ([(1, 2, {"weight": "x"})], True, "the edge 1 - 2 has the weight 'x'"),
        ([(1, 2, {"weight": float("nan")})], True, "the edge 1 - 2 has the weight nan"),
    ],
)
def test_networkx_refused(edges, weighted, message):
    with pytest.raises(InputError, match=message):
        read_graph(nx.Graph(edges), weighted=weighted)
