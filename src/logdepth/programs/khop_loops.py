"""k-hop by loops: one block of one layer, applied again and again (arXiv 2502.17416: floor(log2 k) + 2 times).

Every layer does the same, and what it does to a token hangs on words that the layer before left there. The first
finds my predecessor's symbol, the second my first hop (`single` says that this is still to be done), every later one
squares the pointer: after r + 2 layers it is find^(2^r). `begun` is 1 at the start token alone, then everywhere: so all
tokens know when to go on, though no layer knows its own number. What the first layer reads is of no account but for
`x` and `begun`; it is spread over words of their own, so that each has the same place in every layer.
"""

from __future__ import annotations

from typing import Annotated

from logdepth.lang import AtLeast, Position, Symbol, at, last, minimum, program, select, theirs


@program
def khop_loops(x: Symbol, position: Position, loops: Annotated[int, AtLeast(2)]):
    """hop_k for k = 2^(loops - 2), every layer the same; the symbol's number, A for "nothing"."""
    before = x.hi - x
    symbol = x.hi - minimum(position, x.hi)
    single = position > 0
    begun = position == 0
    pointer = select(begun, 0, position.hi + 1 - position)
    for _ in range(loops):
        found, there = last(where=theirs(before) == x), at(pointer)
        symbol = select(single, found.read(x), there.read(symbol))
        pointer = select(single, found.read(position), there.read(pointer))
        before = at(position - 1).read(x)
        single = at(position).read(~begun)
        begun = at(0).read(begun)
        x = at(position).read(x)
    return symbol
