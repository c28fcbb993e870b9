"""Which slots each message is written into, so that one of them stays clean (the paper's Lemma 3.2 (b), multiple
hashing).

A *family* gives every pair (S, D) one slot in each of `points` blocks of `height` slots. When a receiver D with at
most b senders of at most a messages each, T in all, looks for the message of (S, D), T - 1 others interfere, and
only those:
- a - 1 at most from the same sender, (S, D');
- b - 1 at most to the same receiver, (S', D);
- the rest, at most (a - 1)(b - 1), from other senders to other receivers, (S', D').

If each shares a slot with (S, D) in at most c_1, c_2, c_3 of the blocks, and `points` is above the sum over them, then
one of the slots of (S, D) is free of them all: the message is read there. Four families:

- **structured**: the slot of (S, D) in block x is f(x) = g_S(x) + x^k g_D(x) over GF(p), p a prime or a power of one,
  x one of `points` < p elements other than 0, where g_0, g_1, .. are different polynomials of degree < k, p^k >= N.
  The difference of two f's is g_S - g_S' + x^k (g_D - g_D'): a nonzero polynomial of degree < k (times x^k, which is
  not 0), or of degree < 2 k. So c_1 = c_2 = k - 1, c_3 = 2 k - 1. At k = 1, T - a - b + 1 = (s - 1)^2 interfere once
  each, and (s - 1)^2 + 1 blocks of p >= N slots do.
- **polynomials** (Kautz and Singleton 1964): f of degree < k, p^k >= N^2, at `points` <= p elements x: all c = k - 1.
- **identity**: one block of N^2 slots, one a pair: all c = 0.
- **one slot**, where T = 1.

`smallest` takes the one with the fewest slots. The paper's random matrix has `paper_columns` = ceil(24 s^4 ln N).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from logdepth.simulation.routers.keys import ceil_root
from logdepth.simulation.routers.small_field import GaloisField, field_from


def paper_columns(num_machines: int, degree: int) -> int:
    """Slots of Lemma 3.2's random matrix, for `degree` messages out of and into a machine.

    >>> paper_columns(256, 4)
    34070
    """
    return math.ceil(24 * degree**4 * math.log(num_machines))


@dataclass(frozen=True)
class Interference:
    """How many messages of each kind interfere with one, at most: from its sender, to its receiver, neither."""

    same_sender: int
    same_receiver: int
    neither: int

    @classmethod
    def of(cls, out_degree: int, in_degree: int, messages: int) -> Interference:
        """`messages`: T, of which one is looked for. The most of `neither` that T allows, since they collide most."""
        left = messages - 1
        neither = min((out_degree - 1) * (in_degree - 1), left)
        same_sender = min(out_degree - 1, left - neither)
        return cls(same_sender, min(in_degree - 1, left - neither - same_sender), neither)

    def points(self, same_pair: int, neither: int) -> int:
        """Blocks of which one stays clean."""
        return (self.same_sender + self.same_receiver) * same_pair + self.neither * neither + 1


@dataclass(frozen=True, eq=False)
class Family:
    """`values (pairs of machines, points)` are built when asked for: slot of (S, D) in block j: j height + value."""

    name: str
    num_machines: int
    points: int
    height: int
    degree: int = 0

    @property
    def columns(self) -> int:
        return self.points * self.height

    def slots(
        self, source: Int[np.ndarray, " messages"], destination: Int[np.ndarray, " messages"]
    ) -> Int[np.ndarray, "messages points"]:
        """The slots of each message, one in each block."""
        blocks = np.arange(self.points)
        pair = source * self.num_machines + destination
        if self.name == "structured":
            coefficients = [*self._digits(source), *self._digits(destination)]  # g_S + x^k g_D
            value = GaloisField.of(self.height).values(coefficients, blocks + 1)
        elif self.name == "polynomials":
            value = GaloisField.of(self.height).values(self._digits(pair), blocks)
        else:
            value = (pair % self.height)[:, None]
        return blocks * self.height + value

    def _digits(self, number: Int[np.ndarray, " messages"]) -> list[Int[np.ndarray, " messages"]]:
        """The coefficients of the polynomial of each number, which differ where the numbers do."""
        return [number // self.height**power % self.height for power in range(self.degree)]


def structured(num_machines: int, interference: Interference, degree: int) -> Family:
    points = interference.points(degree - 1, 2 * degree - 1)
    order = field_from(max(points + 1, ceil_root(num_machines, degree)))
    return Family("structured", num_machines, points, order, degree)


def polynomials(num_machines: int, interference: Interference, degree: int) -> Family:
    points = interference.points(degree - 1, degree - 1)
    order = field_from(max(points, ceil_root(num_machines**2, degree)))
    return Family("polynomials", num_machines, points, order, degree)


def smallest(num_machines: int, interference: Interference) -> Family:
    """The family with the fewest slots that keeps one clean against `interference`.

    >>> [smallest(n, Interference.of(s, s, s * s)).columns for n in (16, 64, 256) for s in (1, 2, 3, 4)]
    [1, 32, 80, 160, 1, 48, 289, 640, 1, 96, 323, 1258]
    """
    if interference == Interference(0, 0, 0):
        return Family("one slot", num_machines, 1, 1)
    degrees = range(1, 2 * num_machines.bit_length() + 1)
    families = [structured(num_machines, interference, degree) for degree in degrees]
    families += [polynomials(num_machines, interference, degree) for degree in degrees]
    families.append(Family("identity", num_machines, 1, num_machines**2))
    return min(families, key=lambda family: family.columns)
