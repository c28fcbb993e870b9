"""The certificate: what was proved about a compiled transformer's rounding, as data. The proof is in `proof.py`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class NormBound:
    """What a LayerNorm does to a row, at most: `common`, the error of the row's factor; `own`, each entry's beside
    it (of a bit); `mean`, the size of the mean; `analog`, the whole error of an entry that is no bit (a count's
    average). Relative; `mean` in bits."""

    common: float
    own: float
    mean: float
    analog: float


@dataclass(frozen=True)
class HeadBound:
    """One head. For a match, `error` is what rounding can take from a gap of one unit (`limit` 1); for a count,
    how far off the count can look (`limit` 1/2). `counts`: it averages (a union does, too: `UnionBound`). `gap`: logits between the intended key and any other, at
    least; `leak`: the softmax weight that others get, at most. `sharpness` multiplies the exact scores.
    `query`, `key`: the largest error of one of their coordinates; `score`: of a score beside its rows' factors, at a
    key after the start token and at the start token, in units. For a count, `apart`: how far tied logits may
    differ; `average`: the relative error of the average, but for what ties and leaks do to it."""

    layer: int
    head: str
    counts: bool
    limit: float
    error: float
    sharpness: float
    gap: float
    leak: float
    query: float
    key: float
    score: tuple[float, float]
    apart: float = 0.0
    average: float = 0.0

    @property
    def unites(self) -> bool:
        """Whether it is the head of a union, which averages bits."""
        return isinstance(self, UnionBound)

    def averages(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Least and largest value of a count's average 1/(1 + r), for r = 0..length, as the residual holds it."""
        r = np.arange(length + 1)
        leak = self.leak * (length - r) / length
        high = (1 + self.average) / (1 + r * np.exp(-self.apart))
        low = (1 - min(self.average, 0.5)) / (1 + r * np.exp(self.apart) + leak)
        return low, high


@dataclass(frozen=True)
class UnionBound(HeadBound):
    """The head of a union. In units of 1/(1 + n), the least average of a bit that some match has: `error` is what rounding
    can take from the gap of one unit to a bit that none has (`limit` 1); `present`, `absent`: the least average of the
    one, the largest of the other (either side of 0), and `most`, the largest of all, as the residual holds them."""

    present: float = 0.0
    absent: float = 0.0
    most: float = 0.0


@dataclass(frozen=True)
class LayerBound:
    """`norms`: LayerNorm 1 and 2. `bit_error`: relative error of the bits in scratch, `residue`: what is left there
    afterwards. `gate_error`: the worst error of a gate's pre-activation; below 1/2 the gate is exactly 0 or 1.
    `threshold`: by how much the pre-activation of every threshold on a count or a union is on its side of 0 or 1, at
    least."""

    layer: int
    norms: tuple[NormBound, NormBound]
    bit_error: float
    residue: float
    gate_error: float
    threshold: float | None


@dataclass(frozen=True)
class Certificate:
    """Whether a compiled transformer is exact in a number format for every input, and by how much.

    `margin`: the least difference between the right logit and any other. `failure` says what breaks, if so: the
    first layer in which something does, and no later one. `last_norm`: the norm before the logits.
    """

    dtype: str
    length: int
    failure: str
    heads: tuple[tuple[HeadBound, ...], ...]
    layers: tuple[LayerBound, ...]
    last_norm: NormBound
    margin: float

    @property
    def holds(self) -> bool:
        return not self.failure

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"holds": self.holds, **asdict(self)}
