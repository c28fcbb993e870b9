"""The loops that make edges, compiled. Edge e hangs on the key and e alone, so any range of edges can be made alone.

Random bits: a splitmix64 stream an edge (Steele, Lea, Flood 2014), whose start is a hash of the key and the edge's
number. R-MAT (Chakrabarti, Zhan, Faloutsos 2004) draws four of its levels at once, out of their 256 joint outcomes, by
Walker's alias method.
"""

from __future__ import annotations

import numba
import numpy as np

_jit = numba.njit(cache=True, nogil=True)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
LEVELS = 4  # of R-MAT, drawn at once


@_jit
def _mix(x):
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@_jit
def _below(bits, bound):
    """floor(bits * bound / 2^64): 0..bound-1, each with a probability within 2^-64 of 1 / bound."""
    high, low = bits >> _32, bits & _LOW
    top, bottom = bound >> _32, bound & _LOW
    middle = high * bottom + ((low * bottom) >> _32)
    other = low * top + (middle & _LOW)
    return high * top + (middle >> _32) + (other >> _32)


@_jit
def _keyed(x, key):
    """Bits of x and the key for a Feistel round: the upper half of a product, mixed once more."""
    x = (x + key) * np.uint64(0xBF58476D1CE4E5B9)
    return (x ^ (x >> _32)) * np.uint64(0x94D049BB133111EB) >> np.uint64(29)


@_jit
def renumber(vertex, vertices, keys, bits):
    """A bijection of 0..vertices-1 that the four keys choose: Feistel rounds on `bits` bits until they stay inside."""
    low = bits >> np.uint64(1)
    mask, top = (np.uint64(1) << low) - np.uint64(1), (np.uint64(1) << (bits - low)) - np.uint64(1)
    x = vertex
    while True:
        left, right = x >> low, x & mask
        left ^= _keyed(right, keys[0]) & top
        right ^= _keyed(left, keys[1]) & mask
        left ^= _keyed(right, keys[2]) & top
        right ^= _keyed(left, keys[3]) & mask
        x = (left << low) | right
        if x < vertices:
            return x


@_jit
def uniform_edges(first, key, vertices, tail, head):
    """Ends drawn independently and evenly."""
    for row in range(len(tail)):
        state = _mix(key + np.uint64(first + row) * _GOLDEN)
        tail[row] = _below(_mix(state + _GOLDEN), vertices)
        head[row] = _below(_mix(state + np.uint64(2) * _GOLDEN), vertices)


@_jit
def _draw(bits, threshold, alias):
    """One outcome by the alias method, without a branch that a processor would mispredict."""
    place = bits & np.uint64(len(alias) - 1)
    own = np.uint64(0) - np.uint64((bits >> _32) < threshold[place])
    other = alias[place]
    return other ^ ((other ^ place) & own)


@_jit
def rmat_edges(first, key, vertices, scale, threshold, alias, last_threshold, last_alias, tail, head):
    """R-MAT on 2^scale vertices; an edge with an end beyond `vertices` is drawn again.

    threshold, alias: of the outcomes of `LEVELS` levels; last_: of the `scale % LEVELS` that are left.
    """
    whole, rest = scale // LEVELS, np.uint64(scale % LEVELS)
    levels, mask, last_mask = np.uint64(LEVELS), np.uint64((1 << LEVELS) - 1), (np.uint64(1) << rest) - np.uint64(1)
    for row in range(len(tail)):
        state = _mix(key + np.uint64(first + row) * _GOLDEN)
        x, y = vertices, vertices
        while x >= vertices or y >= vertices:
            x, y = np.uint64(0), np.uint64(0)
            for _ in range(whole):
                state += _GOLDEN
                code = _draw(_mix(state), threshold, alias)
                x = (x << levels) | (code >> levels)
                y = (y << levels) | (code & mask)
            if rest:
                state += _GOLDEN
                code = _draw(_mix(state), last_threshold, last_alias)
                x = (x << rest) | (code >> rest)
                y = (y << rest) | (code & last_mask)
        tail[row], head[row] = x, y


@_jit
def grid_edges(first, columns, start, vertices, tail, head):
    """Rows of `columns` cells: each row's edges to the right, then those down. The last row may be short.

    start: the first edge of the last row but one, where only the cells above that have an edge down.
    """
    lines = (vertices + columns - 1) // columns
    width = vertices - (lines - 1) * columns
    for row in range(len(tail)):
        edge = first + row
        place = edge - start
        if place < 0:
            each = 2 * columns - 1
            line, place = edge // each, edge % each
        elif place < columns - 1 + width:
            line = lines - 2
        else:
            line, place = lines - 1, place - (columns - 1 + width)
        if place < columns - 1:
            tail[row] = line * columns + place
            head[row] = line * columns + place + 1
        else:
            tail[row] = line * columns + place - (columns - 1)
            head[row] = tail[row] + columns


@_jit
def renumber_all(vertices, key, column):
    bits = np.uint64(1)
    while (np.uint64(1) << bits) < vertices:
        bits += np.uint64(1)
    keys = np.empty(4, np.uint64)
    for turn in range(4):
        keys[turn] = _mix(key + np.uint64(turn + 1) * _GOLDEN)
    for row in range(len(column)):
        column[row] = renumber(np.uint64(column[row]), vertices, keys, bits)


@_jit
def _digits(value, out, place):
    """Write a number of 0 and more; where it ends."""
    count, rest = 1, value // 10
    while rest:
        count += 1
        rest //= 10
    for digit in range(count - 1, -1, -1):
        out[place + digit] = 48 + value % 10
        value //= 10
    return place + count


@_jit
def edge_lines(tail, head, out):
    """`tail head` and a newline an edge, as bytes; how many. `out` has room for 40 bytes an edge."""
    place = 0
    for row in range(len(tail)):
        place = _digits(np.int64(tail[row]), out, place)
        out[place] = 32
        place = _digits(np.int64(head[row]), out, place + 1)
        out[place] = 10
        place += 1
    return place
