"""Text files, gzipped or not, as blocks of whole lines; and the errors that name a line. No formats here."""

from __future__ import annotations

import gzip
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from logdepth.errors import InputError

BLOCK_BYTES = 32 << 20
LINE_BYTES = 2 << 30  # a few bytes of gzip may unpack to a line without end
_PIECE_BYTES = 1 << 20
_CLIP = 80


def clip(text: bytes | str) -> str:
    """What a message shows of a line: quoted, at most 80 characters of it, on one line."""
    shown = text.decode("utf-8", "backslashreplace") if isinstance(text, bytes) else text
    shown = shown.strip()
    return repr(shown if len(shown) <= _CLIP else shown[:_CLIP] + "...")


def check_there(path: Path) -> None:
    """Raise `InputError` unless `path` is there: a file or a pipe, no folder and no device."""
    try:
        kind = path.stat().st_mode
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:  # a name too long, or with a zero byte
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if stat.S_ISDIR(kind):
        raise InputError(f"{path} is a folder; a file is needed")
    if stat.S_ISCHR(kind) or stat.S_ISBLK(kind):
        raise InputError(f"{path} is a device; a file is needed")


def check_file(path: Path) -> None:
    """Raise `InputError` unless `path` is a file with something in it that may be read."""
    check_there(path)
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise InputError(f"{path} is empty")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


@dataclass(frozen=True)
class TextFile:
    """A text file; compressed if it starts as gzip does, whatever its name.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.txt"
    ...     _ = path.write_bytes(b"1 2\\n3 4\\n5 6")
    ...     list(TextFile(path).blocks(block_bytes=9))
    [b'1 2\\n3 4\\n', b'5 6\\n']
    """

    path: Path

    def blocks(self, block_bytes: int = BLOCK_BYTES, skip: int = 0) -> Iterator[bytes]:
        """The file from byte `skip` on, in blocks of whole lines of about `block_bytes` (or one longer line).

        Every block ends with a newline, also where the file does not; a byte-order mark at the start is left
        out. Raises `InputError` if the file cannot be read, is empty, or is damaged or truncated gzip.
        """
        pieces: list[bytes] = []  # what is read and not yet yielded; no newline in it beyond `whole` bytes
        held = whole = lines = 0
        with self.open() as file, self._naming_damage(lambda: lines):
            self._skip(file, skip)
            for piece in iter(lambda: file.read1(min(_PIECE_BYTES, block_bytes)), b""):
                lines += piece.count(b"\n")
                if (newline := piece.rfind(b"\n")) >= 0:
                    whole = held + newline + 1
                pieces.append(piece)
                held += len(piece)
                if not whole and held > LINE_BYTES:
                    raise self.error(lines + 1, f"a line of more than {LINE_BYTES:,} bytes")
                if whole and held >= block_bytes:
                    text = b"".join(pieces)
                    yield text[:whole]
                    pieces = [text[whole:]]
                    held, whole = len(pieces[0]), 0
        if text := b"".join(pieces):
            yield text if text.endswith(b"\n") else text + b"\n"

    def lines(self) -> Iterator[tuple[int, int, bytes]]:
        """Each line's number (from 1), the byte where the next one starts, and the text. Slow: for the first few."""
        number = position = 0
        with self.open() as file, self._naming_damage(lambda: number):
            position = self._skip(file, 0)
            for number, line in enumerate(iter(lambda: file.readline(LINE_BYTES + 1), b""), 1):
                if len(line) > LINE_BYTES:
                    raise self.error(number, f"a line of more than {LINE_BYTES:,} bytes")
                position += len(line)
                yield number, position, line

    @contextmanager
    def open(self) -> Iterator[BufferedReader | gzip.GzipFile]:
        """The decompressed bytes."""
        check_file(self.path)
        with self.path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if not zipped:
                yield file
                return
            with gzip.GzipFile(fileobj=file) as unzipped:
                yield unzipped

    def error(self, line: int, message: str, text: bytes | str | None = None) -> InputError:
        """To be raised: `file:line: message: 'the line'`."""
        return InputError(f"{self.path}:{line}: {message}" + ("" if text is None else f": {clip(text)}"))

    def _skip(self, file: BufferedReader | gzip.GzipFile, count: int) -> int:
        """Skip `count` bytes, or a byte-order mark if that is 0; returns how many."""
        if not count:
            start = file.peek(3)[:3]
            if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise InputError(f"{self.path} is UTF-16 text; save it as UTF-8")
            if not start:
                raise InputError(f"{self.path} is empty (compressed)")
            count = 3 if start == b"\xef\xbb\xbf" else 0
        left = count
        while left and (piece := file.read(min(left, _PIECE_BYTES))):
            left -= len(piece)
        return count

    @contextmanager
    def _naming_damage(self, lines: Callable[[], int]) -> Iterator[None]:
        try:
            yield
        except EOFError as error:
            raise InputError(f"{self.path} is truncated: the gzip stream ends after {lines()} lines") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise InputError(f"{self.path} is damaged gzip after {lines()} lines ({error})") from error
