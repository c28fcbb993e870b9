"""Hidden units that read one coordinate alone, as steps on it: however many they are, a value has one place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from logdepth.transformer.columns import Columns
from logdepth.transformer.rowmaps import Circuit


@dataclass(frozen=True, eq=False)
class Steps:
    """Units that read one coordinate alone, in order of where they rise (falling: where they fall), their ramps apart.

    So at any value all units before some place are 1 and all after it 0, but for the one or two at that place.
    """

    coordinate: int
    units: Int[np.ndarray, " units"]
    middles: Float[np.ndarray, " units"]
    falling: bool
    circuit: Circuit

    def rises(
        self, x: Columns, written: Int[np.ndarray, " written"]
    ) -> tuple[Int[np.ndarray, " rows"], Float[np.ndarray, "rows values"], Int[np.ndarray, " slots"]]:
        """Which of `written` the units write, what they add there for each value that occurs, which value is where."""
        values = x.wide[self.coordinate] if self.coordinate in x.wide else x.small[self.coordinate].astype(np.float64)
        distinct, which = np.unique(values, return_inverse=True)
        place = np.searchsorted(self.middles, distinct)  # units before it have their middle below the value
        slope, bias = self.circuit.read[self.units, self.coordinate], self.circuit.bias[self.units]
        weights = self.circuit.write[np.ix_(written, self.units)]
        rows = np.flatnonzero(weights.any(1))
        found = np.zeros((len(rows), len(distinct)))
        low, high = np.maximum(place - 1, 0), np.minimum(place + 1, len(self.units))  # told apart by their ramps
        for sums, weight in zip(found, weights[rows], strict=True):
            before = np.concatenate([[0.0], np.cumsum(weight)])
            sums += before[-1] - before[high] if self.falling else before[low]
            for near in (place - 1, place):
                there = (near >= 0) & (near < len(self.units))
                unit = np.where(there, near, 0)
                sums += np.where(there, weight[unit] * np.clip(slope[unit] * distinct + bias[unit], 0, 1), 0.0)
        return rows, found, which


def steps(circuit: Circuit, coordinate: int, units: Int[np.ndarray, " units"]) -> Steps | None:
    """The units, which read the coordinate alone, in order, if they all rise or all fall and their ramps are apart.

    >>> circuit = Circuit(np.array([[2.0], [2.0]]), np.array([-1.0, -3.0]), np.array([[1.0, 1.0]]), np.zeros(1))
    >>> found = steps(circuit, 0, np.arange(2))
    >>> found.rises(Columns(("a",), np.array([[0, 1, 2, 3]], np.int8)), np.array([0]))[1].tolist()
    [[0.0, 1.0, 2.0, 2.0]]
    """
    slope, bias = circuit.read[units, coordinate], circuit.bias[units]
    if (slope > 0).any() and (slope < 0).any():
        return None
    middles = (0.5 - bias) / slope
    order = np.argsort(middles, kind="stable")
    half = np.abs(0.5 / slope[order])
    apart = middles[order][1:] - half[1:] > middles[order][:-1] + half[:-1]
    return Steps(coordinate, units[order], middles[order], bool(slope[0] < 0), circuit) if apart.all() else None
