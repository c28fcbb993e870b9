"""Powers of a pointer by squaring: pointer doubling, once, for every task that has one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from logdepth.errors import InputError


def find_power(pointer: Int[np.ndarray, "batch slots"], j: int) -> Int[np.ndarray, "batch slots"]:
    """`find^j` from `find^1` by squaring (pointer doubling). Raises `InputError` if j < 0.

    >>> find_power(np.array([[0, 0, 1, 2, 3]]), 3).tolist()
    [[0, 0, 0, 0, 1]]
    """
    if j < 0:
        raise InputError(f"k is {j}; it must be at least 0")
    power = np.broadcast_to(np.arange(pointer.shape[1]), pointer.shape).copy()
    square = pointer
    while j:
        if j & 1:
            power = np.take_along_axis(square, power, 1)
        j >>= 1
        if j:
            square = np.take_along_axis(square, square, 1)
    return power


def read_symbols(
    strings: np.ndarray, pointer: Int[np.ndarray, "batch slots"], alphabet_size: int
) -> Int[np.ndarray, "batch n"]:
    """The symbols that slots 1..n point at; `alphabet_size` where they point at slot 0, "nothing".

    >>> read_symbols(np.array([[4, 7]]), np.array([[0, 0, 1]]), 9).tolist()
    [[9, 4]]
    """
    slots = np.concatenate([np.full((len(strings), 1), alphabet_size), np.asarray(strings, np.int64)], 1)
    return np.take_along_axis(slots, pointer[:, 1:], 1)
