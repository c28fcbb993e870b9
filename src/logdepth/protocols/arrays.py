"""Distributed arrays and blocks: which machine owns a cell or row, what its address is, and the order of it all.

An *array*: cell v lives on machine `v % q`, in its row `v // q`; nothing says so but its place. *Blocks*: row r of n
lives on machine i with `i n // q <= r < (i + 1) n // q`. Local arithmetic only; no mail.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, Integer, Shaped

from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table


def within(table: Table) -> Int[Array, " rows"]:
    """For each row its place among its machine's rows.

    >>> within(Table({"a": np.arange(3)}, np.array([0, 2, 2, 3]))).tolist()
    [0, 1, 0]
    """
    return np.arange(table.num_rows) - table.spread(table.offsets[:-1])


def addresses(shard: Shard, table: Table) -> Int[Array, " rows"]:
    """The addresses of an array's cells: machine + q * row."""
    return table.spread(shard.machines) + within(table) * shard.spec.num_machines


def cell_rows(shard: Shard, cells: Table, got: Table, address: Integer[Array, " rows"]) -> Integer[Array, " rows"]:
    """For each row of `got` the row of `cells` at its `address`, a cell of its own machine's."""
    return got.spread(cells.offsets[:-1]) + address // shard.spec.num_machines


def own_numbers(num_machines: int, size: int, word: type) -> Table:
    """An array of `size` cells, each holding its own address, in column label.

    >>> own_numbers(2, 5, np.int64)["label"].tolist()
    [0, 2, 4, 1, 3]
    """
    return own_part(num_machines, size, word, 0, num_machines)


def own_part(num_machines: int, size: int, word: type, first: int, count: int) -> Table:
    """Of `own_numbers` what lies on machines `first`, ..., `first + count - 1`; no more than that is ever made.

    >>> own_part(2, 5, np.int64, 1, 1)["label"].tolist()
    [1, 3]
    """
    machines = np.arange(first, first + count)
    counts = np.maximum((size - machines + num_machines - 1) // num_machines, 0)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    label = np.arange(offsets[-1], dtype=word)
    label -= np.repeat(offsets[:-1].astype(word), counts)
    label *= num_machines
    label += np.repeat(machines.astype(word), counts)
    return Table({"label": label}, offsets)


def in_turn(spec: Spec, **columns: Shaped[Array, " rows"]) -> Table:
    """The input as an array: cell v on machine `v % q`, in its row `v // q`.

    >>> in_turn(Spec(2, 10, 5), value=np.arange(5))["value"].tolist()
    [0, 2, 4, 1, 3]
    """
    size = len(next(iter(columns.values())))
    numbers = own_numbers(spec.num_machines, size, np.int64)
    order = numbers["label"]
    return Table({name: column[order] for name, column in columns.items()}, numbers.offsets)


def in_order(table: Table, column: str) -> Shaped[Array, " rows"]:
    """An array over all machines as one NumPy array, by address: `in_turn` undone.

    >>> in_order(in_turn(Spec(2, 10, 5), value=np.arange(5)), "value").tolist()
    [0, 1, 2, 3, 4]
    """
    machines = len(table.offsets) - 1
    out = np.empty(table.num_rows, table[column].dtype)
    if table.num_rows > 64 * machines:  # long rows: machine by machine is one pass
        for machine in range(machines):
            out[machine::machines] = table[column][table.offsets[machine] : table.offsets[machine + 1]]
        return out
    out[np.repeat(np.arange(machines), table.counts) + within(table) * machines] = table[column]
    return out


def in_blocks(spec: Spec, **columns: Shaped[Array, " rows"]) -> Table:
    """Rows in input order as equal blocks: machine i has rows `i n // q` to `(i + 1) n // q`.

    >>> in_blocks(Spec(2, 10, 5), value=np.arange(5)).offsets.tolist()
    [0, 2, 5]
    """
    size = len(next(iter(columns.values())))
    return Table(columns, np.arange(spec.num_machines + 1) * size // spec.num_machines)


def block_starts(shard: Shard, size: int) -> Integer[Array, " machines"]:
    """Of `size` rows in blocks the first of each machine, (machines,)."""
    return shard.machines * size // shard.spec.num_machines


def block_owner(spec: Spec, row: Integer[Array, " rows"], size: int) -> Integer[Array, " rows"]:
    """The machine in whose block each row is, of `size` rows in blocks: the last that starts at or before it.

    >>> block_owner(Spec(2, 10, 5), np.arange(5), 5).tolist()
    [0, 0, 1, 1, 1]
    """
    return ((row + 1) * spec.num_machines - 1) // max(size, 1)
