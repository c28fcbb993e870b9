"""Numbers beyond the limits of a word, as several words of 12 bits: exact in float32, too, however wide.

Adding takes a step of arithmetic a limb (the carry ripples), comparing two steps whatever the width, equality and
choices one; splitting a word costs nothing, for limbs are its own bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from logdepth.errors import ProgramError
from logdepth.lang.lines import here, shown
from logdepth.lang.refusals import Opaque
from logdepth.lang.words import MAX_VALUE, Word, as_word, bit_field

LIMB_BITS = 12
MAX_WIDTH = 1 << 9  # bits


class Wide(Opaque):
    """A number in 0..hi as words of 12 bits, the lowest first. Nothing wraps: a sum is as wide as it must be.

    `+` with wide numbers, words and integers that are not negative; `== != < <= > >=` give Booleans;
    `match.read(wide)`, `theirs(wide) == wide`, `select(flag, wide, wide)`. `.word()` is the number as a word, if it
    fits one; `.limbs` are its words. Raises `ProgramError` beyond 512 bits.

    >>> Wide.of(10**15) + Word("symbol", (), 0, 4)
    <number in 0..1000000000000004 of 5 words>
    """

    __slots__ = ("hi", "limbs")
    way_out = "a wide number is not one word: compare it, add to it, take one of its .limbs, or .word() if it fits one"

    def __init__(self, limbs: tuple[Word, ...], hi: int) -> None:
        self.limbs, self.hi = limbs, hi
        if hi.bit_length() > MAX_WIDTH:
            raise ProgramError(f"{here()}: a number of {hi.bit_length():,} bits; the limit is {MAX_WIDTH}")

    def __repr__(self) -> str:
        return f"<number in 0..{self.hi} of {len(self.limbs)} words>"

    @staticmethod
    def of(value: Any) -> Wide:
        """A word, or an integer of any size, as one. Raises `ProgramError` for what may be negative."""
        if isinstance(value, Wide):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            if value < 0:
                raise ProgramError(f"{here()}: {shown(value)} is negative; a wide number is not")
            mask = (1 << LIMB_BITS) - 1
            places = range(0, max(1, value.bit_length()), LIMB_BITS)
            return Wide(tuple(as_word(value >> place & mask) for place in places), value)
        word = as_word(value)
        if word.lo < 0:
            raise ProgramError(f"{here()}: a word in {word.lo}..{word.hi} may be negative; a wide number is not")
        places = range(0, max(1, word.hi.bit_length()), LIMB_BITS)
        return Wide(tuple(bit_field(word, place, LIMB_BITS) for place in places), word.hi)

    def word(self) -> Word:
        """The number as one word. Raises `ProgramError` where it may be over 40 bits."""
        if self.hi >= MAX_VALUE:
            raise ProgramError(f"{here()}: {self!r} may be over 2^40, the limit of words")
        factors = tuple(1 << LIMB_BITS * place for place in range(len(self.limbs)))
        hi = sum(factor * limb.hi for factor, limb in zip(factors, self.limbs, strict=True))
        return self.limbs[0] if len(self.limbs) == 1 else Word("total", self.limbs, 0, hi, factors)

    def __add__(self, other: Any) -> Wide:
        other = Wide.of(other)
        hi, limbs, carry = self.hi + other.hi, [], as_word(0)
        for place in range(-(-max(1, hi.bit_length()) // LIMB_BITS)):
            parts = tuple(each for each in (_limb(self, place), _limb(other, place), carry) if each.hi)
            most = sum(each.hi for each in parts)
            summed = Word("total", parts, 0, most, (1,) * len(parts)) if len(parts) > 1 else (*parts, as_word(0))[0]
            limbs.append(bit_field(summed, 0, LIMB_BITS))
            carry = bit_field(summed, LIMB_BITS, LIMB_BITS)
        return Wide(tuple(limbs), hi)

    __radd__ = __add__

    def __eq__(self, other: Any) -> Word:  # type: ignore[override]
        flags = tuple(a == b for a, b in self.paired(Wide.of(other)))
        return flags[0] if len(flags) == 1 else Word("total", flags, 0, len(flags), (1,) * len(flags)) == len(flags)

    def __ne__(self, other: Any) -> Word:  # type: ignore[override]
        return ~(self == other)

    def __lt__(self, other: Any) -> Word:
        """The highest limbs that differ decide: the sum of 2^i, with its sign, over those in which one is less."""
        pairs = self.paired(Wide.of(other))
        if len(pairs) == 1:
            return pairs[0][0] < pairs[0][1]
        signs = tuple(flag for a, b in pairs for flag in (a < b, b < a))
        factors = tuple(sign << place for place in range(len(pairs)) for sign in (1, -1))
        return Word("quotient", (*signs, as_word(1)), 0, 1, (factors, 1))

    def __gt__(self, other: Any) -> Word:
        return Wide.of(other) < self

    def __le__(self, other: Any) -> Word:
        return ~(self > other)

    def __ge__(self, other: Any) -> Word:
        return ~(self < other)

    def parts(self) -> tuple[Word, ...]:
        return self.limbs

    def mapped(self, function: Callable[[Word], Word]) -> Wide:
        return Wide(tuple(map(function, self.limbs)), self.hi)

    def paired(self, other: Any) -> tuple[tuple[Word, Word], ...]:
        other = Wide.of(other)
        number = max(len(self.limbs), len(other.limbs))
        return tuple((_limb(self, place), _limb(other, place)) for place in range(number))

    def combined(self, other: Any, function: Callable[[Word, Word], Word]) -> Wide:
        pairs = self.paired(other)
        return Wide(tuple(function(a, b) for a, b in pairs), max(self.hi, Wide.of(other).hi))

    __hash__ = Opaque.__hash__


def _limb(number: Wide, place: int) -> Word:
    return number.limbs[place] if place < len(number.limbs) else as_word(0)
