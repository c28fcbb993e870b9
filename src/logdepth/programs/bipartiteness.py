"""Whether a graph is bipartite: hooking (`hooking.py`) with colours, in as many rounds. Depth 3 floor(log2 V) + 2.

A vertex's colour is 0 or 1 beside its label's, and every pointer carries how the colours of its two ends differ. A
tree that hooks along an edge gets the difference that makes this edge's ends differ, so in the end the colours are
those along the chosen forest: the graph is bipartite iff the ends of every other edge differ, too. Two trees that hook
onto each other do so along one edge, with one difference. Nothing waits for a colour: it is composed in the layer that
composes pointers, and which of a pair's two was the lesser is looked up as a bit.
"""

from __future__ import annotations

from dataclasses import dataclass

from logdepth.lang import Position, Symbol, Word, at, exists, last, minimum, program, select, table, theirs
from logdepth.programs.hooking import Tokens, num_rounds


@dataclass(frozen=True)
class RootPair:
    """Two slots that pointers lead to, one after the other, of which one is the lesser root in the end; and bits:
    whether the first is the lesser, and how colours differ from here to each."""

    slots: tuple[Word, Word]
    bits: tuple[Word, Word, Word]


@program(causal=False, graph=True)
def bipartite_hooking(x: Symbol, position: Position, vertices: int, edges: int):
    """Whether the vertices have two colours that differ along every edge."""
    tokens = Tokens.of(x, position, vertices, edges)
    is_edge = x < vertices
    other = at(tokens.partner).read(tokens.home)
    own = select(tokens.is_vertex, position, tokens.home)
    counts, onto = tokens.home != other, other
    mine: Word | int = 0  # my vertex's colour beside its label's
    its: Word | int = 0  # the same of my edge's other end
    odd: Word | int = tokens.home == other  # a loop
    for _ in range(num_rounds(vertices)):
        hook, far_hook = (last(where=(theirs(own) == of, theirs(counts) == 1)) for of in (own, other))
        y = select(hook.found(), hook.read(onto), own)
        z = select(far_hook.found(), far_hook.read(onto), other)
        step = table(_along, mine, *hook.read(is_edge, mine, its))
        far_step = table(_along, its, *far_hook.read(is_edge, mine, its))
        near, far = (_jump(address, by, (own, y), (mine, step)) for address, by in ((y, step), (z, far_step)))
        odd = table(lambda *bits: _of_lesser(*bits[:3]) == _of_lesser(*bits[3:]), *near.bits, *far.bits)
        lesser = minimum(*near.slots)
        up, far_up = at(near.slots[1]), at(select(tokens.is_vertex, position, far.slots[1]))
        label, *bits = up.read(lesser, *near.bits)
        other, *far_bits = far_up.read(lesser, *near.bits)
        mine, its = table(_then, near.bits[2], *bits), table(_then, far.bits[2], *far_bits)
        counts, onto = label != other, select(tokens.is_vertex, label, other)
        own = select(position == 0, 0, label)
    return ~exists(where=(theirs(odd) == 1, theirs(is_edge) == 1))


def _along(colour: int, is_edge: int, one: int, other: int) -> int:
    """From me to what my label hooks onto: through the edge, whose ends differ; onto nothing or itself, as before."""
    return colour ^ (is_edge & (one ^ other ^ 1))


def _jump(address: Word, by: Word, pair: tuple[Word, Word], colours: tuple[Word | int, Word]) -> RootPair:
    """The pair of the vertex at an address, to which the colour differs `by`."""
    x, y, a, b = at(address).read(*pair, *colours)
    return RootPair((x, y), (x < y, by ^ a, by ^ b))


def _of_lesser(first: int, a: int, b: int) -> int:
    return a if first else b


def _then(by: int, first: int, a: int, b: int) -> int:
    return by ^ _of_lesser(first, a, b)
