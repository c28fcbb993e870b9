"""Functional graphs one arc at a token: chains of thought in 2 layers, however long the way is.

The text lists the arcs, `u f(u) v f(v) ..` in any order, every letter a vertex; a vertex has one arc at most. A pointer
to a position means the vertex that stands there; the next thought points to where that vertex's image is listed.
"""

from __future__ import annotations

from logdepth.errors import InputError
from logdepth.lang import Pointer, Position, Symbol, Word, at, last, point, program, say, select, theirs
from logdepth.programs.chains import Asked, Steps, all_written


@program(thinks=True)
def pointer_chasing_cot(x: Symbol, pointer: Pointer, position: Position, k: Asked, text: int, steps: Steps):
    """f^k of the vertex asked for, for any k, by writing k pointers: 2 layers."""
    vertex, letter = at(pointer).read(x, say(x))
    return select(all_written(pointer, position, k), letter, _image(x, vertex, position))


@program(thinks=True)
def reachability_cot(x: Symbol, pointer: Pointer, position: Position, goal: Asked, text: int, steps: Steps):
    """Whether the arcs from the vertex asked for lead to the one that the header names: 2 layers."""
    if steps < x.hi - 1:
        raise InputError(f"steps is {steps}; a way through {x.hi:,} vertices takes up to {x.hi - 1:,}")
    vertex, letter = at(pointer).read(x, say(x))
    met = vertex == at(0).read(goal)
    lost = at(position - steps).read(pointer > 0)  # every vertex was met, and the goal is none of them
    return select(met, letter, _image(x, select(lost, x.hi, vertex), position))


def _image(x: Word, vertex: Word, position: Word) -> Word:
    """The token that points to where a vertex's image is listed: "nothing" if it has no arc, or is none (x.hi)."""
    before = at(position - 1).read(select(x == x.hi, x.hi + 1, x))  # what is no letter is no vertex's name
    listed = (x < x.hi) & (position % 2 == 0)
    return last(where=(theirs(before) == vertex, theirs(listed) == 1)).read(point(position))
