"""One cycle or two: the question on whose hardness the paper's conditional lower bounds stand (section 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs.graph import Graph
from logdepth.tasks.graphs.families import CYCLES, FAMILIES
from logdepth.tasks.graphs.promise import PromisedTask, eccentricities
from logdepth.tasks.graphs.solver import component_labels


@final
@dataclass(frozen=True)
class OneVersusTwoCycle(PromisedTask):
    """Whether a union of cycles is one; of any graph, whether all its edges are connected. Under a promise, class 2,
    nothing, where the ball around the first edge's second end lacks a vertex that is connected with it.

    >>> OneVersusTwoCycle(vertices=4, edges=4).solve(np.array([[0, 1], [1, 0], [2, 3], [3, 2]])).tolist()
    [0]
    """

    name = "one-versus-two-cycle"
    summary = "whether a union of cycles is one cycle"
    of = "whole"
    families = {**CYCLES, "any": FAMILIES["threshold"]}  # noqa: RUF012 (a ClassVar of GraphTask's)
    programs = {"one_cycle_hooking": "hooking", "one_cycle_squaring": "squaring"}  # noqa: RUF012 (a ClassVar of Checked's)

    @property
    def num_classes(self) -> int:
        return 2 + bool(self.kept)

    def solve(self, edges: np.ndarray) -> np.ndarray:
        furthest = eccentricities(self.vertices, edges)[edges[:1, 1]]  # from the first edge's second end
        if self.nothing is not None and (furthest > self.radius).any():
            return np.array([self.nothing])
        labels = component_labels(self.vertices, edges)
        return np.array([len(np.unique(labels[edges])) <= 1]).astype(np.int64)

    def check_graph(self, graph: Graph) -> None:
        if not graph.num_edges:
            raise InputError("the graph has no edges, so no cycle; a disjoint union of cycles has one at least")
        degree = np.bincount(np.concatenate([graph.tail, graph.head]), minlength=graph.num_vertices)
        if (odd := degree != 2).any():
            vertex = int(np.argmax(odd))
            raise InputError(
                f"vertex {graph.ids[vertex]} has degree {degree[vertex]}; in a disjoint union of cycles every degree "
                "is 2 (each edge given once, in one direction)"
            )

    def table(self, graph: Graph, answers: np.ndarray) -> dict[str, np.ndarray]:
        return {"one cycle": answers.astype(bool)}
