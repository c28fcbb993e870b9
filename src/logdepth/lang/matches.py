"""Look-ups: which other token a token attends to, and what it reads there.

`where=theirs(key) == query` compares the other token's word with mine (see `conditions.py`). Candidates are the
tokens after the start token (under a causal mask those up to me, myself included). Where none matches,
the start token's own values are read: look-ups are total.
"""

from __future__ import annotations

from typing import Any, overload

from logdepth.errors import ProgramError
from logdepth.lang.conditions import Theirs, conditions
from logdepth.lang.lines import here, origin
from logdepth.lang.refusals import Opaque
from logdepth.lang.words import Word, as_word, current_setting

_UNNAMED = 1 << 30


class Match(Opaque):
    """A pattern of attention: for every token, one other token (or the start token).

    `read` several words through one match and they share a head where they are ready together.
    """

    __slots__ = ("by", "kind", "origin", "pairs")
    way_out = "a look-up is not a word: take what stands there with .read(word), or whether it found any with .found()"

    def __init__(self, kind: str, pairs: tuple[tuple[Word, Word], ...], by: Word | None = None) -> None:
        self.kind, self.pairs, self.by = kind, pairs, by
        self.origin = origin()
        for word in [word for pair in pairs for word in pair]:
            if word.origin == self.origin:
                word.ordinal = _UNNAMED  # `before = at(position - 1)` names the look-up, not the address

    def __repr__(self) -> str:
        return f"<match {self.kind} on {len(self.pairs)} words>"

    @overload
    def read(self, word: Word | int, /) -> Word: ...
    @overload
    def read(self, word: Word | int, second: Word | int, /, *words: Word | int) -> tuple[Word, ...]: ...

    def read(self, *words: Word | int) -> Word | tuple[Word, ...]:
        """The words' values at the token found; the start token's own where none matches.

        >>> from logdepth.lang import theirs
        >>> x = Word("symbol", (), 0, 4)
        >>> last(where=theirs(x) == x).read(x)
        <word read in 0..4>
        """
        if not words:
            raise ProgramError(f"{here()}: read what? give a word")
        values = tuple(_read(self, as_word(word)) for word in words)
        for ordinal, value in enumerate(values):
            value.ordinal = ordinal
        return values[0] if len(values) == 1 else values

    def found(self) -> Word:
        """1 where some token matches, 0 where none does."""
        return _read(self, Word("real", (), 0, 1))


def at(address: Word | int) -> Match:
    """The token at a position: a concurrent read. Position 0 is the start token; an address that is not
    visible (below 0, beyond the sequence, after me under a causal mask) gives the start token too."""
    return Match("at", ((Word("position", (), 0, current_setting().length), as_word(address)),))


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


def highest(by: Word, where: Any = ()) -> Match:
    """The matching token with the greatest `by`, a word of that token's own; the latest among equals."""
    return Match("highest", conditions(where), _order(by))


def lowest(by: Word, where: Any = ()) -> Match:
    """The matching token with the least `by`, a word of that token's own; the latest among equals."""
    return Match("lowest", conditions(where), _order(by))


def count(where: Any = ()) -> Word:
    """How many tokens match: 0..length. (A head that averages; its weight on the start token is 1/(1+count).)"""
    return Word("count", (), 0, current_setting().length, match=Match("count", conditions(where)))


def exists(where: Any = ()) -> Word:
    """1 where some token matches, 0 where none does."""
    return last(where).found()


def _order(by: Any) -> Word:
    if isinstance(by, Theirs):
        raise ProgramError(f"{here()}: by= is the other token's word already; write by=word, without theirs(..)")
    return as_word(by)


def _read(match: Match, word: Word) -> Word:
    if word.op == "constant":
        return word
    if word.op == "shift":  # reading commutes with renaming the range
        return _read(match, word.args[0]) + word.info  # whose argument is no shift
    return Word("read", (word,), word.lo, word.hi, match=match)
