"""What a transformer did: the attention and the residual stream of every layer. One type for all models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True, eq=False)
class Trace:
    """attention[l]: `(batch, heads, query, key)` of layer l + 1. residual[l]: `(batch, slots, m)` after layer l
    (0: the embedding). logits: `(batch, slots, vocabulary)`. head_names[l][h] says what a head is for."""

    attention: tuple[Float[np.ndarray, "batch _heads query key"], ...]
    residual: tuple[Float[np.ndarray, "batch slots m"], ...]
    logits: Float[np.ndarray, "batch slots vocabulary"]
    head_names: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, eq=False)
class SparseTrace:
    """What heads found by hash attention, a number a head and query: memory O(batch heads slots).

    found[l]: `(batch, heads, query)` of layer l + 1: the slot that the head attends to, 0 for the start token; of a
    head that averages (`counts[l][h]`) how many slots tie with the start token, so that its weights are
    1/(1 + that number). residual[l]: `(batch, slots, m)` after layer l, if it was asked for. answers: `(batch, slots)`,
    ids.
    """

    found: tuple[Int[np.ndarray, "batch _heads query"], ...]
    counts: tuple[tuple[bool, ...], ...]
    answers: Int[np.ndarray, "batch slots"]
    head_names: tuple[tuple[str, ...], ...]
    residual: tuple[Float[np.ndarray, "batch slots m"], ...] = ()
