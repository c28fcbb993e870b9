"""The graph every reader returns: edges as dense indices, beside the ids they came with. No reading here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from logdepth.errors import InputError
from logdepth.memory import check_room

_SPARE = 4  # a table indexed by id may have this many entries an id before sorting is cheaper


@dataclass(frozen=True, eq=False)
class Graph:
    """A graph, one entry an input edge: duplicates, self-loops and both directions stay as they were.

    `ids`: the vertex ids, ascending and distinct, (num_vertices,): int64, or str in an object array (by code
    point). `tail`, `head`: indices into `ids`, (num_edges,): int32, or int64 from 2**31 vertices on. Index
    order is id order, so the least index is the least id. `weight`: (num_edges,) float64, or None.

    >>> graph = graph_from_edges([30, 10], [10, 20])
    >>> graph.num_vertices, graph.num_edges, graph.ids.tolist(), graph.tail.tolist(), graph.head.tolist()
    (3, 2, [10, 20, 30], [2, 0], [0, 1])
    """

    ids: np.ndarray
    tail: np.ndarray
    head: np.ndarray
    weight: np.ndarray | None = None

    @property
    def num_vertices(self) -> int:
        """Isolated vertices included."""
        return len(self.ids)

    @property
    def num_edges(self) -> int:
        """Entries, duplicates included."""
        return len(self.tail)

    def __repr__(self) -> str:
        kind = "whole numbers" if self.ids.dtype == np.int64 else "names"
        weighted = "" if self.weight is None else ", weighted"
        return f"Graph({self.num_vertices} vertices, {self.num_edges} edges, ids are {kind}{weighted})"


def graph_from_edges(
    tail_ids: Sequence | np.ndarray,
    head_ids: Sequence | np.ndarray,
    weight: Sequence | np.ndarray | None = None,
    vertex_ids: Sequence | np.ndarray | None = None,
) -> Graph:
    """The graph of the edges `tail_ids[e] - head_ids[e]`, each (num_edges,): all int64 or all strings.

    `vertex_ids` are all the vertices, in any order, isolated ones included; without it, those the edges name.
    `weight` is (num_edges,), without NaN. Raises `InputError` on ids that are neither whole numbers nor
    strings (floats, booleans, beyond int64), lengths that differ, or an edge that leaves `vertex_ids`.

    >>> graph_from_edges(["b", "a"], ["c", "b"], vertex_ids=["a", "b", "c", "z"]).ids.tolist()
    ['a', 'b', 'c', 'z']
    """
    columns = [_column("tail_ids", tail_ids), _column("head_ids", head_ids)]
    if len(columns[0]) != len(columns[1]):
        raise InputError(f"tail_ids has {len(columns[0])} entries, head_ids has {len(columns[1])}")
    if vertex_ids is not None:
        columns.append(_column("vertex_ids", vertex_ids))
    kinds = {column.dtype for column in columns if len(column)} or {np.dtype(np.int64)}
    if len(kinds) > 1:
        raise InputError("vertex ids are all whole numbers or all strings, not both")
    if kinds == {np.dtype(np.int64)}:
        ids, tail, head = _dense_integers([column.astype(np.int64, copy=False) for column in columns])
    else:
        index: dict[str, int] = {}
        coded = [
            np.fromiter((index.setdefault(word, len(index)) for word in column), np.int64, len(column))
            for column in reversed(columns)  # the vertices first: the edges must add none
        ]
        ids, (tail, head) = order_names(list(index), coded[-1], coded[-2])
    if vertex_ids is not None:
        known = np.zeros(len(ids), bool)
        known[np.searchsorted(ids, columns[2])] = True
        for end in (tail, head):
            if not (found := known[end]).all():
                edge = int(np.argmin(found))
                raise InputError(f"edge {edge} has the id {ids[end[edge]]!r}, which is not among vertex_ids")
    return Graph(ids, tail, head, check_weight(weight, len(tail)))


def check_vertices(where: str, count: int) -> None:
    """Raise `InputError` if so many vertices, isolated ones included, cannot be in this machine's memory.

    >>> check_vertices("a.mtx:2", 10)
    """
    check_room(f"{where}: a graph of {count:,} vertices", 29 * count)  # measured


def order_names(names: list[str], *codes: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Distinct `names` sorted, and each array of codes (indices into `names`) as indices into the sorted ids."""
    order = sorted(range(len(names)), key=names.__getitem__)
    ids = np.empty(len(names), object)
    ids[:] = [names[code] for code in order]
    rank = np.empty(len(names), index_dtype(len(names)))
    rank[order] = np.arange(len(names))
    return ids, [rank[code] for code in codes]


