"""Coordinates as mirrored pairs of dimensions under LayerNorm: what every target with them shares.

A coordinate x is the pair (3x, -3x): the mean is 0 and the norm constant, so LayerNorm is one known factor, which its
gain undoes. `MirroredBlock` holds the numbers in which architectures differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from logdepth.compiler.floats import FloatModel
from logdepth.compiler.schedule import Schedule
from logdepth.transformer import Affine

AMPLITUDE = 3.0  # a bit in the residual: +-3, so that one relu6 step (0 or 6) turns one into the other


@dataclass(frozen=True)
class MirroredBlock:
    """The numbers that a stock architecture's blocks come with.

    epsilon: what LayerNorm adds to the variance. normed: a bit after LayerNorm. ceiling: where the ramp ends (relu6).

    >>> MirroredBlock(epsilon=1e-5, normed=1.0).gate
    3.0
    """

    epsilon: float
    normed: float
    ceiling: float = 6.0

    @property
    def gate(self) -> float:
        """What a gate's form is multiplied by for each member of a pair, so that the unit ramp is the ramp's whole."""
        return self.ceiling / 2 / self.normed

    def score_divisor(self, head_dim: int) -> float:
        """What a score is divided by: the root of the head's dimension."""
        return math.sqrt(head_dim)


def norm_gain(live: int, width: int, block: MirroredBlock, amplitude: float = AMPLITUDE) -> float:
    """LayerNorm's gain: what turns `amplitude / sqrt(variance + epsilon)` into a bit as it is to be after it, with
    `live` bits in mirrored pairs."""
    return block.normed * math.sqrt(2 * amplitude**2 * live / width + block.epsilon) / amplitude


def gain_error(live: int, width: int, floats: FloatModel, block: MirroredBlock, amplitude: float = AMPLITUDE) -> float:
    """Relative error of the gain as it is stored."""
    gain = np.array(norm_gain(live, width, block, amplitude))
    return float(floats.stored(gain) / gain - 1)


def snaps_to_one(error: float, slack: float, store: float = 2.0**-8) -> bool:
    """Whether 1 + error (give or take `slack`) is stored as exactly 1: its neighbours in bfloat16 (`store` 2^-8) are
    1 - 2^-8 and 1 + 2^-7, so the halfway points are 2^-9 below and 2^-8 above."""
    return -store / 2 + slack < error < store - slack


def folded(form: Affine, schedule: Schedule) -> np.ndarray:
    """An affine form as a linear one: its constant is read off START and REST, one of which is 1."""
    weight = form.weight.copy()
    weight[:, [schedule.START, schedule.REST]] += form.bias[:, None]
    return weight


def live_bits(schedule: Schedule) -> list[int]:
    """Bits at every LayerNorm in turn (START or REST is one): 1 and 2 of each layer, then the last."""
    found = []
    for number, layer in enumerate(schedule.layers, 1):
        written = sum(len(schedule.scratch[read].coordinates) for head in layer.heads for read in head.reads)
        before = schedule.digits_live[number - 1] + 1
        found += [before, before + written]
    return [*found, schedule.digits_live[schedule.depth] + 1]


def standing(schedule: Schedule) -> list[list[int]]:
    """The coordinates of homes that hold a bit, embedded (0) and after each layer."""
    bits = {c for f in schedule.homes.values() if f.born == 0 for c in f.coordinates}
    found = [sorted(bits)]
    for number, layer in enumerate(schedule.layers, 1):
        bits -= set(layer.clears)
        bits |= {c for f in schedule.homes.values() if f.born == number for c in f.coordinates}
        found.append(sorted(bits))
    assert tuple(map(len, found)) == schedule.digits_live
    return found


def narrowest(schedule: Schedule) -> tuple[int, int]:
    """The fewest heads, and their least dimension, that hold every head and a pair for every coordinate."""
    heads = max(1, schedule.max_heads)
    wanted = [max(head.query_dim, head.value_dim) for layer in schedule.layers for head in layer.heads]
    return heads, max([-(-2 * schedule.embed_dim // heads), *wanted])


def paired(rows: np.ndarray, width: int) -> np.ndarray:
    """Coordinates (last axis) as mirrored pairs (x, -x), padded to the width."""
    out = np.zeros((len(rows), width))
    out[:, 0 : 2 * rows.shape[1] : 2] = rows
    out[:, 1 : 2 * rows.shape[1] : 2] = -rows
    return out


def reading(schedule: Schedule, form: Affine, width: int) -> np.ndarray:
    """An affine form of coordinates as weights on pairs: half the difference; the constant off START + REST."""
    return paired(folded(form, schedule) / 2, width)
