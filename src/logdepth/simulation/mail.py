"""A round's mail as messages of a router: all that one machine writes another is one message, words in a fixed order.

A message is the rows of its tables, table by table in the order of the sender's outbox, row by row as the sender
wrote them, column by column, limb by limb. Where the stage mails more than one table, each table that has rows in
this message begins with one word, `number of the table * 2^22 + number of rows`; of a single table the length says
how many rows there are. So a message is never longer than four router words a word of the protocol: at most three
limbs, and a table that has a row has a word.

The receiver reads it with the *schema* of its own outbox: machines are in step, so what a stage mails, the names,
columns and types of its tables, is the same on all machines whatever they hold (`Outbox.shape`, which engines check
as well). Messages are read by source, so each table's rows come by source, then as that source wrote them (Definition
2.3).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Int

from logdepth.errors import InputError
from logdepth.mpc.table import Array, Table
from logdepth.simulation.limbs import LIMB_BITS, MOST_LIMBS, from_limbs, num_limbs, to_limbs
from logdepth.simulation.routers.packets import WORD_LIMIT, Packets

WORDS_A_WORD = MOST_LIMBS + 1  # a message's router words for each of its words, at most
MOST_TABLES = WORD_LIMIT >> LIMB_BITS  # that one stage mails

Schema = Mapping[str, Mapping[str, np.dtype]]  # of each table its columns' types
Mail = Mapping[str, tuple[Table, Array]]  # name -> (table, destination of each row)


def schema_of(mail: Mail) -> Schema:
    """Names, columns and types: what the program's text says of a stage's mail."""
    return {name: {key: column.dtype for key, column in table.columns.items()} for name, (table, _) in mail.items()}


def _width(columns: Mapping[str, np.dtype]) -> int:
    return sum(map(num_limbs, columns.values()))


def write_mail(machines: Int[np.ndarray, " machines"], mail: Mail) -> Packets:
    """The mail of `machines`, a row of each table's offsets a machine, as packets at their sources.

    Raises `InputError` for more tables or rows than the word before them can say.

    >>> table = Table({"a": np.array([7, 8, 9], np.int16)}, np.array([0, 2, 3]))
    >>> write_mail(np.array([0, 1]), {"x": (table, np.array([1, 1, 0]))}).messages()
    {(0, 1): (7, 8), (1, 0): (9,)}
    """
    if len(mail) > MOST_TABLES:
        raise InputError(f"a stage mails {len(mail):,} tables; a message tells {MOST_TABLES:,} apart: stack some")
    parts = [np.zeros((5, 0), np.int64)]  # source, destination, table, place in it, word
    for number, (table, destination) in enumerate(mail.values()):
        source, target = np.repeat(machines, table.counts), np.asarray(destination, np.int64)
        if not len(source):
            continue
        limbs = np.concatenate([to_limbs(column) for column in table.columns.values()], axis=1)
        width = limbs.shape[1]
        place = np.arange(limbs.size)
        row = np.repeat(np.stack([source, target]), width, axis=1)
        parts.append(np.stack([*row, np.full(limbs.size, number), place, limbs.ravel()]))
        if len(mail) > 1:
            pairs, rows = np.unique(np.stack([source, target]), axis=1, return_counts=True)
            if rows.max() >> LIMB_BITS:
                raise InputError(f"a message has {rows.max():,} rows of one table; at most {(1 << LIMB_BITS) - 1:,}")
            parts.append(
                np.stack([*pairs, np.full(len(rows), number), np.full(len(rows), -1), (number << LIMB_BITS) + rows])
            )
    source, target, number, place, word = np.concatenate(parts, axis=1)
    order = np.lexsort((place, number, target, source))
    source, target, word = source[order], target[order], word[order]
    first = np.ones(len(source), bool)
    first[1:] = (source[1:] != source[:-1]) | (target[1:] != target[:-1])
    begins = np.flatnonzero(first)
    index = np.arange(len(source)) - np.repeat(begins, np.diff(np.append(begins, len(source))))
    return Packets(source, source, target, index, word)


def read_mail(schema: Schema, packets: Packets) -> dict[str, Table]:
    """What one machine received, as the tables of its inbox. `packets`: those that it holds.

    >>> table = Table({"a": np.array([-1])}, np.array([0, 1]))
    >>> sent = write_mail(np.array([3]), {"x": (table, np.array([4])), "y": (table, np.array([4]))})
    >>> got = read_mail(schema_of({"x": (table, None), "y": (table, None)}), sent)
    >>> got["x"]["a"].tolist(), got["y"]["a"].tolist()
    ([-1], [-1])
    """
    widths = [_width(columns) for columns in schema.values()]
    pieces: list[list[Array]] = [[] for _ in widths]
    ends = np.append(np.flatnonzero(np.diff(packets.source)) + 1, len(packets)) if len(packets) else []
    begin = 0
    for end in ends:
        words = packets.word[begin:end]
        begin, at = end, 0
        while at < len(words):
            if len(widths) == 1:
                number, rows = 0, len(words) // widths[0]
            else:
                number, rows = divmod(int(words[at]), 1 << LIMB_BITS)
                at += 1
            stop = at + rows * widths[number]
            assert rows and stop <= len(words), "a message that its own head does not fit"
            pieces[number].append(words[at:stop].reshape(rows, -1))
            at = stop
    return {
        name: _table(columns, np.concatenate([np.zeros((0, width), np.int64), *rows]))
        for (name, columns), width, rows in zip(schema.items(), widths, pieces, strict=True)
    }


def _table(columns: Mapping[str, np.dtype], limbs: Int[np.ndarray, "rows width"]) -> Table:
    """One machine's table out of its rows."""
    read, at = {}, 0
    for key, dtype in columns.items():
        read[key] = from_limbs(limbs[:, at : at + num_limbs(dtype)], dtype)
        at += num_limbs(dtype)
    return Table(read, np.array([0, len(limbs)]))
