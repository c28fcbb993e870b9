"""A protocol's words as a router's: any word of at most 64 bits, whatever it is, as limbs of 22 bits.

A router moves whole numbers below 2^31 - 2, a word of a protocol is any number or Boolean of at most 64 bits
(`mpc/words.py`). So a word travels as its bits, least significant first: one limb for words of up to 16 bits, two for
32, three for 64. Sign, fraction, NaN's payload and minus zero are bits like all others, so what arrives is what was
sent, to the bit. The dtype itself is text of the program, the same at both ends, and does not travel.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, Shaped

LIMB_BITS = 22
MOST_LIMBS = 3  # of one word: 64 bits
_MASK = np.uint64((1 << LIMB_BITS) - 1)


def num_limbs(dtype: np.dtype) -> int:
    """How many limbs a word of this type takes.

    >>> [num_limbs(np.dtype(name)) for name in ("bool", "int16", "int32", "float64", "complex64")]
    [1, 1, 2, 3, 3]
    """
    return -(-8 * dtype.itemsize // LIMB_BITS)


def to_limbs(column: Shaped[np.ndarray, " rows"]) -> Int[np.ndarray, "rows limbs"]:
    """Each word's limbs.

    >>> to_limbs(np.array([5, -1])).tolist()
    [[5, 0, 0], [4194303, 4194303, 1048575]]
    """
    dtype = column.dtype
    bits = np.ascontiguousarray(column).view(f"u{dtype.itemsize}").astype(np.uint64)
    shifts = LIMB_BITS * np.arange(num_limbs(dtype), dtype=np.uint64)
    return (bits[:, None] >> shifts & _MASK).astype(np.int64)


def from_limbs(limbs: Int[np.ndarray, "rows limbs"], dtype: np.dtype) -> Shaped[np.ndarray, " rows"]:
    """The words again: the inverse of `to_limbs`.

    >>> from_limbs(to_limbs(np.array([-0.0, 2.5])), np.dtype("float64")).tolist()
    [-0.0, 2.5]
    """
    shifts = LIMB_BITS * np.arange(limbs.shape[1], dtype=np.uint64)
    bits = np.bitwise_or.reduce(limbs.astype(np.uint64) << shifts, axis=1)
    return bits.astype(f"u{dtype.itemsize}").view(dtype)
