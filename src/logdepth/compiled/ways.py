"""A compiled model run in every way a user may run it: padded on either side, and through its key-value cache."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from logdepth.compiled.folder import Folder
from logdepth.compiled.running import Room, cached, logits_by_pieces

WAYS = ("", ", padded right", ", padded left", ", cache")


def wrong_by_way(
    found: Folder,
    model: Any,
    fit: Room,
    tokens: np.ndarray,
    want: np.ndarray,
    lengths: np.ndarray,
    of_cut: np.ndarray,
) -> dict[str, int]:
    """Wrong positions of each of `WAYS`. `tokens` and `want` are `(rows, slots)`; where a way pads, rows are cut to
    `lengths` symbols, and `of_cut` is right."""
    wrong: dict[str, int] = {}
    for first in range(0, len(tokens), fit.rows):
        rows = slice(first, first + fit.rows)
        each = (tokens[rows], want[rows], lengths[rows], of_cut[rows])
        for way, count in _wrong_of_rows(found, model, fit, *each).items():
            wrong[way] = wrong.get(way, 0) + count
    return wrong


def _wrong_of_rows(
    found: Folder,
    model: Any,
    fit: Room,
    tokens: np.ndarray,
    want: np.ndarray,
    lengths: np.ndarray,
    of_cut: np.ndarray,
) -> dict[str, int]:
    slots, filler = tokens.shape[1], found.vocabulary.nothing
    every = np.ones_like(tokens)
    right = (np.arange(slots) <= lengths[:, None]).astype(np.int64)
    padded = np.where(right == 1, tokens, filler)

    shifted, target, left = np.full_like(tokens, filler), np.zeros_like(tokens), np.zeros_like(tokens)
    for row, length in enumerate(lengths):
        pad = slots - (length + 1)
        shifted[row, pad:], target[row, pad:], left[row, pad:] = tokens[row, : length + 1], of_cut[row, : length + 1], 1
    positions = np.maximum(np.cumsum(left, 1) - 1, 0)  # as `generate` makes them

    wrong = [
        _wrong(logits_by_pieces(model, tokens, fit.slots), want, every),
        _wrong(logits_by_pieces(model, padded, fit.slots, right), of_cut, right),
        _wrong(logits_by_pieces(model, shifted, fit.slots, left, positions), target, left),
    ]
    if found.target.stock.cached:
        half = max(1, slots // 2)  # the first half at once, a few tokens one by one, then the rest
        cuts = sorted({*range(0, slots, fit.slots), half, *range(half, min(slots, half + 8)), slots})
        wrong.append(_wrong(cached(model, tokens, cuts), want, every))
    return dict(zip(WAYS, wrong, strict=False))  # the cache's is the last


def _wrong(pieces: Iterable[tuple[int, Any]], want: np.ndarray, mask: np.ndarray) -> int:
    wrong = 0
    for first, scores in pieces:
        best = scores.argmax(-1).cpu().numpy()
        part = slice(first, first + best.shape[1])
        wrong += int(((best != want[:, part]) & (mask[:, part] == 1)).sum())
    return wrong
