"""Labels of connected components by hooking and jumping: 3 layers a round, floor(log2 V) rounds.

Every vertex has a label, at first itself; both tokens of an edge know the labels of both ends. Following labels leads
to a root, a vertex labelled with itself: the vertices that lead to a root are its tree. A round, all at once:
- *hook* (one layer). What a label q hooks onto, every token labelled q finds for itself: of the tokens labelled q the
  last that is restless, or is an edge's whose other end has another label. Restless vertices stand after all edges: where
  there is one, q stays where it is; an edge makes q hook onto its other label.
- *jump* (two layers). Twice, pointers are composed. Two trees that choose the same edge hook onto each other, so a
  pointer is held as a pair, it and the next, of which one is the lesser root in the end. A vertex is restless if the
  second jump still changed its label.

**Theorem.** On V vertices, after floor(log2 V) rounds two vertices have one label iff they are connected; in the last
round one jump is enough. Depth: 1 layer for an edge's other end, 3 a round, less the last jump, and what comes after.

*Notation.* At the start of a round E(v) is v's label and G(v) what E(v) hooks onto, E(v) if onto nothing. The first jump
makes x = E(G(v)), y = G(G(v)) and m(v) = min(x, y), the second the new label m(y). A tree whose root is blocked by a
restless vertex is *blocked*; others are *ready*.

*1. Ready trees are stars, and hook right.* Count the steps of G from v to where it ends: a blocked root, or a pair of
ready trees that hook onto each other. (It ends nowhere else: a ready tree takes its last outgoing edge; around a cycle
of ready trees these edges come no earlier from one to the next, so they are one edge, and the cycle has two trees.) From
distance d the pair (x, y) stands at distances d - 1 and d - 2, or d - 2 both, and the new label at d - 3 or nearer; at
distance 0 it is the root, the lesser of the two. So a new label that is no root has d >= 4, and the old m(v) differs:
v is restless, and blocks its own label. If any vertex of a new tree has d >= 3, then one has d = 3; its label is the
root, its m(v) is not, and the root is blocked. So where the root is not blocked all have d <= 2: the tree is a star,
every end in it is labelled with its root, and edges that leave it are known from edges within.

*2. The potential halves.* Give a ready tree 1, a blocked tree of depth h (h >= 1: steps of labels to the root) h + 1. Take
the trees that one round joins.
- j ready ones alone, j >= 2: the furthest is at distance j - 2. j <= 3: m(v) is the root for all, so they become ready:
  1 <= j / 2. j >= 4: at worst blocked, of depth at most max(1, ceil((j - 2) / 3)), one less than j / 2 or lower still.
- a blocked tree of depth h alone: labels become E^4 and m is E^2: ready if h <= 2; else of depth ceil(h / 4), and
  ceil(h / 4) + 1 <= (h + 1) / 2.
- a blocked tree of depth h with chains of at most s >= 1 ready ones: h = s = 1 gives a ready tree. Else X = h + s >= 3; the
  new depth is at most ceil((X - 1) / 3) (the last move, onto the blocked tree or within it, goes 4 steps, or the chain
  starts at its root), and ceil((X - 1) / 3) + 1 <= (X + 1) / 2.
A component of n vertices starts with n. While it is not one ready tree it has at least 2, so after t = floor(log2 n)
rounds, n / 2^t < 2, it is. Before the last round it has less than 4: at most three ready trees, or one of depth 1 and at
most one ready one, or one of depth 2; in each of these m(v) is the root already.

Every hook of a ready tree is along its last outgoing edge. If edges stand in the order of falling weight, that is its
lightest, so all chosen edges together are the minimum spanning forest (the cut property); two trees that choose each
other choose one edge.

Source: the bound and this form are ours; trees that hook by their least edge are Boruvka's, stars that hook while other
trees shrink B. Awerbuch and Y. Shiloach's ("New connectivity and MSF algorithms for shuffle-exchange network and PRAM",
IEEE Trans. Comput. 1987). Theorems 3.3, B.8, B.9 of arXiv 2402.09268 state such transformers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from logdepth.lang import Word, at, last, minimum, select, theirs


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
        within = select(position % 2 == 1, position + 1, position - 1)
        partner = select(is_vertex | (position == 0), position, within)
        return Tokens(position, is_vertex, select(x < vertices, x + (first + 1), 0), partner)


@dataclass(frozen=True)
class Round:
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


def rounds(tokens: Tokens, vertices: int) -> Iterator[Round]:
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
        yield Round(lesser, minimum(*far), chosen)
        label = at(near[1]).read(lesser)
        other = at(select(tokens.is_vertex, position, far[1])).read(lesser)
        counts, onto = label != other, select(tokens.is_vertex, label, other)
        own = select(position == 0, 0, label)
