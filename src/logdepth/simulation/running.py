"""The running state of a look-up's facts, in rows sorted by key: what a tree carries from machine to machine.

A row with `some` = 1 is a fact: key columns, and what it says. The state after some rows is the key of the last fact,
with the best fact of that key (the greatest `order`, the latest among equals), their `count` added up, or their sets
united. Rows are
sorted, so facts of one key are neighbours, also across machines: two states combine by their last keys alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import njit

from logdepth.mpc.table import Array, Table
from logdepth.protocols.segments import last_true

Columns = Mapping[str, Array]


@njit(cache=True, nogil=True)
def _best(offsets, some, same, order, carried, before, after):
    """The row of the best fact before each row, and after all of a machine's; -1: what was carried in."""
    for machine in range(offsets.size - 1):
        best, most = -1, carried[machine]
        for row in range(offsets[machine], offsets[machine + 1]):
            before[row] = best
            if some[row] and (not same[row] or order[row] >= most):
                best, most = row, order[row]
        after[machine] = best


@njit(cache=True, nogil=True)
def _total(offsets, some, same, count, carried, before, after):
    """The counts of one key added up, before each row, and after all of a machine's."""
    for machine in range(offsets.size - 1):
        total = carried[machine]
        for row in range(offsets[machine], offsets[machine + 1]):
            before[row] = total
            if some[row]:
                total = total + count[row] if same[row] else np.int64(count[row])
        after[machine] = total


@njit(cache=True, nogil=True)
def _together(offsets, some, same, members, carried, before, after):
    """The bitwise OR of one key's facts, before each row, and after all of a machine's."""
    for machine in range(offsets.size - 1):
        found = np.int64(carried[machine])
        for row in range(offsets[machine], offsets[machine + 1]):
            before[row] = found
            if some[row]:
                found = found | members[row] if same[row] else np.int64(members[row])
        after[machine] = found


class Running:
    """The state of the facts so far, as an operation for `trees.prefix`.

    `keys`: the key columns. Tables have column some beside them, and either count (facts are added up), or columns
    union0, union1, .. (sets that are united), or whatever a fact says, with order if the best isn't simply the latest.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = keys

    def fold(self, table: Table) -> Columns:
        return self._states(table, self.identity(table))[1]

    def before(self, table: Table, carried: Columns) -> Columns:
        return self._states(table, carried)[0]

    def identity(self, table: Table) -> Columns:
        return {name: np.zeros(len(table.offsets) - 1, column.dtype) for name, column in table.columns.items()}

    def _states(self, table: Table, carried: Columns) -> tuple[Columns, Columns]:
        """The state before each row, (rows,), and after all of a machine's rows, (machines,)."""
        offsets, some = table.offsets, table["some"] == 1
        here = last_true(some, offsets)  # the last fact up to each row
        filled = table.counts > 0
        previous = np.concatenate([[-1], here[:-1]])[: len(here)]
        previous[offsets[:-1][filled]] = -1
        last = np.full(len(filled), -1)
        last[filled] = here[offsets[1:][filled] - 1]

        same = some.copy()  # whether a fact goes on with the key before it
        for key in self.keys:
            same &= table[key] == _pick(table[key], previous, table.spread(carried[key]))
        same &= (previous >= 0) | (table.spread(carried["some"]) == 1)

        before, after = np.empty(len(some), np.int64), np.empty(len(filled), np.int64)
        if "count" in table.columns:
            _total(offsets, some, same, table["count"], carried["count"], before, after)
            states = {"count": (before, after)}
        elif "union0" in table.columns:
            states = {}
            for name in (name for name in table.columns if name.startswith("union")):
                pair = np.empty(len(some), np.int64), np.empty(len(filled), np.int64)
                _together(offsets, some, same, table[name], carried[name], *pair)
                states[name] = pair
        else:
            order = table["order"] if "order" in table.columns else np.zeros(len(some), np.int8)
            most = carried["order"] if "order" in table.columns else np.zeros(len(filled), np.int8)
            _best(offsets, some, same, order, most, before, after)
            states = {
                name: (_pick(column, before, table.spread(carried[name])), _pick(column, after, carried[name]))
                for name, column in table.columns.items()
                if name != "some" and name not in self.keys
            }
        for name in ("some", *self.keys):
            column = table[name]
            states[name] = (_pick(column, previous, table.spread(carried[name])), _pick(column, last, carried[name]))
        return tuple(
            {name: states[name][index].astype(column.dtype) for name, column in table.columns.items()}
            for index in range(2)
        )  # pyright: ignore[reportReturnType]


def _pick(column: Array, row: Array, default: Array) -> Array:
    """`column` at each row, the default where that is -1."""
    return np.where(row >= 0, column[np.maximum(row, 0)], default) if len(column) else default
