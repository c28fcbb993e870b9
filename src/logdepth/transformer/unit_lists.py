"""Hidden units as lists of what they read and write, with as little left of them as can be.

Units of one sum of words differ in a threshold and a bit or two: each is kept as its difference from an earlier one
where that is shorter, so of forty coordinates two or three are left. That needs sums which are the same in any order:
weights are small whole multiples of a grain. Units that move or clear a bit, or drain scratch, read one coordinate and
write one; together, on -1, 0 and 1, they are affine, and are kept as that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from logdepth.transformer.column_kernels import RING
from logdepth.transformer.rowmaps import Circuit

_GRAIN = 0.25
_MOST = 2.0**44  # what the weights of a unit may add up to: times 2^7, the largest coordinate, below 2^53 grains


class UnitLists(NamedTuple):
    """For each unit: how many units before it the one is that it leans on (0: none); the coordinates it reads beyond
    that one, with weights, and its bias beyond it; then the places in `written` that it writes, with weights. Last, for
    each of `written` the coordinates that are added to it as they are, with weights. `ends` say where each one's
    entries begin, and where the last one's end."""

    since: Int[np.ndarray, " units"]
    read_ends: Int[np.ndarray, " ends"]
    read_at: Int[np.ndarray, " reads"]
    read_by: Float[np.ndarray, " reads"]
    bias: Float[np.ndarray, " units"]
    write_ends: Int[np.ndarray, " ends"]
    write_at: Int[np.ndarray, " writes"]
    write_by: Float[np.ndarray, " writes"]
    copy_ends: Int[np.ndarray, " copies_ends"]
    copy_at: Int[np.ndarray, " copies"]
    copy_by: Float[np.ndarray, " copies"]


class Affine3(NamedTuple):
    """Units that are affine together where what they read is -1, 0 or 1. weights: added to each of `written`."""

    units: Bool[np.ndarray, " units"]
    weights: Float[np.ndarray, "written m"]
    constant: Float[np.ndarray, " written"]


def affine_units(circuit: Circuit, units: Int[np.ndarray, " units"], written: Int[np.ndarray, " written"]) -> Affine3:
    """Those of a circuit's units that read one coordinate and write one, by what they read and write, if their sum is
    affine on -1, 0, 1.

    >>> ramps = Circuit(np.array([[0.5], [-0.5]]), np.zeros(2), np.array([[-2.0, 2.0]]), np.zeros(1))
    >>> found = affine_units(ramps, np.arange(2), np.arange(1))
    >>> found.units.tolist(), found.weights.tolist(), found.constant.tolist()
    ([True, True], [[-1.0]], [0.0])
    """
    read, write, bias = circuit.read[units], circuit.write[np.ix_(written, units)], circuit.bias[units]
    single = np.flatnonzero(((read != 0).sum(1) == 1) & ((write != 0).sum(0) == 1))
    weights, constant, found = (
        np.zeros((len(written), read.shape[1])),
        np.zeros(len(written)),
        np.zeros(len(units), bool),
    )
    if not len(single):
        return Affine3(found, weights, constant)
    at, to = (read[single] != 0).argmax(1), (write[:, single] != 0).argmax(0)
    values = np.arange(-1.0, 2.0)
    ramps = np.clip(read[single, at][:, None] * values + bias[single][:, None], 0, 1)
    groups, group = np.unique(to * read.shape[1] + at, return_inverse=True)
    sums = np.zeros((len(groups), 3))
    np.add.at(sums, group, write[to, single][:, None] * ramps)
    slope = sums[:, 2] - sums[:, 1]
    is_affine = (sums[:, 1] - sums[:, 0] == slope) & (sums == np.round(sums / _GRAIN) * _GRAIN).all(1)
    found[single] = is_affine[group]
    row, c = np.divmod(groups[is_affine], read.shape[1])
    weights[row, c] = slope[is_affine]
    np.add.at(constant, row, sums[is_affine, 1])
    return Affine3(found, weights, constant)


def unit_lists(
    circuit: Circuit,
    units: Int[np.ndarray, " units"],
    written: Int[np.ndarray, " written"],
    copies: Float[np.ndarray, "written m"] | None = None,
) -> UnitLists:
    """The lists of some of a circuit's units, in their order. copies: what is added to `written` as it is.

    >>> read = np.array([[1.0, 2.0, 4.0], [1.0, 2.0, 4.0], [0.5, 2.0, 4.0]])
    >>> circuit = Circuit(read, np.array([1.0, 3.0, 1.0]), np.ones((3, 3)), np.zeros(3))
    >>> found = unit_lists(circuit, np.arange(3), np.arange(3))
    >>> found.since.tolist(), found.read_ends.tolist(), found.bias.tolist()
    ([0, 1, 1], [0, 3, 3, 4], [1.0, 2.0, -2.0])
    """
    read, write, bias = circuit.read[units], circuit.write[np.ix_(written, units)].T, circuit.bias[units]
    exact = _is_exact(read, bias)
    since = np.zeros(len(units), np.int64)
    least = (read != 0).sum(1)
    for back in range(1, min(RING, len(units))):
        different = (read[back:] != read[:-back]).sum(1)
        better = exact[back:] & exact[:-back] & (different < least[back:])
        since[back:][better] = back
        least[back:][better] = different[better]
    leaning = np.flatnonzero(since)
    at = leaning - since[leaning]
    rest, bias_rest = read.copy(), bias.copy()
    rest[leaning] -= read[at]
    bias_rest[leaning] -= bias[at]
    copies = np.zeros((len(written), 1)) if copies is None else copies
    return UnitLists(since, *_entries(rest), bias_rest, *_entries(write), *_entries(copies))


def _is_exact(read: Float[np.ndarray, "units m"], bias: Float[np.ndarray, " units"]) -> np.ndarray:
    """Which units' sums float64 makes exactly, in any order."""
    whole = (read == np.round(read / _GRAIN) * _GRAIN).all(1) & (bias == np.round(bias / _GRAIN) * _GRAIN)
    return whole & (np.abs(read).sum(1) + np.abs(bias) < _MOST)


def _entries(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each row's entries begin and the last one's end; their columns; their values."""
    row, column = np.nonzero(matrix)
    return np.searchsorted(row, np.arange(len(matrix) + 1)), column, matrix[row, column]
