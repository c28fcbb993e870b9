"""One layer of attention: too little for one hop unless it is wide, and enough for everything if it is very wide."""

from __future__ import annotations

from logdepth.theory.asked import Asked
from logdepth.theory.statement import OURS, Finding, Statement, at_least, enough, silent


def pairs_in(length: int) -> int:
    """Bits of INDEX that a string of N symbols holds for one layer: `floor((N - 1) / 2)`.

    >>> pairs_in(100), pairs_in(1)
    (49, 0)
    """
    return max(length - 1, 0) // 2


def _one_layer(asked: Asked) -> Finding:
    length, k = asked.needed("length"), asked.needed("k")
    unit = "bits, H (m + 1) p"
    if k == 0 or asked.layers != 1:
        return silent(unit, "it speaks of one layer, and of k >= 1")
    if asked.thoughts != (0 if asked.arch == "cot" else None):
        return silent(unit, "it speaks of no thoughts")
    if asked.symbols < k + 2:
        return silent(unit, f"it wants k + 2 = {k + 2} symbols")
    return at_least(pairs_in(length - 2 * (k - 1)), asked.heads * (asked.width + 1) * asked.precision, unit)


def gather_width(length: int) -> int:
    """Embedding dimension with which one uniform head hands every position the whole string.

    >>> gather_width(100)
    100
    """
    return length


def _gather(asked: Asked) -> Finding:
    length = asked.needed("length")
    bits = length.bit_length() + (asked.symbols - 1).bit_length()
    if asked.width < gather_width(length) or asked.precision < bits:
        why = f"it takes a width of {length:,}, and numbers of {bits} bits"
        return Finding(gather_width(length), "dimensions", None, why)
    return enough(1, asked, "one head gathers the string, the row-wise map does the rest")


STATEMENTS = (
    Statement(
        name="one layer, one hop",
        source="arXiv 2408.14332 (Theorem 1: Omega(N)); the constant is ours",
        task="khop",
        archs=("transformer", "cot"),
        says="one layer, of whatever row-wise maps, computes hop_k only if it is wide",
        figure="H (m + 1) p >= floor((N - 1) / 2) - (k - 1), for L = 1, no thoughts",
        condition="causal; k + 2 symbols; partial sums are numbers of p bits",
        ask=_one_layer,
    ),
    Statement(
        name="gather",
        source=OURS,
        task="khop",
        archs=("transformer", "cot"),
        says="one uniform head, whose values are symbols in N separate coordinates, hands every position the string",
        figure="L = 1, H = 1, m = N",
        condition="row-wise maps are arbitrary, as in the paper; numbers of log2 N + log2 A bits",
        ask=_gather,
        construction="gather",
    ),
)
