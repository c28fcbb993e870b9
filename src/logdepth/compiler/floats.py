"""The floating-point model that certificates are proved in. Nothing here samples or runs a network.

Assumed of the arithmetic, and stated in every certificate:
- every +, -, *, /, sqrt is rounded to nearest with unit roundoff u; sums are taken in any order (error gamma(n) =
  n u / (1 - n u) times the sum of absolute values), so any BLAS, fused or not, blocked or not, is covered;
- a softmax is computed at once or online, block by block (at least 64 keys a block);
- exp has relative error at most 64 u and is 0 or tiny below the least number (torch's vectorised exp: 20 ulp);
- LayerNorm's variance is computed by any stable formula (two-pass, Welford, or mean of squares: the mean is 0), its
  inverse root as a root and a quotient, or at once to 2 ulp (CUDA's rsqrt);
- products with 0 are 0, sums of integers below 1/u are exact, rounding is symmetric: -x is rounded to minus x rounded;
- bfloat16 (8 bits, u = 2^-8): LayerNorm, softmax and sums are computed in float32 and rounded once to bfloat16.
Outside of it: TF32, autocast, flush of normal numbers, other precisions for parts of the network.

The model keeps one roundoff for each part of the network, so that every term of the proof can be tested alone:
with all others at 0, a bound must hold for a network that errs in that part only (`tests/compiler/worst_case.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import ml_dtypes
import numpy as np

from logdepth.errors import InputError

STATEMENT = (
    "Round to nearest; sums in any order, fused or not; exp to 64 unit roundoffs and 0 below the least number; "
    "softmax at once or online in blocks of at least 64 keys; LayerNorm by any stable formula, its inverse root to "
    "2 ulp; bfloat16: LayerNorm, softmax and sums in float32, rounded once. Outside: TF32, autocast, lower precision "
    "for parts of the network."
)


@dataclass(frozen=True)
class FloatModel:
    """A number format, as the roundoff of each part of the network.

    norm: one operation of LayerNorm. dot: a product or a sum in a linear map or between queries and keys. soft:
    an operation of the softmax but exp, and of the average it takes. exp: the relative error of exp. add: adding
    to the residual. store: a value on its way to memory, where that is coarser than what it was computed in
    (0: it is not). silence: the gap in logits at which exp is 0.
    """

    name: str
    norm: float
    dot: float
    soft: float
    exp: float
    add: float
    store: float
    silence: float

    @property
    def mixed(self) -> bool:
        """Whether values are stored more coarsely than they are computed."""
        return self.store > 0

    def gamma(self, n: int, roundoff: float | None = None) -> float:
        """Relative error of a sum of n products, against the sum of their absolute values.

        >>> FLOATS["float32"].gamma(2) < 2.1 * 2.0**-24
        True
        """
        product = n * (self.dot if roundoff is None else roundoff)
        return product / (1 - product) if product < 0.5 else math.inf

    def stored(self, weights: np.ndarray) -> np.ndarray:
        """Weights (float64) as they are stored, back in float64."""
        dtype = ml_dtypes.bfloat16 if self.name == "bfloat16" else self.name
        return weights.astype(dtype).astype(np.float64)


def _uniform(name: str, u: float, silence: float) -> FloatModel:
    return FloatModel(name, norm=u, dot=u, soft=u, exp=64 * u, add=u, store=0.0, silence=silence)


FLOATS = {
    "float32": _uniform("float32", 2.0**-24, 104.0),
    "float64": _uniform("float64", 2.0**-53, 746.0),
    "bfloat16": FloatModel(
        "bfloat16",
        norm=2.0**-24,
        dot=2.0**-24,
        soft=2.0**-24,
        exp=2.0**-18,
        add=2.0**-24,
        store=2.0**-8,
        silence=104.0,
    ),
}


def float_model(dtype: str) -> FloatModel:
    """The model of a dtype by name. Raises `InputError` for others."""
    if dtype not in FLOATS:
        raise InputError(f"dtype is {dtype!r}; it must be one of {', '.join(FLOATS)}")
    return FLOATS[dtype]
