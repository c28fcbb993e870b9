"""Binary files: .npy, .npz and Parquet. Also edges that are arrays already, whose rows the errors name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs.columns import choose_columns
from logdepth.graphs.graph import Graph, check_weight, graph_from_edges
from logdepth.graphs.numpy_files import open_numpy
from logdepth.graphs.objects import read_sparse
from logdepth.graphs.text import check_file


def graph_from_rows(
    name: str,
    tail: Sequence | np.ndarray,
    head: Sequence | np.ndarray,
    weight: Sequence | np.ndarray | None = None,
    num_vertices: int | None = None,
) -> Graph:
    """`graph_from_edges` with errors that start with `name`; the vertices are 0..num_vertices-1 if that is given.

    >>> graph_from_rows("edges", [0, 2], [2, 0], num_vertices=4).num_vertices
    4
    """
    try:
        if num_vertices is None:
            return graph_from_edges(tail, head, weight)
        for end in map(np.asarray, (tail, head)):
            if end.size and end.dtype.kind not in "iu":
                raise InputError("the ids are not whole numbers, which num_vertices needs")
            if (outside := (end < 0) | (end >= num_vertices)).any():
                row = int(np.argmax(outside))
                raise InputError(f"row {row}: the vertex {end[row]} is not in 0..{num_vertices - 1}")
        return graph_from_edges(tail, head, weight, np.arange(num_vertices))
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def graph_from_pairs(name: str, edges: np.ndarray, weighted: bool = False, num_vertices: int | None = None) -> Graph:
    """The graph of an (m, 2) array of whole numbers, a row an edge. `InputError` for any other shape or kind.

    Weights do not fit beside integers: they need an .npz with tail, head and weight.
    """
    if weighted:
        raise InputError(f"{name} has no weights; use an .npz file with arrays tail, head and weight")
    if edges.ndim != 2 or edges.shape[1] != 2:
        raise InputError(f"{name} has shape {edges.shape}; edges are (m, 2), a row an edge")
    if edges.dtype.kind not in "iu":
        raise InputError(f"{name} holds {edges.dtype}; edges are whole numbers")
    return graph_from_rows(name, edges[:, 0], edges[:, 1], None, num_vertices)


def read_npy(path: Path, *, weighted: bool = False, num_vertices: int | None = None) -> Graph:
    """The graph of an .npy file, as `graph_from_pairs`; a file that needs pickle is refused."""
    with open_numpy(path) as array:
        if not isinstance(array, np.ndarray):
            raise InputError(f"{path} is an .npz file; name it so, or give format='npz'")
        return graph_from_pairs(str(path), array, weighted, num_vertices)


def read_npz(path: Path, *, weighted: bool = False, num_vertices: int | None = None) -> Graph:
    """The graph of an .npz file: of `scipy.sparse.save_npz`, or arrays `tail`, `head` (`weight`), or `edges` (m, 2).

    Beside `edges` there may be a `weight`, too. Raises `InputError` if the arrays are others, or need pickle.
    """
    with open_numpy(path) as stored:
        if isinstance(stored, np.ndarray):
            raise InputError(f"{path} is an .npy file; name it so, or give format='npy'")
        names = set(stored.files)
        if {"format", "shape"} <= names:
            return _sparse(path, weighted, num_vertices)
        arrays = {name: stored[name] for name in ("edges", "tail", "head", "weight") if name in names}
    weight = arrays.pop("weight", None) if weighted else None
    if weighted and weight is None:
        raise InputError(f"{path} has no array called weight")
    arrays.pop("weight", None)
    if arrays.keys() == {"tail", "head"}:
        return graph_from_rows(str(path), arrays["tail"], arrays["head"], weight, num_vertices)
    if arrays.keys() != {"edges"}:
        raise InputError(f"{path} holds {', '.join(sorted(names))}; needed: edges, or tail and head, or a SciPy matrix")
    graph = graph_from_pairs(f"{path}: edges", arrays["edges"], False, num_vertices)
    try:
        return replace(graph, weight=check_weight(weight, graph.num_edges))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def read_parquet(path: Path, *, weighted: bool = False, num_vertices: int | None = None) -> Graph:
    """The graph of a Parquet file; the columns are those of `choose_columns`, whole numbers or strings."""
    try:
        import polars
    except ImportError as error:
        raise InputError("reading Parquet needs polars: pip install 'logdepth[graph]'") from error
    check_file(path)
    try:
        names = list(polars.read_parquet_schema(path))
        tail, head, weight = choose_columns(names, weighted)
        chosen = [names[tail], names[head], *([names[weight]] if weighted else [])]
        table = polars.read_parquet(path, columns=chosen)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (polars.exceptions.PolarsError, OSError) as error:
        raise InputError(f"cannot read {path}: {' '.join(str(error).split())[:200]}") from error
    arrays = []
    for name in chosen:
        column = table[name]
        if column.null_count():
            raise InputError(f"{path}: row {column.is_null().arg_max()}: {name!r} is missing")
        if column.dtype in (polars.Categorical, polars.Enum):
            column = column.cast(polars.String)
        if not (column.dtype == polars.String or (column.dtype.is_numeric() and not column.dtype.is_decimal())):
            raise InputError(f"{path}: {name!r} is {column.dtype}; ids are whole numbers or strings, weights numbers")
        arrays.append(column.to_numpy())
    return graph_from_rows(str(path), arrays[0], arrays[1], arrays[2] if weighted else None, num_vertices)


def _sparse(path: Path, weighted: bool, num_vertices: int | None) -> Graph:
    if num_vertices is not None:
        raise InputError(f"{path} is a matrix: its rows are the vertices, so num_vertices cannot be given")
    try:
        from scipy import sparse
    except ImportError as error:
        raise InputError("reading a SciPy matrix needs scipy: pip install 'logdepth[graph]'") from error
    return read_sparse(sparse.load_npz(path), weighted, str(path))
