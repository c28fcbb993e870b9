"""Depth and reach of the constructions for k-hop. Integer arithmetic only; each names its theorem."""

from __future__ import annotations

from logdepth.theory.asked import Asked
from logdepth.theory.statement import PAPER, Finding, Statement, constant_of, enough


def khop_depth_rank(k: int) -> int:
    """Layers of the *rank* construction: `floor(log2 k) + 2`, the depth of Theorem 4.2; 1 for k = 0.

    Unconditional. The printed proof of Theorem 4.2 does not reach it (its doubling step is off by one);
    matching on (symbol, rank) does.

    >>> [khop_depth_rank(k) for k in (0, 1, 2, 3, 4, 15, 16)]
    [1, 2, 3, 3, 4, 5, 6]
    """
    return 1 if k == 0 else k.bit_length() + 1


def khop_depth_doubling(k: int) -> int:
    """Layers of the *doubling* construction: `ceil(log2 k) + 2`; 1 for k = 0.

    Unconditional: pointer doubling with look-ups by position only.

    >>> [khop_depth_doubling(k) for k in (0, 1, 2, 3, 4, 5, 8, 9)]
    [1, 2, 3, 4, 4, 5, 5, 6]
    """
    return 1 if k == 0 else (k - 1).bit_length() + 2


def khop_reach_rank(num_layers: int) -> int:
    """Largest k within `num_layers` layers of the *rank* construction: `2^(L-1) - 1`.

    >>> [khop_reach_rank(num_layers) for num_layers in (1, 2, 3, 4, 5, 6)]
    [0, 1, 3, 7, 15, 31]
    """
    return (1 << max(num_layers - 1, 0)) - 1


def khop_reach_doubling(num_layers: int) -> int:
    """Largest k within `num_layers` layers of the *doubling* construction: `2^(L-2)`.

    >>> [khop_reach_doubling(num_layers) for num_layers in (1, 2, 3, 4, 5, 6)]
    [0, 1, 2, 4, 8, 16]
    """
    return 0 if num_layers < 2 else 1 << (num_layers - 2)


REACHES = {"rank": khop_reach_rank, "doubling": khop_reach_doubling}
"""By the construction's name: the hops it has in hand after so many layers."""


def _by_rank(asked: Asked) -> Finding:
    k = asked.needed("k")
    if asked.heads < 2 and k > 1:
        return Finding(khop_depth_rank(k), "layers", None, "its first layers have two heads, the model has one")
    return enough(khop_depth_rank(k), asked, "khop_rank, compiled")


def _by_doubling(asked: Asked) -> Finding:
    return enough(khop_depth_doubling(asked.needed("k")), asked, "khop_doubling, compiled")


def _by_loops(asked: Asked) -> Finding:
    return enough(khop_depth_rank(asked.needed("k")), asked, "one layer looped so often")


def _by_nearest(asked: Asked) -> Finding:
    constant = constant_of(asked, "Theorem 5.6 of ANNA")
    hops = asked.needed("k").bit_length()
    if constant is None:
        return Finding(hops, "layers", None, "times a constant that the source leaves open")
    return enough(-(-hops * constant.numerator // constant.denominator), asked, "nearest-neighbour attention")


STATEMENTS = (
    Statement(
        name="Theorem 4.2",
        source=PAPER,
        task="khop",
        archs=("transformer",),
        says="a causal transformer computes hop_k at every position",
        figure="L = floor(log2 k) + 2, m = O(1)",
        condition="alphabet of at most N; numbers of O(log N) bits; two heads (one in print, whose proof has slips)",
        ask=_by_rank,
        construction="khop_rank",
    ),
    Statement(
        name="pointer doubling",
        source=PAPER,
        task="khop",
        archs=("transformer",),
        says="the same with look-ups by position alone, as its proof means to",
        figure="L = ceil(log2 k) + 2, H = 1, m = O(1)",
        condition="as for Theorem 4.2",
        ask=_by_doubling,
        construction="khop_doubling",
    ),
    Statement(
        name="k-hop by loops",
        source="arXiv 2502.17416",
        task="khop",
        archs=("looped",),
        says="one layer, looped, computes hop_k",
        figure="floor(log2 k) + 2 loops",
        condition="as for Theorem 4.2",
        ask=_by_loops,
    ),
    Statement(
        name="Theorem 5.6 of ANNA",
        source="arXiv 2509.09001",
        task="khop",
        archs=("anna",),
        says="attention to approximate nearest neighbours, in less than quadratic time, computes hop_k",
        figure="L = O(log k), m = O(N^eps'), H = O(N^((eps' - eps)/4))",
        condition="0 < eps < eps' < 1",
        ask=_by_nearest,
        open_constant=True,
    ),
)
