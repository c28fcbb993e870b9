"""A spanning forest, and the minimum one: the edges that trees hook along (`hooking.py`). Depth 3 floor(log2 V) + 1.

The contract of ids puts the lightest edge last, and a tree hooks along the last edge that leaves it, its lightest: by
the cut property every chosen edge is one of the minimum spanning forest, and between them they join all that is
connected. So both are one construction; without weights the order of the edges is any. Theorems B.8 and B.9 of arXiv
2402.09268.
"""

from __future__ import annotations

from logdepth.lang import Position, Symbol, Word, program
from logdepth.programs.hooking import Tokens, rounds


@program(causal=False, graph=True)
def spanning_forest_hooking(x: Symbol, position: Position, vertices: int, edges: int):
    """Whether an edge is one of a spanning forest."""
    return _chosen(x, position, vertices, edges)


@program(causal=False, graph=True)
def msf_hooking(x: Symbol, position: Position, vertices: int, edges: int):
    """Whether an edge is one of the minimum spanning forest, of edges in the order of falling weight."""
    return _chosen(x, position, vertices, edges)


def _chosen(x: Word, position: Word, vertices: int, edges: int) -> Word:
    chosen = position < 0  # no edge of one vertex is
    for found in rounds(Tokens.of(x, position, vertices, edges), vertices):
        chosen = chosen | found.chosen
    return chosen
