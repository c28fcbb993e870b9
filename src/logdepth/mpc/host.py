"""The machines of one process: their ranges, worked on one after another, and the parcels between ranges.

What runs in a Ray actor, and in this process where its memory would not hold all machines at once. Parcels are one
for each pair of ranges: columns sorted by the receiver's machines, and their offsets.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from logdepth.memory import give_back, peak_memory
from logdepth.mpc.kernels import Kernels
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.shelf import Shelf
from logdepth.mpc.table import Array, Shard, Table
from logdepth.mpc.tally import WordTally, merge_tallies
from logdepth.mpc.words import count_words, outbox_words

Parcels = dict[str, Table]  # by name, over the receiver's machines


@dataclass(frozen=True)
class Stepped:
    """What the machines of one process did in a round, for the driver: a few numbers, and what must be alike."""

    halt: bool
    shape: tuple[Any, ...]
    first: int
    label: str
    kept: WordTally
    sent: WordTally
    messages: int
    worker: str = ""  # host:pid, for those who watch; as the next two, no part of the account
    seconds: float = 0.0
    peak: int | None = None


class Host:
    """Ranges `own` (places in `ranges`, in order) of the machines of a protocol. Tables lie on `shelf`."""

    def __init__(
        self, protocol: Protocol, ranges: Sequence[tuple[int, int]], own: Sequence[int], kernels: Kernels, shelf: Shelf
    ) -> None:
        self.protocol, self.ranges, self.own, self.kernels, self.shelf = protocol, ranges, own, kernels, shelf
        self.name = f"{socket.gethostname()}:{os.getpid()}"

    def load(self, part: Callable[[int, int], dict[str, Table]]) -> WordTally:
        """Begin with `part(first, last)` of each range; its words."""
        where, found = f"{self.protocol.name}: the input", []
        for place in self.own:
            first, last = self.ranges[place]
            tables = part(first, last)
            words = np.zeros(last - first, np.int64)
            for name, table in tables.items():
                words += count_words(where, name, table, last - first)
            found.append(WordTally.of(words, first))
            self.shelf.put(place, tables)
        return merge_tallies(found)

    def restore(self, part: Callable[[int, int], dict[str, Table]]) -> None:
        """Begin with what a checkpoint has of each range."""
        for place in self.own:
            self.shelf.put(place, part(*self.ranges[place]))

    def take(self, parcels: Callable[[int], list[Parcels]]) -> WordTally:
        """Put what was mailed into each range's inbox: `parcels(place)`, by sending range. Words it then holds."""
        found = []
        for place in self.own:
            first, last = self.ranges[place]
            tables, mine = self.shelf.take(place), parcels(place)
            for name in list(mine[0]) if mine else ():
                tables[name] = self._merged([piece.pop(name) for piece in mine])
            words = sum((table.words() for table in tables.values()), np.zeros(last - first, np.int64))
            found.append(WordTally.of(words, first))
            self.shelf.put(place, tables)
        return merge_tallies(found)

    def step(self, post: Callable[[int, int, Parcels], None]) -> list[Stepped]:
        """One round of every range; `post(from, to, parcels)` gets what one range mails another."""
        done, spec = [], self.protocol.spec
        for place in self.own:
            first, last = self.ranges[place]
            began = time.perf_counter()
            outbox = self.protocol.local(Shard(spec, first, last - first, self.shelf.take(place), self.kernels))
            kept, sent = outbox_words(self.protocol.name, outbox, first, last - first, spec.num_machines)
            halt, label, shape, mail = outbox.halt, outbox.label, outbox.shape(), dict(outbox.mail)
            self.shelf.put(place, outbox.keep)
            del outbox  # from here on each table is let go of as soon as it can be
            messages = 0
            cut: list[Parcels] = [{} for _ in self.ranges]
            for name in list(mail):
                messages += len(mail[name][1])
                rows = self._delivered(*mail.pop(name))
                for parcel, (low, high) in zip(cut, self.ranges, strict=True):
                    parcel[name] = rows.part(low, high)
                del rows
            if not halt:
                for to in range(len(cut)):
                    post(place, to, cut[to])
                    cut[to] = {}
            if self.shelf.folder is not None:
                give_back()  # memory is short, and the next range needs as much
            tallies = WordTally.of(kept, first), WordTally.of(sent, first)
            seen = self.name, time.perf_counter() - began, peak_memory()
            done.append(Stepped(halt, shape, first, label, *tallies, messages, *seen))
        return done

    def _delivered(self, table: Table, destination: Array) -> Table:
        """Rows in order of their machines, over all machines."""
        machines = self.protocol.spec.num_machines
        columns, offsets = self.kernels.deliver(destination, list(table.columns.values()), machines)
        return Table(dict(zip(table.columns, columns, strict=True)), offsets)

    def _merged(self, pieces: list[Table]) -> Table:
        if len(pieces) == 1:
            return pieces[0]
        columns, offsets = self.kernels.merge(
            [list(piece.columns.values()) for piece in pieces], [piece.offsets for piece in pieces]
        )
        return Table(dict(zip(pieces[0].columns, columns, strict=True)), offsets)

    def write(self, save: Callable[[int, int, Mapping[str, Table]], Any]) -> list[Any]:
        """`save(first, last, inbox)` of each range."""
        return [save(*self.ranges[place], self.shelf.get(place)) for place in self.own]

    def finish(self, take: Callable[[int, int, Mapping[str, Table]], Any]) -> list[Any]:
        """`take(first, last, tables)` of each range, whose tables are let go of."""
        return [take(*self.ranges[place], self.shelf.pop(place)) for place in self.own]
