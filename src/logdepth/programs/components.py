"""Connected components, and whether a graph's edges are one component: labels by `hooking.py`, read off in a layer or two.

Depth, with t = floor(log2 V) rounds of 3 layers: components 3 t + 1, one versus two cycles 3 t + 2.
"""

from __future__ import annotations

from logdepth.lang import Position, Symbol, Word, at, exists, first, maximum, program, select, theirs
from logdepth.programs.hooking import Tokens, rounds


@program(causal=False, graph=True)
def connectivity_hooking(x: Symbol, position: Position, vertices: int, edges: int):
    """The least vertex of each vertex's component."""
    tokens = Tokens.of(x, position, vertices, edges)
    label = _labels(tokens, vertices)
    vertex = maximum(position - (2 * edges + 1), 0)
    return first(where=(theirs(label) == label, theirs(tokens.is_vertex) == 1)).read(vertex)


@program(causal=False, graph=True)
def one_cycle_hooking(x: Symbol, position: Position, vertices: int, edges: int):
    """Whether all edges are of one component: of a union of cycles, whether it is one cycle."""
    tokens = Tokens.of(x, position, vertices, edges)
    label = _labels(tokens, vertices)
    elsewhere = label != at(1).read(label)  # than the first edge's
    return ~exists(where=(theirs(elsewhere) == 1, theirs(x < vertices) == 1))


def _labels(tokens: Tokens, vertices: int) -> Word:
    """The label of my vertex: the same for two of them iff they are connected."""
    label = select(tokens.is_vertex, tokens.position, tokens.home)
    for found in rounds(tokens, vertices):
        label = found.own
    return label
