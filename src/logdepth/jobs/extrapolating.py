"""A cost at a size that was not run, from costs at smaller ones. The cost models of plans stand on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def extrapolate(
    sizes: Sequence[float], values: Sequence[float], target: float, weights: Sequence[float] | None = None
) -> float:
    """`a + b n + c n log2 n` at `target`, the coefficients fitted to relative errors, none negative.

    Of all fits with some of the three terms the best; a simpler one if it is hardly worse. weights: of the errors.

    >>> round(extrapolate([10, 20, 40], [25, 45, 85], 80)), round(extrapolate([8, 16, 32], [24, 64, 160], 64))
    (165, 384)
    """
    n, y = np.asarray(sizes, float), np.maximum(np.asarray(values, float), 1e-12)
    basis = np.stack([np.ones_like(n), n, n * np.log2(np.maximum(n, 1))], axis=1)
    there = np.array([1.0, target, target * np.log2(max(target, 1))])
    root = np.ones(len(n)) if weights is None else np.sqrt(np.asarray(weights) / np.mean(weights))
    best, found = np.inf, float(y[-1])
    for terms in ([0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]):
        scaled = basis[:, terms] * (root / y)[:, None]
        weight = np.linalg.norm(scaled, axis=0)
        if not weight.all():  # n log2 n of shares of a word or less
            continue
        coefficients = np.linalg.lstsq(scaled / weight, root, rcond=None)[0] / weight
        error = float(np.linalg.norm(scaled @ coefficients - root))
        if (coefficients >= 0).all() and error < best - 0.003:
            best, found = error, float(there[terms] @ coefficients)
    return found
