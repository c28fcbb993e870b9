"""Running a stock model within a working memory that is known in advance: few rows at once, and long rows piece by
piece through the key-value cache, so that neither vocabulary x tokens nor length x length is ever held as a whole.

A piece is a call of the stock model, as `generate` makes them. Its sums may be taken in another order than in one
call of the whole, which the certificate allows for (`floats.py`): what is proved holds for pieces, too.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from logdepth.compiler.target import Stock

MEMORY = 2 << 30  # bytes of working memory, weights not counted


@dataclass(frozen=True)
class Sizes:
    """What working memory and time are counted from."""

    layers: int
    heads: int
    width: int
    inner: int
    vocabulary: int

    @classmethod
    def of(cls, config: Any, stock: Stock) -> Sizes:
        """Out of a stock model's config."""
        layers, heads, width, inner = (
            getattr(config, name) for name in (stock.layers, stock.heads, stock.width, stock.inner)
        )
        return cls(layers, heads, width, inner or 4 * width, config.vocab_size)


@dataclass(frozen=True)
class Room:
    """How much runs at once: `rows` sequences, `slots` tokens of each."""

    rows: int
    slots: int


def room(
    sizes: Sizes, num_slots: int, itemsize: int, memory: int = MEMORY, most_rows: int = 64, *, whole: bool = False
) -> Room:
    """What fits into `memory` bytes for sequences of `num_slots` tokens, by a count of the arrays that are alive.
    `whole`: rows cannot be cut into pieces, so one is run at least.

    For a token: its logits and a copy in float32; scores against all tokens in every head (scores, mask, softmax in
    float32, weights); a layer's hidden units and its widths, keys and values of all layers.

    >>> sizes = Sizes(layers=4, heads=1, width=150, inner=64, vocabulary=50_001)
    >>> room(sizes, 1025, 4), room(sizes, 1025, 4, memory=1 << 28)
    (Room(rows=4, slots=1025), Room(rows=1, slots=625))
    """
    wide = max(itemsize, 4)
    token = (
        2 * wide * sizes.vocabulary
        + 4 * wide * sizes.heads * num_slots
        + 3 * itemsize * sizes.inner
        + (12 + 2 * sizes.layers) * itemsize * sizes.width
    )
    fit = max(1, memory // token)
    if whole or fit >= num_slots:
        return Room(max(1, min(most_rows, fit // num_slots)), num_slots)
    return Room(1, fit)


def logits(model: Any, tokens: Any, mask: Any = None, positions: Any = None) -> Any:
    """Logits `(batch, slots, vocabulary)` as a torch tensor, in one call."""
    return _call(model, tokens, mask, positions, None, False).logits


def logits_by_pieces(
    model: Any, tokens: np.ndarray, slots: int, mask: np.ndarray | None = None, positions: np.ndarray | None = None
) -> Iterator[tuple[int, Any]]:
    """(first slot, logits of up to `slots` slots), piece by piece; all in one call if they fit."""
    total = tokens.shape[1]
    if slots >= total:
        yield 0, logits(model, tokens, mask, positions)
        return
    yield from cached(model, tokens, [*range(0, total, slots), total], mask, positions)


def cached(
    model: Any,
    tokens: np.ndarray,
    cuts: list[int],
    mask: np.ndarray | None = None,
    positions: np.ndarray | None = None,
) -> Iterator[tuple[int, Any]]:
    """(first slot, logits) from one cut to the next, through the key-value cache."""
    cache = None
    for first, last in itertools.pairwise(cuts):
        seen = np.ones((len(tokens), last), np.int64) if mask is None else mask[:, :last]
        at = None if positions is None else positions[:, first:last]
        out = _call(model, tokens[:, first:last], seen, at, cache, True)
        cache = out["cache"] if "cache" in out else out["past_key_values"]  # renamed in transformers 5.24
        scores = [out.logits]
        del out
        yield first, scores.pop()  # not held here while the next piece is made


def _call(model: Any, tokens: Any, mask: Any, positions: Any, cache: Any, use_cache: bool) -> Any:
    import torch

    device = next(model.parameters()).device
    ids = torch.as_tensor(tokens, device=device)
    attention = torch.ones_like(ids) if mask is None else torch.as_tensor(mask, device=device)
    extra: dict[str, Any] = {} if positions is None else {"position_ids": torch.as_tensor(positions, device=device)}
    named = inspect.signature(model.forward).parameters
    if cache is not None:
        extra["cache" if "cache" in named else "past_key_values"] = cache
    if "use_cache" in named:  # architectures that see whole sequences have none
        extra["use_cache"] = use_cache
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=attention, **extra)
