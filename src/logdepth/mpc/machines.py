"""Protocols one machine at a time, as Definition 2.3 writes them: for teaching, and for first drafts.

`local(round, machine, inbox)` gets the messages that a machine received, as (message, source) pairs, and returns
(message, destination) pairs. It has no other memory: to keep something, a machine mails it to itself. The inbox is in
order of the sources, and what one source wrote is in the order in which it wrote it: both source and order are in the
model, and what `local` does may depend on them, and on no other order. The result is an ordinary `Protocol`, with the
same engines, limits and ledger as the vectorised ones, only slower.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.mpc.protocol import Change, Protocol, Send
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table

Message = tuple[int, ...]
MachineFunction = Callable[[int, int, list[tuple[Message, int]]], Sequence[tuple[Message, int]]]

MAIL = "mail"


def per_machine(name: str, spec: Spec, num_rounds: int, local: MachineFunction, *, message_words: int) -> Protocol:
    """A protocol of `num_rounds` rounds from what one machine does in one.

    Messages are tuples of `message_words` integers of 64 bits. In the model a source costs nothing; here it travels as
    a column, and the ledger counts it as one: `message_words + 1` words a message, never less than the model says. The
    result of a run is, for each machine, the (message, source) pairs it holds at the end. Raises `InputError` in a
    run, naming machine and round, for a message of another length, of anything but such integers, or to no machine.

    >>> from logdepth.mpc import LocalEngine
    >>> def pass_on(round, machine, inbox):  # 4 machines in a ring, each adds its number to what it gets
    ...     return [((total + machine,), (machine + 1) % 4) for (total,), source in inbox]
    >>> protocol = per_machine("ring", Spec(4, 8, 4), 4, pass_on, message_words=1)
    >>> run = LocalEngine().run(protocol, place_messages(protocol.spec, [[(10,)], [], [], []]))
    >>> run.result[0], run.ledger.num_rounds
    ([((16,), 3)], 4)
    """

    def step(round: int) -> Callable[[Shard], Change]:
        def run(shard: Shard) -> Change:
            mail = shard[MAIL]
            rows = np.stack([mail[column] for column in mail.columns], axis=1) if mail.num_rows else np.zeros((0, 1))
            sent: list[tuple[int, ...]] = []
            destinations: list[int] = []
            counts = []
            for place, machine in enumerate(shard.machines.tolist()):
                own = rows[mail.offsets[place] : mail.offsets[place + 1]].tolist()
                inbox = [(tuple(row[1:]), row[0]) for row in own]
                outbox = list(local(round, machine, inbox))
                for message, destination in outbox:
                    _check(name, spec, round, machine, message, destination, message_words)
                    sent.append((machine, *message))
                    destinations.append(destination)
                counts.append(len(outbox))
            return Change(
                drop=(MAIL,), mail={MAIL: (_table(sent, counts, message_words), np.array(destinations, np.int64))}
            )

        return run

    def collect(tables: Mapping[str, Table]) -> list[list[tuple[Message, int]]]:
        mail = tables[MAIL]
        rows = list(zip(*(column.tolist() for column in mail.columns.values()), strict=True))
        pairs = [(tuple(row[1:]), row[0]) for row in rows]
        return [pairs[low:high] for low, high in zip(mail.offsets[:-1], mail.offsets[1:], strict=True)]

    stages = [Send(f"round {round}", step(round)) for round in range(num_rounds)]
    return Protocol(name, spec, stages, collect, {"num_rounds": num_rounds, "message_words": message_words})


def place_messages(spec: Spec, messages: Sequence[Sequence[Message]]) -> dict[str, Table]:
    """The input: for each machine the messages it starts with, as if it had mailed them to itself."""
    if len(messages) != spec.num_machines:
        raise InputError(f"messages are for {len(messages)} machines; there are {spec.num_machines}")
    rows = [(machine, *message) for machine, own in enumerate(messages) for message in own]
    widths = {len(row) - 1 for row in rows} or {1}
    if odd := [row[1:] for row in rows if not all(map(_is_word, row[1:]))]:
        raise InputError(f"the message {odd[0]!r} is not a tuple of integers of 64 bits")
    if len(widths) > 1:
        raise InputError(f"messages have {sorted(widths)} words; all must have the same number")
    return {MAIL: _table(rows, [len(own) for own in messages], widths.pop())}


def _table(rows: list[tuple[int, ...]], counts: list[int], message_words: int) -> Table:
    matrix = np.array(rows, np.int64).reshape(len(rows), message_words + 1)
    columns: dict[str, Array] = {"source": matrix[:, 0].copy()}
    columns |= {f"word{index}": matrix[:, index + 1].copy() for index in range(message_words)}
    return Table(columns, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def _check(name: str, spec: Spec, round: int, machine: int, message: Any, destination: int, words: int) -> None:
    where = f"{name}: machine {machine} in round {round}"
    if not isinstance(message, tuple) or len(message) != words or not all(map(_is_word, message)):
        raise InputError(f"{where} sends {message!r}; a message is a tuple of {words} integers of 64 bits")
    if not _is_word(destination):
        raise InputError(f"{where} sends to {destination!r}; a machine is a whole number")
    if not 0 <= destination < spec.num_machines:
        raise InputError(f"{where} sends to machine {destination}; machines are 0..{spec.num_machines - 1}")


def _is_word(value: Any) -> bool:
    return isinstance(value, int | np.integer) and -(2**63) <= int(value) < 2**63
