"""Two-colouring: is there one?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from logdepth.graphs.graph import Graph
from logdepth.tasks.graphs.solver import is_bipartite
from logdepth.tasks.graphs.task import GraphTask


@final
@dataclass(frozen=True)
class Bipartiteness(GraphTask):
    """Whether the vertices have two colours that differ along every edge: whether no cycle is odd."""

    name = "bipartiteness"
    summary = "whether the vertices have two colours that differ along every edge"
    of = "whole"
    programs = {"bipartite_hooking": "hooking"}  # noqa: RUF012 (a ClassVar of Checked's)

    def solve(self, edges: np.ndarray) -> np.ndarray:
        return np.array([is_bipartite(self.vertices, edges)]).astype(np.int64)

    def table(self, graph: Graph, answers: np.ndarray) -> dict[str, np.ndarray]:
        return {"bipartite": answers.astype(bool)}
