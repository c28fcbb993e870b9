"""Running a protocol: what every engine is, and the one in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from typing import Protocol as Interface

import numpy as np

from logdepth.errors import InputError
from logdepth.mpc.checkpoint import Checkpoints, Part, write_part
from logdepth.mpc.kernels import Kernels, NumpyKernels
from logdepth.mpc.ledger import Ledger, Round
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.table import Array, Outbox, Shard, Table, join_tables

Progress = Callable[[int, int], None]


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


def choose_kernels(name: str = "auto") -> Kernels:
    """The Numba kernels where Numba works, else NumPy's; or the one named.

    Raises `InputError` if `name` is not auto, numba or numpy.
    """
    if name not in ("auto", "numba", "numpy"):
        raise InputError(f"kernels are {name!r}; there are: auto, numba, numpy")
    if name != "numpy":
        try:
            from logdepth.mpc.compiled import NumbaKernels

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


def outbox_words(outbox: Outbox, num_machines: int) -> tuple[Array, Array]:
    """Words each machine of a shard sends: (to itself as state, in all)."""
    kept = sum((table.words() for table in outbox.keep.values()), np.zeros(num_machines, np.int64))
    return kept, sum((table.words() for table, _ in outbox.mail.values()), kept)


class LocalEngine:
    """All machines in this process.

    kernels: auto, numba or numpy. ranges: how machines are split into shards (default: one shard a thread);
    results and ledgers don't depend on it. threads: how many shards are worked on at once.
    """

    def __init__(self, *, kernels: str = "auto", threads: int = 1, ranges: list[tuple[int, int]] | None = None) -> None:
        self.kernels = choose_kernels(kernels)
        self.threads = threads
        self.ranges = ranges

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

        Raises `MemoryExceeded` in a strict run when a machine sends, receives or holds more than s words.
        """
        spec = protocol.spec
        ranges = self.ranges or machine_ranges(spec.num_machines, self.threads)
        ledger = Ledger(spec, protocol.num_rounds, strict=strict, theory=dict(protocol.theory))
        shards = split(inputs, ranges)
        held = sum((table.words() for table in inputs.values()), np.zeros(spec.num_machines, np.int64))
        ledger.check("holds", held, 0, "input")
        if checkpoints is not None and checkpoints.begin(protocol, inputs, ledger):
            shards = [checkpoints.load(low, high) for low, high in ranges]
            held = np.concatenate(
                [
                    Shard(spec, 0, high - low, tables, self.kernels).words()
                    for (low, high), tables in zip(ranges, shards, strict=True)
                ]
            )
        pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None
        work = pool.map if pool else map

        def step(item: tuple[tuple[int, int], dict[str, Table]]) -> Outbox:
            (low, high), tables = item
            return protocol.local(Shard(spec, low, high - low, tables, self.kernels))

        try:
            while True:
                began = time.perf_counter()
                outboxes = list(work(step, zip(ranges, shards, strict=True)))
                if outboxes[0].halt:
                    assert all(outbox.halt for outbox in outboxes), "machines out of step"
                    break
                held = self._exchange(outboxes, ranges, shards, held, ledger, began)
                if checkpoints is not None and checkpoints.due(ledger):
                    checkpoints.save(ledger, lambda folder: _write_parts(folder, ranges, shards))
                if progress is not None:
                    progress(ledger.num_rounds, ledger.bound)
        finally:
            if pool:
                pool.shutdown()
        parts = [outbox.keep for outbox in outboxes]
        result = protocol.collect({name: join_tables([part[name] for part in parts]) for name in parts[0]})
        return Run(result, ledger)

    def _exchange(
        self,
        outboxes: list[Outbox],
        ranges: list[tuple[int, int]],
        shards: list[dict[str, Table]],
        held: Array,
        ledger: Ledger,
        began: float,
    ) -> Array:
        """Deliver all mail into `shards` (next round's inboxes) and enter the round; words then held."""
        num_machines = ledger.spec.num_machines
        label = outboxes[0].label
        words = [outbox_words(outbox, high - low) for outbox, (low, high) in zip(outboxes, ranges, strict=True)]
        kept = np.concatenate([part[0] for part in words])
        sent = np.concatenate([part[1] for part in words])
        ledger.check("sends", sent, 0, label)
        received, messages = kept, 0
        inboxes: list[dict[str, Table]] = [dict(outbox.keep) for outbox in outboxes]
        for name in outboxes[0].mail:
            parcels = [outbox.mail[name] for outbox in outboxes]
            names = list(parcels[0][0].columns)
            if len(parcels) == 1:
                destination, columns = parcels[0][1], [parcels[0][0][column] for column in names]
            else:
                destination = np.concatenate([parcel[1] for parcel in parcels])
                columns = [np.concatenate([parcel[0][column] for parcel in parcels]) for column in names]
            delivered, offsets = self.kernels.deliver(destination, columns, num_machines)
            table = Table(dict(zip(names, delivered, strict=True)), offsets)
            received = received + table.words()
            messages += len(destination)
            for inbox, (low, high) in zip(inboxes, ranges, strict=True):
                inbox[name] = table.part(low, high)
        ledger.check("receives", received, 0, label)
        row = Round(
            ledger.num_rounds,
            label,
            int(held.max()),
            int(sent.max()),
            int(received.max()),
            int(held.sum()),
            int(sent.sum()),
            int(received.sum()),
            int(kept.sum()),
            messages,
            time.perf_counter() - began,
        )
        ledger.rounds.append(row)
        shards[:] = inboxes
        return received
