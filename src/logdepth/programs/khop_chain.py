"""k-hop one hop a token: chains of thought, for any k, at a depth that knows no k (Theorem 5.6: k thoughts are enough).

The prompt ends in a pointer to the position asked for; every thought is a pointer, to where the last one's leads. So
a step needs one hop, whatever k is: `khop_cot` finds every position's hop as k-hop's first layers do and reads that of
the position pointed to, in 3 layers; `khop_cot_wide` looks for it at the thought itself, in 2, at a width that grows
with the text: the place found must not lie behind the position pointed to, a match on an order.
"""

from __future__ import annotations

from logdepth.lang import Pointer, Position, Symbol, at, last, point, program, say, select, theirs
from logdepth.programs.chains import Asked, Steps, all_written


@program(thinks=True)
def khop_cot(x: Symbol, pointer: Pointer, position: Position, hops: Asked, text: int, steps: Steps):
    """hop_k for any k, by writing k pointers: 3 layers."""
    before = at(position - 1).read(x)
    hop = last(where=theirs(before) == x).read(point(position))  # the token that points to find(i)
    there = at(pointer)
    return select(all_written(pointer, position, hops), there.read(say(x)), there.read(hop))


@program(thinks=True)
def khop_cot_wide(x: Symbol, pointer: Pointer, position: Position, hops: Asked, text: int, steps: Steps):
    """hop_k for any k, by writing k pointers: 2 layers, a bit for each position."""
    before = at(position - 1).read(x)
    symbol, letter = at(pointer).read(x, say(x))
    found = last(where=(theirs(before) == symbol, theirs(position) <= pointer))
    return select(all_written(pointer, position, hops), letter, found.read(point(position)))
