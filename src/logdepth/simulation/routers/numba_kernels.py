"""The loops of `finite_field.py`, compiled: one pass each over all elements of a row at once, which are independent.

A product is brought to at most P + 2 by folding twice, v -> (v mod 2^31) + floor(v / 2^31), which is v modulo P: from
v < 2^63 to less than 2^31 + 2^32, then to at most P + 2. Of c they use c / x^(T - K), the last coefficients being
zeros: what `finite_field.py` says with K for T.
"""

from __future__ import annotations

import numpy as np
from numba import njit

P = 2**31 - 1
_P, _BITS = np.uint64(P), np.uint64(31)
_jit = njit(cache=True, nogil=True)


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
def power_sums(row, x, weights, plain, weighted):
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
def newton(sums, terms, inverses, coefficients):
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
def horner(polynomials, row, x, values):
    begin = 0
    while begin < len(x):
        end, c = _run_end(row, begin), polynomials[row[begin]]
        at, value = x[begin:end], values[begin:end]
        for step in range(_degree(c) + 1):
            for i in range(len(at)):
                value[i] = _folded(value[i] * at[i] + c[step])
        begin = end


@_jit
def forney(polynomials, row, roots, sums, slopes, totals):
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
