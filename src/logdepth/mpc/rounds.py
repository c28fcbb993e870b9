"""Round after round, whoever works: the loop that every engine shares, and what it asks of those who work.

The driver learns a `Stepped` and a `WordTally` from each process, never a row a machine. So its memory grows with the
number of processes, and the ledger's rows are the same however the machines are spread over them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from typing import Protocol as Interface

from logdepth.errors import InputError
from logdepth.mpc.accountant import Accountant
from logdepth.mpc.checkpoint import Checkpoints, Part
from logdepth.mpc.host import Stepped
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.table import Table
from logdepth.mpc.tally import WordTally, merge_tallies
from logdepth.mpc.watch import Watch

Progress = Callable[[int, int], None]


class Crew(Interface):
    """All machines, wherever they are."""

    def step(self) -> Sequence[Stepped]:
        """A round's work, by ranges of machines in order; what is mailed waits."""
        ...

    def take(self) -> WordTally:
        """Deliver what waits; the words that each machine then holds."""
        ...

    def save(self, folder: Path) -> list[Part]:
        """Write every inbox into a checkpoint's folder."""
        ...

    def finish(self, take: Callable[[int, int, Mapping[str, Table]], Any]) -> list[Any]:
        """`take(first, last, tables)` of every range, at the end."""
        ...

    def peaks(self) -> list[int | None]:
        """The most bytes that each process has had, of those that are not the driver's own."""
        ...


def run_rounds(
    protocol: Protocol, crew: Crew, account: Accountant, saves: Checkpoints | None, progress: Progress | None
) -> None:
    """Until the machines halt. Raises `MemoryExceeded`, and `InputError` where machines get out of step."""
    ledger = account.ledger
    while True:
        account.begin()
        done = crew.step()
        check_in_step(protocol, [part.shape for part in done], [part.first for part in done])
        kept = merge_tallies([part.kept for part in done])
        if done[0].halt:
            ledger.end(kept)
            if isinstance(progress, Watch):
                progress.enter("write")
            return
        account.sends(done[0].label, kept, merge_tallies([part.sent for part in done]))
        received = crew.take()
        account.receives(received, sum(part.messages for part in done))
        if saves is not None and saves.due(ledger):
            saves.save(ledger, crew.save)
        if isinstance(progress, Watch):
            progress.round(ledger, done)
        elif progress is not None:
            progress(ledger.num_rounds, ledger.bound)


def check_in_step(protocol: Protocol, shapes: Sequence[tuple[Any, ...]], first: Sequence[int]) -> None:
    """Raise `InputError` unless the outboxes of ranges that begin with machines `first` have one shape."""
    for shape, machine in zip(shapes, first, strict=True):
        if shape != shapes[0]:
            (_, label, place, *tables), (_, other, there, *others) = shapes[0], shape
            if (label, place) != (other, there):
                what = f"machine {first[0]} is at stage {label!r}, machine {machine} at {other!r}"
            else:
                what = f"in stage {label!r} their tables differ, in machine {first[0]} {tables}, in {machine} {others}"
            raise InputError(f"{protocol.name}: machines out of step: {what}; all must do the same, whatever they hold")
