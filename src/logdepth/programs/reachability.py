"""Reachability on a functional graph, where a vertex has one arc at most: pointers are squared. Depth ceil(log2 V) + 2.

One layer for an arc's other end, one for a vertex's arc; then in each layer f^(2^i) becomes f^(2^(i + 1)), and a vertex
has met the goal on its first 2^(i + 1) vertices if it met it on its first 2^i, or the one 2^i steps on did on its own. A
path meets at most V vertices. A vertex without an arc stays where it is.
"""

from __future__ import annotations

from logdepth.lang import Position, Symbol, at, last, program, select, theirs
from logdepth.programs.hooking import Tokens


@program(causal=False, graph=True)
def reachability_doubling(x: Symbol, position: Position, vertices: int, edges: int):
    """Whether following the arcs from a vertex leads to vertex 0."""
    tokens = Tokens.of(x, position, vertices, edges)
    first = 2 * edges + 1
    next_slot = at(tokens.partner).read(tokens.home)
    is_tail = (position % 2 == 1) & (position < first)
    tail = select(is_tail, tokens.home, 0)
    arc = last(where=(theirs(tail) == position, theirs(x < vertices) == 1))
    pointer = select(arc.found(), arc.read(next_slot), position)
    met = position == first
    for _ in range((vertices - 1).bit_length()):
        there = at(pointer)
        pointer, met = there.read(pointer), met | there.read(met)
    return met
