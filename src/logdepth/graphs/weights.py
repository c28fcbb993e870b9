"""Weights of a text file that float64 cannot tell apart: refused, with both their lines."""

from __future__ import annotations

import numpy as np

from logdepth.graphs.decimals import Texts
from logdepth.graphs.dialect import Dialect
from logdepth.graphs.text import TextFile, clip


def check_weights(file: TextFile, dialect: Dialect, line: int, weight: np.ndarray, texts: Texts) -> None:
    """Raise `InputError` if two weights of the file, which has `line` lines before its rows, are one float64."""
    if (merged := texts.merged(weight)) is None:
        return
    (one, first), (other, second) = merged
    lines = (number for number, _, text in file.lines() if number > line and dialect.cut(text) is not None)
    where = [number for row, number in zip(range(other + 1), lines, strict=False) if row in (one, other)]
    raise file.error(
        where[1], f"the weights {clip(second)} and (line {where[0]}) {clip(first)} differ, but are one float64: "
        "write fewer digits, or scale them to whole numbers"
    )  # fmt: skip
