"""A circuit on columns: each hidden unit reads a few coordinates, so it is kept as lists of them, and slots are worked on
a block at a time. What counts read is told by bisection: thousands of units read one average, and are steps on it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from logdepth.errors import InputError
from logdepth.transformer.columns import BLOCK, LARGEST, Columns
from logdepth.transformer.rowmaps import Circuit


@dataclass(frozen=True, eq=False)
class SparseCircuit:
    """A circuit's units as lists. units: which of the circuit's are kept here (the others are steps)."""

    circuit: Circuit
    steps: tuple[Steps, ...]
    units: Int[np.ndarray, " units"]

    @cached_property
    def written(self) -> Int[np.ndarray, " written"]:
        """The coordinates that change."""
        return np.flatnonzero(self.circuit.write.any(1) | (self.circuit.constant != 0))

    @cached_property
    def _lists(self) -> tuple[np.ndarray, ...]:
        """For each unit the coordinates it reads, with weights, and its bias; then those it writes, by their place in
        `written`, with weights."""
        place = np.full(len(self.circuit.constant), -1)
        place[self.written] = np.arange(len(self.written))
        read = self.circuit.read[self.units]
        write = self.circuit.write[:, self.units].T
        read_unit, read_at = np.nonzero(read)
        write_unit, write_at = np.nonzero(write)
        return (
            _ends(read_unit, len(self.units)), read_at, read[read_unit, read_at], self.circuit.bias[self.units],
            _ends(write_unit, len(self.units)), place[write_at], write[write_unit, write_at],
        )  # fmt: skip

    def apply(self, x: Columns, layer: int) -> None:
        """Add to the columns what the circuit writes. Raises `InputError`, naming the coordinate, where that leaves a
        column of small whole numbers with others in it."""
        written = self.written
        added = np.zeros((len(written), x.num_slots)) if self.steps else np.zeros((0, 0))
        for steps in self.steps:
            steps.add_to(added, x, written)
        read = self.circuit.read[self.units]
        for c in x.wide:
            if c in written or read[:, c].any():
                raise InputError(f"layer {layer}: its circuit reads or writes {x.names[c]} in a way that is no step")
        constant = self.circuit.constant[written]
        wrong, at, value = _apply(x.small, written, constant, added, *self._lists)
        if wrong >= 0:
            raise InputError(
                f"layer {layer}: {x.names[written[wrong]]} becomes {value:g} at slot {at}; hash attention keeps whole "
                f"numbers up to {LARGEST} there"
            )


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

    def add_to(self, added: np.ndarray, x: Columns, written: np.ndarray) -> None:
        """Add the units' share to `added`, (written, slots)."""
        values = x.wide[self.coordinate] if self.coordinate in x.wide else x.small[self.coordinate].astype(np.float64)
        distinct, which = np.unique(values, return_inverse=True)
        place = np.searchsorted(self.middles, distinct)  # units before it have their middle below the value
        slope, bias = self.circuit.read[self.units, self.coordinate], self.circuit.bias[self.units]
        for row, c in enumerate(written.tolist()):
            weight = self.circuit.write[c, self.units]
            if not weight.any():
                continue
            before = np.concatenate([[0.0], np.cumsum(weight)])
            low, high = np.maximum(place - 1, 0), np.minimum(place + 1, len(self.units))  # told apart by their ramps
            sums = before[-1] - before[high] if self.falling else before[low]
            for near in (place - 1, place):
                there = (near >= 0) & (near < len(self.units))
                unit = np.where(there, near, 0)
                sums = sums + np.where(there, weight[unit] * np.clip(slope[unit] * distinct + bias[unit], 0, 1), 0.0)
            added[row] += sums[which]


def sparse(circuit: Circuit, averages: Collection[int] = ()) -> SparseCircuit:
    """The circuit in lists; in steps what reads a coordinate of `averages`, which counting heads write, alone.

    >>> circuit = Circuit(np.array([[2.0]]), np.array([0.5]), np.array([[1.0]]), np.array([0.0]))
    >>> columns = Columns(("a",), np.array([[1, -1]], np.int8))
    >>> sparse(circuit).apply(columns, 1)
    >>> columns.small.tolist()
    [[2, -1]]
    """
    reads = circuit.read != 0
    steps, kept = [], np.ones(len(circuit.bias), bool)
    for c in sorted(averages):
        units = np.flatnonzero(reads[:, c])
        alone = len(units) and (reads[units].sum(1) == 1).all()
        found = _steps(circuit, c, units) if alone else None
        if found is not None:
            steps.append(found)
            kept[units] = False
    return SparseCircuit(circuit, tuple(steps), np.flatnonzero(kept))


def _steps(circuit: Circuit, c: int, units: np.ndarray) -> Steps | None:
    """The units in order, if they all rise or all fall and their ramps are apart."""
    slope, bias = circuit.read[units, c], circuit.bias[units]
    if (slope > 0).any() and (slope < 0).any():
        return None
    middles = (0.5 - bias) / slope
    order = np.argsort(middles, kind="stable")
    half = np.abs(0.5 / slope[order])
    apart = middles[order][1:] - half[1:] > middles[order][:-1] + half[:-1]
    return Steps(c, units[order], middles[order], bool(slope[0] < 0), circuit) if apart.all() else None


def _ends(owner: np.ndarray, count: int) -> np.ndarray:
    """Where each one's entries begin, and where the last one's end."""
    return np.searchsorted(owner, np.arange(count + 1))


@njit(cache=True)
def _apply(small, written, constant, added, read_ends, read_at, read_by, bias, write_ends, write_at, write_by):
    """Returns the place, slot and value of what int8 cannot hold (-1: nothing)."""
    slots = small.shape[1]
    out = np.empty((written.size, BLOCK))
    unit = np.empty(BLOCK)
    for first in range(0, slots, BLOCK):
        last = min(first + BLOCK, slots)
        size = last - first
        for w in range(written.size):
            out[w, :size] = constant[w]
        if added.shape[0]:
            for w in range(written.size):
                for i in range(size):
                    out[w, i] += added[w, first + i]
        for u in range(bias.size):
            unit[:size] = bias[u]
            for e in range(read_ends[u], read_ends[u + 1]):
                weight, c = read_by[e], read_at[e]
                for i in range(size):
                    unit[i] += weight * small[c, first + i]
            for i in range(size):
                unit[i] = min(max(unit[i], 0.0), 1.0)
            for e in range(write_ends[u], write_ends[u + 1]):
                weight, w = write_by[e], write_at[e]
                for i in range(size):
                    out[w, i] += weight * unit[i]
        for w in range(written.size):
            c = written[w]
            odd = 0
            for i in range(size):
                total = out[w, i] + small[c, first + i]
                odd += (total != np.rint(total)) | (abs(total) > LARGEST)
                out[w, i] = total
            if odd:
                for i in range(size):
                    if out[w, i] != np.rint(out[w, i]) or abs(out[w, i]) > LARGEST:
                        return w, first + i, out[w, i]
        for w in range(written.size):
            for i in range(size):
                small[written[w], first + i] = np.int8(out[w, i])
    return -1, -1, 0.0
