"""Tables put aside, in memory or on disk: how a process works on more than its memory holds, range by range.

On disk every large column is a file of its own, mapped into memory when its range is worked on, so that what a step
does not touch is never read, and what it did not change is not written again. The files are this process's own, and
go with it.
"""

from __future__ import annotations

import itertools
import os
import weakref
from collections.abc import Hashable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from logdepth.errors import WriteError
from logdepth.files import own_folder
from logdepth.mpc.table import Array, Table

SHELF = "logdepth-shelf-"  # how the folders' names begin
# bytes up to which a column stays in memory, since a file would take longer and most tables are tiny: as long as all
# that do are no more than the second number, and beyond it
_SMALL, _MOST, _TINY = 1 << 15, 32 << 20, 1 << 10


@dataclass(frozen=True)
class _File:
    """A column on disk: nothing but its values."""

    path: Path
    dtype: np.dtype
    rows: int

    def map(self) -> Array:
        """The values, as private memory on top of the file: what is read comes from there, and nothing goes back."""
        return np.asarray(np.memmap(self.path, self.dtype, "c", shape=(self.rows,)))


_Stored = dict[str, tuple[dict[str, "_File | Array"], "_File | Array"]]  # name -> the columns, the offsets


class Shelf:
    """Tables by key. folder: where they lie, if on disk; else they stay in memory.

    Raises `WriteError` where the disk is full.

    >>> shelf = Shelf()
    >>> shelf.put(0, {"x": Table({"a": np.arange(3)}, np.array([0, 3]))})
    >>> shelf.get(0)["x"].num_rows
    3
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._memory: dict[Hashable, dict[str, Table]] = {}
        self._stored: dict[Hashable, _Stored] = {}
        self._mapped: dict[Hashable, dict[int, tuple[Array, _File]]] = {}  # what `get` handed out, by id
        self._names = itertools.count()
        self._held = 0  # bytes of the small columns in memory
        self.folder: Path | None = None
        if folder is not None:
            held = ExitStack()
            try:
                self.folder = held.enter_context(own_folder(folder, SHELF))
            except WriteError as error:
                raise _full(folder, error.reason) from error
            self._remove = weakref.finalize(self, held.close)

    def close(self) -> None:
        """Nothing lies there any more."""
        self._memory.clear()
        self._stored.clear()
        if self.folder is not None:
            self._remove()

    def put(self, key: Hashable, tables: Mapping[str, Table]) -> None:
        """Put the tables aside, in place of what lies there under this key."""
        if self.folder is None:
            self._memory[key] = dict(tables)
            return
        mapped = self._mapped.pop(key, {})
        old = self._files(key)
        self._forget(key)
        self._stored[key] = {
            name: ({column: self._write(values, mapped) for column, values in table.columns.items()},
                   self._write(table.offsets, mapped))
            for name, table in tables.items()
        }  # fmt: skip
        for path in old - self._files(key):
            path.unlink(missing_ok=True)

    def get(self, key: Hashable) -> dict[str, Table]:
        """The tables under this key; they stay there."""
        if self.folder is None:
            return dict(self._memory[key])
        mapped = self._mapped[key] = {}

        def read(held: _File | Array) -> Array:
            if not isinstance(held, _File):
                return held
            array = held.map()
            mapped[id(array)] = array, held
            return array

        return {
            name: Table({column: read(held) for column, held in columns.items()}, read(offsets))
            for name, (columns, offsets) in self._stored[key].items()
        }

    def pop(self, key: Hashable) -> dict[str, Table]:
        """The tables under this key, which then has none. On disk their files go when the arrays do."""
        if self.folder is None:
            return self._memory.pop(key)
        tables = self.get(key)
        files = self._files(key)
        self._forget(key)
        del self._mapped[key], self._stored[key]
        for path in files:
            path.unlink(missing_ok=True)  # what is mapped stays readable
        return tables

    def take(self, key: Hashable) -> dict[str, Table]:
        """The tables under this key, to be worked on and put back: those in memory are the caller's alone."""
        return self._memory.pop(key) if self.folder is None else self.get(key)

    def _forget(self, key: Hashable) -> None:
        """Its small columns are no longer this shelf's."""
        for columns, offsets in self._stored.get(key, {}).values():
            self._held -= sum(each.nbytes for each in (*columns.values(), offsets) if not isinstance(each, _File))

    def _files(self, key: Hashable) -> set[Path]:
        stored = self._stored.get(key, {})
        held = (each for columns, offsets in stored.values() for each in (*columns.values(), offsets))
        return {each.path for each in held if isinstance(each, _File)}

    def _write(self, values: Array, mapped: dict[int, tuple[Array, _File]]) -> _File | Array:
        if (known := mapped.get(id(values))) is not None:
            return known[1]
        if values.nbytes <= (_SMALL if self._held < _MOST else _TINY):
            self._held += values.nbytes
            return values if values.base is None else values.copy()  # of a large array nothing else is held
        assert self.folder is not None
        path = self.folder / str(next(self._names))
        try:
            with path.open("wb") as file:
                write_array(file, values)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise _full(self.folder, error.strerror or os.strerror(error.errno or 0)) from error
        return _File(path, values.dtype, len(values))


def write_array(file: IO[bytes], values: Array) -> None:
    """The values' bytes, and nothing else. Raises `OSError` where the disk is full."""
    file.write(np.ascontiguousarray(values).view(np.uint8).data)


def _full(folder: Path, reason: str) -> WriteError:
    return WriteError(f"cannot write to {folder}, where machines are put aside: {reason}", reason=reason)
