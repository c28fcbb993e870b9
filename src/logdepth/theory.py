"""Bounds of the theory as functions of integers. Integer arithmetic only; each names its theorem."""

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


def component_iterations(num_vertices: int) -> int:
    """Iterations within which RA with two shortcuts labels any graph of n vertices: `3 t + ceil(b / 2) + 1`.

    t is the least integer with `n (2/3)^t < 1`, b the bit length of n. Unconditional; proved in docs/components.md
    (Liu and Tarjan, arXiv 1812.06177, prove Theta(log n) for RA).

    >>> [component_iterations(n) for n in (0, 1, 2, 10, 1_000_000)]
    [5, 5, 8, 21, 116]
    """
    n = max(num_vertices, 1)
    windows = 0  # the least t with n (2/3)^t < 1
    while n * 2**windows >= 3**windows:
        windows += 1
    return 3 * windows + (n.bit_length() + 1) // 2 + 1
