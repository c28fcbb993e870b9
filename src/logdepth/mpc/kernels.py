"""The loops that protocols and engines share, in NumPy: the reference, and the fallback where Numba is missing.

All work on tables: rows grouped by machine, `offsets` (machines + 1,). `numba_kernels.py` has the same in Numba;
both give the same bits. Addresses: vertex (or cell) v lives on machine `v % q`, in its row `v // q`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np
from jaxtyping import Bool, Int32, Integer, Shaped

from logdepth.mpc import contracting

Array = np.ndarray
Work = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]  # `map`, or a pool's


class Kernels(Protocol):
    """What both versions offer."""

    name: str

    def deliver(self, destination: Array, columns: list[Array], num_machines: int) -> tuple[list[Array], Array]:
        """Rows sorted by destination, order within one kept; and offsets by machine.

        Raises `AssertionError` if a destination is outside 0..num_machines - 1.
        """
        ...

    def deliver_all(
        self, destinations: list[Array], parcels: list[list[Array]], num_machines: int, work: Work = map
    ) -> tuple[list[Array], Array]:
        """What `deliver` makes of the parcels one after another. `work`: maps over them, several at once perhaps."""
        ...

    def merge(self, parcels: list[list[Array]], offsets: list[Array]) -> tuple[list[Array], Array]:
        """Parcels of rows sorted by machine as one: each machine's rows in order of the parcels."""
        ...

    def select(self, offsets: Array, mask: Array, columns: list[Array]) -> tuple[list[Array], Array]:
        """The rows where `mask` is true, and their offsets."""
        ...

    def owner(self, address: Array, num_machines: int) -> Array:
        """`address % num_machines` as int32."""
        ...

    def distinct_by_owner(self, offsets: Array, address: Array, num_machines: int) -> tuple[Array, Array, Array]:
        """Each machine's distinct addresses, by owner, then in order of first occurrence.

        Returns them, their offsets, and for each row the place of its address among its machine's (int32).
        """
        ...

    def index_pairs(
        self, offsets: Array, one: Array, two: Array, num_machines: int
    ) -> tuple[Array, Array, Array, Array, Array]:
        """Pairs of addresses as places among their machine's distinct addresses; pairs of equals are dropped.

        Returns the distinct addresses and their offsets, as `distinct_by_owner` of one[0], two[0], one[1], ... does,
        then the two places of each pair left (int32), and the pairs' offsets.
        """
        ...

    def owner_runs(self, offsets: Array, address: Array, num_machines: int) -> tuple[Array, Array, Array]:
        """Runs of one owner in addresses grouped by owner: owner (int32) and length of each run, and their offsets."""
        ...

    def read_owned(self, offsets: Array, address: Array, fact_offsets: Array, fact: Array, num_machines: int) -> Array:
        """Each row's `fact` at `address`, which its own machine holds: the machine's row `address // q`."""
        ...

    def read_local(self, offsets: Array, index: Array, fact_offsets: Array, fact: Array) -> Array:
        """Each row's `fact` in row `index` of its own machine."""
        ...

    def least_at(self, offsets: Array, index: Array, value: Array, fact_offsets: Array, fact: Array) -> Array:
        """`fact` lowered to the least `value` aimed at row `index` of the same machine (a new array)."""
        ...

    def least_neighbor(self, offsets: Array, x: Array, y: Array, end_offsets: Array, end: Array) -> Array:
        """For each end the least end it shares an edge with, or itself if that is less. `x`, `y`: rows of ends."""
        ...

    def crowds(self, offsets: Array, address: Array, num_machines: int, allowed: int) -> tuple[Array, Array, Array]:
        """Owners of more than `allowed` of a machine's addresses, in order (int32), by how many; and offsets."""
        ...

    def lower_roots(
        self, offsets: Array, address: Array, value: Array, fact_offsets: Array, fact: Array, num_machines: int
    ) -> Array:
        """`fact` lowered to the least `value` at `address`, where the cell held its own address (a new array)."""
        ...

    def marked(self, offsets: Array, address: Array, fact_offsets: Array, num_machines: int) -> Array:
        """Which of a machine's own cells occur in its rows of `address`."""
        ...

    def cells(self, offsets: Array, first: int, num_machines: int, word: np.dtype) -> Array:
        """The addresses of the cells of machines `first`, ..."""
        ...

    def forest(self, offsets: Array, one: Array, two: Array, free: Array, wanted: Array, most: int) -> Array:
        """See `contracting.forest`."""
        ...

    def stars(self, offsets: Array, one: Array, two: Array, window: int, plenty: int) -> tuple[Array, Array, Array]:
        """See `contracting.stars`."""
        ...


