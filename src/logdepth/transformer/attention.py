"""Attention as functions of scores: soft (Definition 2.1) and hard (uniform over the maximisers, Lemma A.2)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

Scores = Float[np.ndarray, "batch query key"]


def causal_mask(num_slots: int) -> np.ndarray:
    """True where query i may not see key j: j > i."""
    return np.triu(np.ones((num_slots, num_slots), bool), 1)


def soft_attention(scores: Scores, sharpness: float) -> Scores:
    """`softmax(sharpness * scores)` along the last axis. Masked scores are -inf.

    >>> soft_attention(np.array([[[0.0, 0.0]]]), 1.0).tolist()
    [[[0.5, 0.5]]]
    """
    scaled = sharpness * (scores - scores.max(-1, keepdims=True))
    weights = np.exp(scaled)
    return weights / weights.sum(-1, keepdims=True)


def hard_attention(scores: Scores, sharpness: float) -> Scores:
    """Uniform over the maximisers (within 2^-20, for sums in another order). `sharpness` does not matter.

    >>> hard_attention(np.array([[[1.0, 3.0, 3.0]]]), 1.0).tolist()
    [[[0.0, 0.5, 0.5]]]
    """
    best = scores >= scores.max(-1, keepdims=True) - 2.0**-20
    return best / best.sum(-1, keepdims=True)


ATTENTION: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "soft": soft_attention,
    "hard": hard_attention,
}
