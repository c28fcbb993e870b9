"""Functions of a few points, one a token, composed along the sequence: after round r a token holds that of 2^r tokens.

A function is held in one of two ways, whichever takes fewer gates:
- *by points*: a word for each point, where it goes. Composing is a small choice for each, `mine[theirs[q]]`: for the
  120 permutations of five points 75 gates, where a table of all products has 14,400 entries;
- *by number*: one word, which of the functions that the letters make; composing is a table of their products. Of a
  cyclic group's n rotations these are n^2 entries, and log2 n bits rather than n log2 n.

A round is one look-up and one step of arithmetic right after it, so ceil(log2 length) rounds are as many layers.

Source: prefix products by doubling (Ladner and Fischer 1980; Hillis and Steele 1986); log-depth shortcuts of automata,
Liu et al. 2023; that S5 needs a growing depth, if TC0 is not NC1: Barrington 1989.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from logdepth.lang import Word, at, choose, table

Function = tuple[int, ...]
MOST_NUMBERED = 128  # a table of their products has 16,384 entries


@dataclass(frozen=True)
class Held:
    """How functions of points 0..size-1 are held as words. letters: each symbol's. numbered: all that they make, if a
    function is held by its number."""

    letters: tuple[Function, ...]
    numbered: tuple[Function, ...] | None

    @property
    def size(self) -> int:
        return len(self.letters[0])

    def values(self, function: Function) -> tuple[int, ...]:
        """What the words hold for a function."""
        return function if self.numbered is None else (self.numbered.index(function),)

    def own(self, x: Word) -> list[Word]:
        """The words of my symbol's function; at the start token, of the identity."""
        values = [self.values(letter) for letter in (*self.letters, tuple(range(self.size)))]
        return [table(lambda symbol, place=place: values[symbol][place], x) for place in range(len(values[0]))]

    def compose(self, earlier: list[Word], mine: list[Word]) -> list[Word]:
        """The earlier function, then mine."""
        if self.numbered is None:
            return [choose(point, mine) for point in earlier]
        functions, number = self.numbered, {function: i for i, function in enumerate(self.numbered)}
        return [table(lambda a, b: number[after(functions[a], functions[b])], earlier[0], mine[0])]


def after(first: Function, then: Function) -> Function:
    """The function that is first the one, then the other.

    >>> after((1, 0, 2), (2, 0, 1))
    (0, 2, 1)
    """
    return tuple(then[point] for point in first)


def held(letters: Sequence[Function]) -> Held:
    """By number or by points, whichever composes with fewer gates.

    >>> held([(1, 2, 0)]).numbered
    ((1, 2, 0), (0, 1, 2), (2, 0, 1))
    """
    size = len(letters[0])
    most = min(MOST_NUMBERED, int((size * size * (size - 1).bit_length()) ** 0.5))
    found = dict.fromkeys((*letters, tuple(range(size))))
    new = list(found)
    while new and len(found) <= most:
        function = new.pop()
        for letter in dict.fromkeys(letters):
            product = after(function, letter)
            if product not in found:
                found[product] = None
                new.append(product)
    return Held(tuple(letters), tuple(found) if len(found) <= most else None)


def composed(position: Word, x: Word, parts: Sequence[Held]) -> list[list[Word]]:
    """At position i the functions of tokens 1..i, the first one first, for each part."""
    mine = [part.own(x) for part in parts]
    for place in range((position.hi - 1).bit_length()):
        earlier = at(position - (1 << place))
        found = [[earlier.read(word) for word in words] for words in mine]
        mine = [part.compose(*words) for part, *words in zip(parts, found, mine, strict=True)]
    return mine
