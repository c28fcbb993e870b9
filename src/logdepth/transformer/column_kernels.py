"""Compiled loops over columns: affine forms, bits as codes, hidden units. Columns are int8, (coordinates, slots)."""

import numpy as np
from numba import njit

BLOCK = 2048  # slots that are worked on at once: what they need stays in the cache
LARGEST = 127  # in size, of what an int8 column holds
RING = 8  # sums of units that are kept: a unit may lean on one of the seven before it


@njit(cache=True)
def affine(small, read, weights, constant):
    slots = small.shape[1]
    out = np.full(slots, constant)
    for first in range(0, slots, BLOCK):
        last = min(first + BLOCK, slots)
        for r in range(read.size):
            weight, column, target = weights[r], small[read[r], first:last], out[first:last]
            for i in range(column.size):
                target[i] += weight * column[i]
    return out


@njit(cache=True)
def codes(small, coordinates, flipped, first):
    """The codes; and the number and slot of a coordinate that is no bit (-1: none)."""
    slots = small.shape[1]
    out = np.zeros(slots, np.int64)
    for low in range(0, slots, BLOCK):
        high = min(low + BLOCK, slots)
        for b in range(coordinates.size):
            c, turn = coordinates[b], flipped[b]
            odd = 0
            column, target = small[c, low:high], out[low:high]
            for i in range(column.size):
                x = column[i]
                target[i] |= np.int64((x > 0) ^ turn) << b
                odd += x * x != 1
            if odd:
                for i in range(max(low, first), high):
                    if small[c, i] != 1 and small[c, i] != -1:
                        return out, b, i
    return out, -1, -1


@njit(cache=True)
def in_ternary(small, coordinates, first, last):
    """Whether all that some coordinates hold is -1, 0 or 1."""
    for r in range(coordinates.size):
        column = small[coordinates[r], first:last]
        most, least = np.int8(0), np.int8(0)
        for i in range(column.size):
            most, least = max(most, column[i]), min(least, column[i])
        if most > 1 or least < -1:
            return False
    return True


@njit(cache=True)
def add_units(
    small, first, last, wide, row_of, written, constant, added,
    since, read_ends, read_at, read_by, bias, write_ends, write_at, write_by, copy_ends, copy_at, copy_by,
):  # fmt: skip
    """Slots first..last-1. Returns the place, slot and value of what int8 cannot hold (-1: nothing)."""
    size = last - first
    out = np.empty((written.size, BLOCK))
    sums = np.empty((RING, BLOCK))
    unit = np.empty(BLOCK)[:size]
    for w in range(written.size):
        target = out[w, :size]
        for i in range(size):
            target[i] = constant[w] + added[w, i]
        for e in range(copy_ends[w], copy_ends[w + 1]):
            weight, column = copy_by[e], small[copy_at[e], first:last]
            for i in range(column.size):
                target[i] += weight * column[i]
    for u in range(bias.size):
        mine = sums[u % RING, :size]
        start = bias[u]
        if since[u]:
            before = sums[(u - since[u]) % RING, :size]
            for i in range(before.size):
                mine[i] = before[i] + start
        else:
            mine[:] = start
        for e in range(read_ends[u], read_ends[u + 1]):
            weight, c = read_by[e], read_at[e]
            if row_of[c] >= 0:
                values = wide[row_of[c], :size]
                for i in range(values.size):
                    mine[i] += weight * values[i]
            else:
                column = small[c, first:last]
                for i in range(column.size):
                    mine[i] += weight * column[i]
        for i in range(mine.size):
            value = mine[i] if mine[i] > 0.0 else 0.0
            unit[i] = value if value < 1.0 else 1.0
        for e in range(write_ends[u], write_ends[u + 1]):
            weight, target = write_by[e], out[write_at[e], :size]
            for i in range(unit.size):
                target[i] += weight * unit[i]
    for w in range(written.size):
        c, target = written[w], out[w, :size]
        if row_of[c] >= 0:
            values = wide[row_of[c], :size]
            for i in range(values.size):
                values[i] += target[i]
            continue
        column = small[c, first:last]
        odd = 0
        for i in range(column.size):
            target[i] += column[i]
            odd += (target[i] != np.rint(target[i])) | (abs(target[i]) > LARGEST)
        if odd:
            for i in range(size):
                if target[i] != np.rint(target[i]) or abs(target[i]) > LARGEST:
                    return w, first + i, target[i]
    for w in range(written.size):
        if row_of[written[w]] < 0:
            column, target = small[written[w], first:last], out[w, :size]
            for i in range(column.size):
                column[i] = np.int8(target[i])
    return -1, -1, 0.0
