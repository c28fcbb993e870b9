"""Pointer chasing where every token is a pointer: symbol v names the v-th token, and k steps are asked.

*doubling*: pointers are squared, f^j -> f^(2j), in one look-up each, so that k takes as many layers as k has binary
digits, or one fewer where k is a power of two. Tokens see the whole sequence: pointers lead both ways. A pointer is
the position that it leads to, beside its symbol: position 0, the start token's, is "nothing", and leads to itself.
"""

from __future__ import annotations

from typing import Annotated

from logdepth.lang import AtLeast, Symbol, at, program, select

Steps = Annotated[int, AtLeast(1)]


@program(causal=False)
def pointer_doubling(x: Symbol, k: Steps):
    """Where k steps lead to, from every token: f^k(v) at token v; "nothing" once a step leaves the sequence."""
    power, symbol = select(x == x.hi, 0, x + 1), x  # f^(2^place), as a position and as its symbol
    answer, found = power, symbol  # f^(k mod 2^(place + 1)), as both
    for place in range(k.bit_length()):
        if k >> place & 1:
            answer, found = at(answer).read(power, symbol) if k & ((1 << place) - 1) else (power, symbol)
        if k >> place > 1:
            power, symbol = at(power).read(power, symbol)
    return found
