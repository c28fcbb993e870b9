"""Words: the values a token holds while a program is traced, and the arithmetic between them.

A word is an integer with a known range lo..hi; every operation computes its range exactly, so nothing wraps
or saturates. Operators build an expression; nothing is evaluated here (see `local.py`).
"""

from __future__ import annotations

import itertools
import linecache
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logdepth.errors import ProgramError

if TYPE_CHECKING:
    from logdepth.lang.matches import Match

_HERE = str(Path(__file__).parent)
_MAX_TABLE = 1 << 16
_MAX_BITS = 40


@dataclass(frozen=True)
class Setting:
    """The sizes a program is traced for: positions 1..length, symbols 0..alphabet_size-1, first tokens
    0..header_size-1 (0: no header, the first token is the start token)."""

    length: int
    alphabet_size: int
    header_size: int = 0


_SETTING: ContextVar[Setting | None] = ContextVar("setting", default=None)


def current_setting() -> Setting:
    """The sizes of the trace that is going on. Raises `ProgramError` outside of one."""
    setting = _SETTING.get()
    if setting is None:
        raise ProgramError(
            f"{place(origin())}: look-ups and counts belong inside a function marked @program, "
            "which is traced for a length and an alphabet"
        )
    return setting


class Word:
    """One integer per token, in `lo..hi`.

    Operators: `+ -` with words and integers; `// % >> &` with integers; `== != < <= > >=` give Booleans
    (words in 0..1), `& | ^ ~` combine Booleans. `a == b` inside `where=` matches a *key* a (the other
    token's) with a *query* b (mine). A word has no truth value while tracing: use `select`.
    """

    __slots__ = ("args", "hi", "info", "lo", "match", "op", "ordinal", "origin", "statement")
    __hash__ = object.__hash__

    def __init__(
        self,
        op: str,
        args: tuple[Word, ...],
        lo: int,
        hi: int,
        info: Any = None,
        match: Match | None = None,
    ) -> None:
        self.op, self.args, self.lo, self.hi, self.info, self.match = op, args, lo, hi, info, match
        self.origin = origin()
        self.statement = _statement(self.origin)
        self.ordinal = 0  # which of several words one look-up reads
        if hi - lo >= 1 << _MAX_BITS:
            raise ProgramError(f"{place(self.origin)}: a word in {lo}..{hi} has over {_MAX_BITS} bits")

    @property
    def size(self) -> int:
        """How many values the word can take: hi - lo + 1."""
        return self.hi - self.lo + 1

    @property
    def is_boolean(self) -> bool:
        return self.lo >= 0 and self.hi <= 1

    def __repr__(self) -> str:
        return f"<word {self.op} in {self.lo}..{self.hi}>"

    def __bool__(self) -> bool:
        raise ProgramError(
            f"{place(origin())}: a word has no truth value while the program is traced; use select(condition, "
            "a, b), combine conditions with & | ~, and write several matches as where=(a == b, c == d)"
        )

    def __add__(self, other: Any) -> Word:
        other = as_word(other)
        if isinstance(other, Word) and other.op == "constant":
            return _shifted(self, other.lo)
        if self.op == "constant":
            return _shifted(other, self.lo)
        return Word("add", (self, other), self.lo + other.lo, self.hi + other.hi)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Word:
        other = as_word(other)
        if other.op == "constant":
            return _shifted(self, -other.lo)
        return Word("subtract", (self, other), self.lo - other.hi, self.hi - other.lo)

    def __rsub__(self, other: Any) -> Word:
        return as_word(other) - self

    def __lt__(self, other: Any) -> Word:
        return Word("less", (self, as_word(other)), 0, 1)

    def __gt__(self, other: Any) -> Word:
        return Word("less", (as_word(other), self), 0, 1)

    def __le__(self, other: Any) -> Word:
        return ~(self > other)

    def __ge__(self, other: Any) -> Word:
        return ~(self < other)

    def __eq__(self, other: Any) -> Word:  # type: ignore[override]
        return Word("equal", (self, as_word(other)), 0, 1)

    def __ne__(self, other: Any) -> Word:  # type: ignore[override]
        return ~(self == other)

    def __invert__(self) -> Word:
        _need_boolean(self, "~")
        return Word("not", (self,), 0, 1)

    def __and__(self, other: Any) -> Word:
        if isinstance(other, int) and not (self.is_boolean and other in (0, 1)):
            return table(lambda value: value & other, self)
        return _boolean(self, other, "&", lambda a, b: a & b)

    __rand__ = __and__

    def __or__(self, other: Any) -> Word:
        return _boolean(self, other, "|", lambda a, b: a | b)

    __ror__ = __or__

    def __xor__(self, other: Any) -> Word:
        return _boolean(self, other, "^", lambda a, b: a ^ b)

    __rxor__ = __xor__

    def __floordiv__(self, other: Any) -> Word:
        divisor = _constant(other, "//")
        if divisor == 0:
            raise ProgramError(f"{place(origin())}: division by zero")
        return table(lambda value: value // divisor, self)

    def __mod__(self, other: Any) -> Word:
        divisor = _constant(other, "%")
        if divisor == 0:
            raise ProgramError(f"{place(origin())}: division by zero")
        return table(lambda value: value % divisor, self)

    def __rshift__(self, other: Any) -> Word:
        places = _constant(other, ">>")
        return table(lambda value: value >> places, self)

    def __mul__(self, other: Any) -> Word:
        if isinstance(other, Word) and other.op != "constant":
            return table(lambda a, b: a * b, self, other)
        factor = _constant(other, "*")
        return table(lambda value: value * factor, self)

    __rmul__ = __mul__


def select(condition: Word | bool, yes: Word | int, no: Word | int) -> Word:
    """`yes` where the condition holds, else `no`. A Python bool is decided while tracing.

    Raises `ProgramError` if the condition is not a Boolean word.

    >>> word = Word("symbol", (), 0, 3)
    >>> select(word == 2, word, 7)
    <word select in 0..7>
    """
    yes, no = as_word(yes), as_word(no)
    if not isinstance(condition, Word):
        return yes if condition else no
    _need_boolean(condition, "select")
    return Word("select", (condition, yes, no), min(yes.lo, no.lo), max(yes.hi, no.hi))


def minimum(a: Word | int, b: Word | int) -> Word:
    """The smaller of two words.

    >>> minimum(Word("symbol", (), 0, 3), 2)
    <word minimum in 0..2>
    """
    a, b = as_word(a), as_word(b)
    return Word("minimum", (a, b), min(a.lo, b.lo), min(a.hi, b.hi))


def maximum(a: Word | int, b: Word | int) -> Word:
    """The larger of two words.

    >>> maximum(Word("symbol", (), 0, 3), 2)
    <word maximum in 2..3>
    """
    a, b = as_word(a), as_word(b)
    return Word("maximum", (a, b), max(a.lo, b.lo), max(a.hi, b.hi))


def table(function: Callable[..., int | bool], *words: Word | int) -> Word:
    """Any function of words, tabulated over their ranges (at most 65,536 combinations).

    Raises `ProgramError` if the table is larger, or a value is not an integer.

    >>> table(lambda value: value * value, Word("symbol", (), 0, 3))
    <word table in 0..9>
    """
    args = tuple(as_word(word) for word in words)
    if not args:
        raise ProgramError(f"{place(origin())}: table needs a word to tabulate over")
    combinations = 1
    for word in args:
        combinations *= word.size
    if combinations > _MAX_TABLE:
        raise ProgramError(
            f"{place(origin())}: a table over {combinations:,} combinations; the limit is {_MAX_TABLE:,}. "
            "Use + - select minimum maximum, which need no table, or narrower words"
        )
    values = []
    for point in itertools.product(*(range(word.lo, word.hi + 1) for word in args)):
        value = function(*point)
        if not isinstance(value, int):
            raise ProgramError(
                f"{place(origin())}: the table's function gave {value!r} at {point}; it must give integers"
            )
        values.append(int(value))
    axes = tuple((word.lo, word.size) for word in args)
    return Word("table", args, min(values), max(values), info=(axes, tuple(values)))


def as_word(value: Any) -> Word:
    """A word, or an integer as a constant word. Raises `ProgramError` for anything else."""
    if isinstance(value, Word):
        return value
    if isinstance(value, int):
        return Word("constant", (), int(value), int(value))
    raise ProgramError(f"{place(origin())}: {value!r} is neither a word nor an integer")


def origin() -> tuple[str, int]:
    """File and line of the innermost frame that is not the language's own: the user's line."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def place(where: tuple[str, int]) -> str:
    """`file:line`, for messages."""
    return f"{where[0]}:{where[1]}"


def assigned_name(word: Word) -> str | None:
    """The variable that the user's line assigns the word to, if it is that simple: what to call the field."""
    found = re.match(r"\s*([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*=[^=]", linecache.getline(*word.origin))
    if not found:
        return None
    names = [name.strip() for name in found.group(1).split(",")]
    return names[word.ordinal] if word.ordinal < len(names) else None


_LAST_STATEMENT: list[Any] = [None, 0]


def _statement(where: tuple[str, int]) -> int:
    """A number that words made one after another on one line share: the same run of the same statement."""
    if _LAST_STATEMENT[0] != where:
        _LAST_STATEMENT[:] = [where, _LAST_STATEMENT[1] + 1]
    return _LAST_STATEMENT[1]


def _shifted(word: Word, by: int) -> Word:
    if by == 0:
        return word
    if word.op == "constant":
        return as_word(word.lo + by)
    return Word("shift", (word,), word.lo + by, word.hi + by, info=by)


def _need_boolean(word: Word, operator: str) -> None:
    if not word.is_boolean:
        raise ProgramError(
            f"{place(origin())}: {operator} needs a Boolean word (0..1), not one in {word.lo}..{word.hi}"
        )


def _boolean(a: Any, b: Any, operator: str, function: Callable[[int, int], int]) -> Word:
    a, b = as_word(a), as_word(b)
    _need_boolean(a, operator)
    _need_boolean(b, operator)
    return table(function, a, b)


def _constant(value: Any, operator: str) -> int:
    if isinstance(value, Word) and value.op == "constant":
        return value.lo
    if isinstance(value, int):
        return value
    raise ProgramError(f"{place(origin())}: the right side of {operator} must be an integer")
