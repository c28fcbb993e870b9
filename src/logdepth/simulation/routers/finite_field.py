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
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

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


def powers(x: Int[np.ndarray, " terms"], count: int) -> Int[np.ndarray, "count terms"]:
    """x^0 .. x^(count - 1).

    >>> powers(np.array([3, P - 1]), 3).tolist()
    [[1, 1], [3, 2147483646], [9, 1]]
    """
    found = np.ones((count, len(x)), np.int64)
    for power in range(1, count):
        found[power] = found[power - 1] * x % P
    return found


def locator_polynomials(power_sums: Int[np.ndarray, "rows T"]) -> Int[np.ndarray, "rows T+1"]:
    """c of each row's p_1 .. p_T, highest power first (Newton's identities).

    >>> locator_polynomials(np.array([[5, 13]])).tolist() == [[1, P - 5, 6]]  # (x - 2) (x - 3)
    True
    """
    rows, count = power_sums.shape
    inverses = inverse(np.arange(count + 1))
    coefficients = np.zeros((count + 1, rows), np.int64)  # of c: (-1)^j e_j
    coefficients[0] = 1
    sums = np.ascontiguousarray(power_sums.T)
    for j in range(1, count + 1):
        # j (-1)^j e_j = - sum over i of p_i (-1)^(j - i) e_(j - i)
        total = (sums[:j] * coefficients[j - 1 :: -1] % P).sum(0) % P
        coefficients[j] = (P - total) * inverses[j] % P
    return np.ascontiguousarray(coefficients.T)


def evaluate(
    polynomials: Int[np.ndarray, "rows T+1"], x: Int[np.ndarray, "rows candidates"]
) -> Int[np.ndarray, "rows candidates"]:
    """Each row's polynomial (highest power first) at each of the row's candidates."""
    value = np.zeros(x.shape, np.int64)
    for coefficient in polynomials.T:
        value = (value * x + coefficient[:, None]) % P
    return value


def values_at(
    polynomials: Int[np.ndarray, "roots T+1"],
    roots: Int[np.ndarray, " roots"],
    weighted_sums: Int[np.ndarray, "roots T words"],
) -> Int[np.ndarray, "roots words"]:
    """The w of each root of its polynomial c, from its q_0 .. q_(T-1), for several w at once (Forney).

    >>> c, q = np.array([[1, P - 5, 6]] * 2), np.array([[[17], [44]]] * 2)  # w = 7 at 2, 10 at 3
    >>> values_at(c, np.array([2, 3]), q).ravel().tolist()
    [7, 10]
    """
    count = weighted_sums.shape[1]
    quotient = np.zeros(len(roots), np.int64)  # g_l, from l = T - 1 down
    slope = np.zeros(len(roots), np.int64)
    total = np.zeros((len(roots), weighted_sums.shape[2]), np.int64)
    for step in range(count):
        quotient = (quotient * roots + polynomials[:, step]) % P
        slope = (slope * roots + quotient) % P
        total = (total + quotient[:, None] * weighted_sums[:, count - 1 - step]) % P
    return total * inverse(slope)[:, None] % P
