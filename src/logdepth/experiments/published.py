"""What the paper's figures show, as numbers: Sanford, Hsu, Telgarsky (2024), Figures 2, 6, 7 and 9.

The errors were read off the authors' notebooks; they appear to have been taken with dropout 0.1 switched on, so a
comparison should show both.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def published_errors(num_heads: int = 4) -> dict[tuple[int, int], float]:
    """The published error by (depth, k), fresh samples; 4 heads and width 128, or 8 and 256.

    >>> published_errors()[2, 3]
    0.346023
    """
    text = (files("logdepth.experiments") / "published_errors.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {(int(r["depth"]), int(r["k"])): float(r["error"]) for r in rows if int(r["heads"]) == num_heads}


@cache
def released_errors(num_heads: int = 4) -> dict[tuple[int, int], float]:
    """The error by (depth, k) of the nets that the authors released, dropout off, depths 2 to 5 with 4 heads (of
    others nothing is known): 500 strings for each k, `logdepth import-run` and `logdepth evaluate`.

    >>> released_errors()[2, 3], released_errors(8)
    (0.26132, {})
    """
    if num_heads != 4:
        return {}
    text = (files("logdepth.experiments") / "released_errors.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {(int(r["layers"]), int(r["k"])): float(r["error"]) for r in rows}


# layer -> {j: cosine with find^j} of the released six-layer net on hop_16 (where the paper gives a number)
PUBLISHED_POINTERS: dict[int, dict[int, float | None]] = {
    2: {1: 0.93},
    3: {1: 0.93},
    4: {1: 0.94, 2: 0.91, 3: 0.79},
    5: {1: None, 3: 0.91, 5: 0.81},
    6: {5: None, 7: 0.83, 8: 0.77, 9: None},
}
