"""Depth and reach of the constructions for k-hop. Integer arithmetic only; each names its theorem."""

from __future__ import annotations


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
    return (1 << (num_layers - 1)) - 1


def khop_reach_doubling(num_layers: int) -> int:
    """Largest k within `num_layers` layers of the *doubling* construction: `2^(L-2)`.

    >>> [khop_reach_doubling(num_layers) for num_layers in (1, 2, 3, 4, 5, 6)]
    [0, 1, 2, 4, 8, 16]
    """
    return 0 if num_layers < 2 else 1 << (num_layers - 2)
