"""How many machines, and how many words each: `Spec`. Nothing runs here."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from logdepth.errors import InputError


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
        for name in ("num_machines", "local_memory"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least 1")

    @staticmethod
    def from_delta(num_words: int, delta: float, *, slack: int, gamma: float = 0.0) -> Spec:
        """A `(gamma, delta)` model with the constants stated: `s = slack * n^delta`, `q = n^(1 + gamma - delta)`.

        Both powers are rounded up, exactly; n^delta counts as 64 at least in s, so that small inputs have room to sort.
        With gamma = 0, `q * s` is `slack * n` up to rounding, for n^delta of 64 and more.

        Raises `InputError` if delta is outside (0, 1] or gamma is negative.
        """
        if not 0 < delta <= 1:
            raise InputError(f"delta is {delta}; it must be above 0 and at most 1")
        if gamma < 0:
            raise InputError(f"gamma is {gamma}; it must be at least 0")
        words = max(num_words, 1)
        block = ceil_power(words, Fraction(str(delta)))
        machines = -(-ceil_power(words, Fraction(str(1 + gamma))) // block)
        return Spec(machines, slack * max(block, 64), num_words, delta, gamma)

    @property
    def slack(self) -> float:
        """C in `q * s = C * n`: how many times the input fits the machines together."""
        return self.num_machines * self.local_memory / max(self.num_words, 1)


def ceil_power(base: int, exponent: Fraction) -> int:
    """The least integer at least `base ** exponent`, exactly.

    >>> ceil_power(1024, Fraction(3, 5)), ceil_power(1025, Fraction(3, 5))
    (64, 65)
    """
    target = base**exponent.numerator
    low, high = 1, 1
    while high**exponent.denominator < target:
        high *= 2
    while low < high:
        middle = (low + high) // 2
        if middle**exponent.denominator < target:
            low = middle + 1
        else:
            high = middle
    return low
