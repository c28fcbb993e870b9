"""Graphs held by other libraries: SciPy's sparse matrices and arrays, and networkx."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs.graph import Graph, check_vertices, graph_from_edges


def is_sparse(source: object) -> bool:
    """A SciPy sparse matrix or array? Answered without importing SciPy: whoever has one has imported it."""
    scipy_sparse = sys.modules.get("scipy.sparse")
    return scipy_sparse is not None and scipy_sparse.issparse(source)


def is_networkx(source: object) -> bool:
    """A networkx graph of any kind?"""
    networkx = sys.modules.get("networkx")
    return networkx is not None and isinstance(source, networkx.Graph)


def read_sparse(matrix: Any, weighted: bool = False, name: str = "the matrix") -> Graph:
    """The graph of an n by n matrix: vertices 0..n-1, an edge `row - column` a stored entry, explicit zeros too.

    A symmetric matrix that stores both triangles gives both directions. Raises `InputError` if it is not
    square, or (weighted) its entries are not real numbers.

    >>> from scipy import sparse
    >>> read_sparse(sparse.coo_array(([0.5], ([0], [2])), shape=(3, 3)), weighted=True).weight.tolist()
    [0.5]
    """
    if len(matrix.shape) != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"{name} has shape {matrix.shape}; a graph is a square matrix")
    check_vertices(name, matrix.shape[0])
    try:
        if matrix.format in ("csr", "csc", "bsr"):
            matrix.check_format(full_check=True)  # SciPy trusts the arrays of a file: wrong ones would be read beyond
        entries = matrix.tocoo()
    except (ValueError, TypeError, IndexError) as error:
        raise InputError(f"{name} is no sparse matrix: {error}") from error
    try:
        weight = entries.data if weighted else None
        return graph_from_edges(entries.row, entries.col, weight, np.arange(matrix.shape[0]))
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def read_networkx(graph: Any, weighted: bool = False) -> Graph:
    """The nodes and edges of a networkx graph, in its order; ids are the nodes, all whole numbers or all strings.

    An undirected edge is one entry. With `weighted` every edge needs a number as its attribute "weight".

    >>> import networkx
    >>> read_networkx(networkx.path_graph(3)).head.tolist()
    [1, 2]
    """
    nodes = list(graph.nodes)
    if not all(isinstance(node, str) for node in nodes):
        odd = next((n for n in nodes if isinstance(n, bool) or not isinstance(n, int | np.integer)), None)
        if odd is not None:
            raise InputError(f"the node {odd!r:.60} will not do: nodes are all whole numbers or all strings")
    edges = list(graph.edges(data="weight"))
    weight = None
    if weighted:
        for tail, head, value in edges:
            if isinstance(value, bool) or not isinstance(value, int | float | np.number) or value != value:
                raise InputError(f"the edge {tail!r:.40} - {head!r:.40} has the weight {value!r:.40}, not a number")
            if isinstance(value, int) and (abs(value) >= 2**1023 or int(float(value)) != value):
                raise InputError(f"the edge {tail!r:.40} - {head!r:.40} has a weight that no float64 is: {value!r:.40}")
        weight = np.array([float(value) for _, _, value in edges], np.float64)
    return graph_from_edges([tail for tail, _, _ in edges], [head for _, head, _ in edges], weight, nodes)
