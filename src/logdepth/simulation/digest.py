"""What a model is, as one number: so that a checkpoint of one model's run is never taken up with another's weights."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def digest(model: Any) -> str:
    """SHA-256 of all arrays, numbers and functions that a (frozen) dataclass is made of.

    A function counts by its code, not by what it holds on to.

    >>> from logdepth.simulation.layers import SimulatedEmbedding
    >>> one, two, three = (SimulatedEmbedding(np.full((1, 1), value)) for value in (1.0, 1.0, 2.0))
    >>> digest(one) == digest(two), digest(one) == digest(three)
    (True, False)
    """
    found = hashlib.sha256()
    _add(found, model, {})
    return found.hexdigest()


def _add(found: Any, part: Any, seen: dict[int, bytes]) -> None:
    if isinstance(part, np.ndarray):
        if id(part) not in seen:  # tied weights are read once
            seen[id(part)] = hashlib.sha256(np.ascontiguousarray(part).data).digest()
        found.update(f"{part.dtype}{part.shape}".encode() + seen[id(part)])
    elif is_dataclass(part):
        found.update(type(part).__qualname__.encode())
        for field in fields(part):
            found.update(field.name.encode())
            _add(found, getattr(part, field.name), seen)
    elif isinstance(part, list | tuple):
        found.update(f"{len(part)} of".encode())
        for each in part:
            _add(found, each, seen)
    elif hasattr(part, "__code__"):
        found.update(part.__code__.co_code + repr(part.__code__.co_consts).encode())
    else:
        found.update(repr(part).encode())
