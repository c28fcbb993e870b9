"""Bit vectors: sets over a small universe 0..size-1, held as words of at most 32 bits each.

A set is not one word, but is computed with, looked up and matched on like one: `one_hot(x) | seen`, `set.contains(x)`,
`match.read(set)`, `union(where=..).read(set)`, `where=mine.contains(theirs(x))`. Each operation is one step of
arithmetic, whatever the size. What a set computes as arrays: `bit_words.py`; as gates: `compiler/bit_circuits.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from logdepth.errors import ProgramError
from logdepth.lang.bit_words import LIMB
from logdepth.lang.lines import here, shown
from logdepth.lang.refusals import Opaque
from logdepth.lang.words import Word, as_word

MAX_SIZE = 4096


class Bits(Opaque):
    """A set of whole numbers 0..size-1, as words of 32 bits (the last one of what is left), lowest first.

    `& | ^ - ~` combine sets of one size, `==` compares two, `contains`, `lowest`, `highest` and `count` give words.

    >>> x = Word("symbol", (), 0, 4)
    >>> (one_hot(x) | Bits.below(x, 5)).lowest()
    <word lowest in 0..5>
    """

    __slots__ = ("size", "words")
    way_out = (
        "a set is not one word: take set.contains(word), set.lowest(), set.highest() or set.count() of it, and combine "
        "sets by & | ^ - ~"
    )

    def __init__(self, words: tuple[Word, ...], size: int) -> None:
        self.words, self.size = words, size

    def __repr__(self) -> str:
        return f"<set within 0..{self.size - 1}>"

    @staticmethod
    def of(word: Word | int) -> Bits:
        """The set whose members are the places of a word's bits that are 1: 13 is {0, 2, 3}. Raises `ProgramError` for
        a word that may be negative, or of over 32 bits.

        >>> Bits.of(Word("symbol", (), 0, 7))
        <set within 0..2>
        """
        word = as_word(word)
        if word.lo < 0 or word.hi >= 1 << LIMB:
            raise ProgramError(
                f"{here()}: a word in {word.lo}..{word.hi} is no bit vector: its values must be within 0..2^{LIMB}-1"
            )
        return Bits((word,), max(1, word.hi.bit_length()))

    @staticmethod
    def empty(size: int) -> Bits:
        """The set without members."""
        return Bits(tuple(as_word(0) for _ in _limbs(size)), size)

    @staticmethod
    def below(word: Word | int, size: int | None = None) -> Bits:
        """All numbers less than a word: 0..word-1."""
        return _made("below", word, size)

    def contains(self, word: Any) -> Any:
        """1 where the word is a member, 0 where it is not, or outside 0..size-1. With `theirs(word)` the condition of
        a look-up: the other token's word is in my set."""
        if isinstance(word, Opaque):
            return word.within(self)
        return Word("holds", (as_word(word), *self.words), 0, 1)

    def lowest(self, otherwise: int | None = None) -> Word:
        """The least member; where there is none `otherwise` (the universe's size)."""
        return self._end("lowest", otherwise)

    def highest(self, otherwise: int | None = None) -> Word:
        """The greatest member; where there is none `otherwise` (the universe's size)."""
        return self._end("highest", otherwise)

    def count(self) -> Word:
        """How many members there are."""
        return Word("bit_count", self.words, 0, self.size)

    def where(self, flag: Word | bool) -> Bits:
        """The set where a condition holds, the empty one elsewhere."""
        flag = as_word(flag)
        if not flag.is_boolean:
            raise ProgramError(f"{here()}: where needs a Boolean word (0..1), not one in {flag.lo}..{flag.hi}")
        if flag.op == "constant":
            return self if flag.lo else Bits.empty(self.size)
        return Bits(tuple(Word("bit_where", (word, flag), 0, word.hi) for word in self.words), self.size)

    def parts(self) -> tuple[Word, ...]:
        return self.words

    def mapped(self, function: Callable[[Word], Word]) -> Bits:
        return Bits(tuple(map(function, self.words)), self.size)

    def paired(self, other: Any) -> tuple[tuple[Word, Word], ...]:
        if not isinstance(other, Bits) or other.size != self.size:
            raise ProgramError(f"{here()}: {self!r} and {shown(other)}; give both one size")
        return tuple(zip(self.words, other.words, strict=True))

    def combined(self, other: Any, function: Callable[[Word, Word], Word]) -> Bits:
        return Bits(tuple(function(a, b) for a, b in self.paired(other)), self.size)

    def _end(self, op: str, otherwise: int | None) -> Word:
        other = self.size if otherwise is None else as_word(otherwise).lo
        return Word(op, self.words, min(0, other), max(self.size - 1, other), info=other)

    def _with(self, other: Any, op: str, symbol: str) -> Bits:
        if not isinstance(other, Bits):
            raise ProgramError(f"{here()}: {symbol} combines two sets, not a set and {shown(other)}")
        if other.size != self.size:
            raise ProgramError(
                f"{here()}: {symbol} of sets within 0..{self.size - 1} and 0..{other.size - 1}; give both one size"
            )
        sides = zip(self.words, other.words, _limbs(self.size), strict=True)
        return Bits(tuple(Word(op, (a, b), 0, (1 << width) - 1) for a, b, (_, width) in sides), self.size)

    def __and__(self, other: Any) -> Bits:
        return self._with(other, "bit_and", "&")

    def __or__(self, other: Any) -> Bits:
        return self._with(other, "bit_or", "|")

    def __xor__(self, other: Any) -> Bits:
        return self._with(other, "bit_xor", "^")

    def __sub__(self, other: Any) -> Bits:
        return self & ~other if isinstance(other, Bits) else self._with(other, "bit_and", "-")

    def __invert__(self) -> Bits:
        sides = zip(self.words, _limbs(self.size), strict=True)
        return Bits(tuple(Word("flip", (a,), 0, (1 << width) - 1, info=width) for a, (_, width) in sides), self.size)

    def __eq__(self, other: Any) -> Word:  # type: ignore[override]
        return self._with(other, "bit_xor", "==").count() == 0

    def __ne__(self, other: Any) -> Word:  # type: ignore[override]
        return ~(self == other)

    __hash__ = Opaque.__hash__


def one_hot(word: Word | int, size: int | None = None) -> Bits:
    """The set of one number, the word; the empty set where that is outside 0..size-1 (default: the word's largest
    value + 1). Raises `ProgramError` for over 4,096 members.

    >>> one_hot(Word("symbol", (), 0, 4))
    <set within 0..4>
    """
    return _made("hot", word, size)


def members(op: str, word: Word, first: int, size: int) -> tuple[Word, ...]:
    """The words of the set {word} (op "hot") or {.., word - 1} ("below") out of first..first+size-1."""
    return tuple(Word(op, (word,), 0, (1 << width) - 1, info=(first + start, width)) for start, width in _limbs(size))


def _made(op: str, word: Word | int, size: int | None) -> Bits:
    word = as_word(word)
    size = max(1, word.hi + 1) if size is None else as_word(size).lo
    return Bits(members(op, word, 0, size), size)


def _limbs(size: int) -> list[tuple[int, int]]:
    """First member and width of each word of a set."""
    if not 1 <= size <= MAX_SIZE:
        raise ProgramError(
            f"{here()}: a set within 0..{size - 1:,}; the limit is {MAX_SIZE:,} members, a bit each. "
            "Use a narrower word (a rank, say)"
        )
    return [(start, min(LIMB, size - start)) for start in range(0, size, LIMB)]
