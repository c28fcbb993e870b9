"""How many machines, and how many words each: `Spec`. Nothing runs here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction

from logdepth.errors import InputError

MOST_MACHINES = 2**63 - 1  # a machine's number is a word; what a run has room for is said when it starts
MOST_WORDS = 2**63 - 1


@dataclass(frozen=True)
class Spec:
    """A machine model: `num_machines` (q) machines of `local_memory` (s) words, for an input of `num_words` (n).

    A word is one number of Theta(log n) bits: an entry of a column, 64 bits at most (`words.py` counts them, and
    refuses what is none). In a round a machine sends at most s words and receives at most s words, mail to itself
    included (Definition 2.3). A message's source, and the order in which that source wrote, cost nothing.

    >>> spec = Spec.from_delta(num_words=3_000_000, delta=0.5, slack=16)
    >>> spec.num_machines, spec.local_memory, round(spec.slack, 3)
    (1732, 27728, 16.008)
    """

    num_machines: int
    local_memory: int
    num_words: int
    delta: float | None = None
    gamma: float | None = None

    def __post_init__(self) -> None:
        for name, most in (("num_machines", MOST_MACHINES), ("local_memory", MOST_WORDS)):
            value = getattr(self, name)
            if not 1 <= value <= most:
                raise InputError(f"{name} is {value}; it must be {'at least 1' if value < 1 else f'at most {most:,}'}")

    @staticmethod
    def from_delta(num_words: int, delta: float, *, slack: int, gamma: float = 0.0) -> Spec:
        """A `(gamma, delta)` model with the constants stated: `s = slack * n^delta`, `q = n^(1 + gamma - delta)`.

        Both powers are rounded up, exactly; n^delta counts as 64 at least in s, so that small inputs have room to sort.
        With gamma = 0, `q * s` is `slack * n` up to rounding, for n^delta of 64 and more.

        Raises `InputError` if delta is outside (0, 1], gamma is negative, either is not finite, or the machines are
        more than `MOST_MACHINES`.
        """
        if not 0 < delta <= 1:
            raise InputError(f"delta is {delta}; it must be above 0 and at most 1")
        if not 0 <= gamma < math.inf:
            raise InputError(f"gamma is {gamma}; it must be at least 0, and finite")
        words = max(num_words, 1)
        exponent = 1 + Fraction(str(gamma))  # as written: in floats 1 + 0.14 is 1.1400000000000001
        if (about := float(exponent - Fraction(str(delta))) * math.log10(words)) > math.log10(MOST_MACHINES) + 1:
            raise InputError(
                f"n^(1 + gamma - delta) is about 10^{about:.0f} machines for n = {words:,}, gamma = {gamma}, "
                f"delta = {delta}; there may be {MOST_MACHINES:,}: give a larger delta or a smaller gamma"
            )
        block = ceil_power(words, Fraction(str(delta)))
        machines = -(-ceil_power(words, exponent) // block)
        return Spec(machines, slack * max(block, 64), num_words, delta, gamma)

    @property
    def slack(self) -> float:
        """C in `q * s = C * n`: how many times the input fits the machines together."""
        return self.num_machines * self.local_memory / max(self.num_words, 1)


def ceil_power(base: int, exponent: Fraction) -> int:
    """The least integer at least `base ** exponent`, exactly, for a base of at least 1; the exponent not negative.

    With exponent = p/r in lowest terms, the power is a whole number if and only if `base` is an r-th power of one, and
    then it is that root ** p. Otherwise it is irrational, so it lies strictly between two integers, and an interval
    around it that is narrow enough tells which.

    >>> ceil_power(1024, Fraction(3, 5)), ceil_power(1025, Fraction(3, 5))
    (64, 65)
    >>> ceil_power(10**9, Fraction("0.3333333"))
    1000
    """
    if base == 1 or not exponent:
        return 1
    degree = exponent.denominator
    if degree < base.bit_length():  # an r-th power of 2 or more has more than r bits
        root = _floor_root(base, degree)
        if root**degree == base:
            return root**exponent.numerator
    digits = 32
    while True:
        low, high = _power_between(base, exponent, digits)
        if low == high:
            return low + 1
        digits *= 2


def _floor_root(value: int, degree: int) -> int:
    """The greatest integer whose `degree`-th power is at most `value`, by bisection."""
    low, high = 1, 1 << -(-value.bit_length() // degree)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= value else (low, middle)
    return low


def _power_between(base: int, exponent: Fraction, digits: int) -> tuple[int, int]:
    """The floors of two numbers between which `base ** exponent` lies, computed with so many digits.

    decimal rounds every operation correctly, so each of ln, times, divide and exp errs by at most u = 10^(1 - digits),
    relatively. The first three leave y = exponent ln(base) with an error below 4 u y; exp turns that into a
    relative error below 4 u y + u of the power (and the square of it, tiny); twice that is allowed for.
    """
    context = Context(prec=digits, Emax=MAX_EMAX, Emin=MIN_EMIN)
    log = context.ln(Decimal(base))
    y = context.divide(context.multiply(log, Decimal(exponent.numerator)), Decimal(exponent.denominator))
    value = Fraction(context.exp(y))
    slack = value * (8 * Fraction(y) + 2) / 10 ** (digits - 1)
    return math.floor(value - slack), math.floor(value + slack)
