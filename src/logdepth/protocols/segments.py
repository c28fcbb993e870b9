"""Folding and scanning each machine's rows: the operations that trees carry from machine to machine.

Local arithmetic only; no mail. Rows of a machine are `offsets[i]` to `offsets[i + 1]`; a machine may have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Integer, Shaped

from logdepth.mpc.table import Array, Table

Columns = Mapping[str, Array]


def fold(
    ufunc: np.ufunc, column: Shaped[Array, " rows"], offsets: Integer[Array, " starts"], identity: int
) -> Shaped[Array, " machines"]:
    """`ufunc` over each machine's rows, (machines,); `identity` where there are none.

    >>> fold(np.add, np.array([1, 2, 3]), np.array([0, 2, 2, 3]), 0).tolist()
    [3, 0, 3]
    """
    out = np.full(len(offsets) - 1, identity, column.dtype)
    some = offsets[1:] > offsets[:-1]
    if some.any():
        out[some] = ufunc.reduceat(column, offsets[:-1][some])
    return out


def sum_before(column: Shaped[Array, " rows"], offsets: Integer[Array, " starts"]) -> Shaped[Array, " rows"]:
    """For each row the sum of its machine's earlier rows.

    >>> sum_before(np.array([1, 2, 3]), np.array([0, 2, 3])).tolist()
    [0, 1, 0]
    """
    total = np.zeros(len(column) + 1, np.int64)
    np.cumsum(column, out=total[1:])
    return total[:-1] - np.repeat(total[offsets[:-1]], np.diff(offsets))


def last_true(mask: Bool[Array, " rows"], offsets: Integer[Array, " starts"]) -> Integer[Array, " rows"]:
    """For each row the last row up to it, of its machine, where `mask` is true; -1 where there is none.

    >>> last_true(np.array([False, True, False, False]), np.array([0, 3, 4])).tolist()
    [-1, 1, 1, -1]
    """
    row = np.arange(len(mask))
    last = np.maximum.accumulate(np.where(mask, row, -1)) if len(mask) else row
    return np.where(last >= np.repeat(offsets[:-1], np.diff(offsets)), last, -1)


class Operation(Protocol):
    """An associative operation on rows, with an identity."""

    def fold(self, table: Table) -> Columns:
        """One row a machine: all its rows, in order."""
        ...

    def before(self, table: Table, carried: Columns) -> Columns:
        """For each row: what its machine carried in, then the machine's earlier rows."""
        ...

    def identity(self, table: Table) -> Columns:
        """One row a machine: nothing."""
        ...


class Sum:
    """Every column is added up."""

    def fold(self, table: Table) -> Columns:
        return {name: fold(np.add, column, table.offsets, 0) for name, column in table.columns.items()}

    def before(self, table: Table, carried: Columns) -> Columns:
        return {
            name: sum_before(column, table.offsets) + table.spread(carried[name])
            for name, column in table.columns.items()
        }

    def identity(self, table: Table) -> Columns:
        return {name: np.zeros(len(table.offsets) - 1, column.dtype) for name, column in table.columns.items()}


class Last:
    """The last row whose column `some` is 1; the identity has 0 there."""

    def fold(self, table: Table) -> Columns:
        last = last_true(table["some"] == 1, table.offsets)
        ends = table.offsets[1:] - 1
        filled = table.counts > 0
        row = np.where(filled, last[np.where(filled, ends, 0)], -1) if len(last) else np.full(len(ends), -1)
        return {name: _pick(column, row, 0) for name, column in table.columns.items()}

    def before(self, table: Table, carried: Columns) -> Columns:
        row = last_true(table["some"] == 1, table.offsets)
        row = np.concatenate([[-1], row[:-1]]) if len(row) else row
        first = np.zeros(len(row), bool)
        first[table.offsets[:-1][table.counts > 0]] = True
        row = np.where(first, -1, row)
        return {
            name: np.where(row >= 0, _pick(column, row, 0), table.spread(carried[name]))
            for name, column in table.columns.items()
        }

    def identity(self, table: Table) -> Columns:
        return {name: np.zeros(len(table.offsets) - 1, column.dtype) for name, column in table.columns.items()}


def _pick(column: Array, row: Array, default: int) -> Array:
    if len(column) == 0:
        return np.full(len(row), default, column.dtype)
    return np.where(row >= 0, column[np.maximum(row, 0)], np.asarray(default, column.dtype))
