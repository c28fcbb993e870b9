"""Word arithmetic on NumPy arrays: what each local operation means, written once."""

from __future__ import annotations

import numpy as np

from logdepth.lang.bit_words import BIT_OPERATIONS, evaluate_bits
from logdepth.lang.graph import Node


def evaluate_local(node: Node, args: list[np.ndarray]) -> np.ndarray:
    """The value of a local operation from its arguments' values (integer arrays of one shape).

    >>> node = Node("subtract", (0, 1), -3, 3)
    >>> evaluate_local(node, [np.array([1, 2]), np.array([2, 0])]).tolist()
    [-1, 2]
    """
    match node.op:
        case "shift":
            return args[0] + node.info
        case "recode" | "cast":
            return args[0]
        case "not":
            return 1 - args[0]
        case "add":
            return args[0] + args[1]
        case "subtract":
            return args[0] - args[1]
        case "less":
            return (args[0] < args[1]).astype(np.int64)
        case "equal":
            return (args[0] == args[1]).astype(np.int64)
        case "minimum":
            return np.minimum(args[0], args[1])
        case "maximum":
            return np.maximum(args[0], args[1])
        case "select":
            return np.where(args[0] == 1, args[1], args[2])
        case "choose":
            return np.take_along_axis(np.stack(args[1:]), (args[0] - node.info)[None], 0)[0]
        case "table":
            axes, values = node.info
            index = np.zeros_like(args[0])
            for value, (low, size) in zip(args, axes, strict=True):
                index = index * size + (value - low)
            return np.asarray(values, np.int64)[index]
        case "bit":
            base, place, width = node.info
            return (args[0] - base) >> place & ((1 << width) - 1)
        case "total":
            return weighed(node.info, args)
        case "quotient":
            factors, parts = node.info
            return quotient(weighed(factors, args), parts * args[len(factors)], node.lo, node.hi)
        case op if op in BIT_OPERATIONS:
            return evaluate_bits(node, args)
    raise AssertionError(node.op)


def weighed(factors: tuple[int, ...], words: list[np.ndarray]) -> np.ndarray:
    """The sum of words times their factors; more words than factors are left out.

    >>> weighed((2, -1), [np.array([3, 1]), np.array([1, 1])]).tolist()
    [5, 1]
    """
    return sum((factor * word for factor, word in zip(factors, words, strict=False)), np.zeros_like(words[0]))


def quotient(a: np.ndarray, b: np.ndarray, lo: int, hi: int) -> np.ndarray:
    """a / b rounded down, clamped to lo..hi; where b is 0 the greatest for a > 0, the least for a < 0, and 0 for 0.

    >>> quotient(np.array([7, -7, 0, 9, -9]), np.array([2, 2, 0, 0, 0]), -5, 5).tolist()
    [3, -4, 0, 5, -5]
    """
    found = np.where(b > 0, a // np.maximum(b, 1), np.where(a > 0, hi, np.where(a < 0, lo, 0)))
    return np.clip(found, lo, hi)
