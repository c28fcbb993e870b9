"""A circuit on columns: each hidden unit reads a few coordinates, so it is kept as lists of them, and slots are worked
on a block at a time. Units that read almost the same share what they have in common (`unit_lists.py`); what counts read
is told by bisection (`steps.py`): thousands of units read one average, and are steps on it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int

from logdepth.errors import InputError
from logdepth.transformer.column_kernels import BLOCK, LARGEST, add_units, in_ternary
from logdepth.transformer.columns import Columns
from logdepth.transformer.rowmaps import Circuit
from logdepth.transformer.steps import Steps, steps
from logdepth.transformer.unit_lists import UnitLists, affine_units, unit_lists


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
    def lists(self) -> UnitLists:
        """What the kept units read and write."""
        return unit_lists(self.circuit, self.units, self.written)

    @cached_property
    def short(self) -> tuple[UnitLists, np.ndarray, np.ndarray]:
        """The same where what is copied, cleared or drained is -1, 0 or 1; which coordinates those are; and what is
        added to `written` besides."""
        found = affine_units(self.circuit, self.units, self.written)
        lists = unit_lists(self.circuit, self.units[~found.units], self.written, found.weights)
        return lists, np.flatnonzero(found.weights.any(0)), found.constant

    def apply(self, x: Columns, layer: int) -> None:
        """Add to the columns what the circuit writes. Raises `InputError`, naming the coordinate, where that leaves a
        column of small whole numbers with others in it."""
        written, constant = self.written, self.circuit.constant[self.written]
        short, ternary, besides = self.short
        wide = sorted(x.wide)
        row_of = np.full(len(x.names), -1)
        row_of[wide] = np.arange(len(wide))
        rises = [each.rises(x, written) for each in self.steps]
        narrow = not np.isin(ternary, wide).any()
        changed = [c for c in wide if c in written]
        block, added = np.zeros((max(1, len(wide)), BLOCK)), np.zeros((len(written), BLOCK))
        for first in range(0, x.num_slots, BLOCK):
            last = min(first + BLOCK, x.num_slots)
            for row, c in enumerate(wide):
                block[row, : last - first] = x.wide[c][first:last]
            if rises:
                added[:] = 0
                for rows, sums, which in rises:
                    added[rows, : last - first] += sums[:, which[first:last]]
            if narrow and in_ternary(x.small, ternary, first, last):
                total, lists = constant + besides, short
            else:
                total, lists = constant, self.lists
            wrong, at, value = add_units(x.small, first, last, block, row_of, written, total, added, *lists)
            if wrong >= 0:
                raise InputError(
                    f"layer {layer}: {x.names[written[wrong]]} becomes {value:g} at slot {at}; hash attention keeps "
                    f"whole numbers up to {LARGEST} there"
                )
            for c in changed:
                x.wide[c][first:last] = block[row_of[c], : last - first]
        for c in changed:
            x.narrow(c)


def sparse(circuit: Circuit, averages: Collection[int] = ()) -> SparseCircuit:
    """The circuit in lists; in steps what reads a coordinate of `averages`, which heads that average write, alone.

    >>> circuit = Circuit(np.array([[2.0]]), np.array([0.5]), np.array([[1.0]]), np.array([0.0]))
    >>> columns = Columns(("a",), np.array([[1, -1]], np.int8))
    >>> sparse(circuit).apply(columns, 1)
    >>> columns.small.tolist()
    [[2, -1]]
    """
    reads = circuit.read != 0
    found, kept = [], np.ones(len(circuit.bias), bool)
    for c in sorted(averages):
        units = np.flatnonzero(reads[:, c])
        alone = len(units) and (reads[units].sum(1) == 1).all()
        each = steps(circuit, c, units) if alone else None
        if each is not None:
            found.append(each)
            kept[units] = False
    return SparseCircuit(circuit, tuple(found), np.flatnonzero(kept))
