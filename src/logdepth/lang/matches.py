"""Look-ups: which other token a token attends to, and what it reads there.

`where=theirs(key) == query` compares the other token's word with mine (see `conditions.py`). Candidates are the
tokens after the start token (under a causal mask those up to me, myself included). Where none matches,
the start token's own values are read: look-ups are total.
"""

from __future__ import annotations

from typing import Any, overload

from logdepth.errors import ProgramError
from logdepth.lang.bits import Bits
from logdepth.lang.bundles import Bundle
from logdepth.lang.calls import is_causal, is_masked
from logdepth.lang.conditions import Condition, Theirs, TheirSet, conditions
from logdepth.lang.lines import here, origin
from logdepth.lang.refusals import Opaque
from logdepth.lang.wide import Wide
from logdepth.lang.words import Word, as_word, current_setting, select

_UNNAMED = 1 << 30
Together = Word | int | Bits | Bundle | Wide


class Match(Opaque):
    """A pattern of attention: for every token, one other token (or the start token).

    `read` several words through one match and they share a head where they are ready together.
    """

    __slots__ = ("by", "kind", "origin", "pairs", "relations")
    way_out = "a look-up is not a word: take what stands there with .read(word), or whether it found any with .found()"

    def __init__(self, kind: str, where: tuple[Condition, ...], by: Word | None = None) -> None:
        self.kind, self.by = kind, by
        if is_masked():
            where = _before_me(kind, where)
        self.pairs = tuple((each.theirs[0], each.mine[0]) for each in where if each.relation == "==")
        self.relations = tuple(each for each in where if each.relation != "==")
        self.origin = origin()
        for word in [word for each in where for word in (*each.theirs, *each.mine)]:
            if word.origin == self.origin:
                word.ordinal = _UNNAMED  # `before = at(position - 1)` names the look-up, not the address

    def __repr__(self) -> str:
        return f"<match {self.kind} on {len(self.pairs) + len(self.relations)} words>"

    @overload
    def read(self, word: Word | int, /) -> Word: ...
    @overload
    def read(self, word: Bits, /) -> Bits: ...
    @overload
    def read(self, word: Bundle, /) -> Bundle: ...
    @overload
    def read(self, word: Wide, /) -> Wide: ...
    @overload
    def read(self, word: Together, second: Together, /, *words: Together) -> tuple[Any, ...]: ...

    def read(self, *words: Together) -> Any:
        """The words' values at the token found; the start token's own where none matches. Sets, bundles and wide
        numbers are read like words.

        >>> from logdepth.lang import theirs
        >>> x = Word("symbol", (), 0, 4)
        >>> last(where=theirs(x) == x).read(x)
        <word read in 0..4>
        """
        if not words:
            raise ProgramError(f"{here()}: read what? give a word")
        values = tuple(self._value(word) for word in words)
        for ordinal, value in enumerate(values):
            if isinstance(value, Word | Bits):
                for each in value.words if isinstance(value, Bits) else (value,):
                    each.ordinal = ordinal
        return values[0] if len(values) == 1 else values

    def found(self) -> Word:
        """1 where some token matches, 0 where none does."""
        return self._word(Word("real", (), 0, 1))

    def counted(self) -> Word:
        """How many tokens match; of a count's pattern."""
        return Word("count", (), 0, current_setting().length, match=self)

    def _value(self, word: Any) -> Any:
        """A word, or several that go together, at the token found."""
        if isinstance(word, Opaque) and word.parts() is not None:
            return word.mapped(self._word)
        return self._word(as_word(word))

    def _word(self, word: Word) -> Word:
        return _read(self, word)


