"""What a word is, and the one place where words are counted: a table that holds anything else is refused here.

A word is one entry of a column: a number, or a Boolean, of at most 64 bits. A table costs `rows * columns` words, so
a table without columns (rows that cost nothing) and a column with more than one number a row (numbers that cost
nothing) are no tables, nor is anything that can carry more than its columns: a subclass, a dtype with metadata.

Free is what the model hands over and what the program's text says. Definition 2.3 gives a machine pairs (Msg, Src),
and all that one machine writes another in a round is one Msg: so rows come in order of their source, then in the order
in which it wrote them. A source that is wanted as a number is a column like any other, and counted. The names and types
of tables and columns are text, the same whatever the input: machines that differ in them are out of step.

What Python can hide from every count (a closure that remembers, an array behind a view) is no protocol: `local` is a
pure function of its shard. A run that goes on from a checkpoint, on other shards, shows it.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from logdepth.errors import InputError
from logdepth.mpc.table import CONTROL, Array, Outbox, Table

WORDS = frozenset(np.dtype(code) for code in "?bBhHiIlLqQfdF")
_MACHINES = frozenset(np.dtype(code) for code in "bBhHiIlq")  # a machine's number: what int64 holds, however mixed


def count_words(where: str, name: str, table: Table, num_machines: int) -> Array:
    """Words of each machine, (num_machines,), in a table over that many.

    Raises `InputError`, which begins with `where` and names table and column, unless all that it holds is words.

    >>> count_words("here", "x", Table({"a": np.arange(3), "b": np.ones(3, bool)}, np.array([0, 1, 3])), 2).tolist()
    [2, 4]
    >>> count_words("here", "x", Table({"a": np.zeros((1, 50))}, np.array([0, 1])), 1)
    Traceback (most recent call last):
    logdepth.errors.InputError: here: column 'a' of table 'x' has shape (1, 50); it needs one word for each of 1 rows
    """
    if type(table) is not Table or type(table.columns) is not dict:
        if isinstance(table, Table):
            raise InputError(f"{where}: {name!r} is no plain Table with a dict of columns; nothing else is counted")
        raise InputError(f"{where}: {name!r} is a {type(table).__name__}; a Table is needed")
    if type(name) is not str or "|" in name or name == CONTROL:
        raise InputError(f"{where}: a table cannot be called {name!r}; any text without | is a name, but {CONTROL!r}")
    offsets, columns = table.offsets, table.columns
    if type(offsets) is not np.ndarray or offsets.dtype.kind != "i" or offsets.shape != (num_machines + 1,):
        raise InputError(
            f"{where}: the offsets of table {name!r} are {_shown(offsets)}; {num_machines} machines need "
            f"{num_machines + 1} integers"
        )
    counts = offsets[1:] - offsets[:-1]  # np.diff takes thrice as long, and this is done for every table
    rows = int(offsets[-1])
    if offsets[0] != 0 or np.minimum.reduce(counts) < 0:
        raise InputError(f"{where}: the offsets of table {name!r} must start at 0 and never fall")
    if not columns:
        raise InputError(f"{where}: table {name!r} has no columns, so its rows would cost nothing; give it one")
    for key, column in columns.items():
        plain = type(column) is np.ndarray and type(key) is str and key
        if not plain or column.shape != (rows,) or column.dtype not in WORDS or column.dtype.metadata:
            _refuse_column(where, name, key, column, rows)
    return counts * len(columns)


def _refuse_column(where: str, name: str, key: Any, column: Any, rows: int) -> NoReturn:
    """Say what is wrong with a column."""
    what = f"{where}: column {key!r} of table {name!r}"
    if type(key) is not str or not key:
        raise InputError(f"{what} needs a name that is text")
    if type(column) is not np.ndarray:
        raise InputError(f"{what} is a {type(column).__name__}; a plain NumPy array is needed (np.asarray makes one)")
    if column.shape != (rows,):
        raise InputError(f"{what} has shape {column.shape}; it needs one word for each of {rows} rows")
    raise InputError(
        f"{what} holds {column.dtype!r}, which is no word: a number or Boolean of at most 64 bits, in this computer's "
        "byte order"
    )


def count_mail(where: str, name: str, parcel: Any, first: int, num_machines: int, machines: int) -> Array:
    """Words that machines `first`, ... (num_machines of them) mail, each row to one of `machines` machines.

    Raises `InputError`, naming the table, and the row's machine where its destination is none.
    """
    if not isinstance(parcel, tuple) or len(parcel) != 2:
        raise InputError(
            f"{where}: mail {name!r} is a {type(parcel).__name__}; a table and its destinations are needed"
        )
    table, destination = parcel
    words = count_words(where, name, table, num_machines)
    rows = int(table.offsets[-1])
    if type(destination) is not np.ndarray or destination.dtype not in _MACHINES or destination.shape != (rows,):
        raise InputError(
            f"{where}: the destinations of table {name!r} are {_shown(destination)}; it needs one machine's number, an "
            f"integer of int64, for each of {rows} rows"
        )
    if rows and destination.view(f"u{destination.itemsize}").max() >= machines:  # below 0 is beyond them, in one pass
        row = int(np.argmax((destination < 0) | (destination >= machines)))
        sender = first + int(np.searchsorted(table.offsets, row, "right")) - 1
        raise InputError(
            f"{where}: machine {sender} sends row {row - int(table.offsets[sender - first])} of table {name!r} to "
            f"machine {destination[row]}; machines are 0..{machines - 1}"
        )
    return words


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} with shape {value.shape}"
    return f"a {type(value).__name__}"


def outbox_words(protocol: str, outbox: Outbox, first: int, num_machines: int, machines: int) -> tuple[Array, Array]:
    """Words that machines `first`, ... send: (to themselves as state, in all); halting ones hold the former.

    Raises `InputError` as `count_words` and `count_mail`, also for tables that were changed in place.
    """
    where = f"{protocol}: {'' if outbox.halt else 'stage '}{outbox.label!r}"
    kept = np.zeros(num_machines, np.int64)
    for name, table in outbox.keep.items():
        kept += count_words(where, name, table, num_machines) if name != CONTROL else table.words()
    sent = kept.copy()
    for name, parcel in outbox.mail.items():
        sent += count_mail(where, name, parcel, first, num_machines, machines)
    return kept, sent
