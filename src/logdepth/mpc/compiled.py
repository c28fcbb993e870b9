"""The kernels in Numba: one pass each, machine after machine, scratch memory within one machine's share."""

from __future__ import annotations

import numba
import numpy as np

Array = np.ndarray

_jit = numba.njit(cache=True, nogil=True)


@_jit
def _count(destination, num_machines):
    counts = np.zeros(num_machines + 1, np.int64)
    for row in range(len(destination)):
        machine = destination[row]
        if machine < 0 or machine >= num_machines:
            return counts, False
        counts[machine + 1] += 1
    for machine in range(num_machines):
        counts[machine + 1] += counts[machine]
    return counts, True


@_jit
def _scatter(destination, starts, column, out):
    place = starts.copy()
    for row in range(len(destination)):
        machine = destination[row]
        out[place[machine]] = column[row]
        place[machine] += 1


@_jit
def _scatter_two(destination, starts, one, two, out_one, out_two):
    place = starts.copy()
    for row in range(len(destination)):
        machine = destination[row]
        target = place[machine]
        out_one[target] = one[row]
        out_two[target] = two[row]
        place[machine] = target + 1


@_jit
def _owner(address, num_machines, out):
    inverse = 1.0 / num_machines
    for row in range(len(address)):
        value = address[row]
        rest = value - np.int64(value * inverse) * num_machines  # the quotient is off by one at most
        if rest < 0:
            rest += num_machines
        elif rest >= num_machines:
            rest -= num_machines
        out[row] = rest


@_jit
def _merge(column, offsets, place, out):
    """Copy one parcel's rows to where they belong; `place` moves on."""
    for machine in range(len(offsets) - 1):
        target = place[machine]
        for row in range(offsets[machine], offsets[machine + 1]):
            out[target] = column[row]
            target += 1
        place[machine] = target


@_jit
def _select(mask, column, out):
    """The rows of `column` where `mask` is true; how many."""
    found = 0
    for row in range(len(mask)):
        out[found] = column[row]  # written always, kept if the place moves on: no branch to mispredict
        found += mask[row]
    return found


@_jit
def _selected_offsets(offsets, mask):
    starts = np.zeros(len(offsets), np.int64)
    found = 0
    for machine in range(len(offsets) - 1):
        for row in range(offsets[machine], offsets[machine + 1]):
            found += mask[row]
        starts[machine + 1] = found
    return starts


@_jit
def _distinct(offsets, address, num_machines, largest_slot):
    num_rows = len(address)
    distinct = np.empty(num_rows, address.dtype)
    starts = np.zeros(len(offsets), np.int64)
    index = np.empty(num_rows, np.int32)
    stamp = np.zeros(largest_slot + 1, np.int32)
    place = np.empty(largest_slot + 1, np.int32)
    fill = np.empty(num_machines + 1, np.int64)
    longest = 0
    for machine in range(len(offsets) - 1):
        longest = max(longest, offsets[machine + 1] - offsets[machine])
    owner = np.empty(longest, np.int32)
    order = np.empty(longest, np.int32)
    slots = np.empty(longest, np.int64)
    inverse = 1.0 / num_machines
    found, epoch = 0, 0
    for machine in range(len(offsets) - 1):
        low, high = offsets[machine], offsets[machine + 1]
        fill[:] = 0
        for row in range(low, high):
            value = address[row]
            rest = value - np.int64(value * inverse) * num_machines
            if rest < 0:
                rest += num_machines
            elif rest >= num_machines:
                rest -= num_machines
            owner[row - low] = rest
            fill[rest + 1] += 1
        for other in range(num_machines):
            fill[other + 1] += fill[other]
        for row in range(low, high):
            other = owner[row - low]
            rank = fill[other]
            order[rank] = row - low
            slots[rank] = np.int64((address[row] - other) * inverse + 0.5)
            fill[other] = rank + 1
        start, rank = found, 0
        for other in range(num_machines):  # after the loop above fill[other] is where its rows end
            epoch += 1
            while rank < fill[other]:
                slot = slots[rank]
                if stamp[slot] != epoch:
                    stamp[slot] = epoch
                    place[slot] = found - start
                    distinct[found] = slot * num_machines + other
                    found += 1
                index[low + order[rank]] = place[slot]
                rank += 1
        starts[machine + 1] = found
    return distinct[:found].copy(), starts, index


