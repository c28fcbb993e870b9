"""k-hop in blank tokens (pause tokens; Theorem B.3): the chain of thought, all at once.

The contract is that of the chain (`sequences/chain.py`), but what stands behind the question does not matter: the t-th
token behind it says what the t-th step of the chain would say, so blanks will do, and one pass. Nothing that is written
is read, so depth grows with log k again: text tokens double pointers, and the t-th blank goes the digits of t.
"""

from __future__ import annotations

from logdepth.lang import Pointer, Position, Symbol, at, first, last, point, program, say, select, table, theirs
from logdepth.programs.chains import Asked, Steps, all_written


@program(thinks=True)
def khop_blanks(x: Symbol, pointer: Pointer, position: Position, hops: Asked, text: int, steps: Steps):
    """hop_k for any k, in one pass over k blanks."""
    before = at(position - 1).read(x)
    hop, power = last(where=theirs(before) == x).read(point(position), position)  # power: find^(2^place)
    asked, question = first(where=theirs(pointer > 0) == 1).read(pointer, position)
    done, nth = all_written(pointer, position, hops), position - question
    here = select(pointer > 0, asked, 0)  # find^(nth mod 2^place), from the position asked for
    for place in range(steps.bit_length()):
        digit = table(lambda value, place=place: max(value, 0) >> place & 1, nth)
        here = select(digit, at(here).read(power), here)
        power = at(power).read(power)
    there = at(here)
    return select(done, there.read(say(x)), there.read(hop))
