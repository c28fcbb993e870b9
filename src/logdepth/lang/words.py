"""Words: the values a token holds while a program is traced, and the arithmetic between them.

A word is an integer with a known range lo..hi; every operation computes its range exactly, so nothing wraps
or saturates. Operators build an expression; nothing is evaluated here (see `local.py`).
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logdepth.errors import ProgramError
from logdepth.graphs.tokens import GraphTokens
from logdepth.lang.lines import here, origin, place, shown, statement
from logdepth.lang.refusals import NUMBER, SEQUENCE, Opaque, reflected, refuses
from logdepth.sequences.chain import ChainTokens

if TYPE_CHECKING:
    from logdepth.lang.matches import Match

MAX_TABLE = 1 << 16
MAX_BITS = 40
# Every value of a word is at most this far from 0. Sums and differences of two, and twice that plus a half (a gate's
# threshold), are exact in int64 and in float64, so interpreter and circuits agree with Python's integers.
MAX_VALUE = 1 << MAX_BITS


@dataclass(frozen=True)
class Setting:
    """The sizes a program is traced for: positions 1..length, symbols 0..alphabet_size-1, headers
    0..header_size-1 (header_size 0: there are none). num_edges: of a graph, where the sequence is one
    (`graphs/tokens.py`). num_letters: of a text, where a chain of thought is written after it (`sequences/chain.py`).
    """

    length: int
    alphabet_size: int
    header_size: int = 0
    num_edges: int | None = None
    num_letters: int | None = None

    @property
    def graph(self) -> GraphTokens | None:
        """The ids of the graphs that sequences are, if they are graphs."""
        return None if self.num_edges is None else GraphTokens(self.length - 2 * self.num_edges, self.num_edges)

    @property
    def chain(self) -> ChainTokens | None:
        """The contract of chains of thought, if the program writes them."""
        if self.num_letters is None:
            return None
        text = self.alphabet_size - self.num_letters
        return ChainTokens(self.num_letters, text, self.length - text - 2)


_SETTING: ContextVar[Setting | None] = ContextVar("setting", default=None)


def current_setting() -> Setting:
    """The sizes of the trace that is going on. Raises `ProgramError` outside of one."""
    setting = _SETTING.get()
    if setting is None:
        raise ProgramError(
            f"{here()}: look-ups and counts belong inside a function marked @program, "
            "which is traced for a length and an alphabet"
        )
    return setting


@refuses(
    "bool",
    "a word has no truth value while the program is traced; use select(condition, "
    "a, b), combine conditions with & | ~, and write several matches as where=(theirs(a) == b, theirs(c) == d)",
)
@refuses(
    "hash",
    "a word cannot be looked up in a set or dict, nor cached, while the program is traced: it has no one value yet; "
    "use table(lambda value: value in {{1, 2}}, word), or select",
)
@refuses(
    NUMBER,
    "a word has no one value while the program is traced, so Python cannot use it as a number, index or range; "
    "use table(function, word)",
)
@refuses(
    SEQUENCE, "a word is one integer a token, not a sequence; to read it at another position use at(..).read(word)"
)
@refuses("truediv rtruediv", "words are integers: // divides, rounding down")
@refuses(
    f"{reflected('floordiv mod lshift rshift pow')} divmod rdivmod matmul rmatmul",
    "a word cannot stand there; any function of words is a table: table(lambda value: 7 // value, word)",
)
class Word:
    """One integer per token, in `lo..hi`.

    Operators: `+ -` with words and integers, `*` too within a table's limits; `// % >> << ** &` with integers, `//`
    with words of at least 1, too; `== != < <= > >=` give Booleans (words in 0..1), `& | ^ ~` combine Booleans. Raises
    `ProgramError` beyond `MAX_VALUE` either side of 0, and for whatever Python would decide while tracing (see
    `refusals.py`).
    """

    __slots__ = ("args", "hi", "info", "label", "lo", "match", "op", "ordinal", "origin", "setting", "statement")
    __array_ufunc__ = None  # NumPy's scalars leave operators to us

    def __init__(
        self,
        op: str,
        args: tuple[Word, ...],
        lo: int,
        hi: int,
        info: Any = None,
        match: Match | None = None,
        label: str | None = None,
    ) -> None:
        self.op, self.args, self.lo, self.hi, self.info, self.match = op, args, lo, hi, info, match
        self.origin = origin()
        self.statement = statement(self.origin)
        self.ordinal = 0  # which of several words one look-up reads
        self.label = label  # a parameter's name
        self.setting = _SETTING.get()  # the trace it belongs to
        if lo < -MAX_VALUE or hi > MAX_VALUE:
            span = _digits(lo) if lo == hi else f"{_digits(lo)}..{_digits(hi)}"
            raise ProgramError(
                f"{place(self.origin)}: a word in {span} is over {MAX_BITS} bits: its values must be within "
                f"-2^{MAX_BITS}..2^{MAX_BITS}; keep it small with minimum, % or select"
            )

    @property
    def size(self) -> int:
        """How many values the word can take: hi - lo + 1."""
        return self.hi - self.lo + 1

    @property
    def is_boolean(self) -> bool:
        return self.lo >= 0 and self.hi <= 1

    def __repr__(self) -> str:
        return f"<word {self.op} in {self.lo}..{self.hi}>"

    def __add__(self, other: Any) -> Word:
        other = as_word(other)
        if other.op == "constant":
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

    def __neg__(self) -> Word:
        return 0 - self

    def __pos__(self) -> Word:
        return self

    def __abs__(self) -> Word:
        return self if self.lo >= 0 else maximum(self, -self)

    def __lt__(self, other: Any) -> Word:
        return NotImplemented if isinstance(other, Opaque) else Word("less", (self, as_word(other)), 0, 1)

    def __gt__(self, other: Any) -> Word:
        return NotImplemented if isinstance(other, Opaque) else Word("less", (as_word(other), self), 0, 1)

    def __le__(self, other: Any) -> Word:
        return NotImplemented if isinstance(other, Opaque) else ~(self > other)

    def __ge__(self, other: Any) -> Word:
        return NotImplemented if isinstance(other, Opaque) else ~(self < other)

    def __eq__(self, other: Any) -> Word:  # type: ignore[override]
        if isinstance(other, Opaque):
            return NotImplemented  # theirs(..) makes a condition of it, whichever side it stands on
        return Word("equal", (self, as_word(other)), 0, 1)

    def __ne__(self, other: Any) -> Word:  # type: ignore[override]
        if isinstance(other, Opaque):
            return NotImplemented
        return ~Word("equal", (self, as_word(other)), 0, 1)

    def __invert__(self) -> Word:
        _need_boolean(self, "~")
        return self.args[0] if self.op == "not" else Word("not", (self,), 0, 1)

    def __and__(self, other: Any) -> Word:
        mask = _known(other)
        if mask is not None and not (self.is_boolean and mask in (0, 1)):
            return table(lambda value: value & mask, self)
        return _boolean(self, other, "&", lambda a, b: a & b)

    __rand__ = __and__

    def __or__(self, other: Any) -> Word:
        return _boolean(self, other, "|", lambda a, b: a | b)

    __ror__ = __or__

    def __xor__(self, other: Any) -> Word:
        return _boolean(self, other, "^", lambda a, b: a ^ b)

    __rxor__ = __xor__

    def __floordiv__(self, other: Any) -> Word:
        if isinstance(other, Word) and other.op != "constant":
            from logdepth.lang.averages import ratio

            return ratio(self, other).floor()
        divisor = _constant(other, "//")
        if divisor == 0:
            raise ProgramError(f"{here()}: division by zero")
        return table(lambda value: value // divisor, self)

    def __mod__(self, other: Any) -> Word:
        divisor = _constant(other, "%")
        if divisor == 0:
            raise ProgramError(f"{here()}: division by zero")
        return table(lambda value: value % divisor, self)

    def __rshift__(self, other: Any) -> Word:
        places = _constant(other, ">>", least=0)
        return table(lambda value: value >> places, self)

    def __lshift__(self, other: Any) -> Word:
        places = _constant(other, "<<", least=0, most=MAX_BITS)
        return table(lambda value: value << places, self)

    def __pow__(self, other: Any) -> Word:
        exponent = _constant(other, "**", least=0, most=MAX_BITS)
        return table(lambda value: value**exponent, self)

    def __mul__(self, other: Any) -> Word:
        factor = _known(other)
        if factor is None:
            return table(lambda a, b: a * b, self, other)
        return table(lambda value: value * factor, self)

    __rmul__ = __mul__


def select(condition: Word | bool, yes: Any, no: Any) -> Any:
    """`yes` where the condition holds, else `no`, words (or bundles, sets, wide numbers of one kind). A Python bool is
    decided while tracing.

    Raises `ProgramError` if the condition is neither a Boolean word nor a bool.

    >>> word = Word("symbol", (), 0, 3)
    >>> select(word == 2, word, 7)
    <word select in 0..7>
    """
    condition = as_word(condition)
    _need_boolean(condition, "select")
    if isinstance(yes, Opaque) and yes.parts() is not None:  # several words that go together
        return yes.combined(no, lambda a, b: select(condition, a, b))
    if isinstance(no, Opaque) and no.parts() is not None:
        return no.combined(yes, lambda b, a: select(condition, a, b))
    yes, no = as_word(yes), as_word(no)
    if condition.lo == condition.hi:
        return yes if condition.lo else no
    return Word("select", (condition, yes, no), min(yes.lo, no.lo), max(yes.hi, no.hi))


def bit_field(word: Word, place: int, width: int, base: int = 0) -> Word:
    """Bits `place` to `place + width` of `word - base`, as a number. Where the base is the word's least value, they are
    other names for bits that are there, and cost nothing. A word is never below its base."""
    mask = (1 << width) - 1
    if word.op == "constant":
        return as_word((word.lo - base) >> place & mask)
    high = min(mask, (word.hi - base) >> place)
    return Word("bit", (word,), 0, (1 << high.bit_length()) - 1, info=(base, place, width)) if high else as_word(0)


def choose(index: Word | int, words: Sequence[Word | int]) -> Word:
    """The word that a small word counts out: `words[index]`, in one step however many there are.

    Raises `ProgramError` if the index may lie outside 0..len(words)-1.

    >>> word = Word("symbol", (), 0, 3)
    >>> choose(word, [5, word, word + 1, 0])
    <word choose in 0..5>
    """
    index, among = as_word(index), _several(words)
    if index.lo < 0 or index.hi >= len(among):
        raise ProgramError(
            f"{here()}: choose by a word in {index.lo}..{index.hi} among {len(among):,}, which are "
            f"0..{len(among) - 1}; give as many words as it has values, or keep it small with minimum, % or select"
        )
    among = among[index.lo : index.hi + 1]
    if len(among) == 1:
        return among[0]
    if all(word.op == "constant" for word in among):
        return table(lambda value: among[value - index.lo].lo, index)
    lo, hi = min(word.lo for word in among), max(word.hi for word in among)
    return Word("choose", (index, *among), lo, hi, info=index.lo)


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
        raise ProgramError(f"{here()}: table needs a word to tabulate over")
    combinations = 1
    for word in args:
        combinations *= word.size
    if combinations > MAX_TABLE:
        raise ProgramError(
            f"{here()}: a table over {combinations:,} combinations; the limit is {MAX_TABLE:,}. "
            "Use + - select choose minimum maximum, which need no table, or several small words for a large one"
        )
    values = []
    for point in itertools.product(*(range(word.lo, word.hi + 1) for word in args)):
        value = function(*point)
        number = _integer(value)
        if number is None:
            raise ProgramError(f"{here()}: the table's function gave {shown(value)} at {point}; it must give integers")
        values.append(number)
    axes = tuple((word.lo, word.size) for word in args)
    return Word("table", args, min(values), max(values), info=(axes, tuple(values)))


def _several(words: Any) -> tuple[Word, ...]:
    """A list or tuple of words. Raises `ProgramError` for anything else, and for none."""
    if not isinstance(words, list | tuple) or not words:
        raise ProgramError(f"{here()}: choose takes a list of words, not {shown(words)}")
    return tuple(as_word(word) for word in words)


def as_word(value: Any) -> Word:
    """A word, or an integer (Python's or NumPy's) as a constant word. Raises `ProgramError` for anything else."""
    if isinstance(value, Word):
        return value
    if isinstance(value, Opaque):
        raise ProgramError(f"{here()}: {value.way_out}")
    number = _integer(value)
    if number is None:
        raise ProgramError(f"{here()}: {shown(value)} is neither a word nor an integer")
    return Word("constant", (), number, number)


def _integer(value: Any) -> int | None:
    """An integer of whatever library as Python's; None for what is none (floats, arrays, text)."""
    try:
        return int(operator.index(value))  # int: True is 1
    except TypeError:
        return None


