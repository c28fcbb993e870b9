"""Spanning forests, of any edges and of the lightest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from logdepth.tasks.graphs.solver import forest
from logdepth.tasks.graphs.task import GraphTask


class _Forest(GraphTask):
    of = "edges"

    def solve(self, edges: np.ndarray) -> np.ndarray:
        return forest(self.vertices, edges).astype(np.int64)


@final
@dataclass(frozen=True)
class SpanningForest(_Forest):
    """The edges that a forest is made of which joins what is connected: the last that do."""

    name = "spanning-forest"
    summary = "edges that join what is connected, without a cycle"
    programs = {"spanning_forest_hooking": "hooking"}  # noqa: RUF012 (a ClassVar of Checked's)


@final
@dataclass(frozen=True)
class MinimumSpanningForest(_Forest):
    """The same of edges with weights, which stand in the order of falling weight."""

    name = "msf"
    summary = "the edges of the minimum spanning forest"
    weighted = True
    programs = {"msf_hooking": "hooking"}  # noqa: RUF012 (a ClassVar of Checked's)
