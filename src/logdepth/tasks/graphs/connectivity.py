"""Connected components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from logdepth.graphs.graph import Graph
from logdepth.tasks.graphs.promise import PromisedTask, eccentricities
from logdepth.tasks.graphs.solver import component_labels


@final
@dataclass(frozen=True)
class Connectivity(PromisedTask):
    """Each vertex's label: the least vertex of its component. Under a promise, nothing where a connected vertex is out
    of its ball.

    >>> path = np.array([[0, 1], [1, 2]])
    >>> Connectivity(vertices=5, edges=2).solve(path).tolist()
    [0, 0, 0, 3, 4]
    >>> Connectivity(vertices=5, edges=2, diameter=1).solve(path).tolist()  # class 5 says nothing
    [5, 0, 5, 3, 4]
    """

    name = "connectivity"
    summary = "the least vertex of each vertex's component"
    of = "vertices"
    check = 1
    programs = {"connectivity_hooking": "hooking", "connectivity_squaring": "squaring"}  # noqa: RUF012 (a ClassVar of Checked's)

    @property
    def num_classes(self) -> int:
        return self.vertices + bool(self.kept)

    def solve(self, edges: np.ndarray) -> np.ndarray:
        labels = component_labels(self.vertices, edges)
        if self.nothing is None:
            return labels
        return np.where(eccentricities(self.vertices, edges) > self.radius, self.nothing, labels)

    def column(self, graph: Graph, answers: np.ndarray) -> dict[str, np.ndarray]:
        return {"label": graph.ids[answers]}
