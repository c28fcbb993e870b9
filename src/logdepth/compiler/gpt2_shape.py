"""The sizes of the GPT-2 that a plan needs: heads, width, hidden units. Every coordinate takes two dimensions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from logdepth.compiler.floats import FloatModel, float_model
from logdepth.compiler.schedule import Schedule
from logdepth.transformer import Affine, Circuit, Transformer

AMPLITUDE = 3.0  # a bit in the residual: +-3, so that one relu6 step (0 or 6) turns one into the other
LAYER_NORM_EPSILON = 1e-5
_MOST_EXTRA_HEADS = 16


@dataclass(frozen=True)
class Gpt2Shape:
    """`width = num_heads * head_dim >= 2 * coordinates`; `inner` hidden units in every block."""

    num_heads: int
    head_dim: int
    inner: int

    @property
    def width(self) -> int:
        return self.num_heads * self.head_dim


def norm_gain(live: int, width: int) -> float:
    """LayerNorm's gain: what turns `3 / sqrt(variance + epsilon)` back into 1, with `live` bits in mirrored pairs."""
    return math.sqrt(2 * AMPLITUDE**2 * live / width + LAYER_NORM_EPSILON) / AMPLITUDE


def gain_error(live: int, width: int, floats: FloatModel) -> float:
    """Relative error of the gain as it is stored."""
    gain = np.array(norm_gain(live, width))
    return float(floats.stored(gain) / gain - 1)


def snaps_to_one(error: float, slack: float, store: float = 2.0**-8) -> bool:
    """Whether 1 + error (give or take `slack`) is stored as exactly 1: its neighbours in bfloat16 (`store` 2^-8) are
    1 - 2^-8 and 1 + 2^-7, so the halfway points are 2^-9 below and 2^-8 above."""
    return -store / 2 + slack < error < store - slack


def folded(form: Affine, plan: Schedule) -> np.ndarray:
    """An affine form as a linear one: its constant is read off START and REST, one of which is 1."""
    weight = form.weight.copy()
    weight[:, [plan.START, plan.REST]] += form.bias[:, None]
    return weight


def live_bits(plan: Schedule) -> list[int]:
    """Bits at every LayerNorm in turn (START or REST is one): 1 and 2 of each layer, then the last."""
    found = []
    for number, layer in enumerate(plan.layers, 1):
        written = sum(len(plan.scratch[read].coordinates) for head in layer.heads for read in head.reads)
        before = plan.digits_live[number - 1] + 1
        found += [before, before + written]
    return [*found, plan.digits_live[plan.depth] + 1]


def gpt2_shape(plan: Schedule, model: Transformer, dtype: str) -> Gpt2Shape:
    """The narrowest width that holds every head.

    In bfloat16 a head's dimension is a power of 4, so that GPT-2's division of scores by its root is exact, and
    idle heads are added (up to 16) until every gain is stored closely enough that bits leave LayerNorm as
    exactly +-1.

    >>> Gpt2Shape(2, 31, 10).width
    62
    """
    heads = max(1, plan.max_heads)
    wanted = [max(head.query_dim, head.value_dim) for layer in plan.layers for head in layer.heads]
    head_dim = max([-(-2 * plan.embed_dim // heads), *wanted])
    if dtype == "bfloat16":
        floats = float_model(dtype)
        power = 4
        while power < head_dim:
            power *= 4
        head_dim = power
        for extra in range(_MOST_EXTRA_HEADS + 1):
            width = (heads + extra) * head_dim
            if all(snaps_to_one(gain_error(live, width, floats), 2.0**-14) for live in live_bits(plan)):
                heads += extra
                break
    hidden = [layer.map.num_hidden for layer in model.layers if isinstance(layer.map, Circuit)]
    return Gpt2Shape(heads, head_dim, max([1, *hidden]))
