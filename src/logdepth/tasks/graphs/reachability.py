"""Reachability where every vertex has one arc at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs.graph import Graph
from logdepth.tasks.graphs.families import FAMILIES, Family, shuffled
from logdepth.tasks.graphs.solver import reaches
from logdepth.tasks.graphs.task import GraphTask


def _map(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.stack([np.arange(n), rng.integers(0, n, n)], 1)


_FAMILIES: dict[str, Family] = {
    "map": _map,
    "path": FAMILIES["path"],
    "path back": lambda rng, n: FAMILIES["path"](rng, n)[:, ::-1],
    "cycle": FAMILIES["cycle"],
    "tree": lambda rng, n: FAMILIES["tree"](rng, n)[:, ::-1],
}


@final
@dataclass(frozen=True)
class Reachability(GraphTask):
    """Whether following the arcs from a vertex leads to vertex 0, the first of the file's."""

    name = "reachability"
    summary = "whether the arcs from a vertex, one each, lead to the first vertex"
    of = "vertices"
    families = _FAMILIES
    programs = {"reachability_doubling": "doubling"}  # noqa: RUF012 (a ClassVar of Checked's)

    def solve(self, edges: np.ndarray) -> np.ndarray:
        return reaches(self.vertices, edges).astype(np.int64)

    def is_instance(self, edges: np.ndarray) -> bool:
        return len(np.unique(edges[:, 0])) == len(edges)

    def check_graph(self, graph: Graph) -> None:
        arcs = np.bincount(graph.tail, minlength=graph.num_vertices)
        if arcs.max(initial=0) > 1:
            vertex = int(np.argmax(arcs))
            raise InputError(
                f"vertex {graph.ids[vertex]} has {arcs[vertex]} arcs that leave it; a vertex of a functional graph has "
                "one at most"
            )

    def draw(self, rng: np.random.Generator, family: str) -> np.ndarray:
        n = self.vertices if rng.random() < 0.5 else int(rng.integers(1, self.vertices + 1))
        return shuffled(rng, self.families[family](rng, n), self.vertices, self.edges, turned=False)

    def column(self, graph: Graph, answers: np.ndarray) -> dict[str, np.ndarray]:
        return {"reaches the first": answers.astype(bool)}
