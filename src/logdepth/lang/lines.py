"""The user's lines: where a word was written, what it is called there, and errors in one line."""

from __future__ import annotations

import linecache
import os
import re
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

_HERE = str(Path(__file__).parent)
_INSTALLED = tuple({sysconfig.get_path(name) for name in ("purelib", "platlib")})
_STANDARD = sysconfig.get_path("stdlib")
_NUMPY = tuple(os.path.join(path, "numpy") for path in _INSTALLED)
_LONGEST = 300


def origin() -> tuple[str, int]:
    """File and line of the innermost frame that is the user's: not the language's, Python's or NumPy's own."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_library(frame.f_code.co_filename):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


@cache
def _is_library(file: str) -> bool:
    """Whether a file is none of the user's; what pip installs stands inside Python's folder and may be theirs."""
    standard = file.startswith(_STANDARD) and not file.startswith(_INSTALLED)
    return standard or file.startswith((_HERE, "<frozen", *_NUMPY))


def place(where: tuple[str, int]) -> str:
    """`file:line`, for messages."""
    return f"{where[0]}:{where[1]}"


def here() -> str:
    """`file:line` of the user's line that is running."""
    return place(origin())


def one_line(error: BaseException) -> str:
    """An exception as one line, however many its message has.

    >>> one_line(ValueError("first\\n  second"))
    'ValueError: first second'
    """
    return f"{type(error).__name__}: {shortened(str(error))}".removesuffix(": ")


def shown(value: Any) -> str:
    """A value's `repr` as one line of bounded length."""
    return shortened(repr(value))


def shortened(text: str) -> str:
    """Text as one line of bounded length."""
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}.."


def line_in(error: BaseException, where: tuple[str, int]) -> str:
    """The line of the file of `where` that an error came from; where it came from none, that line itself."""
    line, trace = place(where), error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == where[0]:
            line = f"{where[0]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return line


def is_own(error: BaseException) -> bool:
    """Whether the language itself raised an error (a broken invariant), not the user's code."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code.co_filename.startswith(_HERE)


def assigned_name(where: tuple[str, int], ordinal: int = 0) -> str | None:
    """The variable that a line assigns to (the `ordinal`-th, where it is several), if it is that simple."""
    found = re.match(r"\s*([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*=[^=]", linecache.getline(*where))
    if not found:
        return None
    names = [name.strip() for name in found.group(1).split(",")]
    return names[ordinal] if ordinal < len(names) else None


_LAST_STATEMENT: list[Any] = [None, 0]


def statement(where: tuple[str, int]) -> int:
    """A number that words made one after another on one line share: the same run of the same statement."""
    if _LAST_STATEMENT[0] != where:
        _LAST_STATEMENT[:] = [where, _LAST_STATEMENT[1] + 1]
    return _LAST_STATEMENT[1]
