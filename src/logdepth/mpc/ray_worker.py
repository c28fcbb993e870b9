"""What runs in a Ray actor: the machines of one worker, and how parcels for others travel."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from logdepth.memory import peak_memory
from logdepth.mpc.checkpoint import Part, load_machines
from logdepth.mpc.engine import choose_kernels, save_range
from logdepth.mpc.host import Host, Parcels
from logdepth.mpc.placing import Inputs, TablesInHand
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.shelf import Shelf
from logdepth.mpc.table import Table
from logdepth.mpc.tally import WordTally

_SMALL_BYTES, _BUNDLED_BYTES = (
    1 << 20,
    32 << 20,
)  # of a parcel that travels in its bundle, and of all that do in a round
Bundle = dict[tuple[int, int], Any]  # what one worker mails another: (from, to) -> parcels, or where Ray holds them


class Worker:
    """The machines of one worker; runs inside a Ray actor. Its ranges are worked on one after another."""

    def begin(
        self, protocol: Protocol, index: int, ranges: list[tuple[int, int]], owners: list[int], kernels: str,
        shelves: Path | None,
    ) -> int:  # fmt: skip
        """A run begins: what for, and with which machines: those of `ranges` that `owners` gives it. The process."""
        os.environ.setdefault("POLARS_MAX_THREADS", "1")  # a worker is one core
        own = [place for place, owner in enumerate(owners) if owner == index]
        self.end()
        self.shelf, self.mail = Shelf(shelves), Shelf(shelves)
        self.index, self.owners, self.several = index, owners, shelves is not None
        self.host = Host(protocol, ranges, own, choose_kernels(kernels, 0), self.shelf)
        return os.getpid()

    def end(self) -> None:
        """Let go of what is left of the run before."""
        for shelf in (getattr(self, "shelf", None), getattr(self, "mail", None)):
            if shelf is not None:
                shelf.close()

    def load(self, inputs: Inputs) -> WordTally:
        """Start from an input; its words."""
        return self.host.load(inputs.part)

    def load_tables(self, tables: dict[str, Table]) -> WordTally:
        """Start from these inboxes, of all this worker's machines."""
        begin, inputs = self.host.ranges[self.host.own[0]][0], TablesInHand(tables)
        return self.host.load(lambda first, last: inputs.part(first - begin, last - begin))

    def load_checkpoint(self, folder: Path, state: Mapping[str, Any]) -> None:
        """Start from a checkpoint; any number of workers may have written it."""
        self.host.restore(lambda first, last: load_machines(folder, state, first, last))

    def step(self) -> list[Any]:
        """A round; what the driver is told, then a bundle for each worker, None for this one."""
        bundles: list[Bundle] = [{} for _ in range(max(self.owners) + 1)]
        room = _BUNDLED_BYTES

        def post(source: int, to: int, parcels: Parcels) -> None:
            nonlocal room
            owner = self.owners[to]
            if owner == self.index:  # in memory a copy: what goes to others is let go of once it is theirs
                self.mail.put((source, to), parcels if self.several or len(bundles) == 1 else _copied(parcels))
            else:
                size = _size(parcels)
                small = not self.several or size <= min(room, _SMALL_BYTES)
                bundles[owner][source, to] = parcels if small else _put(parcels)
                room -= size if small else 0

        done = self.host.step(post)
        return [done, *[None if worker == self.index else bundle for worker, bundle in enumerate(bundles)]]

    def take(self, *bundles: Bundle | None) -> WordTally:
        """Put the last round's bundles, in order of the sending worker, into the inboxes; the words then held."""

        def parcels(to: int) -> list[Parcels]:
            found: list[Parcels] = []
            for source, owner in enumerate(self.owners):
                bundle = bundles[owner]
                found.append(self.mail.pop((source, to)) if bundle is None else _get(bundle.pop((source, to))))
            return found

        return self.host.take(parcels)

    def save(self, folder: Path) -> list[Part]:
        """Write the inboxes: this worker's parts of a checkpoint."""
        return self.host.write(partial(save_range, folder))

    def finish(self, take: Callable[[int, int, Mapping[str, Table]], Any]) -> list[Any]:
        """`take` of each range's tables at the end, which are let go of."""
        return self.host.finish(take)

    def peak(self) -> int | None:
        """The most bytes that this process has had in memory."""
        return peak_memory()


def apply(work: Callable[[Any], Any], item: Any) -> Any:
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # a worker is one core
    return work(item)


def _copied(parcels: Parcels) -> Parcels:
    return {
        name: Table({column: values.copy() for column, values in table.columns.items()}, table.offsets)
        for name, table in parcels.items()
    }


def _size(parcels: Parcels) -> int:
    return sum(column.nbytes for table in parcels.values() for column in table.columns.values())


def _put(parcels: Parcels) -> Any:
    """Large parcels go to Ray's store by themselves, which may put them on disk; small ones travel in their bundle."""
    import ray

    return ray.put(parcels)


def _get(held: Any) -> Parcels:
    if isinstance(held, dict):
        return held
    import ray

    return ray.get(held)
