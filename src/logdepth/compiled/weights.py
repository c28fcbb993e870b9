"""Weights to `model.safetensors` and back, without torch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save_file

from logdepth.compiler.target import Checkpoint
from logdepth.errors import FolderError

_NAMES = {"F64": "float64", "F32": "float32", "BF16": "bfloat16"}


def write_weights(path: Path, checkpoint: Checkpoint) -> None:
    """Write the tensors in the model's dtype (rounded to nearest even)."""
    dtype = numpy_dtype(checkpoint.dtype)
    tensors = {name: np.ascontiguousarray(tensor, dtype=dtype) for name, tensor in checkpoint.tensors.items()}
    save_file(tensors, str(path), {"format": "pt"})


def numpy_dtype(name: str) -> np.dtype[Any]:
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def read_weights(path: Path) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    """Every tensor's dtype, shape and bytes, by name. Raises `FolderError` if the file is not safetensors."""
    try:
        found = deserialize(path.read_bytes())
    except (SafetensorError, ValueError, OSError) as error:
        raise FolderError(f"{path} is damaged: {error}") from error
    return {
        name: (_NAMES.get(str(entry["dtype"]), str(entry["dtype"])), tuple(entry["shape"]), bytes(entry["data"]))
        for name, entry in found
    }


def weight_differences(path: Path, checkpoint: Checkpoint) -> Iterator[str]:
    """Every tensor of the file that is not, bit for bit, the model's. Raises `FolderError` for no safetensors file."""
    found = read_weights(path)
    dtype = numpy_dtype(checkpoint.dtype)
    for name in sorted(found.keys() - checkpoint.tensors.keys()):
        yield f"{path.name}: {name} is not one of the model's tensors"
    for name, tensor in checkpoint.tensors.items():
        if name not in found:
            yield f"{path.name}: {name} is missing"
            continue
        kind, shape, data = found.pop(name)
        if (kind, shape) != (checkpoint.dtype, tensor.shape):
            yield f"{path.name}: {name} is {kind} {shape}, should be {checkpoint.dtype} {tensor.shape}"
            continue
        expected = np.ascontiguousarray(tensor, dtype=dtype)
        if data == expected.tobytes():
            continue
        stored = np.frombuffer(data, dtype).reshape(shape)
        bits = np.dtype(f"u{dtype.itemsize}")
        differing = np.argwhere(stored.view(bits) != expected.view(bits))  # NaN and -0.0 count
        index = tuple(int(i) for i in differing[0])
        count = f" ({len(differing):,} of {math.prod(shape):,} entries differ)"
        yield f"{path.name}: {name}{list(index)} is {stored[index]!s}, should be {expected[index]!s}{count}"
