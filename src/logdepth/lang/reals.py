"""Answers that are no whole numbers: a word counts multiples of a grid, and says how far it may be off."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from logdepth.errors import ProgramError
from logdepth.lang.lines import here, shown
from logdepth.lang.refusals import Opaque
from logdepth.lang.words import Word, as_word


class Real(Opaque):
    """A number as `word / grid`, off by `error` at most. A program may return one: its answers are then numbers on that
    grid, told exactly, and nothing but this rounding stands between them and the truth.

    `+` and `-` take another on the same grid, or an integer; errors add up.

    >>> Real(Word("symbol", (), 0, 4), 10, Fraction(1, 20)) + 1
    <real in 1..7/5, off by 1/20 at most>
    """

    __slots__ = ("error", "grid", "word")
    way_out = "a real is not a word: return it, add to it, or take the .word that counts its multiples of 1/grid"

    def __init__(self, word: Word | int, grid: int, error: Fraction = Fraction(0)) -> None:
        self.word, self.grid, self.error = as_word(word), grid, Fraction(error)
        if isinstance(grid, bool) or not isinstance(grid, int) or grid < 1 or self.error < 0:
            raise ProgramError(
                f"{here()}: a real on a grid of 1/{shown(grid)}, off by {shown(error)}; the one must be a whole "
                "number of at least 1, the other not negative"
            )

    def __repr__(self) -> str:
        ends = (Fraction(end, self.grid) for end in (self.word.lo, self.word.hi))
        return f"<real in {'..'.join(map(str, ends))}, off by {self.error} at most>"

    def __add__(self, other: Any) -> Real:
        return self._with(other, lambda a, b: a + b)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Real:
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Real:
        return self._with(other, lambda a, b: b - a)

    def __neg__(self) -> Real:
        return Real(-self.word, self.grid, self.error)

    def _with(self, other: Any, combine: Callable[[Word, Word], Word]) -> Real:
        if isinstance(other, Real):
            if other.grid != self.grid:
                raise ProgramError(
                    f"{here()}: reals on grids of 1/{self.grid} and 1/{other.grid}; round both to one grid"
                )
            return Real(combine(self.word, other.word), self.grid, self.error + other.error)
        number = as_word(other)
        if number.op != "constant":
            raise ProgramError(
                f"{here()}: a real and a word; Real(word * {self.grid}, {self.grid}) is that word as one"
            )
        return Real(combine(self.word, as_word(number.lo * self.grid)), self.grid, self.error)

    __hash__ = Opaque.__hash__
