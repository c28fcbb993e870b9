"""Mail as columns: `Table` (rows grouped by machine), `Shard` (what some machines hold), `Outbox`.

What a word is, and the rules that a protocol's tables are held to, is in `words.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Integer, Shaped

from logdepth.errors import InputError

if TYPE_CHECKING:
    from logdepth.mpc.kernels import Kernels
    from logdepth.mpc.spec import Spec

Array = np.ndarray
CONTROL = "control"  # the table that says where its machines stand in the protocol


@dataclass(frozen=True)
class Table:
    """Rows of one kind, grouped by machine: machine i of the shard has rows `offsets[i]` to `offsets[i + 1]`.

    `columns`: name -> array of shape (rows,); one entry is one word. `offsets`: int64, (machines + 1,).

    >>> table = Table({"label": np.array([5, 7, 9])}, np.array([0, 2, 2, 3]))
    >>> table.num_rows, table.words().tolist()
    (3, [2, 0, 1])
    """

    columns: Mapping[str, Array]
    offsets: Integer[Array, " starts"]

    def __getitem__(self, name: str) -> Array:
        if name not in self.columns:
            raise MissingColumnError(name, self)
        return self.columns[name]

    @property
    def num_rows(self) -> int:
        return int(self.offsets[-1] - self.offsets[0])

    @property
    def counts(self) -> Integer[Array, " machines"]:
        """Rows of each machine, (machines,)."""
        return self.offsets[1:] - self.offsets[:-1]

    def words(self) -> Integer[Array, " machines"]:
        """Words of each machine, (machines,)."""
        return self.counts * len(self.columns)

    def with_columns(self, **columns: Array) -> Table:
        """The same rows with some columns replaced or added."""
        return Table({**self.columns, **columns}, self.offsets)

    def only(self, *names: str) -> Table:
        """The same rows, these columns."""
        return Table({name: self.columns[name] for name in names}, self.offsets)

    def where(self, mask: Bool[Array, " rows"]) -> Table:
        """The rows where `mask` is true."""
        kept = np.zeros(len(mask) + 1, np.int64)
        np.cumsum(mask, out=kept[1:])
        return Table({name: column[mask] for name, column in self.columns.items()}, kept[self.offsets])

    def take(self, order: Integer[Array, " rows"]) -> Table:
        """Rows in another order; `order` must stay within each machine."""
        return Table({name: column[order] for name, column in self.columns.items()}, self.offsets)

    def spread(self, values: Shaped[Array, " machines"]) -> Shaped[Array, " rows"]:
        """One value a machine, (machines,), repeated for each of its rows."""
        return np.repeat(values, self.counts)

    def part(self, first: int, last: int) -> Table:
        """Machines `first` to `last` of this table, as views."""
        low, high = int(self.offsets[first]), int(self.offsets[last])
        columns = {name: column[low:high] for name, column in self.columns.items()}
        return Table(columns, self.offsets[first : last + 1] - low)


def rows_per_machine(num_machines: int, **columns: Array) -> Table:
    """A table with one row a machine."""
    return Table(columns, np.arange(num_machines + 1))


def join_tables(tables: list[Table]) -> Table:
    """Tables of neighbouring shards as one."""
    if len(tables) == 1:
        return tables[0]
    columns = {name: np.concatenate([table[name] for table in tables]) for name in tables[0].columns}
    counts = np.concatenate([table.counts for table in tables])
    return Table(columns, np.concatenate([[0], np.cumsum(counts)]))


@dataclass(frozen=True)
class Shard:
    """What machines `first`, ..., `first + num_machines - 1` hold at the start of a round, and nothing else.

    `tables` is their inbox: what they mailed to themselves and what others sent them. A machine's rows of a table come
    in order of their source, then in the order in which that source wrote them: both are in the model (Definition
    2.3 hands a machine pairs (Msg, Src), and all that one machine writes another is one Msg) and cost nothing. What
    a protocol does may depend on this order, and on no other. `kernels` are the loops the engine chose.
    """

    spec: Spec
    first: int
    num_machines: int
    tables: Mapping[str, Table]
    kernels: Kernels

    def __getitem__(self, name: str) -> Table:
        if name not in self.tables:
            raise MissingTableError(name, list(self.tables))
        return self.tables[name]

    @property
    def machines(self) -> Integer[Array, " machines"]:
        """The machines' numbers, int64, (num_machines,)."""
        return np.arange(self.first, self.first + self.num_machines)

    def machine_of(self, table: Table) -> Integer[Array, " rows"]:
        """The machine of each row, int32, (rows,)."""
        return np.repeat(self.machines.astype(np.int32), table.counts)

    def one_each(self, **columns: Array) -> Table:
        """A table with one row a machine."""
        return rows_per_machine(self.num_machines, **columns)

    def select(self, table: Table, mask: Bool[Array, " rows"]) -> Table:
        """The rows of a table where `mask` is true (`Table.where`, with the engine's kernels)."""
        columns, offsets = self.kernels.select(table.offsets, mask, list(table.columns.values()))
        return Table(dict(zip(table.columns, columns, strict=True)), offsets)

    def words(self) -> Integer[Array, " machines"]:
        """Words each machine holds, (num_machines,)."""
        return sum((table.words() for table in self.tables.values()), np.zeros(self.num_machines, np.int64))


class MissingTableError(InputError):
    """A stage asks for a table that its machines do not hold."""

    def __init__(self, name: str, there: list[str]) -> None:
        super().__init__(f"there is no table {name!r}; there are: {', '.join(there) or 'none'}")


class MissingColumnError(InputError):
    """A stage asks for a column that a table does not have. Attribute: table."""

    def __init__(self, name: str, table: Table) -> None:
        super().__init__(f"has no column {name!r}; there are: {', '.join(table.columns) or 'none'}")
        self.table = table


@dataclass(frozen=True)
class Outbox:
    """What the machines of a shard send in a round.

    `keep`: tables mailed to oneself; they are next round's tables of that name. `mail`: name -> (table, int
    destination of each row). `label`: the stage, what the round is for (of a halting outbox the last one).
    `place`: where the machines stand in the protocol. `halt`: the machines are done; `keep` is the output.
    """

    keep: Mapping[str, Table]
    mail: Mapping[str, tuple[Table, Array]] = field(default_factory=dict)
    label: str = ""
    place: tuple[int, ...] = ()
    halt: bool = False

    def shape(self) -> tuple[Any, ...]:
        """What is alike on all machines in step: their place, and every table's name, columns and types."""
        kept = {name: _shape(table) for name, table in self.keep.items()}
        return self.halt, self.label, self.place, kept, {name: _shape(table) for name, (table, _) in self.mail.items()}


def _shape(table: Table) -> list[tuple[str, str]]:
    return [(name, column.dtype.str) for name, column in table.columns.items()]