@_jit
def _read_owned(offsets, address, fact_offsets, fact, num_machines, out):
    inverse = 1.0 / num_machines
    for machine in range(len(offsets) - 1):
        start = fact_offsets[machine]
        for row in range(offsets[machine], offsets[machine + 1]):
            value = address[row]
            slot = np.int64(value * inverse)
            rest = value - slot * num_machines
            if rest < 0:
                slot -= 1
            elif rest >= num_machines:
                slot += 1
            out[row] = fact[start + slot]


@_jit
def _read_local(offsets, index, fact_offsets, fact, out):
    for machine in range(len(offsets) - 1):
        start = fact_offsets[machine]
        for row in range(offsets[machine], offsets[machine + 1]):
            out[row] = fact[start + index[row]]


@_jit
def _least_at(offsets, index, value, fact_offsets, out):
    for machine in range(len(offsets) - 1):
        start = fact_offsets[machine]
        for row in range(offsets[machine], offsets[machine + 1]):
            target = start + index[row]
            if value[row] < out[target]:
                out[target] = value[row]


@_jit
def _least_neighbor(offsets, x, y, end_offsets, end, out):
    for machine in range(len(offsets) - 1):
        start = end_offsets[machine]
        for row in range(offsets[machine], offsets[machine + 1]):
            one, two = start + x[row], start + y[row]
            if end[one] < out[two]:
                out[two] = end[one]
            if end[two] < out[one]:
                out[one] = end[two]


class NumbaKernels:
    """The same as `NumpyKernels`, to the bit."""

    name = "numba"

    def deliver(self, destination: Array, columns: list[Array], num_machines: int) -> tuple[list[Array], Array]:
        starts, valid = _count(destination, num_machines)
        assert valid, "a destination that is no machine"
        out = [np.empty_like(column) for column in columns]
        for index in range(0, len(columns) - 1, 2):
            _scatter_two(destination, starts, columns[index], columns[index + 1], out[index], out[index + 1])
        if len(columns) % 2:
            _scatter(destination, starts, columns[-1], out[-1])
        return out, starts

    def merge(self, parcels: list[list[Array]], offsets: list[Array]) -> tuple[list[Array], Array]:
        starts = np.sum(offsets, axis=0)
        merged = []
        for index, first in enumerate(parcels[0]):
            out, place = np.empty(starts[-1], first.dtype), starts[:-1].copy()
            for columns, own in zip(parcels, offsets, strict=True):
                _merge(columns[index], own, place, out)
            merged.append(out)
        return merged, starts

    def select(self, offsets: Array, mask: Array, columns: list[Array]) -> tuple[list[Array], Array]:
        selected = []
        for column in columns:
            out = np.empty(len(column) + 1, column.dtype)
            selected.append(out[: _select(mask, column, out)])
        return selected, _selected_offsets(offsets, mask)

    def owner(self, address: Array, num_machines: int) -> Array:
        out = np.empty(len(address), np.int32)
        _owner(address, num_machines, out)
        return out

    def distinct_by_owner(self, offsets: Array, address: Array, num_machines: int) -> tuple[Array, Array, Array]:
        largest_slot = int(address.max(initial=0)) // num_machines
        return _distinct(offsets, address, num_machines, largest_slot)

    def read_owned(self, offsets: Array, address: Array, fact_offsets: Array, fact: Array, num_machines: int) -> Array:
        out = np.empty(len(address), fact.dtype)
        _read_owned(offsets, address, fact_offsets, fact, num_machines, out)
        return out

    def read_local(self, offsets: Array, index: Array, fact_offsets: Array, fact: Array) -> Array:
        out = np.empty(len(index), fact.dtype)
        _read_local(offsets, index, fact_offsets, fact, out)
        return out

    def least_at(self, offsets: Array, index: Array, value: Array, fact_offsets: Array, fact: Array) -> Array:
        out = fact.copy()
        _least_at(offsets, index, value, fact_offsets, out)
        return out

    def least_neighbor(self, offsets: Array, x: Array, y: Array, end_offsets: Array, end: Array) -> Array:
        out = end.copy()
        _least_neighbor(offsets, x, y, end_offsets, end, out)
        return out
