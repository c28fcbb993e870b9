"""Connected components, and whether all edges are of one: by `hooking.py`, or by `squaring.py`.

Depth by hooking, with r = floor(log2 V) rounds of 3 layers: components 3 r + 1, one versus two cycles 3 r + 2.

By squaring, balls of radius 2^t - 1 stand after layer t + 1 (V >= 2). A vertex's label is the least member of its
ball, one step more; whether an edge stands outside the first edge's ball takes one more, and the answer reads that in
another. So with t = ceil(log2 V) components take ceil(log2 V) + 2 layers, one versus two cycles ceil(log2 V) + 3.

`diameter`: the promise that no two connected vertices are more than D edges apart. Then t = ceil(log2(D + 1)) will do,
and who sees an edge lead out of the ball says "nothing", a class of its own after the others: outside the promise no
answer is wrong. Looking takes components one layer more: ceil(log2(D + 1)) + 3 for both. A promise that spares no layer
is not made use of, so a model has the least of both depths.
"""

from __future__ import annotations

from typing import Annotated

from logdepth.lang import AtLeast, Position, Symbol, Word, at, exists, first, maximum, program, select, table, theirs
from logdepth.programs.hooking import Tokens, rounds
from logdepth.programs.squaring import balls
from logdepth.tasks.graphs.promise import promised

Diameter = Annotated[int, AtLeast(0)]  # 0: no promise


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


@program(causal=False, graph=True)
def connectivity_squaring(x: Symbol, position: Position, vertices: int, edges: int, diameter: Diameter = 0):
    """The least vertex of each vertex's component, V for "nothing"."""
    kept = promised(vertices, diameter, check=1)
    found = balls(x, position, vertices, edges, kept)
    label = found.near.lowest(otherwise=0)
    return select(found.leaving(), vertices, label) if kept else label


@program(causal=False, graph=True)
def one_cycle_squaring(x: Symbol, position: Position, vertices: int, edges: int, diameter: Diameter = 0):
    """Whether all edges are of one component, 2 for "nothing"."""
    kept = promised(vertices, diameter)
    found = balls(x, position, vertices, edges, kept)
    if not kept:
        return ~at(1).read(found.missing())  # the first edge's, of the ball around its second end
    missing, leaving = at(1).read(found.missing(), found.leaving())
    return table(lambda out, open_: 2 if open_ else 1 - out, missing, leaving)


def _labels(tokens: Tokens, vertices: int) -> Word:
    """The label of my vertex: the same for two of them iff they are connected."""
    label = select(tokens.is_vertex, tokens.position, tokens.home)
    for found in rounds(tokens, vertices):
        label = found.own
    return label