class NumpyKernels:
    """The obvious versions."""

    name = "numpy"

    def deliver(self, destination: Array, columns: list[Array], num_machines: int) -> tuple[list[Array], Array]:
        counts = np.bincount(destination, minlength=num_machines)
        assert len(counts) == num_machines, "a destination that is no machine"
        order = np.argsort(destination, kind="stable")
        return [column[order] for column in columns], np.concatenate([[0], np.cumsum(counts)])

    def deliver_all(
        self, destinations: list[Array], parcels: list[list[Array]], num_machines: int, work: Work = map
    ) -> tuple[list[Array], Array]:
        columns = [np.concatenate(column) for column in zip(*parcels, strict=True)]
        return self.deliver(np.concatenate(destinations), columns, num_machines)

    def merge(self, parcels: list[list[Array]], offsets: list[Array]) -> tuple[list[Array], Array]:
        machine = np.concatenate([np.repeat(np.arange(len(starts) - 1), np.diff(starts)) for starts in offsets])
        order = np.argsort(machine, kind="stable")
        columns = [np.concatenate(column)[order] for column in zip(*parcels, strict=True)]
        return columns, np.sum(offsets, axis=0)

    def select(
        self, offsets: Integer[Array, " starts"], mask: Bool[Array, " rows"], columns: list[Shaped[Array, " rows"]]
    ) -> tuple[list[Shaped[Array, " kept"]], Integer[Array, " starts"]]:
        kept = np.zeros(len(mask) + 1, np.int64)
        np.cumsum(mask, out=kept[1:])
        return [column[mask] for column in columns], kept[offsets]

    def owner(self, address: Integer[Array, " rows"], num_machines: int) -> Int32[Array, " rows"]:
        return (address % num_machines).astype(np.int32)

    def distinct_by_owner(self, offsets: Array, address: Array, num_machines: int) -> tuple[Array, Array, Array]:
        machine = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        order = np.lexsort((address, machine))
        new = np.ones(len(order), bool)
        new[1:] = (address[order][1:] != address[order][:-1]) | (machine[order][1:] != machine[order][:-1])
        group = np.cumsum(new) - 1
        first = order[new]  # lexsort is stable: the first row of each group
        by_owner = np.lexsort((first, address[first] % num_machines, machine[first]))
        rank = np.empty_like(by_owner)
        rank[by_owner] = np.arange(len(by_owner))
        place = np.empty(len(order), np.int64)
        place[order] = rank[group]
        counts = np.bincount(machine[first], minlength=len(offsets) - 1)
        starts = np.concatenate([[0], np.cumsum(counts)])
        return address[first[by_owner]], starts, (place - starts[machine]).astype(np.int32)

    def index_pairs(
        self, offsets: Array, one: Array, two: Array, num_machines: int
    ) -> tuple[Array, Array, Array, Array, Array]:
        (left, right), live = self.select(offsets, one != two, [one, two])
        both = np.stack([left, right], axis=1).ravel()
        distinct, starts, index = self.distinct_by_owner(2 * live, both, num_machines)
        return distinct, starts, index[0::2].copy(), index[1::2].copy(), live

    def owner_runs(self, offsets: Array, address: Array, num_machines: int) -> tuple[Array, Array, Array]:
        owner = self.owner(address, num_machines)
        new = np.ones(len(owner), bool)
        new[1:] = owner[1:] != owner[:-1]
        new[offsets[:-1][np.diff(offsets) > 0]] = True
        row = np.flatnonzero(new)
        return owner[row], np.diff(np.append(row, len(owner))), np.searchsorted(row, offsets)

    def read_owned(self, offsets: Array, address: Array, fact_offsets: Array, fact: Array, num_machines: int) -> Array:
        return fact[np.repeat(fact_offsets[:-1], np.diff(offsets)) + address // num_machines]

    def read_local(
        self,
        offsets: Integer[Array, " starts"],
        index: Integer[Array, " rows"],
        fact_offsets: Integer[Array, " starts"],
        fact: Shaped[Array, " facts"],
    ) -> Shaped[Array, " rows"]:
        return fact[np.repeat(fact_offsets[:-1], np.diff(offsets)) + index]

    def least_at(self, offsets: Array, index: Array, value: Array, fact_offsets: Array, fact: Array) -> Array:
        lowered = fact.copy()
        np.minimum.at(lowered, np.repeat(fact_offsets[:-1], np.diff(offsets)) + index, value)
        return lowered

    def least_neighbor(
        self,
        offsets: Integer[Array, " starts"],
        x: Integer[Array, " edges"],
        y: Integer[Array, " edges"],
        end_offsets: Integer[Array, " starts"],
        end: Integer[Array, " ends"],
    ) -> Integer[Array, " ends"]:
        start = np.repeat(end_offsets[:-1], np.diff(offsets))
        least = end.copy()
        np.minimum.at(least, start + x, end[start + y])
        np.minimum.at(least, start + y, end[start + x])
        return least

    def crowds(self, offsets: Array, address: Array, num_machines: int, allowed: int) -> tuple[Array, Array, Array]:
        machine = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        pairs, counts = np.unique(machine * num_machines + address % num_machines, return_counts=True)
        pairs, counts = pairs[counts > allowed], counts[counts > allowed]
        starts = np.searchsorted(pairs, np.arange(len(offsets)) * num_machines)
        return (pairs % num_machines).astype(np.int32), counts - allowed, starts

    def lower_roots(
        self, offsets: Array, address: Array, value: Array, fact_offsets: Array, fact: Array, num_machines: int
    ) -> Array:
        row = np.repeat(fact_offsets[:-1], np.diff(offsets)) + address // num_machines
        roots = fact[row] == address
        lowered = fact.copy()
        np.minimum.at(lowered, row[roots], value[roots])
        return lowered

    def marked(self, offsets: Array, address: Array, fact_offsets: Array, num_machines: int) -> Array:
        mask = np.zeros(fact_offsets[-1], bool)
        mask[np.repeat(fact_offsets[:-1], np.diff(offsets)) + address // num_machines] = True
        return mask

    def cells(self, offsets: Array, first: int, num_machines: int, word: np.dtype) -> Array:
        counts = np.diff(offsets)
        row = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        return (row * num_machines + np.repeat(np.arange(first, first + len(counts)), counts)).astype(word)

    forest = staticmethod(contracting.forest)
    stars = staticmethod(contracting.stars)
