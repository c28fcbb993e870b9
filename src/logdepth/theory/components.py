"""How many iterations label the components of a graph. Integer arithmetic only."""

from __future__ import annotations


def hooking_iterations(num_vertices: int) -> int:
    """Iterations of RA with two shortcuts after which any graph of n vertices has no edges left: 3 t.

    t is the least integer with `n (2/3)^t < 1`. Unconditional; proved in docs/components.md.

    >>> [hooking_iterations(n) for n in (0, 1, 2, 10, 1_000_000)]
    [3, 3, 6, 18, 105]
    """
    n = max(num_vertices, 1)
    windows = 0  # the least t with n (2/3)^t < 1
    while n * 2**windows >= 3**windows:
        windows += 1
    return 3 * windows


def component_iterations(num_vertices: int) -> int:
    """Iterations within which RA with two shortcuts labels any graph of n vertices: `3 t + ceil(b / 2) + 1`.

    t is the least integer with `n (2/3)^t < 1`, b the bit length of n. Unconditional; proved in docs/components.md
    (Liu and Tarjan, arXiv 1812.06177, prove Theta(log n) for RA).

    >>> [component_iterations(n) for n in (0, 1, 2, 10, 1_000_000)]
    [5, 5, 8, 21, 116]
    """
    return hooking_iterations(num_vertices) + (max(num_vertices, 1).bit_length() + 1) // 2 + 1
