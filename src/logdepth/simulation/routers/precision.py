"""How far real softmax in float64 is from the uniform average over the maximisers, and why rounding undoes it.

**Statement.** Let scores be integers times `SHARPNESS` = 64, so that M keys have the largest one and every other key
has at least 64 less; let values be integers 0 <= v < 2^31 and the number n of tokens (beside the start token) at
most `MOST_TOKENS` = 2^20. Let f be what the query reads at a coordinate that is 1 at one of the M and 0 elsewhere,
and a what it reads at any other coordinate, whose values at the M add up to A <= r 2^31. If r (n + 5) <=
`MOST_TERMS` = 2^20, then `rint(1 / f) = M` and `rint(M a) = A`, whatever the order of summation, with or without
fused multiplication.

**Proof.** u = 2^-53. Scores are integers below 2^53 times 64: exact; so is the difference from the largest.
1. *Normalisation.* exp(0) = 1 exactly, any other term is at most e^-64 < 2^-92 (the library's error included), and
   all of those together at most 2^20 2^-92 = 2^-72. A partial sum is an integer plus at most 2^-72, and rounds to
   the integer where that is at least 1. So the sum is M exactly, the weight of each of the M is fl(1 / M) = (1 + e)
   / M, |e| <= u, and any other weight is below 2^-92.
2. *The dot product* of n + 1 terms: in any order, each term gets a factor 1 + e with |e| <= (n + 1) u / (1 - (n + 1)
   u). The M terms with their weights' errors make A / M within a factor 1 +- (n + 3) u; the others add at most 2^20
   2^-92 2^31 = 2^-41 (and their factor's effect, below 2^-70).
3. f has no other terms but exact zeros: f = (1 + e) / M, |e| <= (n + 3) u <= 2^-32. 1 / f = M (1 + e'), |e'| <
   2^-31, is within 1/2 of M since M <= n + 1 <= 2^20 + 1. So the division finds M.
4. M a = A (1 + e) + M 2^-41 at most, |e| <= (n + 5) u: off by r 2^31 (n + 5) 2^-53 + 2^-20 <= 1/4 + 2^-20 < 1/2.
   QED.

With M = 1 (a look-up) nothing has to be assumed of r: the weight is 1 exactly, the value a 31-bit integer, and a is
off by less than 2^31 (n + 3) 2^-53 + 2^-41 < 1/2.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from logdepth.errors import InputError

SHARPNESS = 64.0
MOST_TOKENS = 2**20
MOST_TERMS = 2**20


def check_exact(num_tokens: int, in_degree: int = 0) -> None:
    """Raise `InputError` where the statement above does not cover averages over up to `in_degree` of `num_tokens`."""
    if num_tokens > MOST_TOKENS:
        raise InputError(
            f"{num_tokens:,} tokens; attention in float64 is proved exact up to {MOST_TOKENS:,}: use fewer machines"
        )
    if in_degree * (num_tokens + 5) > MOST_TERMS:
        raise InputError(
            f"averages over {in_degree:,} of {num_tokens:,} machines: {in_degree * (num_tokens + 5):,} roundings of "
            f"2^31, and float64 is proved exact up to {MOST_TERMS:,} (in_degree x (num_machines + 5)): use fewer "
            f"machines, or in_degree at most {MOST_TERMS // (num_tokens + 5):,}"
        )


def heard(averages: Float[np.ndarray, "machines value_dim"]) -> Int[np.ndarray, " machines"]:
    """The number of senders, from averages over them and the start token; the first coordinate is 1 at the start token
    and 0 at the others.

    >>> heard(np.array([[1 / 3, 14 / 3]]))
    array([2])
    """
    return np.rint(1 / averages[:, 0]).astype(np.int64) - 1


def sums_over(
    senders: Int[np.ndarray, " machines"], averages: Float[np.ndarray, "machines ..."]
) -> Int[np.ndarray, "machines ..."]:
    """The sums over so many senders (and the start token, where that has zeros), from the averages.

    >>> sums_over(np.array([2]), np.array([[14 / 3]]))
    array([[14]])
    """
    terms = (senders + 1.0).reshape(-1, *[1] * (averages.ndim - 1))
    return np.rint(averages * terms).astype(np.int64)