def _known(value: Any) -> int | None:
    """What a constant or an integer is known to be; None for other words. Raises `ProgramError` for anything else."""
    if not isinstance(value, Word | Opaque):
        number = _integer(value)
        if number is not None:
            return number  # however large: what counts is the result
    word = as_word(value)
    return word.lo if word.op == "constant" else None


def _constant(value: Any, symbol: str, *, least: int | None = None, most: int | None = None) -> int:
    number = value.lo if isinstance(value, Word) and value.op == "constant" else None
    if not isinstance(value, Word | Opaque):
        number = _integer(value)
    if number is None:
        raise ProgramError(
            f"{here()}: the right side of {symbol} must be an integer; for a function of two words use "
            "table(lambda a, b: .., a, b)"
        )
    if least is not None and (number < least or (most is not None and number > most)):
        limit = f"at least {least}" if most is None else f"in {least}..{most}"
        raise ProgramError(f"{here()}: the right side of {symbol} is {_digits(number)}; it must be {limit}")
    return number


def _digits(number: int) -> str:
    return str(number) if number.bit_length() <= 128 else f"(a number of {number.bit_length():,} bits)"


def _shifted(word: Word, by: int) -> Word:
    if word.op == "constant":
        return as_word(word.lo + by)
    if word.op == "shift":  # a shift of a shift is one
        word, by = word.args[0], by + word.info
    return Word("shift", (word,), word.lo + by, word.hi + by, info=by) if by else word


def _need_boolean(word: Word, symbol: str) -> None:
    if not word.is_boolean:
        raise ProgramError(f"{here()}: {symbol} needs a Boolean word (0..1), not one in {word.lo}..{word.hi}")


def _boolean(a: Any, b: Any, symbol: str, function: Callable[[int, int], int]) -> Word:
    a, b = as_word(a), as_word(b)
    _need_boolean(a, symbol)
    _need_boolean(b, symbol)
    return table(function, a, b)
