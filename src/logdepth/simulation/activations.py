"""Activation functions by the names that Hugging Face configs give them, on arrays of any shape."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from logdepth.errors import InputError

Array = np.ndarray


def _gelu(x: Array) -> Array:
    return x * x.dtype.type(0.5) * (1 + _erf()(x * x.dtype.type(math.sqrt(0.5))))


def _gelu_new(x: Array) -> Array:
    inner = x * (1 + x.dtype.type(0.044715) * x * x)
    return x.dtype.type(0.5) * x * (1 + np.tanh(x.dtype.type(math.sqrt(2 / math.pi)) * inner))


def _silu(x: Array) -> Array:
    return x * x.dtype.type(0.5) * (1 + np.tanh(x * x.dtype.type(0.5)))  # x / (1 + e^-x), without overflow


@functools.cache
def _erf() -> Callable[[Array], Array]:
    """The error function, which NumPy lacks, by Numba."""
    import numba

    return numba.vectorize([numba.float64(numba.float64), numba.float32(numba.float32)], cache=True)(_error_function)


def _error_function(value):  # what Numba compiles
    return math.erf(value)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "gelu": _gelu,
    "gelu_new": _gelu_new,
    "gelu_pytorch_tanh": _gelu_new,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "silu": _silu,
    "swish": _silu,
    "tanh": np.tanh,
}


def check_activation(name: object, where: str) -> str:
    """The name, if it is one. Raises `InputError`, naming `where` and what there is.

    >>> check_activation("gelu", "a model")
    'gelu'
    """
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise InputError(f"{where} has activation {name!r}; known are: {', '.join(ACTIVATIONS)}")
    return name
