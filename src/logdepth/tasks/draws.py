"""Random draws inside Numba kernels: a stream for every instance, exactly uniform, the same everywhere."""

from __future__ import annotations

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@njit(inline="always")
def next_word(state):
    """SplitMix64: the state moves by a constant, the output is a mix of it."""
    state += GOLDEN
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state, z ^ (z >> np.uint64(31))


@njit(inline="always")
def below(limit, state, pool, left):
    """A uniform integer below `limit` <= 65,536 (Lemire: multiply, reject); `pool` holds `left` 16-bit draws."""
    threshold = np.uint64(65536) % limit
    while True:
        if left == 0:
            state, pool = next_word(state)
            left = 4
        product = (pool & np.uint64(0xFFFF)) * limit
        pool >>= np.uint64(16)
        left -= 1
        if (product & np.uint64(0xFFFF)) >= threshold:
            return product >> np.uint64(16), state, pool, left


@njit(inline="always")
def start(key, index):
    """The state of instance number `index`: a mix of key and index, so that streams don't overlap in order."""
    _, mixed = next_word(key + index * GOLDEN)
    return mixed
