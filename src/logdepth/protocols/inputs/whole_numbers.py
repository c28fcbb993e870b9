"""Whole numbers of 64 bits, or a refusal."""

from __future__ import annotations

from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.mpc.table import Array

_GREATEST = 2**63 - 1


def whole_numbers(name: str, data: Any) -> Array:
    """`data` as a one-dimensional int64 array.

    Raises `InputError` on anything but whole numbers that fit 64 bits, one after another.

    >>> whole_numbers("values", [3, -1]).tolist(), whole_numbers("values", []).dtype
    ([3, -1], dtype('int64'))
    """
    array = np.asarray(data)
    if array.ndim != 1:
        raise InputError(f"{name} has shape {array.shape}; one dimension is needed")
    if array.dtype.kind not in "iu" and len(array):
        raise InputError(f"{name} holds {array.dtype}; whole numbers that fit int64 are needed")
    if array.dtype.kind == "u" and len(array) and array.max() > _GREATEST:
        row = int(np.argmax(array > _GREATEST))
        raise InputError(f"{name}: row {row} is {array[row]}, which does not fit int64 (at most {_GREATEST})")
    return array.astype(np.int64)
