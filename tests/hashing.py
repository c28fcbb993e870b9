"""What hash attention must be: hard attention, bit for bit, in every residual, every pointer and every answer."""

from __future__ import annotations

import numpy as np

from logdepth.transformer import Transformer


def check_hash(model: Transformer, tokens: np.ndarray, lengths: np.ndarray | None = None) -> None:
    """Raises `AssertionError` where hash attention differs from hard attention at a slot that means something."""
    hard = model.trace(tokens, "hard", lengths)
    hashed = model.sparse_trace(tokens, lengths, residual=True)
    batch, slots = tokens.shape
    real = np.arange(slots) <= (np.full(batch, slots - 1) if lengths is None else lengths)[:, None]
    assert len(hard.residual) == len(hashed.residual) == model.depth + 1
    for layer, (one, other) in enumerate(zip(hard.residual, hashed.residual, strict=True)):
        assert (one[real] == other[real]).all(), layer
    assert (hard.logits.argmax(-1)[real] == hashed.answers[real]).all()
    assert hard.head_names == hashed.head_names
    for weights, found, counts in zip(hard.attention, hashed.found, hashed.counts, strict=True):
        for head, averages in enumerate(counts):
            weight, told = weights[:, head][real], found[:, head][real]
            if averages:
                assert ((weight > 0).sum(-1) == 1 + told).all() and (weight[:, 0] > 0).all()
            else:
                assert (weight == (np.arange(slots) == told[:, None])).all()
