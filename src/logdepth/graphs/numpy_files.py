"""NumPy's files, .npy and .npz: what their headers announce is held against the file before anything is allocated."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs.text import check_file
from logdepth.memory import check_room

_MOST_DEFLATED = 1032  # times: deflate can do no better


@contextmanager
def open_numpy(path: Path) -> Iterator[Any]:
    """What NumPy loads of a file: an array, or an archive whose arrays load when asked for.

    Raises `InputError` on a file that is damaged, needs pickle, announces more than it holds, or unpacks to more than
    this machine's memory.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(folder + "/a.npy", np.arange(3))
    ...     with open_numpy(Path(folder) / "a.npy") as array:
    ...         array.tolist()
    [0, 1, 2]
    """
    check_file(path)
    try:
        with path.open("rb") as file:  # ours to close: NumPy leaves it open when the archive is broken
            zipped = file.read(4) == b"PK\x03\x04"
            file.seek(0)
            if zipped:
                _check_archive(path)
            else:
                _check_array(str(path), file, path.stat().st_size)
            file.seek(0)
            yield np.load(file, allow_pickle=False)
    except InputError:
        raise
    except (ValueError, OSError, EOFError, KeyError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error,
            SyntaxError, TypeError, OverflowError) as error:  # fmt: skip
        raise _unreadable(path, error) from error


def map_array(path: Path) -> np.ndarray:
    """The array of an .npy file, mapped: only what is looked at is read. Raises `InputError` as `load_array`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(folder + "/a.npy", np.arange(3))
    ...     array = map_array(Path(folder) / "a.npy")
    >>> type(array).__name__, array.tolist()
    ('memmap', [0, 1, 2])
    """
    check_file(path)
    try:
        with path.open("rb") as file:
            if file.read(4) == b"PK\x03\x04":
                raise InputError(f"{path} is an .npz file; one array is needed, as .npy")
            file.seek(0)
            _check_array(str(path), file, path.stat().st_size)
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError, TypeError, OverflowError) as error:
        raise _unreadable(path, error) from error


def load_array(path: Path) -> np.ndarray:
    """The array of an .npy file. Raises `InputError` as `open_numpy`, and for an archive."""
    with open_numpy(path) as array:
        if not isinstance(array, np.ndarray):
            raise InputError(f"{path} is an .npz file; one array is needed, as .npy")
        return array


def _check_array(name: str, file: IO[bytes], size: int) -> None:
    """Raise unless what comes after the header is as long as it says. `size`: bytes of the file, header included."""
    version = np.lib.format.read_magic(file)  # pyright: ignore[reportArgumentType]
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)  # pyright: ignore[reportArgumentType]
    if dtype.hasobject:
        raise ValueError("needs pickle")
    if any(length < 0 for length in shape):
        raise InputError(f"{name}: its header announces the shape {shape}")
    needed, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if needed > there:
        raise InputError(
            f"{name}: its header announces {dtype} of shape {shape}, {needed:,} bytes; the file has {there:,} more"
        )


def _check_archive(path: Path) -> None:
    size, total = path.stat().st_size, 0
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            unpacked, packed = entry.file_size, min(entry.compress_size, size)
            if unpacked > (packed if entry.compress_type == zipfile.ZIP_STORED else _MOST_DEFLATED * packed + 1024):
                raise InputError(
                    f"{path}: {entry.filename!r} announces {unpacked:,} bytes out of {packed:,}, which no packing gives"
                )
            total += unpacked
        check_room(f"{path} ({size:,} bytes), unpacked,", total)
        for entry in archive.infolist():
            if entry.filename.endswith(".npy"):
                with archive.open(entry) as file:
                    _check_array(f"{path}: {entry.filename.removesuffix('.npy')}", file, entry.file_size)


def _unreadable(path: Path, error: Exception) -> InputError:
    text = str(error)
    if "pickle" in text:
        return InputError(f"{path} is no NumPy file of numbers (it would need pickle, which is never loaded)")
    return InputError(f"cannot read {path}: {' '.join(text.split())[:200]}")
