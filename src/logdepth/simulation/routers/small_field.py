"""Fields of p^e elements, for families of slots: a field a little above a number wastes few slots.

Elements are 0 .. p^e - 1; the digits in base p are the coefficients of a polynomial over GF(p), the lowest first. They
are multiplied modulo a *primitive* polynomial f of degree e: one modulo which the powers of x run through all p^e - 1
polynomials but 0. So each is a power of x, products are sums of exponents, and everything but 0 has an inverse.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Int

Array = np.ndarray


def prime_power(order: int) -> tuple[int, int] | None:
    """(p, e) with p^e = order; None if there are none.

    >>> prime_power(16), prime_power(7), prime_power(12), prime_power(1)
    ((2, 4), (7, 1), None, None)
    """
    if order < 2:
        return None
    p = next((p for p in range(2, int(order**0.5) + 1) if order % p == 0), order)
    exponent = 0
    while order % p == 0:
        order, exponent = order // p, exponent + 1
    return (p, exponent) if order == 1 else None


def field_from(least: int) -> int:
    """The order of the least field of at least so many elements.

    >>> [field_from(n) for n in (1, 2, 6, 14, 17, 18)]
    [2, 2, 7, 16, 17, 19]
    """
    return next(order for order in itertools.count(max(least, 2)) if prime_power(order))


@dataclass(frozen=True, eq=False)
class GaloisField:
    """GF(p^e). power: x^0, x^1, .. as elements; log: the exponent of each element but 0 (of which it means nothing)."""

    p: int
    e: int
    power: Array
    log: Array

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, order: int) -> GaloisField:
        """The field of so many elements, a prime power.

        >>> field = GaloisField.of(4)
        >>> [field.multiply(np.array([2]), np.array([n])).item() for n in range(4)]
        [0, 2, 3, 1]
        """
        found = prime_power(order)
        assert found, order
        p, e = found
        for rest in range(order):  # f = x^e - (the polynomial of this number)
            power, element = [1], _times_x(1, rest, p, e)
            while element > 1 and len(power) < order:  # a zero divisor's powers go round without a 1
                power.append(element)
                element = _times_x(element, rest, p, e)
            if element == 1 and len(power) == order - 1:
                log = np.zeros(order, np.int64)
                log[power] = np.arange(order - 1)
                return cls(p, e, np.array(power), log)
        raise AssertionError("every field has a primitive polynomial")

    def add(self, a: Int[Array, "*_"], b: Int[Array, "*_"]) -> Int[Array, "*_"]:
        """Sums of elements, digit by digit."""
        digits = (self.p**place for place in range(self.e))
        total = np.zeros(np.broadcast_shapes(a.shape, b.shape), np.int64)
        for digit in digits:
            total += (a // digit + b // digit) % self.p * digit
        return total

    def multiply(self, a: Int[Array, "*_"], b: Int[Array, "*_"]) -> Int[Array, "*_"]:
        """Products of elements."""
        exponent = (self.log[a] + self.log[b]) % len(self.power)
        return np.where((a == 0) | (b == 0), 0, self.power[exponent])

    def values(self, coefficients: list[Array], points: Int[Array, " points"]) -> Int[Array, "count points"]:
        """Polynomials, given by their coefficients (each (count,), lowest first), at these points.

        >>> GaloisField.of(5).values([np.array([1]), np.array([2])], np.array([0, 1, 2, 3])).tolist()
        [[1, 3, 0, 2]]
        """
        values = np.zeros((len(coefficients[0]), len(points)), np.int64)
        for coefficient in reversed(coefficients):
            values = self.add(self.multiply(values, points[None]), coefficient[:, None])
        return values


def _times_x(element: int, rest: int, p: int, e: int) -> int:
    """x times an element, modulo x^e - rest."""
    top, lower = divmod(element, p ** (e - 1))
    shifted, place, total = lower * p, 1, 0
    for _ in range(e):
        total += (shifted // place + top * (rest // place)) % p * place
        place *= p
    return total
