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

The loops are Numba's: one pass each over all elements of a row at once, which are independent. In them a product is
brought to at most P + 2 by folding twice, v -> (v mod 2^31) + floor(v / 2^31), which is v modulo P: from v < 2^63 to
less than 2^31 + 2^32, then to at most P + 2. Of c they use c / x^(T - K), the last coefficients being zeros: what is
said above with K for T.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int
from numba import njit

P = 2**31 - 1
_P, _BITS = np.uint64(P), np.uint64(31)
_jit = njit(cache=True, nogil=True)


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
    _power_sums(row, x.astype(np.uint64), np.ascontiguousarray(weights.T).astype(np.uint64), plain, weighted)
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
    _newton(power_sums.astype(np.uint64), known, inverse(np.arange(count + 1)).astype(np.uint64), coefficients)
    return coefficients.view(np.int64)


def is_root(
    polynomials: Int[np.ndarray, "rows T+1"], row: Int[np.ndarray, " elements"], x: Int[np.ndarray, " elements"]
) -> Bool[np.ndarray, " elements"]:
    """Whether each x, not 0, is a root of its row's polynomial (highest power first). `row` ascending.

    >>> is_root(np.array([[1, P - 5, 6]]), np.array([0, 0]), np.array([2, 4])).tolist()
    [True, False]
    """
    values = np.zeros(len(x), np.uint64)
    _horner(polynomials.view(np.uint64), row, x.astype(np.uint64), values)
    return values % _P == 0


def values_at(
    polynomials: Int[np.ndarray, "rows T+1"],
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
    _forney(polynomials.view(np.uint64), row, roots.astype(np.uint64), sums, slopes, totals)
    slope, total = (each.view(np.int64) % P for each in (slopes, totals))
    return (total * inverse(slope) % P).T


@njit(inline="always")
def _folded(v):
    v = (v & _P) + (v >> _BITS)
    return (v & _P) + (v >> _BITS)


@_jit
def _run_end(row, begin):
    end = begin + 1
    while end < len(row) and row[end] == row[begin]:
        end += 1
    return end


@_jit
def _power_sums(row, x, weights, plain, weighted):
    begin = 0
    while begin < len(x):
        end, here = _run_end(row, begin), row[begin]
        factor, power = x[begin:end], np.ones(end - begin, np.uint64)
        for j in range(plain.shape[1]):
            for word in range(len(weights)):
                weight, total = weights[word, begin:end], np.uint64(0)
                for i in range(len(factor)):
                    total += _folded(power[i] * weight[i])
                weighted[here, j, word] = total % _P
            total = np.uint64(0)
            for i in range(len(factor)):
                power[i] = _folded(power[i] * factor[i])
                total += power[i]
            plain[here, j] = total % _P
        begin = end


@_jit
def _newton(sums, terms, inverses, coefficients):
    for row in range(len(sums)):
        p, c = sums[row], coefficients[row]
        c[0] = 1
        for j in range(1, terms[row] + 1):
            # j (-1)^j e_j = - sum over i of p_i (-1)^(j - i) e_(j - i)
            total, before = np.uint64(0), c[:j][::-1]
            for i in range(len(before)):
                total += _folded(p[i] * before[i])
            c[j] = (_P - total % _P) * inverses[j] % _P


@_jit
def _degree(c):
    """Of c / x^(T - K): K."""
    degree = len(c) - 1
    while c[degree] == 0:
        degree -= 1
    return degree


@_jit
def _horner(polynomials, row, x, values):
    begin = 0
    while begin < len(x):
        end, c = _run_end(row, begin), polynomials[row[begin]]
        at, value = x[begin:end], values[begin:end]
        for step in range(_degree(c) + 1):
            for i in range(len(at)):
                value[i] = _folded(value[i] * at[i] + c[step])
        begin = end


@_jit
def _forney(polynomials, row, roots, sums, slopes, totals):
    begin = 0
    while begin < len(roots):
        end, c = _run_end(row, begin), polynomials[row[begin]]
        at, slope, q = roots[begin:end], slopes[begin:end], sums[row[begin]]
        quotient, degree = np.zeros(end - begin, np.uint64), _degree(c)  # quotient: g_l, from l = K - 1 down
        for step in range(degree):
            for i in range(len(at)):
                quotient[i] = _folded(quotient[i] * at[i] + c[step])
                slope[i] = _folded(slope[i] * at[i] + quotient[i])
            for word in range(len(totals)):
                total, factor = totals[word, begin:end], q[degree - 1 - step, word]
                for i in range(len(at)):
                    total[i] = _folded(total[i] + quotient[i] * factor)
        begin = end
