"""Running a protocol: what every engine is, and the one in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from typing import Protocol as Interface

import numpy as np

from logdepth.errors import InputError
from logdepth.mpc.accountant import Accountant
from logdepth.mpc.checkpoint import Checkpoints, Part, write_part
from logdepth.mpc.kernels import Kernels, NumpyKernels
from logdepth.mpc.ledger import Ledger, timed
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.table import Array, Outbox, Shard, Table, join_tables
from logdepth.mpc.words import outbox_words

Progress = Callable[[int, int], None]
Parcel = tuple[int, Table, Array]  # a shard's mail of one name: its first machine, the rows, their destinations

SMALL_WORDS = 300_000  # up to this input NumPy is done before Numba's compiled code is loaded (bench_kernels.py)


@dataclass(frozen=True)
class Run:
    """What a run leaves: the protocol's result and the ledger."""

    result: Any
    ledger: Ledger


class Engine(Interface):
    """Runs a protocol on an input that lies on the machines: name -> table over all machines."""

    def run(
        self,
        protocol: Protocol,
        inputs: Mapping[str, Table],
        *,
        strict: bool = True,
        progress: Progress | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> Run: ...

    def close(self) -> None:
        """Let go of what the engine holds outside this process."""
        ...


def check_kernels(name: str) -> str:
    """The name, if kernels are called that. Raises `InputError` if it is not auto, numba or numpy."""
    if name not in ("auto", "numba", "numpy"):
        raise InputError(f"kernels are {name!r}; there are: auto, numba, numpy")
    return name


def choose_kernels(name: str, num_words: int) -> Kernels:
    """The kernels named; for auto NumPy's up to `SMALL_WORDS` words of input, then Numba's where Numba works.

    Results and ledgers do not depend on it. Raises `InputError` if `name` is not auto, numba or numpy.

    >>> choose_kernels("auto", 10).name
    'numpy'
    """
    check_kernels(name)
    if name == "numba" or (name == "auto" and num_words > SMALL_WORDS):
        try:
            from logdepth.mpc.numba_kernels import NumbaKernels

            return NumbaKernels()
        except ImportError:
            if name == "numba":
                raise
    return NumpyKernels()


def split(tables: Mapping[str, Table], ranges: list[tuple[int, int]]) -> list[dict[str, Table]]:
    """Tables over all machines as one set a range of machines."""
    return [{name: table.part(low, high) for name, table in tables.items()} for low, high in ranges]


def machine_ranges(num_machines: int, num_shards: int) -> list[tuple[int, int]]:
    """Contiguous ranges of machines, as even as can be.

    >>> machine_ranges(10, 3)
    [(0, 3), (3, 6), (6, 10)]
    """
    num_shards = min(num_shards, num_machines)
    return [(num_machines * i // num_shards, num_machines * (i + 1) // num_shards) for i in range(num_shards)]


def _write_parts(folder: Path, ranges: list[tuple[int, int]], shards: list[dict[str, Table]]) -> list[Part]:
    """Write every shard's inboxes into a checkpoint's folder."""
    parts = []
    for (low, high), tables in zip(ranges, shards, strict=True):
        name = f"machines-{low:07d}-{high:07d}.npz"
        parts.append((low, high, name, write_part(folder / name, tables)))
    return parts


def check_in_step(protocol: Protocol, shapes: list[tuple[Any, ...]], ranges: list[tuple[int, int]]) -> None:
    """Raise `InputError` unless all shards' outboxes have one shape (`Outbox.shape`)."""
    for shape, (first, _) in zip(shapes, ranges, strict=True):
        if shape != shapes[0]:
            (_, label, place, *tables), (_, other, there, *others) = shapes[0], shape
            if (label, place) != (other, there):
                what = f"machine {ranges[0][0]} is at stage {label!r}, machine {first} at {other!r}"
            else:
                what = (
                    f"in stage {label!r} their tables differ, in machine {ranges[0][0]} {tables}, in {first} {others}"
                )
            raise InputError(f"{protocol.name}: machines out of step: {what}; all must do the same, whatever they hold")


def deliver(kernels: Kernels, parcels: list[Parcel], num_machines: int) -> Table:
    """All shards' mail of one name as the table of all machines: each one's rows by source, as that wrote them."""
    tables, destinations = [table for _, table, _ in parcels], [destination for _, _, destination in parcels]
    rows = tables[0] if len(tables) == 1 else join_tables(tables)
    destination = destinations[0] if len(tables) == 1 else np.concatenate(destinations)
    columns, offsets = kernels.deliver(destination, list(rows.columns.values()), num_machines)
    return Table(dict(zip(rows.columns, columns, strict=True)), offsets)


def finish(protocol: Protocol, tables: Mapping[str, Table], ledger: Ledger) -> Run:
    """Collect the result, which is the driver's work and entered as such."""
    with timed(ledger.driver, f"collect: {protocol.collects or 'the result read off the machines'}"):
        result = protocol.collect(tables)
    return Run(result, ledger)


class LocalEngine:
    """All machines in this process.

    kernels: auto (by the input's size), numba or numpy. ranges: how machines are split into shards, in order
    (default: one shard a thread). threads: how many shards are worked on at once. Results and ledgers depend on none
    of these. deliver: how mail gets to its machines, in this order: by source, as each source wrote it.

    Raises `InputError` if kernels are none of these.
    """

    def __init__(
        self,
        *,
        kernels: str = "auto",
        threads: int = 1,
        ranges: list[tuple[int, int]] | None = None,
        deliver: Callable[[Kernels, list[Parcel], int], Table] = deliver,
    ) -> None:
        self.kernels = check_kernels(kernels)
        self.threads = threads
        self.ranges = ranges
        self.deliver = deliver

    def close(self) -> None:
        """Nothing to let go of."""

    def run(
        self,
        protocol: Protocol,
        inputs: Mapping[str, Table],
        *,
        strict: bool = True,
        progress: Progress | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> Run:
        """Run to the end. `inputs`: name -> table over all machines.

        Raises `MemoryExceeded` in a strict run when a machine sends, receives or holds more than s words; `InputError`,
        with stage and table, when the protocol breaks the rules of `words.py` or its machines get out of step.
        """
        spec = protocol.spec
        ranges = self.ranges or machine_ranges(spec.num_machines, self.threads)
        ends = [0, *(high for _, high in ranges)]
        if [low for low, _ in ranges] != ends[:-1] or ends[-1] != spec.num_machines or sorted(set(ends)) != ends:
            raise InputError(f"ranges {ranges} are not machines 0..{spec.num_machines - 1} in order, cut into shards")
        account = Accountant(protocol, inputs, strict)
        ledger = account.ledger
        kernels = choose_kernels(self.kernels, int(account.input_words.sum()))
        shards = split(inputs, ranges)
        if checkpoints is not None and checkpoints.begin(protocol, inputs, ledger):
            shards = [checkpoints.load(low, high) for low, high in ranges]
        pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None
        work = pool.map if pool else map

        def step(item: tuple[tuple[int, int], dict[str, Table]]) -> Outbox:
            (low, high), tables = item
            return protocol.local(Shard(spec, low, high - low, tables, kernels))

        try:
            while True:
                account.begin()
                outboxes = list(work(step, zip(ranges, shards, strict=True)))
                words = [
                    outbox_words(protocol.name, outbox, low, high - low, spec.num_machines)
                    for outbox, (low, high) in zip(outboxes, ranges, strict=True)
                ]
                if len(ranges) > 1:
                    check_in_step(protocol, [outbox.shape() for outbox in outboxes], ranges)
                kept, sent = (np.concatenate(part) for part in zip(*words, strict=True))
                if outboxes[0].halt:
                    ledger.end(kept)
                    break
                account.sends(outboxes[0].label, kept, sent)
                shards = self._exchange(kernels, outboxes, ranges, account)
                if checkpoints is not None and checkpoints.due(ledger):
                    checkpoints.save(ledger, lambda folder, now=shards: _write_parts(folder, ranges, now))
                if progress is not None:
                    progress(ledger.num_rounds, ledger.bound)
        finally:
            if pool:
                pool.shutdown()
        parts = [outbox.keep for outbox in outboxes]
        return finish(protocol, {name: join_tables([part[name] for part in parts]) for name in parts[0]}, ledger)

    def _exchange(
        self, kernels: Kernels, outboxes: list[Outbox], ranges: list[tuple[int, int]], account: Accountant
    ) -> list[dict[str, Table]]:
        """Deliver all mail and enter the round; next round's inboxes."""
        num_machines = account.ledger.spec.num_machines
        mailed, messages = np.zeros(num_machines, np.int64), 0
        inboxes: list[dict[str, Table]] = [dict(outbox.keep) for outbox in outboxes]
        for name in outboxes[0].mail:
            parcels = [(low, *outbox.mail[name]) for outbox, (low, _) in zip(outboxes, ranges, strict=True)]
            table = self.deliver(kernels, parcels, num_machines)
            mailed += table.words()
            messages += table.num_rows
            for inbox, (low, high) in zip(inboxes, ranges, strict=True):
                inbox[name] = table.part(low, high)
        account.receives(mailed, messages)
        return inboxes
