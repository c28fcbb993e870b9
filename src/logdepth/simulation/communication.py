"""One communication of a protocol as attention layers: rows of the residual, and the row-wise maps before and after.

A *row* is what one token holds: as an `Outbox` what its machine keeps and mails, and the words on their way through
it. Each map takes the rows of some tokens and gives theirs, and looks at no others: run token by token, in other
processes, beside garbage, it gives the same. Only `Routing`'s attention, between `send` and `receive`, brings
anything from a token to another. What it may bring is what `mail` writes; the rest of a row (tables that are kept,
mail to oneself) stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from logdepth.mpc.table import Array, Outbox, Table
from logdepth.simulation.mail import read_mail, schema_of, write_mail
from logdepth.simulation.routers.packets import Packets
from logdepth.simulation.routers.router import Routing, Rows

Tables = Mapping[str, Table]
EMPTY = Outbox({})  # of a blank token


@dataclass(frozen=True, eq=False)
class MachineResidual:
    """Rows of `tokens`, ascending. outboxes: one each. own: words to themselves; held: words on their way."""

    tokens: Int[np.ndarray, " tokens"]
    outboxes: tuple[Outbox, ...]
    own: Packets
    held: Packets

    @staticmethod
    def at(tokens: Array, outboxes: list[Outbox]) -> MachineResidual:
        return MachineResidual(tokens, tuple(outboxes), Packets.none(), Packets.none())

    def of(self, tokens: Array) -> MachineResidual:
        """The rows of some of them."""
        rows = np.searchsorted(self.tokens, tokens)
        return MachineResidual(
            tokens, tuple(self.outboxes[row] for row in rows), self.own.of(tokens), self.held.of(tokens)
        )


@dataclass(frozen=True, eq=False)
class Communication:
    """routing: the attention. before: `before(token, outbox)`, what a token mails. after: `after(token, tables)`, its
    next outbox, of what it kept and what it received; a halted one and a blank token's stay as they are."""

    routing: Routing
    before: Callable[[int, Outbox], Outbox]
    after: Callable[[int, Tables], Outbox]

    def enter(self, rows: MachineResidual) -> MachineResidual:
        """Row-wise, before the first layer: mail as words. Mail to oneself is set aside."""
        outboxes = [self.before(int(token), outbox) for token, outbox in zip(rows.tokens, rows.outboxes, strict=True)]
        written = [write_mail(rows.tokens[i : i + 1], outbox.mail) for i, outbox in enumerate(outboxes) if outbox.mail]
        packets = concatenate(written)
        own = packets.source == packets.destination
        return MachineResidual(rows.tokens, tuple(outboxes), packets.where(own), packets.where(~own))

    def send(self, layer: int, rows: MachineResidual) -> Rows:
        """Row-wise: what each token puts into a layer's attention."""
        return self.routing.send(layer, rows.tokens, rows.held)

    def receive(
        self, layer: int, rows: MachineResidual, averages: Float[np.ndarray, "heads tokens value_dim"]
    ) -> MachineResidual:
        """Row-wise: what each token holds after it."""
        return replace(rows, held=self.routing.receive(layer, rows.tokens, rows.held, averages))

    def leave(self, rows: MachineResidual) -> MachineResidual:
        """Row-wise, after the last layer: words as tables again, and what the token makes of them."""
        arrived = concatenate([rows.own, rows.held])
        arrived = Packets.columns(
            arrived.holder, arrived.source, arrived.destination, arrived.index, arrived.word
        )  # by source: its own among the others
        ends = np.searchsorted(arrived.holder, rows.tokens, "right").tolist()
        outboxes, low = [], 0
        for token, outbox, high in zip(rows.tokens.tolist(), rows.outboxes, ends, strict=True):
            got = read_mail(schema_of(outbox.mail), arrived.where(np.arange(low, high)))
            low = high
            if outbox is not EMPTY and not outbox.halt:
                outbox = self.after(token, {**outbox.keep, **got})
            outboxes.append(outbox)
        return MachineResidual.at(rows.tokens, outboxes)


def concatenate(parts: list[Packets]) -> Packets:
    """Packets of several rows, in their order."""
    if not parts:
        return Packets.none()
    names = ("holder", "source", "destination", "index", "word")
    return Packets(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
