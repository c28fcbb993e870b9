"""Forests and components of each machine's own edges, in Numba: union-find, the least address of a tree its root."""

from __future__ import annotations

import numba
import numpy as np

Array = np.ndarray

_jit = numba.njit(cache=True, nogil=True)


@_jit
def _root(parent, place):
    while parent[place] != place:
        parent[place] = parent[parent[place]]
        place = parent[place]
    return place


@_jit
def _longest(offsets):
    longest = 0
    for machine in range(len(offsets) - 1):
        longest = max(longest, offsets[machine + 1] - offsets[machine])
    return longest


@_jit
def _mask(direct, most):
    """Of the hash table the part that a machine of so many addresses uses."""
    if direct:
        return 0
    size = 16
    while size < 2 * most:
        size *= 2
    return size - 1


@_jit
def _space(most, span):
    """For `most` addresses a machine: whether places are found by address itself, and the table for that.

    Else it is a hash table of a power of two, at most half full.
    """
    if span <= 16 * most + 1024:
        return True, np.full(span, -1, np.int32)
    return False, np.full(_mask(False, most) + 1, -1, np.int32)


@_jit
def _place(address, direct, table, mask, keys, parent, found):
    """The place of an address among its machine's, a new one if it is the first time; and how many there are."""
    if direct:
        place = table[address]
        if place < 0:
            table[address] = found
            keys[found] = address
            parent[found] = found
            return found, found + 1
        return place, found
    slot = ((address * 0x9E3779B1) >> 7) & mask
    while table[slot] >= 0:
        if keys[table[slot]] == address:
            return table[slot], found
        slot = (slot + 1) & mask
    table[slot] = found
    keys[found] = address
    parent[found] = found
    return found, found + 1


@_jit
def _clear(direct, table, mask, keys, found):
    if direct:
        for place in range(found):
            table[keys[place]] = -1
    else:
        table[: mask + 1] = -1


@_jit
def _join(one, two, parent, keys):
    """Unite; whether they were apart."""
    left, right = _root(parent, one), _root(parent, two)
    if left == right:
        return False
    if keys[left] < keys[right]:
        parent[right] = left
    else:
        parent[left] = right
    return True


@_jit
def forest(offsets, one, two, free, wanted, most, span):
    kept = ~free
    longest = 0
    for machine in range(len(offsets) - 1):
        if wanted[machine]:
            longest = max(longest, offsets[machine + 1] - offsets[machine])
    if longest == 0:
        return kept
    largest = min(2 * longest, most)
    direct, table = _space(largest, span)
    keys, parent = np.empty(largest, np.int64), np.empty(largest, np.int32)
    for machine in range(len(offsets) - 1):
        if not wanted[machine]:
            continue
        low, high = offsets[machine], offsets[machine + 1]
        mask, found = _mask(direct, min(2 * (high - low), most)), 0
        for first in (True, False):
            for row in range(low, high):
                if free[row] == first:
                    left, found = _place(np.int64(one[row]), direct, table, mask, keys, parent, found)
                    right, found = _place(np.int64(two[row]), direct, table, mask, keys, parent, found)
                    kept[row] = _join(left, right, parent, keys) and not first
        _clear(direct, table, mask, keys, found)
    return kept


@_jit
def stars(offsets, one, two, window, plenty, span):
    total = len(one)
    greater, lesser = np.empty(total + 1, one.dtype), np.empty(total + 1, one.dtype)  # a row more: written, not kept
    starts = np.zeros(len(offsets), np.int64)
    longest = _longest(offsets)
    direct, table = _space(2 * longest, span)
    keys, parent = np.empty(2 * longest, np.int64), np.empty(2 * longest, np.int32)
    out = 0
    for machine in range(len(offsets) - 1):
        low, high = offsets[machine], offsets[machine + 1]
        rows = high - low
        mask = _mask(direct, 2 * rows)
        found, joins, edges, left = 0, 0, 0, False
        for row in range(low, high):
            if row - low == window and rows < plenty:
                left = 5 * (found - joins) > 2 * found and 10 * joins > 9 * edges
                if left:
                    break
            a, found = _place(np.int64(one[row]), direct, table, mask, keys, parent, found)
            b, found = _place(np.int64(two[row]), direct, table, mask, keys, parent, found)
            joins += _join(a, b, parent, keys)
            edges += one[row] != two[row]
        if left:
            for row in range(low, high):
                greater[out] = max(one[row], two[row])
                lesser[out] = min(one[row], two[row])
                out += one[row] != two[row]
        else:
            for place in range(found):
                root = _root(parent, place)
                greater[out] = keys[place]
                lesser[out] = keys[root]
                out += root != place
        _clear(direct, table, mask, keys, found)
        starts[machine + 1] = out
    if out < total // 2:
        return greater[:out].copy(), lesser[:out].copy(), starts
    return greater[:out], lesser[:out], starts
