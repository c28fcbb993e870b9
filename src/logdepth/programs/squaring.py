"""Sets of reached vertices, squared: t + 1 layers for everything within 2^t - 1 edges. V bits a token.

Every token t has a middle: a vertex's blank that vertex, an edge's token the *other* end of its edge. And it has a set,
the ball of some radius r around its middle: all vertices at most r edges away. A layer takes r to 2 r + 1: t takes the
union of the sets of all tokens named by a vertex of its own ball, where a blank is named by its vertex and an edge's
token by its *own* end. Whatever vertex is in reach, one edge further stands the middle of a token that it names:
r, 1, and r again.

Two layers make radius 1: one for an edge's other end, one for the union over the tokens named like my middle. A layer
more makes 3, the next 7, so radius 2^t - 1 stands after layer t + 1 (t >= 1). On V vertices nothing is further than
V - 1 <= 2^ceil(log2 V) - 1, and if no two connected vertices are more than D edges apart, t = ceil(log2(D + 1)) will
do. `leaving` finds where they are: balls that an edge leads out of.

The depth is Theorem 3.3's, O(log D) (arXiv 2402.09268, there with a width of N^epsilon); the width here follows V.
"""

from __future__ import annotations

from dataclasses import dataclass

from logdepth.lang import Bits, Word, at, maximum, minimum, one_hot, select, theirs, union
from logdepth.programs.hooking import Tokens
from logdepth.tasks.graphs.promise import num_squarings


@dataclass(frozen=True)
class Balls:
    """What every token knows. near: the ball around its middle; end: an edge's own end (V for tokens that are none's);
    other: its other end likewise."""

    near: Bits
    end: Word
    other: Word

    def leaving(self) -> Word:
        """Whether an edge leads out of my ball: whether it is not all that is connected with its middle."""
        inside, outside = self.near.contains(theirs(self.end)), (~self.near).contains(theirs(self.other))
        return union(where=(inside, outside)).found()

    def missing(self) -> Word:
        """Whether an edge has an end that is not in my ball."""
        return union(where=(~self.near).contains(theirs(self.end))).found()


def balls(x: Word, position: Word, vertices: int, edges: int, diameter: int) -> Balls:
    """The balls after `num_squarings`."""
    tokens, first = Tokens.of(x, position, vertices, edges), 2 * edges + 1
    end, vertex = minimum(x, vertices), maximum(position - first, 0)
    other, far = at(tokens.partner).read(end, one_hot(x, vertices))  # a blank's own are none
    name, middle = select(tokens.is_vertex, vertex, end), select(tokens.is_vertex, vertex, other)
    here = one_hot(select(tokens.is_vertex, position - first, -1), vertices)
    near = union(where=theirs(name) == middle).read(far | here)
    for _ in range(num_squarings(vertices, diameter) - 1):
        near = union(where=near.contains(theirs(name))).read(near)
    return Balls(near, end, other)
