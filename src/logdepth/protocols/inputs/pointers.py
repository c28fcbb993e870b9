"""Pointers as inputs: a map of 0..n-1 to itself, and how often it is followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.mpc.table import Array
from logdepth.protocols.inputs.input import Input, Size, Source
from logdepth.protocols.inputs.whole_numbers import whole_numbers


@dataclass(frozen=True, eq=False)
class Pointers:
    """A map of 0..n-1 to itself, `ptr`, int (n,); and the power wanted: None follows every path to its end.

    >>> Pointers(np.array([0, 0, 1]), power=2).power
    2
    """

    ptr: Array
    power: int | None = None


def _read(source: Source) -> Pointers:
    from logdepth.protocols.inputs.number_files import read_numbers

    values = read_numbers(source.path)
    if values.dtype.kind != "i":
        raise InputError(f"{source.path}: pointers are whole numbers")
    return Pointers(values, source.power)


def _sample(rng: np.random.Generator, size: Size) -> Pointers:
    """Each row points 1 to 3 rows back, and the first to itself."""
    return Pointers(np.maximum(np.arange(size.rows) - rng.integers(1, 4, size.rows), 0), None)


def _config(data: Pointers) -> dict[str, Any]:
    size = len(whole_numbers("ptr", data.ptr))
    if data.power is None:
        return {"size": size}
    if data.power < 0:
        raise InputError(f"power is {data.power}; it must be at least 0")
    return {"size": size, "power": int(data.power)}


POINTERS = Input(
    name="pointers",
    option="input",
    measures=("size",),
    read=_read,
    sample=_sample,
    config=_config,
    sized=lambda size: {"size": size.rows},
    words=lambda config: config["size"],
)
