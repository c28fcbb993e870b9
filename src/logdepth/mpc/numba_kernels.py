"""The kernels in Numba: one pass each, machine after machine, scratch memory within one machine's share."""

from __future__ import annotations

import numba
import numpy as np

from logdepth.mpc import numba_contracting
from logdepth.mpc.kernels import Work

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
def _split(value, num_machines, shift, inverse):
    """`value // num_machines` and `value % num_machines` without an integer division."""
    if shift >= 0:
        return value >> shift, value & (num_machines - 1)
    slot = np.int64(value * inverse)  # off by one at most below 2^52
    rest = value - slot * num_machines
    if rest < 0:
        return slot - 1, rest + num_machines
    if rest >= num_machines:
        return slot + 1, rest - num_machines
    return slot, rest


@_jit
def _shift(num_machines):
    """log2 of a power of two, else -1."""
    shift = 0
    while (1 << shift) < num_machines:
        shift += 1
    return shift if (1 << shift) == num_machines else -1


@_jit
def _owner(address, num_machines, out):
    shift, inverse = _shift(num_machines), 1.0 / num_machines
    for row in range(len(address)):
        out[row] = _split(address[row], num_machines, shift, inverse)[1]


@_jit
def _distinct_one(values, count, num_machines, scratch, stamp, place, epoch, distinct, found, index):
    """Distinct `values[:count]` of one machine, appended to `distinct` from `found` on; `index` of each value.

    Sorted by owner, then first occurrence: a stable sort by owner, then one pass with a stamp a slot.
    """
    owner, order, slots, fill = scratch
    shift, inverse = _shift(num_machines), 1.0 / num_machines
    if num_machines <= 4 * count + 64:
        fill[:] = 0
        for row in range(count):
            rest = _split(values[row], num_machines, shift, inverse)[1]
            owner[row] = rest
            fill[rest + 1] += 1
        for other in range(num_machines):
            fill[other + 1] += fill[other]
        for row in range(count):
            rank = fill[owner[row]]
            order[rank] = row
            fill[owner[row]] = rank + 1
    else:
        for row in range(count):
            owner[row] = _split(values[row], num_machines, shift, inverse)[1]
        order[:count] = np.argsort(owner[:count], kind="mergesort")
    for rank in range(count):
        slots[rank] = values[order[rank]]
    start, previous = found, -1
    for rank in range(count):
        value = slots[rank]
        slot, other = _split(value, num_machines, shift, inverse)
        if other != previous:
            epoch += 1
            previous = other
        if stamp[slot] != epoch:
            stamp[slot] = epoch
            place[slot] = found - start
            distinct[found] = value
            found += 1
        index[order[rank]] = place[slot]
    return found, epoch


@_jit
def _longest(offsets):
    longest = 0
    for machine in range(len(offsets) - 1):
        longest = max(longest, offsets[machine + 1] - offsets[machine])
    return longest


@_jit
def _scratch(longest, num_machines, values):
    return (
        np.empty(longest, np.int32),
        np.empty(longest, np.int64),
        np.empty(longest, values.dtype),
        np.empty(num_machines + 1, np.int64),
    )


@_jit
def _distinct(offsets, address, num_machines, largest_slot):
    distinct = np.empty(len(address), address.dtype)
    starts = np.zeros(len(offsets), np.int64)
    index = np.empty(len(address), np.int32)
    stamp = np.zeros(largest_slot + 1, np.int32)
    place = np.empty(largest_slot + 1, np.int32)
    scratch = _scratch(_longest(offsets), num_machines, address)
    found, epoch = 0, 0
    for machine in range(len(offsets) - 1):
        low, high = offsets[machine], offsets[machine + 1]
        found, epoch = _distinct_one(
            address[low:high], high - low, num_machines, scratch, stamp, place, epoch, distinct, found, index[low:high]
        )
        starts[machine + 1] = found
    return distinct[:found].copy(), starts, index


