"""Connected components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from logdepth.graphs.graph import Graph
from logdepth.tasks.graphs.solver import component_labels
from logdepth.tasks.graphs.task import GraphTask


@final
@dataclass(frozen=True)
class Connectivity(GraphTask):
    """Each vertex's label: the least vertex of its component."""

    name = "connectivity"
    summary = "the least vertex of each vertex's component"
    of = "vertices"
    programs = {"connectivity_hooking": "hooking"}  # noqa: RUF012 (a ClassVar of Checked's)

    @property
    def num_classes(self) -> int:
        return self.vertices

    def solve(self, edges: np.ndarray) -> np.ndarray:
        return component_labels(self.vertices, edges)

    def column(self, graph: Graph, answers: np.ndarray) -> dict[str, np.ndarray]:
        return {"label": graph.ids[answers]}
