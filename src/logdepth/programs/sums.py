"""Prefix sums modulo m, and parity: counts, each taken modulo m for nothing. Depth 1 + ceil(log2 (bits of m - 1)).

The sum is that over bits b of 2^b times how many symbols have that bit; a head counts each of them, and a count's
multiple modulo m is a function of the count, decoded in the same layer. Adding modulo m in pairs takes a step each
time. So the word problem of cyclic groups, hence of all abelian ones, needs no logarithm of the length: TC0, where that
of S5 (`word_problem.py`) is complete for NC1.
"""

from __future__ import annotations

from typing import Annotated

from logdepth.lang import AtLeast, AtMost, Symbol, Word, count, program, symbol, table, theirs
from logdepth.programs.stated import Stated, both

Modulus = Annotated[int, AtLeast(2), AtMost(256)]


def digits(modulus: int = 10) -> list[str]:
    """The symbols: 0..modulus-1, each its own value."""
    return [str(value) for value in range(modulus)]


@program(alphabet=lambda: "01")
def parity(x: Symbol):
    """Whether the number of ones is odd."""
    return count(where=theirs(x) == 1) % 2


@program(alphabet=digits)
def sum_modulo(x: Symbol, modulus: Modulus = 10):
    """The sum of the symbols so far, modulo m."""
    return symbol(_sum(x, modulus))


def _sum(x: Word, modulus: int) -> Word:
    places = range((modulus - 1).bit_length())
    sums = [(count(where=theirs(x >> place & 1) == 1) << place) % modulus for place in places]
    while len(sums) > 1:
        pairs = zip(sums[::2], sums[1::2], strict=False)
        sums = [table(lambda a, b: (a + b) % modulus, *pair) for pair in pairs] + sums[len(sums) // 2 * 2 :]
    return sums[0]


STATED = (
    Stated(
        "parity",
        "whether the number of ones is odd",
        both(parity),
        lambda seen, i, asked: sum(seen) % 2,
        lambda _: 1,
        "a count decoded by thresholds: TC0",
        example={},
    ),
    Stated(
        "sum-modulo",
        "the sum of the symbols modulo m",
        both(sum_modulo),
        lambda seen, i, asked: sum(seen) % asked["modulus"],
        lambda asked: 1 + ((asked["modulus"] - 1).bit_length() - 1).bit_length(),
        "counts of binary digits: TC0",
        example={"modulus": 10},
    ),
)
