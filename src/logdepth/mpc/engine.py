"""Running a protocol: what every engine is, and the one in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from typing import Protocol as Interface

import numpy as np

from logdepth.errors import InputError
from logdepth.memory import peak_memory
from logdepth.mpc.accountant import Accountant
from logdepth.mpc.checkpoint import Checkpoints, Part, load_machines, write_part
from logdepth.mpc.host import Host, Parcels, Stepped
from logdepth.mpc.kernels import Kernels, NumpyKernels, Work
from logdepth.mpc.ledger import Ledger, timed
from logdepth.mpc.placing import Inputs, Outputs, TablesInHand, as_inputs
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.rounds import Crew, Progress, run_rounds
from logdepth.mpc.shelf import Shelf
from logdepth.mpc.spilling import Spill
from logdepth.mpc.table import Array, Outbox, Shard, Table, join_tables
from logdepth.mpc.tally import WordTally, merge_tallies
from logdepth.mpc.words import count_words, outbox_words

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
        inputs: Mapping[str, Table] | Inputs,
        *,
        strict: bool = True,
        progress: Progress | None = None,
        checkpoints: Checkpoints | None = None,
        outputs: Outputs | None = None,
    ) -> Run: ...

    def map(self, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """`work` of each item, by whoever is there; both can be pickled. Outside the rounds: reading, say."""
        ...

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


def save_range(folder: Path, first: int, last: int, tables: Mapping[str, Table]) -> Part:
    """Write the inboxes of machines `first` to `last` into a checkpoint's folder."""
    name = f"machines-{first:07d}-{last:07d}.npz"
    return first, last, name, write_part(folder / name, tables)


def deliver(kernels: Kernels, parcels: list[Parcel], num_machines: int, work: Work = map) -> Table:
    """All shards' mail of one name as the table of all machines: each one's rows by source, as that wrote them."""
    names = list(parcels[0][1].columns)
    rows = [[table[name] for name in names] for _, table, _ in parcels]
    destinations = [destination for _, _, destination in parcels]
    columns, offsets = kernels.deliver_all(destinations, rows, num_machines, work)
    return Table(dict(zip(names, columns, strict=True)), offsets)


def finish(protocol: Protocol, outputs: Outputs | None, crew: Crew, ledger: Ledger) -> Run:
    """The result, which is no machine's work and entered as such: collected here, or what `outputs` make of it."""
    if outputs is not None:
        with timed(ledger.driver, f"collect: {outputs.does}"):
            run = Run(outputs.gather(crew.finish(outputs.take)), ledger)
    else:
        with timed(ledger.driver, f"collect: {protocol.collects or 'the result read off the machines'}"):
            parts = crew.finish(_whole)
            tables = {name: join_tables([part[name] for part in parts]) for name in parts[0]}
            run = Run(protocol.collect(tables), ledger)
    workers = [peak for peak in crew.peaks() if peak is not None]
    if (own := peak_memory()) is not None:
        ledger.peak_bytes = {"driver": own, **({"worker": max(workers)} if workers else {})}
    return run


def _whole(first: int, last: int, tables: Mapping[str, Table]) -> Mapping[str, Table]:
    return tables


def reading(inputs: Inputs, ledger: Ledger) -> AbstractContextManager[None]:
    """The seconds within are the workers' reading, where they read."""
    if isinstance(inputs, TablesInHand):
        return nullcontext()
    return timed(ledger.driver, "read: every worker its machines' rows")


class LocalEngine:
    """All machines in this process.

    kernels: auto (by the input's size), numba or numpy. ranges: how machines are split into shards, in order
    (default: one shard a thread). threads: how many shards are worked on at once. Results and ledgers depend on none
    of these. deliver: how mail gets to its machines, in this order: by source, as each source wrote it. spill: with
    it machines are worked on range by range, the others' tables on disk, so that this process keeps to its memory.

    Raises `InputError` if kernels are none of these.
    """

    def __init__(
        self,
        *,
        kernels: str = "auto",
        threads: int = 1,
        ranges: list[tuple[int, int]] | None = None,
        deliver: Callable[[Kernels, list[Parcel], int, Work], Table] = deliver,
        spill: Spill | None = None,
    ) -> None:
        self.kernels = check_kernels(kernels)
        self.threads = threads
        self.ranges = ranges
        self.deliver = deliver
        self.spill = spill

    def close(self) -> None:
        """Nothing to let go of."""

    def map(self, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """`work` of each item, `threads` at once."""
        if self.threads == 1:
            return [work(item) for item in items]
        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(work, items))

    def run(
        self,
        protocol: Protocol,
        inputs: Mapping[str, Table] | Inputs,
        *,
        strict: bool = True,
        progress: Progress | None = None,
        checkpoints: Checkpoints | None = None,
        outputs: Outputs | None = None,
    ) -> Run:
        """Run to the end. `inputs`: name -> table over all machines; or where each range of machines finds its own.

        Without `outputs` the result is what the protocol's `collect` makes of all machines' tables.

        Raises `MemoryExceeded` in a strict run when a machine sends, receives or holds more than s words; `InputError`,
        with stage and table, when the protocol breaks the rules of `words.py` or its machines get out of step.
        """
        spec = protocol.spec
        shards = self.threads if self.spill is None else self.spill.ranges(spec, 1)
        ranges = self.ranges or machine_ranges(spec.num_machines, shards)
        ends = [0, *(high for _, high in ranges)]
        if [low for low, _ in ranges] != ends[:-1] or ends[-1] != spec.num_machines or sorted(set(ends)) != ends:
            raise InputError(f"ranges {ranges} are not machines 0..{spec.num_machines - 1} in order, cut into shards")
        account, given = Accountant(protocol, strict), as_inputs(inputs, protocol)
        crew: _Together | _InTurn
        if self.spill is None:
            crew = _Together(protocol, ranges, self.kernels, self.threads, self.deliver)
        else:
            crew = _InTurn(protocol, ranges, self.kernels, self.spill)
        with crew:
            if checkpoints is not None and checkpoints.begin(protocol, given, account.ledger):
                state = checkpoints.state()
                crew.restore(lambda low, high: load_machines(checkpoints.folder, state, low, high))
            else:
                with reading(given, account.ledger):
                    account.holds(crew.load(given))
            run_rounds(protocol, crew, account, checkpoints, progress)
            return finish(protocol, outputs, crew, account.ledger)


