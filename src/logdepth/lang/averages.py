"""Sums, means and fractions, decoded exactly: all that a head averages is counts, and the rest is whole numbers.

The sum of a word over the matches is that of its bits, each a count: `lo N + sum of 2^b N_b`, where N tokens match and
N_b of them have bit b. A mean is never held as a number: what is asked of it (rounded down, compared with a fraction,
rounded to a grid) is whether such a sum reaches a multiple of N, one threshold of integers each. So nothing is rounded
but where a program says so.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from logdepth.errors import ProgramError
from logdepth.lang.conditions import Condition, conditions
from logdepth.lang.lines import here, shown
from logdepth.lang.matches import Match
from logdepth.lang.reals import Real
from logdepth.lang.refusals import Opaque
from logdepth.lang.words import MAX_TABLE, Word, as_word, bit_field, current_setting

MAX_SUM = 1 << 50  # what sums reach on the way, so that int64 holds them

Terms = tuple[tuple[int, Word], ...]  # factor and word


def total(word: Word | int, where: Any = ()) -> Word:
    """The sum of a word over all tokens that match, exactly; 0 where none does.

    One head for each of the word's bits, side by side, and one step of arithmetic. Raises `ProgramError` where the sum
    could leave the limits of words.

    >>> from logdepth.lang import Symbol, program, theirs
    >>> @program
    ... def sums(x: Symbol):
    ...     return total(x)
    >>> sums.run("cab")
    [2, 2, 3]
    """
    word, number = as_word(word), current_setting().length
    terms = _terms(word, where)
    lo, hi = number * min(word.lo, 0), number * max(word.hi, 0)
    return Word("total", tuple(each for _, each in terms), lo, hi, info=tuple(factor for factor, _ in terms))


def mean(word: Word | int, where: Any = ()) -> Ratio:
    """The mean of a word over all tokens that match, exactly; 0 where none does. It is asked, not read: `.floor()`,
    `.ceil()` and comparisons give words, `.rounded(denominator)` an answer that is no whole number.

    >>> from logdepth.lang import Symbol, program, theirs
    >>> @program
    ... def above(x: Symbol):
    ...     return mean(x) > Fraction(1, 2)
    >>> above.run("abba")
    [0, 0, 1, 0]
    """
    word = as_word(word)
    terms = _terms(word, where)
    return Ratio(terms, Match("count", conditions(where)).counted(), (min(word.lo, 0), max(word.hi, 0)))


def ratio(a: Word | int, b: Word | int) -> Ratio:
    """The fraction a / b of two words, exactly; what it is asked is as of a mean. `a // b` is `ratio(a, b).floor()`.

    Raises `ProgramError` where b may be below 1.

    >>> from logdepth.lang import Position, Symbol, program
    >>> @program
    ... def third(x: Symbol, position: Position):
    ...     return ratio(x + 4, position + 1).floor()
    >>> third.run("abc")
    [2, 1, 1]
    """
    a, b = as_word(a), as_word(b)
    if b.lo < 1 <= b.hi:
        raise ProgramError(
            f"{here()}: a division by a word in {b.lo}..{b.hi}, which may be below 1; divide by maximum(word, 1)"
        )
    if b.hi < 1:
        raise ProgramError(f"{here()}: a division by a word in {b.lo}..{b.hi}; it must be at least 1")
    ends = [Fraction(x, y) for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    return Ratio(((1, a),), b, (min(ends), max(ends)))


class Ratio(Opaque):
    """A sum of words over a word that is not negative, as a fraction that nobody holds. Where both are 0 it is 0.

    `< <= > >= == !=` compare it with an integer, a `Fraction`, a float that is one exactly, or a word.
    """

    __slots__ = ("divisor", "ends", "terms")
    way_out = (
        "a mean is a fraction, not a word: take .floor() or .ceil(), compare it (mean(..) >= Fraction(1, 2)), or "
        "answer with .rounded(100), which is off by 1/200 at most"
    )

    def __init__(self, terms: Terms, divisor: Word, ends: tuple[int | Fraction, int | Fraction]) -> None:
        self.terms, self.divisor, self.ends = terms, divisor, ends

    def __repr__(self) -> str:
        return f"<fraction in {self.ends[0]}..{self.ends[1]}>"

    def floor(self) -> Word:
        """Rounded down."""
        return self._quotient(1, 0, 1)

    def ceil(self) -> Word:
        """Rounded up."""
        return -self._negative().floor()

    def rounded(self, denominator: int) -> Real:
        """The nearest multiple of 1/denominator, half of one upwards: an answer off by 1/(2 denominator) at most.

        Raises `ProgramError` for a grid of over 65,536 values.
        """
        grid = as_word(denominator)
        if grid.op != "constant" or grid.lo < 1:
            raise ProgramError(f"{here()}: rounded({shown(denominator)}): the denominator must be at least 1")
        word = self._quotient(2 * grid.lo, 1, 2)
        return Real(word, grid.lo, Fraction(1, 2 * grid.lo))

    def _negative(self) -> Ratio:
        terms = tuple((-factor, word) for factor, word in self.terms)
        return Ratio(terms, self.divisor, (-self.ends[1], -self.ends[0]))

    def _quotient(self, factor: int, halves: int, parts: int, within: tuple[int, int] | None = None) -> Word:
        """The sum times `factor`, and `halves` of the divisor more, over `parts` of the divisor, rounded down; clamped
        to `within`, if given."""
        terms = (*((factor * each, word) for each, word in self.terms), *([(halves, self.divisor)] if halves else []))
        lo, hi = within or tuple(math.floor((factor * end + halves) / Fraction(parts)) for end in self.ends)
        reach = sum(abs(each) * max(abs(word.lo), abs(word.hi)) for each, word in terms)
        reach += max(abs(lo), abs(hi)) * parts * self.divisor.hi
        if hi - lo >= MAX_TABLE or reach > MAX_SUM:
            raise ProgramError(
                f"{here()}: a fraction with {hi - lo + 1:,} values, and sums up to {reach:,}; the limits are "
                f"{MAX_TABLE:,} and 2^50. Use a narrower word, or a coarser grid"
            )
        info = (tuple(each for each, _ in terms), parts)
        return Word("quotient", (*(word for _, word in terms), self.divisor), lo, hi, info=info)

    def _reaches(self, bound: Fraction) -> Word:
        """Whether it is at least a known fraction: p/q is reached iff q times it, rounded down, is p or more."""
        p, q = bound.numerator, bound.denominator
        return self._quotient(q, 0, 1, (p - 1, p)) - (p - 1)

    def __ge__(self, other: Any) -> Word:
        bound = _known_fraction(other)
        return self._reaches(bound) if isinstance(bound, Fraction) else self.floor() >= bound

    def __le__(self, other: Any) -> Word:
        bound = _known_fraction(other)
        if isinstance(bound, Fraction):
            return self._negative()._reaches(-bound)
        return self.ceil() <= bound

    def __lt__(self, other: Any) -> Word:
        return ~(self >= other)

    def __gt__(self, other: Any) -> Word:
        return ~(self <= other)

    def __eq__(self, other: Any) -> Word:  # type: ignore[override]
        return (self >= other) & (self <= other)

    def __ne__(self, other: Any) -> Word:  # type: ignore[override]
        return ~(self == other)

    __hash__ = Opaque.__hash__


def _known_fraction(value: Any) -> Fraction | Word:
    """What a ratio is compared with. Raises `ProgramError` for another ratio, and for floats that are no short
    fraction."""
    if isinstance(value, Fraction):
        return value
    if isinstance(value, Ratio | Real):
        raise ProgramError(
            f"{here()}: two fractions cannot be compared exactly; round both to a grid: a.rounded(100).word < "
            "b.rounded(100).word"
        )
    if isinstance(value, float) and math.isfinite(value):
        exact = Fraction(value)
        if exact.denominator > 1 << 16:
            raise ProgramError(
                f"{here()}: {value!r} is not exactly what it looks like; write the fraction: "
                f"Fraction({Fraction(repr(value)).numerator}, {Fraction(repr(value)).denominator})"
            )
        return exact
    word = as_word(value)
    return Fraction(word.lo) if word.op == "constant" else word


def _terms(word: Word, where: Any) -> Terms:
    """The sum of a word over the matches as counts and their factors."""
    given = conditions(where)
    every = Match("count", given).counted()
    if word.lo == word.hi:
        return ((word.lo, every),)
    found = [(word.lo, every)] if word.lo else []
    for place in range((word.hi - word.lo).bit_length()):
        bit = bit_field(word, place, 1, word.lo)
        found.append((1 << place, Match("count", (*given, Condition("==", (bit,), (as_word(1),)))).counted()))
    return tuple(found)