def index_dtype(num_vertices: int) -> type[np.int32] | type[np.int64]:
    """int32 while it can index the vertices."""
    return np.int32 if num_vertices < 2**31 else np.int64


def check_weight(weight: Sequence | np.ndarray | None, num_edges: int) -> np.ndarray | None:
    """Weights as (num_edges,) float64, exactly; `InputError` unless they are numbers, as many as edges, none NaN."""
    if weight is None:
        return None
    array = np.asarray(weight)
    if array.ndim != 1 or len(array) != num_edges:
        raise InputError(f"weight has shape {array.shape}; the {num_edges} edges need ({num_edges},)")
    if len(array) and (array.dtype.kind not in "biuf" or (array.dtype.kind == "f" and array.dtype.itemsize > 8)):
        raise InputError(f"weights are numbers, not {array.dtype}; integers and floats of 64 bits at most are read")
    result = array.astype(np.float64)
    if array.dtype.kind in "iu" and (inexact := ~_same_integers(array, result)).any():
        edge = int(np.argmax(inexact))
        raise InputError(
            f"the weight of edge {edge} is {array[edge]}, which is not exactly a float64; whole numbers up to 2^53 = "
            f"{2**53} are: scale the weights down"
        )
    if (missing := np.isnan(result)).any():
        raise InputError(f"the weight of edge {int(np.argmax(missing))} is NaN")
    return result


def _same_integers(array: np.ndarray, floats: np.ndarray) -> np.ndarray:
    """Which integers are exactly their float64."""
    wide, limit = (np.uint64, 2.0**64) if array.dtype.kind == "u" else (np.int64, 2.0**63)
    fits = floats < limit  # what was rounded up to the limit cannot be turned back
    return fits & (np.where(fits, floats, 0).astype(wide) == array.astype(wide))


def _column(name: str, values: Sequence | np.ndarray) -> np.ndarray:
    """Ids as int64, or as an object array of str."""
    if not isinstance(values, np.ndarray) and len(values) and isinstance(values[0], int | str):
        values = np.array(values, dtype=object)  # NumPy would turn [1, "a"] into strings, [1, 2**63] into floats
    array = np.asarray(values)
    if array.ndim != 1:
        raise InputError(f"{name} has shape {array.shape}; one dimension is needed")
    if array.dtype.kind == "O" and all(isinstance(value, int | np.integer) for value in array):
        if any(isinstance(value, bool) for value in array):
            raise InputError(f"{name}: vertex ids are whole numbers or strings, not bool")
        beyond = next((value for value in array if not -(2**63) <= value < 2**63), None)
        if beyond is not None:
            raise InputError(f"{name}: the id {beyond} does not fit 64 bits (int64)")
        return array.astype(np.int64)
    if array.dtype.kind == "u" and len(array) and array.max() >= 2**63:
        raise InputError(f"{name}: the id {array.max()} does not fit 64 bits (int64)")
    if array.dtype.kind in "iu" or not len(array):
        return array.astype(np.int64, copy=False)
    strings = array.astype(object) if array.dtype.kind in "UT" else array
    if strings.dtype != object:
        raise InputError(f"{name}: vertex ids are all whole numbers (int64) or all strings, not {array.dtype}")
    for value in strings:
        if not isinstance(value, str):
            kind = f"{type(value).__name__} ({value!r:.40})"
            raise InputError(f"{name}: vertex ids are all whole numbers (int64) or all strings, not {kind}")
    return strings


def _dense_integers(columns: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct ids of all columns ascending, and the first two columns as indices into them."""
    filled = [column for column in columns if len(column)]
    if not filled:
        return np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)
    least = min(int(column.min()) for column in filled)  # Python integers: the span may not fit 64 bits
    span = max(int(column.max()) for column in filled) - least + 1
    sizes = [len(column) for column in columns]
    if span > _SPARE * sum(sizes) + 1024:  # np.unique would hold twice as much
        values = np.concatenate(columns)
        order = np.argsort(values)
        values = values[order]
        first = np.concatenate([[True], values[1:] != values[:-1]])
        rank = np.empty(len(values), index_dtype(len(values)))
        rank[order] = np.cumsum(first, dtype=rank.dtype) - 1
        return values[first], rank[: sizes[0]].copy(), rank[sizes[0] : sizes[0] + sizes[1]].copy()
    present = np.zeros(span, bool)
    for column in filled:
        present[column - least] = True
    rank = np.cumsum(present, dtype=index_dtype(span))
    rank -= 1
    return np.flatnonzero(present) + least, rank[columns[0] - least], rank[columns[1] - least]
