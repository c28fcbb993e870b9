"""Weights to `model.safetensors`, without torch."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

from logdepth.compiler.transformer_to_gpt2 import Gpt2


def write_weights(path: Path, gpt2: Gpt2) -> None:
    """Write the tensors in the model's dtype (rounded to nearest even)."""
    dtype = np.dtype(ml_dtypes.bfloat16 if gpt2.dtype == "bfloat16" else gpt2.dtype)
    tensors = {name: np.ascontiguousarray(tensor, dtype=dtype) for name, tensor in gpt2.tensors.items()}
    save_file(tensors, str(path), {"format": "pt"})
