"""Arithmetic in GF(P), P = 2^31 - 1, on arrays of integers 0 .. P - 1; products of two fit an int64.

**Sparse sums.** Let x_1 .. x_K be different nonzero elements, K <= T, with values w_1 .. w_K, and let the power sums
`p_j = sum x_i^j` (j = 1..T) and the weighted ones `q_l = sum w_i x_i^l` (l = 0..T-1) be given. Then:
1. *Newton's identities* `j e_j = p_1 e_(j-1) - p_2 e_(j-2) + .. +- p_j e_0` with e_0 = 1 determine the elementary
   symmetric functions e_1 .. e_T of the x_i (e_j = 0 for j > K): j <= T < P has an inverse.
2. The *locator polynomial* `c(x) = sum (-1)^j e_j x^(T - j) = x^(T - K) product (x - x_i)` has the x_i as its
   nonzero roots, each simple.
3. *Forney.* At a root x_i let g(x) = c(x) / (x - x_i) = sum g_l x^l, of degree T - 1. g vanishes at every other x_m,
   so `sum g_l q_l = sum_m w_m g(x_m) = w_i g(x_i)`, and g(x_i) = c'(x_i) /= 0. So w_i = (sum g_l q_l) / g(x_i).

Nothing else was assumed: the x_i are found for certain among any candidates, and so are their values.

The loops are Numba's (`numba_kernels.py`, loaded when they are first needed).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Int

P = 2**31 - 1


def inverse(x: Int[np.ndarray, ...]) -> Int[np.ndarray, ...]:
    """1 / x, as x^(P - 2); 0 for 0.

    >>> int(inverse(np.array(2)) * 2 % P)
    1
    """
    result = np.ones_like(x)
    for bit in bin(P - 2)[2:]:
        result = result * result % P
        if bit == "1":
            result = result * x % P
    return result


def power_sums(
    row: Int[np.ndarray, " terms"],
    x: Int[np.ndarray, " terms"],
    weights: Int[np.ndarray, "terms words"],
    num_rows: int,
    count: int,
) -> tuple[Int[np.ndarray, "rows count"], Int[np.ndarray, "rows count words"]]:
    """Of each row's terms: `sum x^j`, j = 1..count, and `sum w x^l`, l = 0..count-1. `row` ascending.

    >>> p, q = power_sums(np.array([0, 0]), np.array([2, 3]), np.array([[7], [10]]), 1, 2)
    >>> p.tolist(), q.ravel().tolist()
    ([[5, 13]], [17, 44])
    """
    plain = np.zeros((num_rows, count), np.uint64)
    weighted = np.zeros((num_rows, count, weights.shape[1]), np.uint64)
    _kernels().power_sums(row, x.astype(np.uint64), np.ascontiguousarray(weights.T).astype(np.uint64), plain, weighted)
    return plain.view(np.int64), weighted.view(np.int64)


def locator_polynomials(
    power_sums: Int[np.ndarray, "rows T"], terms: Int[np.ndarray, " rows"] | None = None
) -> Int[np.ndarray, "rows T+1"]:
    """c of each row's p_1 .. p_T, highest power first (Newton's identities). `terms`: K of each row, where that is
    known: e_j = 0 beyond it.

    >>> locator_polynomials(np.array([[5, 13]])).tolist() == [[1, P - 5, 6]]  # (x - 2) (x - 3)
    True
    """
    rows, count = power_sums.shape
    coefficients = np.zeros((rows, count + 1), np.uint64)  # of c: (-1)^j e_j
    known = np.full(rows, count) if terms is None else terms
    _kernels().newton(
        power_sums.astype(np.uint64), known, inverse(np.arange(count + 1)).astype(np.uint64), coefficients
    )
    return coefficients.view(np.int64)


def is_root(
    polynomials: Int[np.ndarray, "rows coefficients"],
    row: Int[np.ndarray, " elements"],
    x: Int[np.ndarray, " elements"],
) -> Bool[np.ndarray, " elements"]:
    """Whether each x, not 0, is a root of its row's polynomial (highest power first). `row` ascending.

    >>> is_root(np.array([[1, P - 5, 6]]), np.array([0, 0]), np.array([2, 4])).tolist()
    [True, False]
    """
    values = np.zeros(len(x), np.uint64)
    _kernels().horner(polynomials.view(np.uint64), row, x.astype(np.uint64), values)
    return values % np.uint64(P) == 0


def values_at(
    polynomials: Int[np.ndarray, "rows coefficients"],
    row: Int[np.ndarray, " roots"],
    roots: Int[np.ndarray, " roots"],
    weighted_sums: Int[np.ndarray, "rows T words"],
) -> Int[np.ndarray, "roots words"]:
    """The w of each root of its row's polynomial c, from its q_0 .. q_(T-1), for several w at once (Forney).
    `row` ascending.

    >>> c, q = np.array([[1, P - 5, 6]]), np.array([[[17], [44]]])  # w = 7 at 2, 10 at 3
    >>> values_at(c, np.array([0, 0]), np.array([2, 3]), q).ravel().tolist()
    [7, 10]
    """
    totals = np.zeros((weighted_sums.shape[2], len(roots)), np.uint64)
    slopes = np.zeros(len(roots), np.uint64)
    sums = np.ascontiguousarray(weighted_sums).view(np.uint64)
    _kernels().forney(polynomials.view(np.uint64), row, roots.astype(np.uint64), sums, slopes, totals)
    slope, total = (each.view(np.int64) % P for each in (slopes, totals))
    return (total * inverse(slope) % P).T


def _kernels() -> Any:
    """Numba takes a second to load, and most commands never need it."""
    from logdepth.simulation.routers import numba_kernels

    return numba_kernels
