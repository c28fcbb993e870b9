"""The loops over parts, compiled: lines counted, and names packed into words."""

from __future__ import annotations

import numpy as np
from numba import njit

_FLIP = np.int64(-(2**63))


@njit(cache=True, nogil=True)
def count_rows(text):
    """(rows, lines) of whole lines, uint8: rows are neither blank nor comments (#, %, //), as `dialect.py` has it."""
    rows = lines = position = 0
    size = text.size
    while position < size:
        byte = text[position]
        while byte == 32 or byte == 9 or byte == 11 or byte == 12:
            position += 1
            byte = text[position]
        start = position
        comment = byte == 35 or byte == 37 or (byte == 47 and text[position + 1] == 47)
        while text[position] != 10:
            position += 1
        end = position
        while end > start and text[end - 1] == 13:
            end -= 1
        rows += (end > start) and not comment
        lines += 1
        position += 1
    return rows, lines


@njit(cache=True, nogil=True)
def longest_name(spans):
    """The bytes of the longest name of `spans` (rows, 4): where tails and heads begin and end."""
    longest = 0
    for row in range(spans.shape[0]):
        longest = max(longest, spans[row, 1] - spans[row, 0], spans[row, 3] - spans[row, 2])
    return longest


@njit(cache=True, nogil=True)
def pack_words(text, starts, ends, words):
    """Fill `words` (width, rows); the rows packed before one that is too long or holds a zero byte."""
    width = words.shape[0]
    for row in range(len(starts)):
        length = ends[row] - starts[row]
        if length > 8 * width:
            return row
        for word in range(width):
            value = np.int64(0)
            for place in range(8):
                value <<= 8
                if 8 * word + place < length:
                    byte = text[starts[row] + 8 * word + place]
                    if byte == 0:
                        return row
                    value |= np.int64(byte)
            words[word, row] = value ^ _FLIP
    return len(starts)
