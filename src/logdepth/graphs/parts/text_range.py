"""A byte range of a text file, at the borders of its lines; and what is no plain file, laid down as one."""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from logdepth.errors import InputError, WriteError
from logdepth.graphs.parts.listing import PartFile, file_system, stamp_of
from logdepth.graphs.text import TextFile

_AHEAD = 1 << 16  # bytes read at a time beyond a range, for the end of its last line
LINE_BYTES = 64 << 20
_COPY = 4 << 20


def open_part(file: PartFile) -> IO[bytes]:
    """The file's bytes. Raises `InputError` naming it, and the host, if it cannot be opened or was changed."""
    file.check()
    try:
        if "://" in file.path:
            system, path = file_system(file.path)
            return system.open(path, "rb")
        return open(file.path, "rb")
    except OSError as error:
        raise InputError(f"cannot read {file.name}: {error.strerror or error}") from None


def read_lines(file: PartFile, start: int, stop: int, begin: int) -> bytes:
    """The lines that start in bytes `start` to `stop` of the file, with a newline at the end of each.

    `begin`: the byte at which the file's first line starts. Raises `InputError` for a line of more than `LINE_BYTES`.
    """
    with open_part(file) as handle:
        look = max(start - 1, begin)  # if the byte before is a newline, a line starts at `start`
        handle.seek(look)
        block = handle.read(stop - look)
        if start > begin:
            newline = block.find(b"\n")
            if newline < 0:
                return b""  # one line reaches across this range
            block = block[newline + 1 :]
        if not block:
            return b""
        pieces = [block]
        while not pieces[-1].endswith(b"\n"):
            piece = handle.read(_AHEAD)
            if not piece:
                pieces.append(b"\n")
                break
            newline = piece.find(b"\n")
            pieces.append(piece if newline < 0 else piece[: newline + 1])
            if len(pieces) * _AHEAD > LINE_BYTES:
                raise InputError(f"{file.name}: the line that reaches byte {stop:,} has more than {LINE_BYTES:,} bytes")
        return b"".join(pieces)


def lay_down(source: str, folder: str) -> PartFile:
    """A file that is compressed or elsewhere, or `-` (standard input), streamed into a plain file in `folder`.

    Raises `InputError` for damaged gzip, `WriteError` where the disk is full.
    """
    if source == "-":
        plain = _plain(sys.stdin.buffer, "stdin.txt", "standard input", folder)
        return PartFile(plain, *stamp_of(plain), shown="standard input")
    if "://" in source:
        system, path = file_system(source)
        with _blaming(source), system.open(path, "rb") as remote:
            plain = _plain(remote, os.path.basename(path), source, folder)
    else:
        plain = _unpack(Path(source), os.path.basename(source), source, folder)
    return PartFile(plain, *stamp_of(plain), shown=source)


def _plain(stream: IO[bytes], name: str, shown: str, folder: str) -> str:
    """The stream's bytes as a file, unpacked if they are compressed."""
    copy = _write(folder, name, _pieces(stream, shown))
    with open(copy, "rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    if not zipped:
        return copy
    try:
        return _unpack(Path(copy), name, shown, folder)
    finally:
        os.unlink(copy)


def _unpack(path: Path, name: str, shown: str, folder: str) -> str:
    name = name.removesuffix(".gz")
    try:
        if not name.endswith(".npy"):
            return _write(folder, name, TextFile(path).blocks(_COPY))
        with gzip.open(path) as unpacked:
            return _write(folder, name, _pieces(unpacked, shown))
    except WriteError:
        raise
    except InputError as error:
        raise InputError(str(error).replace(str(path), shown)) from None


def _pieces(stream: Any, shown: str) -> Iterator[bytes]:
    while True:
        with _blaming(shown):
            piece = stream.read(_COPY)
        if not piece:
            return
        yield piece


@contextmanager
def _blaming(shown: str) -> Iterator[None]:
    """What goes wrong within is that this cannot be read."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot read {shown}: {getattr(error, 'strerror', None) or error}") from None


def _write(folder: str, name: str, pieces: Iterable[bytes]) -> str:
    """A new file of these bytes, or none. Raises `WriteError`, and what the pieces raise."""
    path = ""
    try:
        handle, path = tempfile.mkstemp(prefix="unpacked-", suffix=f"-{name}", dir=folder)
        with os.fdopen(handle, "wb") as out:
            for piece in pieces:
                out.write(piece)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(path)
        if not isinstance(error, OSError):
            raise
        reason = error.strerror or str(error)
        raise WriteError(f"cannot write {path or folder}: {reason}", reason=reason) from error
    return path