def _before_me(kind: str, where: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """The conditions of a causal program's look-up where tokens see more: nothing that stands after me."""
    position = Word("position", (), 0, current_setting().length)
    if kind != "at":
        return (*where, Theirs(position) <= position)
    address = where[0].mine[0]
    return (Condition("==", where[0].theirs, (select(position < address, 0, address),)),)


class Union(Match):
    """A pattern of attention to all tokens that match at once: what is read is the union of their sets."""

    __slots__ = ()
    way_out = "a look-up is not a word: take the union of what stands there with .read(set), or .found()"

    def _word(self, word: Word) -> Word:
        """The bitwise OR of a word over the matches, 0 where there are none. Raises `ProgramError` for a word that may
        be negative: it has no bits."""
        if word.lo < 0:
            raise ProgramError(
                f"{here()}: union reads the bits of a word, and one in {word.lo}..{word.hi} may be negative; "
                "shift it first"
            )
        if word.op == "constant":
            return select(Word("union", (Word("real", (), 0, 1),), 0, 1, match=self), word, 0)
        return Word("union", (word,), 0, (1 << word.hi.bit_length()) - 1, match=self)


def at(address: Word | int) -> Match:
    """The token at a position: a concurrent read. Position 0 is the start token; an address that is not
    visible (below 0, beyond the sequence, after me under a causal mask) gives the start token too."""
    position, address = Word("position", (), 0, current_setting().length), as_word(address)
    if is_causal() and address.op == "shift" and address.args[0].op == "position" and address.info > 0:
        raise ProgramError(
            f"{here()}: at(position + {address.info}) reads the future, and tokens see only what stands before them; "
            "mark the program causal=False, or let the later token look back"
        )
    return Match("at", (Condition("==", (position,), (address,)),))


def last(where: Any = ()) -> Match:
    """The latest token that matches.

    >>> from logdepth.lang import theirs
    >>> x = Word("symbol", (), 0, 4)
    >>> last(where=theirs(x) == x)
    <match last on 1 words>
    """
    return Match("last", conditions(where))


def first(where: Any = ()) -> Match:
    """The earliest token that matches."""
    return Match("first", conditions(where))


def the(where: Any = ()) -> Match:
    """The only token that matches: the program says that there are never two. An input where there are is refused when
    it is interpreted or run on machines; where it is not sure that there is none, the program is not compiled
    (`uniqueness.py`). Otherwise it is `last`.

    >>> from logdepth.lang import Position, Symbol, program, theirs
    >>> @program(causal=False)
    ... def partner(x: Symbol, position: Position):
    ...     return the(where=theirs(x) == 2 - x).read(position)
    >>> partner.run("cab")
    [2, 1, 3]
    >>> partner.run("cabc")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    logdepth.errors.AmbiguousError: ...: sequence 1, position 2: 2 tokens match, where the program says that one ...
    """
    return Match("the", conditions(where))


def highest(by: Word, where: Any = ()) -> Match:
    """The matching token with the greatest `by`, a word of that token's own; the latest among equals."""
    return Match("highest", conditions(where), _order(by))


def lowest(by: Word, where: Any = ()) -> Match:
    """The matching token with the least `by`, a word of that token's own; the latest among equals."""
    return Match("lowest", conditions(where), _order(by))


def count(where: Any = ()) -> Word:
    """How many tokens match: 0..length. (A head that averages; its weight on the start token is 1/(1+count).)"""
    return Match("count", conditions(where)).counted()


def union(where: Any = ()) -> Union:
    """All tokens that match: `union(where=..).read(set)` has every member of any of their sets, `.read(word)` the
    bitwise OR of their words; empty, or 0, where none matches, and at the start token. (A head that averages; a bit is
    1 where the average of it is not 0.)

    >>> from logdepth.lang import Bits, theirs
    >>> x = Word("symbol", (), 0, 4)
    >>> union(where=theirs(x) == x).read(Bits.of(x))
    <set within 0..2>
    """
    return Union("union", conditions(where))


def exists(where: Any = ()) -> Word:
    """1 where some token matches, 0 where none does."""
    return last(where).found()


def _order(by: Any) -> Word:
    if isinstance(by, Theirs | TheirSet):
        raise ProgramError(f"{here()}: by= is the other token's word already; write by=word, without theirs(..)")
    return as_word(by)


def _read(match: Match, word: Word) -> Word:
    if word.op == "constant":
        return word
    if word.op == "shift":  # reading commutes with renaming the range
        return _read(match, word.args[0]) + word.info  # whose argument is no shift
    return Word("read", (word,), word.lo, word.hi, match=match)
