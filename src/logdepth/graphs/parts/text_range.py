"""A byte range of a text file, at the borders of its lines; and what is no plain file, laid down as one."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
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
    """A compressed text, or `-` (standard input, compressed or not), streamed into a file of plain text in `folder`.

    Raises `InputError` for damaged gzip, `WriteError` where the disk is full.
    """
    if source == "-":
        raw = _write(folder, "stdin.txt", lambda out: shutil.copyfileobj(sys.stdin.buffer, out, _COPY))
        with open(raw, "rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        if zipped:
            plain = _unpack(Path(raw), folder)
            os.unlink(raw)
            raw = plain
        return PartFile(raw, *stamp_of(raw), shown="standard input")
    if "://" in source:
        system, path = file_system(source)
        with system.open(path, "rb") as remote:
            copy = _write(folder, os.path.basename(path), lambda out: shutil.copyfileobj(remote, out, _COPY))
        plain = _unpack(Path(copy), folder)
        os.unlink(copy)
    else:
        plain = _unpack(Path(source), folder)
    return PartFile(plain, *stamp_of(plain), shown=source)


def _unpack(path: Path, folder: str) -> str:
    def copy(out: Any) -> None:
        for block in TextFile(path).blocks(_COPY):
            out.write(block)

    return _write(folder, path.name.removesuffix(".gz"), copy)


def _write(folder: str, name: str, copy: Any) -> str:
    handle, path = tempfile.mkstemp(prefix="unpacked-", suffix=f"-{name}", dir=folder)
    try:
        with os.fdopen(handle, "wb") as out:
            copy(out)
    except OSError as error:
        os.unlink(path)
        reason = error.strerror or str(error)
        raise WriteError(f"cannot write {path}: {reason}", reason=reason) from error
    return path
