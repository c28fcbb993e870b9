"""Rivals of one size: the width at which a family has about as many parameters as another model."""

from __future__ import annotations

from collections.abc import Callable

from logdepth.errors import InputError
from logdepth.models.build import build_model
from logdepth.models.config import ModelConfig

STEP = 32  # widths that every family takes
WIDEST = 512


def matched_width(shape: Callable[[int], ModelConfig], parameters: int) -> int:
    """Of the widths 32, 64, .. the one whose parameters are nearest to so many. shape: a width's config.

    Raises `InputError` if even the narrowest has twice as many.

    >>> shape = lambda width: ModelConfig("modern", vocab_size=7, max_length=9, num_layers=1, embed_dim=width)
    >>> matched_width(shape, count_parameters(shape(96)) + 1000)
    96
    """
    best, gap = 0, float("inf")
    for width in range(STEP, WIDEST + 1, STEP):
        count = count_parameters(shape(width))
        if abs(count - parameters) < gap:
            best, gap = width, abs(count - parameters)
        elif count > parameters:
            break
    if gap > parameters:
        raise InputError(f"{shape(STEP).family} has {count_parameters(shape(STEP)):,} parameters at a width of {STEP}")
    return best


def count_parameters(config: ModelConfig) -> int:
    """Numbers that are trained; nothing is drawn or allocated.

    >>> count_parameters(ModelConfig("modern", vocab_size=7, max_length=5, num_layers=1, embed_dim=8))
    908
    """
    import torch

    with torch.device("meta"):
        return build_model(config).num_parameters
