"""What a run starts from and where it ends, range of machines by range: `Inputs` and `Outputs`.

A mapping of tables over all machines is the simple case: the caller has laid the whole input out. Where no process
holds it, each worker asks `Inputs.part` for its own machines, and at the end hands its machines' tables to
`Outputs.take`, which writes them, say; the driver sees what that returns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, runtime_checkable
from typing import Protocol as Interface

from logdepth.mpc.checkpoint import digest
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.table import Table
from logdepth.mpc.words import count_words


@runtime_checkable
class Inputs(Interface):
    """An input by ranges of machines. Goes to the workers, so it can be pickled, and holds names, not rows."""

    def part(self, first: int, last: int) -> dict[str, Table]:
        """The tables of machines `first` to `last`: the same whoever asks, however often."""
        ...

    def digest(self) -> str:
        """What tells this input from another: a checkpoint of another one is refused."""
        ...


@runtime_checkable
class Outputs(Interface):
    """What becomes of the tables at the end. Goes to the workers, so it can be pickled. does: in words."""

    @property
    def does(self) -> str: ...

    def take(self, first: int, last: int, tables: Mapping[str, Table]) -> Any:
        """In the worker: the tables of machines `first` to `last` when all have halted. Something small."""
        ...

    def gather(self, taken: Sequence[Any]) -> Any:
        """In the driver: the run's result, of what `take` returned, in order of the machines."""
        ...


@dataclass(frozen=True)
class TablesInHand:
    """An input that this process holds: tables over all machines."""

    tables: Mapping[str, Table]

    def part(self, first: int, last: int) -> dict[str, Table]:
        return {name: table.part(first, last) for name, table in self.tables.items()}

    def digest(self) -> str:
        return digest(self.tables)


def as_inputs(inputs: Mapping[str, Table] | Inputs, protocol: Protocol) -> Inputs:
    """Tables over all machines as `Inputs`; `Inputs` as they are. Raises `InputError` unless the tables are words."""
    if not isinstance(inputs, Mapping):
        return inputs
    for name, table in inputs.items():
        count_words(f"{protocol.name}: the input", name, table, protocol.spec.num_machines)
    return TablesInHand(inputs)
