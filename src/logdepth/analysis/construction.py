"""Which construction a net is nearer to, by how many hops it has in hand after each layer.

*rank* holds the symbol and rank of find^p after layer l, p = 2^(l-1) - 1, and its layer l attends to find^(p'+1) with
p' of the layer before: find^(2^(l-2)). *doubling* holds the position of find^(2^(l-2)) after layer l. Both as in
`programs/khop.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

from logdepth.analysis.probes import decodable


@dataclass(frozen=True)
class Verdict:
    """reached[l]: the largest j in hand after layer l (0: none). distances: to each construction, in doublings, the
    mean over the layers judged. verdict: `rank`, `doubling`, `between`, or `beyond rank`."""

    reached: dict[int, int]
    distances: dict[str, float]
    verdict: str

    def row(self) -> dict[str, Any]:
        """Plain data."""
        return {"reached": self.reached, "distances": self.distances, "verdict": self.verdict}


def reach_of(construction: str, layer: int) -> int:
    """The hops a construction has in hand after a layer.

    >>> [reach_of("rank", layer) for layer in (1, 2, 3, 4)], [reach_of("doubling", layer) for layer in (1, 2, 3, 4)]
    ([0, 1, 3, 7], [0, 1, 2, 4])
    """
    if layer < 2:
        return 0
    return (1 << (layer - 1)) - 1 if construction == "rank" else 1 << (layer - 2)


def reached_hops(rows: Sequence[dict[str, Any]], accuracy: float = 0.99) -> dict[int, int]:
    """The largest j in hand after each layer: its symbol or its position is decodable (rows of `probe_pointers`)."""
    found: dict[int, int] = {}
    for what in ("symbol", "position"):
        for layer, js in decodable(rows, what, accuracy).items():
            found[layer] = max([found.get(layer, 0), *js])
    return found


def judge(reached: Mapping[int, int], largest: int) -> Verdict:
    """Compare with both constructions over layers 2 to the last but one (the last may forget all but the answer).

    largest: the most hops that were asked about; reaches beyond it count as it.

    >>> judge({1: 0, 2: 1, 3: 3, 4: 7, 5: 16}, 16).verdict, judge({1: 0, 2: 1, 3: 2, 4: 4, 5: 8}, 16).verdict
    ('rank', 'doubling')
    >>> judge({1: 0, 2: 2, 3: 5, 4: 11, 5: 16}, 16).verdict
    'beyond rank'
    """
    last = max(reached, default=0)
    judged = [layer for layer in range(2, max(last, 3)) if layer in reached]
    distances = {}
    for name in ("rank", "doubling"):
        gaps = [abs(log2((reached[layer] + 1) / (min(reach_of(name, layer), largest) + 1))) for layer in judged]
        distances[name] = sum(gaps) / len(gaps) if gaps else float("nan")
    beyond = [layer for layer in judged if reached[layer] > reach_of("rank", layer)]
    if beyond:
        verdict = "beyond rank"
    elif distances["rank"] == distances["doubling"] or not judged:
        verdict = "between"
    else:
        verdict = min(distances, key=lambda name: distances[name])
    return Verdict(dict(reached), distances, verdict)
