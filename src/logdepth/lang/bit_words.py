"""What the operations on sets mean, on NumPy arrays. A set's words hold 32 members each, the lowest first."""

from __future__ import annotations

import numpy as np

from logdepth.lang.graph import Node

LIMB = 32  # members of a word: sums of two words, and their codes, are far from 64 bits

# Operations whose arguments (but for the first of `holds`) are read bit by bit.
BITWISE = ("bit_and", "bit_or", "bit_xor", "flip", "holds", "lowest", "highest", "bit_count")
BIT_OPERATIONS = ("hot", "below", *BITWISE)


def evaluate_bits(node: Node, args: list[np.ndarray]) -> np.ndarray:
    """The value of an operation on sets from its arguments' values (int64 arrays of one shape).

    >>> evaluate_bits(Node("hot", (0,), 0, 15, info=(0, 4)), [np.array([0, 2, 9])]).tolist()
    [1, 4, 0]
    """
    match node.op:
        case "hot" | "below":
            first, width = node.info
            place = args[0] - first
            if node.op == "hot":
                found = np.where((place >= 0) & (place < width), _power(np.clip(place, 0, width)), 0)
            else:
                found = _power(np.clip(place, 0, width)) - 1
            return found if len(args) == 1 else np.where(args[1] == 1, found, 0)
        case "bit_and":
            return args[0] & args[1]
        case "bit_or":
            return args[0] | args[1]
        case "bit_xor":
            return args[0] ^ args[1]
        case "flip":
            return ((1 << node.info) - 1) - args[0]
        case "holds":
            return holds(args[0], args[1:])
        case "bit_count":
            return sum((arg >> place & 1 for arg in args for place in range(LIMB)), np.zeros_like(args[0]))
        case "lowest" | "highest":
            found = np.full_like(args[0], node.info)
            for start, arg in _from_last(args, reverse=node.op == "lowest"):
                one = arg & -arg if node.op == "lowest" else arg  # a power of two, or at most one more place
                place = np.frexp(one.astype(np.float64))[1] - 1  # exact: 32 bits
                found = np.where(arg != 0, start + place, found)
            return found
    raise AssertionError(node.op)


def holds(word: np.ndarray, limbs: list[np.ndarray]) -> np.ndarray:
    """1 where a word is a member of the set that limbs are, else 0."""
    found = np.zeros_like(word)
    for start, limb in _from_last(limbs, reverse=False):
        place = word - start
        found |= np.where((place >= 0) & (place < LIMB), limb >> np.clip(place, 0, LIMB) & 1, 0)
    return found


def _from_last(limbs: list[np.ndarray], *, reverse: bool) -> list[tuple[int, np.ndarray]]:
    """Limbs with the first member of each; reversed, the lowest comes last (and has the last word)."""
    found = [(number * LIMB, limb) for number, limb in enumerate(limbs)]
    return found[::-1] if reverse else found


def _power(place: np.ndarray) -> np.ndarray:
    return np.left_shift(np.int64(1), place.astype(np.int64))
