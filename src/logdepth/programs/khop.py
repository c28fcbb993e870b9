"""k-hop induction heads (Definition 4.1) as programs, in both constructions.

*doubling*: pointers only, `ceil(log2 k) + 2` layers. After layer l >= 2 the pointer is find^(2^(l-2)).
*rank*: `floor(log2 k) + 2` layers, the depth of Theorem 4.2. A symbol's rank is how often it has occurred, so
(symbol, rank) names a position from layer 1 on; matching my find's name with the name that *follows* a
token's predecessor's lands one hop further than the pointer itself: p -> 2p + 1.
"""

from __future__ import annotations

from typing import Annotated

from logdepth.lang import AtLeast, AtMost, Header, Position, Symbol, Word, at, count, last, program, select, theirs

Hops = Annotated[int, AtLeast(0)]
AnyHops = Annotated[Header, AtMost("max_k")]  # the k that the header says


@program
def khop_rank(x: Symbol, position: Position, k: Hops):
    """hop_k for one k."""
    return _rank(x, position, k, k.bit_length())


@program
def khop_rank_any(x: Symbol, position: Position, hops: AnyHops, max_k: Hops):
    """hop_k for the k that the header says, 0..max_k."""
    return _rank(x, position, hops, max_k.bit_length())


@program
def khop_doubling(x: Symbol, position: Position, k: Hops):
    """hop_k for one k."""
    return _doubling(x, position, k, k)


@program
def khop_doubling_any(x: Symbol, position: Position, hops: AnyHops, max_k: Hops):
    """hop_k for the k that the header says, 0..max_k."""
    return _doubling(x, position, hops, max_k)


def _digit(k: Word | int, place: int) -> Word | bool:
    """A binary digit of k, known while tracing or brought from the start token."""
    return at(0).read(k >> place & 1) if isinstance(k, Word) else bool(k >> place & 1)


def _rank(x: Word, position: Word, k: Word | int, num_digits: int) -> Word:
    rank = count(where=theirs(x) == x)  # how often my symbol has occurred, up to me
    before = at(position - 1)
    symbol, rank_after = before.read(x, rank + 1)  # where this symbol is next found, it has this rank
    find = last(where=theirs(symbol) == x)
    found, found_rank = find.read(x, rank)
    answer = select(_digit(k, 0), found, x) if num_digits else x
    for place in range(1, num_digits):  # find^p is known here, p = 2^place - 1
        hop = last(where=(theirs(symbol) == found, theirs(rank_after) == found_rank))  # lands on find^(p+1)
        answer = select(_digit(k, place), hop.read(answer), answer)
        found, found_rank = hop.read(found, found_rank)  # p -> 2p + 1
    return answer


def _doubling(x: Word, position: Word, k: Word | int, most: int) -> Word:
    """Digits of k - 1 rather than k: the first hop is in hand when the first pointer is, and powers of two
    cost no extra layer."""
    if most == 0:
        return x
    before = at(position - 1).read(x)
    pointer, found = last(where=theirs(before) == x).read(position, x)
    further = k - 1 if isinstance(k, int) else select(k == 0, 0, k - 1)
    hops = at(0).read(k != 0) if isinstance(k, Word) else k > 0
    answer = select(hops, found, x)
    for place in range((most - 1).bit_length()):  # pointer = find^(2^place)
        hop = at(pointer)
        answer = select(_digit(further, place), hop.read(answer), answer)
        pointer = hop.read(pointer)
    return answer
