"""Queries and keys with integer coordinates: "all who write to me" (sparse propagation) and "the one at an address".

**Sparse propagation** (the paper's Lemma 3.2 (a), with Reed-Solomon codes in place of random signs). Machine D has
the vector u_D in {0, 1}^(t p): t blocks of p coordinates, block x has its one at f_D(x), where f_0, f_1, .. are
different polynomials of degree < k over GF(p), p^k >= N, evaluated at t = d (k - 1) + 1 <= p points. Two of them
agree in at most k - 1 points. The key of a sender with destinations E, |E| <= d, is the maximum of u_e over E; the
query of D is u_D; so their product counts the points at which f_D agrees with f_e for some e in E:
- D in E: all t points;
- D not in E: at most d (k - 1) = t - 1.

One more coordinate, 1 in queries, 0 in senders' keys and t in the start token's (whose others are 0), lets the start
token tie with the senders to D. So the softmax of D averages uniformly over its senders and the start token; the
largest score is t and all others are at most t - 1. Dimensions: t p + 1; k is the one that makes them fewest (k = 1:
plain indicators, N + 1).

**Addresses.** Query (2 a, -1), key (b, b^2): the score is a^2 - (a - b)^2, largest at b = a, by at least 1. Two
coordinates, integers up to N^2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from logdepth.simulation.routers.precision import SHARPNESS


def prime_from(least: int) -> int:
    """The least prime >= `least`.

    >>> [prime_from(n) for n in (1, 2, 8, 17)]
    [2, 2, 11, 17]
    """
    prime = max(least, 2)
    while any(prime % divisor == 0 for divisor in range(2, int(prime**0.5) + 1)):
        prime += 1
    return prime


def ceil_root(number: int, degree: int) -> int:
    """The least integer r with r^degree >= number, in integers.

    >>> ceil_root(256, 2), ceil_root(257, 2), ceil_root(5, 1)
    (16, 17, 5)
    """
    root = max(round(number ** (1 / degree)) - 1, 1)
    while root**degree < number:
        root += 1
    return root


def polynomial_values(
    count: int, degree: int, prime: int, points: Int[np.ndarray, " points"]
) -> Int[np.ndarray, "count points"]:
    """`count` different polynomials of degree < `degree` over GF(prime) at `points`; number n's coefficients are its
    digits in base `prime`.

    >>> polynomial_values(3, 2, 2, np.array([0, 1])).tolist()
    [[0, 0], [1, 1], [0, 1]]
    """
    number = np.arange(count)
    coefficients = [number // prime**power % prime for power in range(degree)]
    values = np.zeros((count, len(points)), np.int64)
    for coefficient in reversed(coefficients):
        values = (values * points + coefficient[:, None]) % prime
    return values


@dataclass(frozen=True)
class SparseKeys:
    """The incidence vectors for `num_machines` machines that write to at most `out_degree` each.

    >>> keys = SparseKeys.smallest(num_machines=256, out_degree=4)
    >>> keys.degree, keys.height, keys.points, keys.dim
    (2, 17, 5, 86)
    """

    num_machines: int
    out_degree: int
    degree: int

    @classmethod
    def smallest(cls, num_machines: int, out_degree: int) -> SparseKeys:
        degrees = range(1, num_machines.bit_length() + 1)
        return min((cls(num_machines, out_degree, degree) for degree in degrees), key=lambda keys: keys.dim)

    @property
    def points(self) -> int:
        return self.out_degree * (self.degree - 1) + 1

    @cached_property
    def height(self) -> int:
        """p; constants need no field."""
        if self.degree == 1:
            return self.num_machines
        return prime_from(max(self.points, ceil_root(self.num_machines, self.degree)))

    @property
    def dim(self) -> int:
        return self.points * self.height + 1

    @cached_property
    def vectors(self) -> Float[np.ndarray, "machines dim"]:
        """u_D, and a 1 for the start token's tie."""
        values = polynomial_values(self.num_machines, self.degree, self.height, np.arange(self.points))
        vectors = np.zeros((self.num_machines, self.dim))
        np.put_along_axis(vectors, values + self.height * np.arange(self.points), 1.0, axis=1)
        vectors[:, -1] = 1.0
        return vectors

    def queries(self, machines: Int[np.ndarray, " machines"]) -> Float[np.ndarray, "machines dim"]:
        return SHARPNESS * self.vectors[machines]

    def keys(
        self,
        machines: Int[np.ndarray, " machines"],
        sender: Int[np.ndarray, " messages"],
        destination: Int[np.ndarray, " messages"],
    ) -> Float[np.ndarray, "machines dim"]:
        """The union of each machine's destinations' vectors; `machines` sorted, every sender among them."""
        keys = np.zeros((len(machines), self.dim))
        np.maximum.at(keys, np.searchsorted(machines, sender), self.vectors[destination])
        keys[:, -1] = 0.0
        return keys

    def start(self) -> Float[np.ndarray, " dim"]:
        key = np.zeros(self.dim)
        key[-1] = self.points
        return key


def address_queries(addresses: Int[np.ndarray, ...]) -> Float[np.ndarray, "... 2"]:
    """Look up each address."""
    return SHARPNESS * np.stack([2.0 * addresses, np.full(np.shape(addresses), -1.0)], -1)


def address_keys(addresses: Int[np.ndarray, ...]) -> Float[np.ndarray, "... 2"]:
    """Be found at each address."""
    return np.stack([addresses * 1.0, addresses * 1.0 * addresses], -1)