@_jit
def _index_pairs(offsets, one, two, num_machines, largest_slot):
    distinct = np.empty(2 * len(one), one.dtype)
    starts = np.zeros(len(offsets), np.int64)
    live = np.zeros(len(offsets), np.int64)
    x = np.empty(len(one), np.int32)
    y = np.empty(len(one), np.int32)
    stamp = np.zeros(largest_slot + 1, np.int32)
    place = np.empty(largest_slot + 1, np.int32)
    longest = 2 * _longest(offsets)
    scratch = _scratch(longest, num_machines, one)
    both = np.empty(longest, one.dtype)
    index = np.empty(longest, np.int32)
    found, epoch, pairs = 0, 0, 0
    for machine in range(len(offsets) - 1):
        count = 0
        for row in range(offsets[machine], offsets[machine + 1]):
            both[count] = one[row]
            both[count + 1] = two[row]
            count += 2 * (one[row] != two[row])
        found, epoch = _distinct_one(both, count, num_machines, scratch, stamp, place, epoch, distinct, found, index)
        for pair in range(count // 2):
            x[pairs + pair] = index[2 * pair]
            y[pairs + pair] = index[2 * pair + 1]
        pairs += count // 2
        live[machine + 1] = pairs
        starts[machine + 1] = found
    return distinct[:found].copy(), starts, x[:pairs].copy(), y[:pairs].copy(), live


@_jit
def _owner_runs(offsets, address, num_machines):
    shift, inverse = _shift(num_machines), 1.0 / num_machines
    owners = np.empty(len(address), np.int32)
    counts = np.empty(len(address), np.int64)
    starts = np.zeros(len(offsets), np.int64)
    found = 0
    for machine in range(len(offsets) - 1):
        previous = -1
        for row in range(offsets[machine], offsets[machine + 1]):
            other = _split(address[row], num_machines, shift, inverse)[1]
            if other != previous:
                previous = other
                owners[found] = other
                counts[found] = 0
                found += 1
            counts[found - 1] += 1
        starts[machine + 1] = found
    return owners[:found].copy(), counts[:found].copy(), starts


@_jit
def _read_owned(offsets, address, fact_offsets, fact, num_machines, out):
    shift, inverse = _shift(num_machines), 1.0 / num_machines
    for machine in range(len(offsets) - 1):
        start = fact_offsets[machine]
        for row in range(offsets[machine], offsets[machine + 1]):
            out[row] = fact[start + _split(address[row], num_machines, shift, inverse)[0]]


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


@_jit
def _crowds(offsets, address, num_machines, allowed):
    shift, inverse = _shift(num_machines), 1.0 / num_machines
    counts = np.zeros(num_machines, np.int64)
    starts = np.zeros(len(offsets), np.int64)
    every = np.arange(num_machines)
    owners, more = np.empty(16, np.int32), np.empty(16, np.int64)
    found = 0
    for machine in range(len(offsets) - 1):
        low, high = offsets[machine], offsets[machine + 1]
        if high - low > allowed:
            for row in range(low, high):
                counts[_split(address[row], num_machines, shift, inverse)[1]] += 1
            if high - low < num_machines:  # only what was counted is looked at: machines may be many
                some = np.unique(address[low:high] % num_machines).astype(np.int64)
            else:
                some = every
            for owner in some:
                if counts[owner] > allowed:
                    if found == len(owners):
                        owners, more = np.append(owners, owners), np.append(more, more)
                    owners[found] = owner
                    more[found] = counts[owner] - allowed
                    found += 1
                counts[owner] = 0
        starts[machine + 1] = found
    return owners[:found].copy(), more[:found].copy(), starts


@_jit
def _lower_roots(offsets, address, value, fact_offsets, fact, num_machines, out):
    shift, inverse = _shift(num_machines), 1.0 / num_machines
    for machine in range(len(offsets) - 1):
        start = fact_offsets[machine]
        for row in range(offsets[machine], offsets[machine + 1]):
            target = start + _split(address[row], num_machines, shift, inverse)[0]
            if fact[target] == address[row] and value[row] < out[target]:
                out[target] = value[row]


@_jit
def _marked(offsets, address, fact_offsets, num_machines, out):
    shift, inverse = _shift(num_machines), 1.0 / num_machines
    for machine in range(len(offsets) - 1):
        start = fact_offsets[machine]
        for row in range(offsets[machine], offsets[machine + 1]):
            out[start + _split(address[row], num_machines, shift, inverse)[0]] = True


@_jit
def _cells(offsets, first, num_machines, out):
    for machine in range(len(offsets) - 1):
        address = first + machine
        for row in range(offsets[machine], offsets[machine + 1]):
            out[row] = address
            address += num_machines


class NumbaKernels:
    """The same as `NumpyKernels`, to the bit."""

    name = "numba"

    def deliver(self, destination: Array, columns: list[Array], num_machines: int) -> tuple[list[Array], Array]:
        return self.deliver_all([destination], [columns], num_machines)

    def deliver_all(
        self, destinations: list[Array], parcels: list[list[Array]], num_machines: int, work: Work = map
    ) -> tuple[list[Array], Array]:
        counted = list(work(lambda destination: _count(destination, num_machines), destinations))
        assert all(valid for _, valid in counted), "a destination that is no machine"
        starts = np.sum([own for own, _ in counted], axis=0)
        out = [np.empty(starts[-1], np.result_type(*column)) for column in zip(*parcels, strict=True)]
        places = [starts[:-1]]  # where each parcel's first row to a machine goes: after those of the parcels before
        for own, _ in counted[:-1]:
            places.append(places[-1] + np.diff(own))

        def scatter(parcel: int) -> None:
            destination, columns = destinations[parcel], parcels[parcel]
            for index in range(0, len(columns) - 1, 2):
                pair = columns[index], columns[index + 1], out[index], out[index + 1]
                _scatter_two(destination, places[parcel], *pair)
            if len(columns) % 2:
                _scatter(destination, places[parcel], columns[-1], out[-1])

        list(work(scatter, range(len(parcels))))
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

    def index_pairs(
        self, offsets: Array, one: Array, two: Array, num_machines: int
    ) -> tuple[Array, Array, Array, Array, Array]:
        largest_slot = max(int(one.max(initial=0)), int(two.max(initial=0))) // num_machines
        return _index_pairs(offsets, one, two, num_machines, largest_slot)

    def owner_runs(self, offsets: Array, address: Array, num_machines: int) -> tuple[Array, Array, Array]:
        return _owner_runs(offsets, address, num_machines)

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

    def crowds(self, offsets: Array, address: Array, num_machines: int, allowed: int) -> tuple[Array, Array, Array]:
        return _crowds(offsets, address, num_machines, allowed)

    def lower_roots(
        self, offsets: Array, address: Array, value: Array, fact_offsets: Array, fact: Array, num_machines: int
    ) -> Array:
        out = fact.copy()
        _lower_roots(offsets, address, value, fact_offsets, fact, num_machines, out)
        return out

    def marked(self, offsets: Array, address: Array, fact_offsets: Array, num_machines: int) -> Array:
        out = np.zeros(fact_offsets[-1], np.bool_)
        _marked(offsets, address, fact_offsets, num_machines, out)
        return out

    def cells(self, offsets: Array, first: int, num_machines: int, word: np.dtype) -> Array:
        out = np.empty(offsets[-1], word)
        _cells(offsets, first, num_machines, out)
        return out

    def forest(self, offsets: Array, one: Array, two: Array, free: Array, wanted: Array, most: int) -> Array:
        span = max(int(one.max(initial=0)), int(two.max(initial=0))) + 1
        return numba_contracting.forest(offsets, one, two, free, wanted, most, span)

    def stars(self, offsets: Array, one: Array, two: Array, window: int, plenty: int) -> tuple[Array, Array, Array]:
        span = max(int(one.max(initial=0)), int(two.max(initial=0))) + 1
        return numba_contracting.stars(offsets, one, two, window, plenty, span)
