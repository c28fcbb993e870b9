"""What a transformer did: the attention and the residual stream of every layer. One type for all models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Trace:
    """attention[l]: `(batch, heads, query, key)` of layer l + 1. residual[l]: `(batch, slots, m)` after layer l
    (0: the embedding). logits: `(batch, slots, vocabulary)`. head_names[l][h] says what a head is for."""

    attention: tuple[Float[np.ndarray, "batch _heads query key"], ...]
    residual: tuple[Float[np.ndarray, "batch slots m"], ...]
    logits: Float[np.ndarray, "batch slots vocabulary"]
    head_names: tuple[tuple[str, ...], ...] = ()
