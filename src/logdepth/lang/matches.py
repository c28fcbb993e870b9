"""Look-ups: which other token a token attends to, and what it reads there.

In `where=key == query` the left side is the other token's word, the right side is mine; a tuple of
comparisons must hold together; a Boolean word alone means "the other token's word is 1". Candidates are the
tokens after the start token (under a causal mask those up to me, myself included). Where none matches,
the start token's own values are read: look-ups are total.
"""

from __future__ import annotations

from typing import Any, overload

from logdepth.errors import ProgramError
from logdepth.lang.words import Word, as_word, current_setting, origin, place

_UNNAMED = 1 << 30


class Match:
    """A pattern of attention: for every token, one other token (or the start token).

    `read` several words through one match and they share a head where they are ready together.
    """

    __slots__ = ("by", "kind", "origin", "pairs")

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

        >>> x = Word("symbol", (), 0, 4)
        >>> last(where=x == x).read(x)
        <word read in 0..4>
        """
        if not words:
            raise ProgramError(f"{place(origin())}: read what? give a word")
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

    >>> x = Word("symbol", (), 0, 4)
    >>> last(where=x == x)
    <match last on 1 words>
    """
    return Match("last", _pairs(where))


def first(where: Any = ()) -> Match:
    """The earliest token that matches."""
    return Match("first", _pairs(where))


def highest(by: Word, where: Any = ()) -> Match:
    """The matching token with the greatest `by`; the latest among equals."""
    return Match("highest", _pairs(where), as_word(by))


def lowest(by: Word, where: Any = ()) -> Match:
    """The matching token with the least `by`; the latest among equals."""
    return Match("lowest", _pairs(where), as_word(by))


def count(where: Any = ()) -> Word:
    """How many tokens match: 0..length. (A head that averages; its weight on the start token is 1/(1+count).)"""
    return Word("count", (), 0, current_setting().length, match=Match("count", _pairs(where)))


def exists(where: Any = ()) -> Word:
    """1 where some token matches, 0 where none does."""
    return last(where).found()


def _read(match: Match, word: Word) -> Word:
    if word.op == "constant":
        return word
    if word.op == "shift":  # reading commutes with renaming the range
        return _read(match, word.args[0]) + word.info
    return Word("read", (word,), word.lo, word.hi, match=match)


def _pairs(where: Any) -> tuple[tuple[Word, Word], ...]:
    conditions = where if isinstance(where, tuple | list) else (where,)
    pairs = []
    for condition in conditions:
        if not isinstance(condition, Word):
            raise ProgramError(
                f"{place(origin())}: where= takes comparisons of words such as key == query, not {condition!r} "
                "(several: where=(a == b, c == d); Python compares whole tuples itself)"
            )
        if condition.op == "equal":
            key, query = condition.args
            pairs.append((key, query))
        elif not condition.is_boolean or _compares_words(condition):
            raise ProgramError(
                f"{place(origin())}: where= matches on equality only: where=key == query, several as a tuple "
                "where=(a == b, c == d). If you mean a Boolean that the other token computed on its own, "
                "write where=flag == 1"
            )
        else:
            pairs.append((condition, as_word(1)))
    return tuple(pairs)


def _compares_words(word: Word) -> bool:
    """Whether a Boolean is built from comparisons of two words: `where=a != b` or `(a == b) & (c == d)` would
    read as key against query, which is not what such an expression computes."""
    if word.op in ("equal", "less"):
        return all(arg.op != "constant" for arg in word.args)
    return word.op in ("not", "table", "select") and any(_compares_words(arg) for arg in word.args)
