"""Numbers from a file, one a line or .npy: exact, or refused. Graphs and sequences have readers of their own.

A file of whole numbers only is int64. One with any decimal is float64, each number the nearest; whole numbers in it
must be floats exactly, and no two different numbers may become the same one: their order is that of the file's numbers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from logdepth.errors import InputError
from logdepth.files import regular_file
from logdepth.graphs.decimals import WHOLE, Texts, parse_float, parse_floats
from logdepth.graphs.numpy_files import load_array
from logdepth.graphs.text import TextFile, check_there, clip

_BLANK = b" \t\v\f\r"
_LEAST, _GREATEST = -(2**63), 2**63 - 1


def read_numbers(source: str) -> np.ndarray:
    """Whole numbers (int64) or, if there is any other, real ones (float64), (n,): a .npy file, or one a line.

    Blank lines and lines that start with `#` are passed over; text may be compressed with gzip, or come from a pipe.
    Raises `InputError` naming the file and line: on what is no number, or not one of these exactly.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile(suffix=".txt") as file:
    ...     _ = Path(file.name).write_text("3\\n-1\\n")
    ...     read_numbers(file.name).tolist()
    [3, -1]
    """
    path = Path(source)
    if path.suffix.lower() in (".npz", ".parquet"):
        raise InputError(f"{source}: numbers are read from text, one a line, or from .npy")
    check_there(path)
    with regular_file(path) as file:
        return _read_array(file) if path.suffix.lower() == ".npy" else _read_text(TextFile(file))


def _read_array(path: Path) -> np.ndarray:
    values = load_array(path)
    if values.ndim != 1 or values.dtype.kind not in "iuf":
        raise InputError(f"{path}: needs one row of numbers; it has shape {values.shape}, {values.dtype}")
    if values.dtype.itemsize > 8:
        raise InputError(f"{path} holds {values.dtype}; numbers of 64 bits at most are read: convert them")
    if values.dtype.kind == "f":
        if (missing := np.isnan(values)).any():
            raise InputError(f"{path}: row {int(np.argmax(missing)) + 1} is NaN, which has no place in an order")
        return values.astype(np.float64)
    if values.dtype.kind == "u" and values.size and int(values.max()) > _GREATEST:
        row = int(values.argmax())
        raise InputError(f"{path}: row {row + 1} is {values[row]}, beyond int64, at most {_GREATEST}")
    return values.astype(np.int64)


def _read_text(file: TextFile) -> np.ndarray:
    words: list[bytes] = []
    if file.path.stat().st_size:  # an empty file is no numbers, and that is fine
        for block in file.blocks():
            words += filter(_is_number, [line.strip(_BLANK) for line in block.split(b"\n")])
    if all(map(WHOLE.fullmatch, words)):
        return _whole(file, words)
    return _real(file, words)


def _is_number(line: bytes) -> bool:
    return line != b"" and not line.startswith(b"#")


def _whole(file: TextFile, words: list[bytes]) -> np.ndarray:
    try:
        return np.fromiter(map(int, words), np.int64, len(words))
    except (OverflowError, ValueError):  # ValueError: more digits than Python turns into a number
        row = next(row for row, word in enumerate(words) if len(word) > 4000 or not _LEAST <= int(word) <= _GREATEST)
    raise file.error(
        _line(file, row), "a whole number beyond int64, -2^63 to 2^63 - 1: scale the numbers down", words[row]
    )


def _real(file: TextFile, words: list[bytes]) -> np.ndarray:
    try:
        values = parse_floats(words)
    except ValueError:
        raise _no_float(file, words) from None
    texts = Texts()
    texts.add_all(values, words)
    if merged := texts.merged(values):
        (one, first), (other, second) = merged
        raise file.error(
            _line(file, other), f"{clip(second)} and (line {_line(file, one)}) {clip(first)} differ, but are one "
            "float64: write fewer digits, or scale all to whole numbers"
        )  # fmt: skip
    return values


def _no_float(file: TextFile, words: list[bytes]) -> InputError:
    """The error of the first word that `parse_float` refuses."""
    for row, word in enumerate(words):
        try:
            parse_float(word)
        except ValueError as error:
            return file.error(_line(file, row), f"{clip(word)} {error}{_why(words, word)}")
    raise AssertionError("all words are floats")


def _why(words: list[bytes], word: bytes) -> str:
    if not WHOLE.fullmatch(word):
        return ""
    decimal = next(word for word in words if not WHOLE.fullmatch(word))
    return f": the file has decimals ({clip(decimal)}), so all are float64; scale them to whole numbers"


def _line(file: TextFile, row: int) -> int:
    """The number of the line on which the `row`-th number stands."""
    rows = (number for number, _, line in file.lines() if _is_number(line.strip(_BLANK + b"\n")))
    return next(number for index, number in enumerate(rows) if index == row)
