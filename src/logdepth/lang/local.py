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
        case op if op in BIT_OPERATIONS:
            return evaluate_bits(node, args)
    raise AssertionError(node.op)
