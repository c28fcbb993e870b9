"""Order among tokens where a token sees the whole sequence: how many are less than mine, and the best of those.

A condition by order takes a bit for each value of a word, and a head that reads a hundred bits rounds too much for a
count in float32. So a word of many values is taken in two digits, of a radix near its root: less is less in the first,
or equal there and less in the second. These are two heads of some twenty bits, and one step to put them together.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt
from typing import Any

from logdepth.lang import Word, count, select, theirs

FEW = 16  # values that are compared at once


def count_less(other: Word, mine: Word, *where: Any, digits: int = 2) -> Word:
    """How many tokens, of those that meet the other conditions, have a lesser word than mine."""
    if digits == 1:
        return count(where=(theirs(other) < mine, *where))
    far, near = _less(other, mine)
    return count(where=(*far, *where)) + count(where=(*near, *where))


def read_less(find: Callable[..., Any], other: Word, mine: Word, *where: Any) -> Callable[[Word], Word]:
    """Reads from the token that `find` prefers (`last`, say) of those with a lesser word than mine, and the other
    conditions; those that agree with mine in the first digit come before the rest."""
    far, near = (find(where=(*digits, *where)) for digits in _less(other, mine))
    return lambda word: select(near.found(), near.read(word), far.read(word))


def _less(other: Word, mine: Word) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    radix = isqrt(max(other.hi, mine.hi)) + 1
    same = theirs(other // radix) == mine // radix
    return (theirs(other // radix) < mine // radix,), (same, theirs(other % radix) < mine % radix)