class _Together:
    """All machines in memory, a shard a range, `threads` of them at once."""

    def __init__(
        self,
        protocol: Protocol,
        ranges: list[tuple[int, int]],
        kernels: str,
        threads: int,
        deliver: Callable[[Kernels, list[Parcel], int, Work], Table],
    ) -> None:
        self.protocol, self.ranges, self.named, self.deliver = protocol, ranges, kernels, deliver
        self.kernels = choose_kernels(kernels, protocol.spec.num_words)
        self.pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self.work = self.pool.map if self.pool else map
        self.shards: list[dict[str, Table]] = []
        self.outboxes: list[Outbox] = []
        self.kept = np.zeros(0, np.int64)

    def __enter__(self) -> _Together:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool:
            self.pool.shutdown()

    def load(self, inputs: Inputs) -> WordTally:
        where, found = f"{self.protocol.name}: the input", []
        self.shards = list(self.work(lambda ends: inputs.part(*ends), self.ranges))
        for (low, high), tables in zip(self.ranges, self.shards, strict=True):
            words = np.zeros(high - low, np.int64)
            for name, table in tables.items():
                words += count_words(where, name, table, high - low)
            found.append(WordTally.of(words, low))
        held = merge_tallies(found)
        self.kernels = choose_kernels(self.named, held.total)
        return held

    def restore(self, part: Callable[[int, int], dict[str, Table]]) -> None:
        self.shards = [part(low, high) for low, high in self.ranges]

    def step(self) -> list[Stepped]:
        spec = self.protocol.spec

        def local(index: int) -> Outbox:
            low, high = self.ranges[index]
            tables, self.shards[index] = self.shards[index], {}
            shard = [Shard(spec, low, high - low, tables, self.kernels)]
            del tables
            return self.protocol.local(shard.pop())  # which may let go of what nobody else holds

        self.outboxes = list(self.work(local, range(len(self.ranges))))
        done, every = [], []
        for outbox, (low, high) in zip(self.outboxes, self.ranges, strict=True):
            kept, sent = outbox_words(self.protocol.name, outbox, low, high - low, spec.num_machines)
            every.append(kept)
            tallies = WordTally.of(kept, low), WordTally.of(sent, low)
            rows = sum(table.num_rows for table, _ in outbox.mail.values())
            shape = outbox.shape() if len(self.ranges) > 1 else ()
            done.append(Stepped(outbox.halt, shape, low, outbox.label, *tallies, rows))
        self.kept = np.concatenate(every)
        return done

    def take(self) -> WordTally:
        num_machines, outboxes = self.protocol.spec.num_machines, self.outboxes
        received = self.kept
        inboxes: list[dict[str, Table]] = [dict(outbox.keep) for outbox in outboxes]
        for name in outboxes[0].mail:
            parcels = [(low, *outbox.mail[name]) for outbox, (low, _) in zip(outboxes, self.ranges, strict=True)]
            table = self.deliver(self.kernels, parcels, num_machines, self.work)
            received = received + table.words()
            for inbox, (low, high) in zip(inboxes, self.ranges, strict=True):
                inbox[name] = table.part(low, high)
        self.shards, self.outboxes = inboxes, []
        return WordTally.of(received)

    def save(self, folder: Path) -> list[Part]:
        return [save_range(folder, *ends, tables) for ends, tables in zip(self.ranges, self.shards, strict=True)]

    def finish(self, take: Callable[[int, int, Mapping[str, Table]], Any]) -> list[Any]:
        done = [take(*ends, outbox.keep) for ends, outbox in zip(self.ranges, self.outboxes, strict=True)]
        self.shards, self.outboxes = [], []
        return done

    def peaks(self) -> list[int | None]:
        return []


class _InTurn:
    """Machines range by range, the others' tables and all that is mailed on disk."""

    def __init__(self, protocol: Protocol, ranges: list[tuple[int, int]], kernels: str, spill: Spill) -> None:
        self.shelf, self.mail = Shelf(spill.folder), Shelf(spill.folder)
        chosen = choose_kernels(kernels, protocol.spec.num_words)
        self.host = Host(protocol, ranges, range(len(ranges)), chosen, self.shelf)
        self.restore, self.write, self.finish = self.host.restore, self.host.write, self.host.finish

    def __enter__(self) -> _InTurn:
        return self

    def __exit__(self, *_: object) -> None:
        self.shelf.close()
        self.mail.close()

    def load(self, inputs: Inputs) -> WordTally:
        return self.host.load(inputs.part)

    def step(self) -> list[Stepped]:
        def post(source: int, to: int, parcels: Parcels) -> None:
            self.mail.put((source, to), parcels)

        return self.host.step(post)

    def take(self) -> WordTally:
        return self.host.take(lambda place: [self.mail.pop((source, place)) for source in self.host.own])

    def save(self, folder: Path) -> list[Part]:
        return self.write(lambda first, last, tables: save_range(folder, first, last, tables))

    def peaks(self) -> list[int | None]:
        return []
