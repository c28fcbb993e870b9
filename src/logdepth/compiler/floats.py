"""The floating-point model that certificates are proved in. Nothing here samples or runs a network.

Assumed of the arithmetic, and stated in every certificate:
- every +, -, *, /, sqrt is rounded to nearest with unit roundoff u; sums are taken in any order (error gamma(n) =
  n u / (1 - n u) times the sum of absolute values), so any BLAS, fused or not, blocked or not, is covered;
- a softmax is computed at once or online, block by block (at least 64 keys a block);
- exp has relative error at most 64 u and is 0 or tiny below the least number (torch's vectorised exp: 20 ulp);
- LayerNorm's variance is computed by any stable formula (two-pass, Welford, or mean of squares: the mean is 0);
- products with 0 are 0, sums of integers below 1/u are exact;
- bfloat16 (8 bits, u = 2^-8): LayerNorm, softmax and sums are computed in float32 and rounded once to bfloat16.
Outside of it: TF32, autocast, flush of normal numbers, other precisions for parts of the network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from logdepth.errors import InputError

STATEMENT = (
    "Round to nearest; sums in any order, fused or not; exp to 64 unit roundoffs and 0 below the least number; "
    "softmax at once or online in blocks of at least 64 keys; LayerNorm by any stable formula; bfloat16: LayerNorm, "
    "softmax and sums in float32, rounded once. Outside: TF32, autocast, lower precision for parts of the network."
)


@dataclass(frozen=True)
class FloatModel:
    """A number format: `u` of what is stored, `acc` of what sums are taken in, the gap at which exp is 0."""

    name: str
    u: float
    acc: float
    silence: float

    @property
    def mixed(self) -> bool:
        """Whether values are stored more coarsely than they are computed."""
        return self.u > self.acc

    @property
    def exp_error(self) -> float:
        return 64 * self.acc

    def gamma(self, n: int) -> float:
        """Relative error of a sum of n products, against the sum of their absolute values.

        >>> FLOATS["float32"].gamma(2) < 2.1 * 2.0**-24
        True
        """
        product = n * self.acc
        return product / (1 - product) if product < 0.5 else math.inf

    @property
    def store(self) -> float:
        """The rounding of one value on its way to memory (nothing beyond `acc` unless mixed)."""
        return self.u if self.mixed else 0.0


FLOATS = {
    "float32": FloatModel("float32", 2.0**-24, 2.0**-24, 104.0),
    "float64": FloatModel("float64", 2.0**-53, 2.0**-53, 746.0),
    "bfloat16": FloatModel("bfloat16", 2.0**-8, 2.0**-24, 104.0),
}


def float_model(dtype: str) -> FloatModel:
    """The model of a dtype by name. Raises `InputError` for others."""
    if dtype not in FLOATS:
        raise InputError(f"dtype is {dtype!r}; it must be one of {', '.join(FLOATS)}")
    return FLOATS[dtype]
