"""The fast k-hop solver: find in one pass, find^k by squaring pointers. Near-linear in n, log in k."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, Integer
from numba import njit

from logdepth.errors import InputError
from logdepth.tasks.powers import find_power, read_symbols


@njit(cache=True)
def _find(strings, alphabet_size, out):
    after = np.zeros(alphabet_size, np.int64)  # the slot after the latest occurrence of each symbol
    for row in range(strings.shape[0]):
        after[:] = 0
        out[row, 0] = 0
        for i in range(1, strings.shape[1] + 1):
            if i > 1:
                after[strings[row, i - 2]] = i
            out[row, i] = after[strings[row, i - 1]]


def find(strings: Integer[np.ndarray, "batch n"], alphabet_size: int) -> Int[np.ndarray, "batch slots"]:
    """The induction pointer find^1 of every slot 0..n (Definition 4.1); slot 0 points at itself.

    >>> x = np.array([[1, 0, 4, 1, 2, 0, 1, 4, 1, 3, 4, 0]])
    >>> find(x, 5).tolist()
    [[0, 0, 0, 0, 2, 0, 3, 5, 4, 8, 0, 9, 7]]
    """
    strings = _checked(strings, alphabet_size)
    out = np.empty((strings.shape[0], strings.shape[1] + 1), np.int64)
    _find(strings, alphabet_size, out)
    return out


def solve(strings: Integer[np.ndarray, "batch n"], k: int, alphabet_size: int) -> Int[np.ndarray, "batch n"]:
    """`hop_k` at every position; `alphabet_size` itself stands for "nothing".

    Symbols are 0..alphabet_size-1. Raises `InputError` for other symbols or k < 0.

    >>> solve(np.array([[1, 0, 4, 1, 2, 0, 1, 4, 1, 3, 4, 0]]), 2, 5)[0, -1]
    np.int64(2)
    """
    return read_symbols(strings, find_power(find(strings, alphabet_size), k), alphabet_size)


@njit(cache=True)
def _all_hops(strings, alphabet_size, out):
    slots, most = out.shape[1], out.shape[2] - 1
    after = np.zeros(alphabet_size, np.int64)
    for row in range(out.shape[0]):
        after[:] = 0
        out[row, 0] = alphabet_size
        for i in range(1, slots):
            if i > 1:
                after[strings[row, i - 2]] = i
            found = after[strings[row, i - 1]]
            out[row, i, 0] = strings[row, i - 1]
            if found == i:  # an adjacent repeat points at itself
                out[row, i] = out[row, i, 0]
            else:
                for j in range(most):
                    out[row, i, j + 1] = out[row, found, j]


def all_hops(
    strings: Integer[np.ndarray, "batch n"], most: int, alphabet_size: int
) -> Integer[np.ndarray, "batch slots hops"]:
    """`hop_j` at every slot 0..n for all j = 0..most at once; `alphabet_size` stands for "nothing" (slot 0: always).

    A slot's hops are its own symbol and then the hops of its find. Time and memory O(batch n most).

    >>> all_hops(np.array([[1, 0, 4, 1, 2, 0, 1, 4, 1, 3, 4, 0]]), 2, 5)[0, 12].tolist()
    [0, 1, 2]
    """
    strings = _checked(strings, alphabet_size)
    if most < 0:
        raise InputError(f"k is {most}; it must be at least 0")
    shape = (strings.shape[0], strings.shape[1] + 1, most + 1)
    out = np.empty(shape, np.min_scalar_type(alphabet_size))
    _all_hops(strings, alphabet_size, out)
    return out


def _checked(strings: np.ndarray, alphabet_size: int) -> np.ndarray:
    strings = np.asarray(strings)
    if strings.size and (strings.min() < 0 or strings.max() >= alphabet_size):
        row, column = np.argwhere((strings < 0) | (strings >= alphabet_size))[0]
        raise InputError(
            f"string {row + 1}, position {column + 1}: symbol {strings[row, column]} is not in 0..{alphabet_size - 1}"
        )
    return strings
