"""Labels of connected components by hooking and jumping: 3 layers a round, floor(log2 V) rounds.

Every vertex has a label, at first itself; both tokens of an edge know the labels of both ends. A vertex labelled with
itself is a root. A round, all at once:
- *hook* (one layer). What a label q hooks onto, every token finds for its own labels: it looks for the last token
  labelled q that is a restless vertex's, or an edge's whose other end has another label. Vertices stand after edges:
  where one is restless, q stays where it is; else the edge makes q hook onto its other label.
- *jump* (two layers). Twice, pointers are composed. Two trees that choose the same edge hook onto each other, so a
  pointer is held as a pair, it and the next, of which one is the lesser root in the end. A vertex is restless if the
  second jump still changed its label.

**Theorem.** On V vertices, after floor(log2 V) rounds two vertices have one label iff they are connected, and in the
last round one jump is enough. Depth: one layer for an edge's other end, 3 for every round, one less for the last, and
what comes after. Proved in docs/hooking.md: a tree is a star unless a restless vertex blocks its root, stars hook by
their last leaving edge, and a potential that starts at V halves in every round.

If edges stand in the order of falling weight, the edges hooked along are the minimum spanning forest: the last that
leaves a tree is its lightest.

Source: Boruvka 1926; B. Awerbuch, Y. Shiloach, "New connectivity and MSF algorithms for shuffle-exchange network and
PRAM", IEEE Trans. Comput. 1987; the form with pairs and its bound are ours. Theorems 3.3, B.8, B.9 of arXiv 2402.09268
state such transformers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from logdepth.lang import Bits, Word, at, last, minimum, select, theirs


@dataclass(frozen=True)
class Tokens:
    """What every token knows of itself: its position, whether it is a vertex's blank, the slot of the vertex it names
    (0: none), and the position of its edge's other token (elsewhere its own)."""

    position: Word
    is_vertex: Word
    home: Word
    partner: Word

    @staticmethod
    def of(x: Word, position: Word, vertices: int, edges: int) -> Tokens:
        first = 2 * edges
        is_vertex = position > first
        odd = Bits.of(position).contains(0)  # position % 2 would be a table, which a million positions are too many for
        within = select(odd, position + 1, position - 1)
        partner = select(is_vertex | (position == 0), position, within)
        return Tokens(position, is_vertex, select(x < vertices, x + (first + 1), 0), partner)


@dataclass(frozen=True)
class Hooked:
    """What a round finds. own, other: the labels of my vertex and of my edge's other end after one jump (a vertex's
    `other` is nobody's); chosen: whether my edge is one that a tree hooked along."""

    own: Word
    other: Word
    chosen: Word


def num_rounds(vertices: int) -> int:
    """Rounds after which labels are those of components: floor(log2 vertices).

    >>> [num_rounds(v) for v in (1, 2, 3, 4, 64)]
    [0, 1, 1, 2, 6]
    """
    return vertices.bit_length() - 1


def rounds(tokens: Tokens, vertices: int) -> Iterator[Hooked]:
    """The rounds, one after the other. A label is the position of a vertex's blank."""
    position, partner = tokens.position, tokens.partner
    other = at(partner).read(tokens.home)
    own = select(tokens.is_vertex, position, tokens.home)
    counts, onto = tokens.home != other, other  # a vertex's two are equal: it starts at rest
    for _ in range(num_rounds(vertices)):
        mine = last(where=(theirs(own) == own, theirs(counts) == 1))
        its = last(where=(theirs(own) == other, theirs(counts) == 1))
        y = select(mine.found(), mine.read(onto), own)
        z = select(its.found(), its.read(onto), other)
        chosen = (mine.read(position) == position) | (its.read(position) == partner)
        near, far = at(y).read(own, y), at(z).read(own, y)  # pairs
        lesser = minimum(*near)
        yield Hooked(lesser, minimum(*far), chosen)
        label = at(near[1]).read(lesser)
        other = at(select(tokens.is_vertex, position, far[1])).read(lesser)
        counts, onto = label != other, select(tokens.is_vertex, label, other)
        own = select(position == 0, 0, label)
