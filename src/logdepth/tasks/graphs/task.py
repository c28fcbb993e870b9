"""What a task about graphs is: random graphs, answers, and how both stand in a sequence."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Int, Integer

from logdepth.graphs.graph import Graph
from logdepth.graphs.tokens import GraphTokens, Of
from logdepth.rng import rng_for
from logdepth.tasks.checked import Checked
from logdepth.tasks.graphs.families import FAMILIES, Family, shuffled
from logdepth.vocabulary import Vocabulary


@dataclass(frozen=True)
class GraphTask(Checked):
    """A question about graphs of at most `vertices` and `edges`.

    summary: the question. of: what an answer is of. weighted: whether edges have weights. families: of random graphs.

    >>> from logdepth.tasks.graphs import Connectivity
    >>> task = Connectivity(vertices=4, edges=2)
    >>> task.ids.length, task.solve(np.array([[3, 1]])).tolist()
    (8, [0, 1, 2, 1])
    """

    vertices: int
    edges: int

    summary: ClassVar[str]
    of: ClassVar[Of]
    weighted: ClassVar[bool] = False
    families: ClassVar[Mapping[str, Family]] = FAMILIES
    own_share = 7
    one_length = True

    @classmethod
    def of_program(
        cls, length: int, alphabet_size: int, header_size: int, parameters: Mapping[str, Any]
    ) -> Self | None:
        """What a program traced for these sizes and parameters computes; None if nothing of this kind."""
        vertices, edges = parameters.get("vertices"), parameters.get("edges")
        if not isinstance(vertices, int) or not isinstance(edges, int) or vertices < 1 or edges < 0:
            return None
        task = cls(vertices, edges)
        return task if (length, alphabet_size) == (task.ids.length, task.ids.alphabet_size) else None

    @cached_property
    def ids(self) -> GraphTokens:
        """The contract of ids."""
        return GraphTokens(self.vertices, self.edges)

    @property
    def num_classes(self) -> int:
        """How many answers there are to choose from."""
        return 2

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.ids.alphabet_size, numbers=range(self.num_classes), classes=True)

    @abstractmethod
    def solve(self, edges: Integer[np.ndarray, "m 2"]) -> Int[np.ndarray, " answers"]:
        """The answers for one graph: of every vertex, of every edge, or one of the whole."""

    def check_graph(self, graph: Graph) -> None:
        """Raises `InputError` for a graph that the question is not about."""

    def check_answers(self, graph: Graph, answers: Int[np.ndarray, " answers"]) -> None:
        """Raises `InputError` where the model says that it has no answer."""

    def table(self, graph: Graph, answers: Int[np.ndarray, " answers"]) -> dict[str, np.ndarray]:
        """The answers in the names of the graph: columns for a file. Those of edges are in the graph's order."""
        if self.of == "edges":
            chosen = np.flatnonzero(answers)
            found = {"edge": chosen, "tail": graph.ids[graph.tail[chosen]], "head": graph.ids[graph.head[chosen]]}
            return found if graph.weight is None else {**found, "weight": graph.weight[chosen]}
        if self.of == "vertices":
            return {"vertex": graph.ids, **self.column(graph, answers[: graph.num_vertices])}
        return {self.name: answers.astype(bool)}

    def column(self, graph: Graph, answers: Int[np.ndarray, " vertices"]) -> dict[str, np.ndarray]:
        """The answers of vertices, as a column with its name."""
        return {self.name: answers.astype(bool)}

    def draw(self, rng: np.random.Generator, family: str) -> Int[np.ndarray, "m 2"]:
        """A random graph of a family: half of them use all vertices that there is room for."""
        n = self.vertices if rng.random() < 0.5 else int(rng.integers(1, self.vertices + 1))
        return shuffled(rng, self.families[family](rng, n), self.vertices, self.edges)

    def instances(self, length: int, count: int, seed: int, purpose: str) -> np.ndarray | None:
        if length != self.ids.length:
            return None
        rng, names = rng_for(seed, "graphs", self.name, purpose), list(self.families)
        drawn = [self.draw(rng, names[number % len(names)]) for number in range(count)]
        return np.array([self.ids.symbols(*edges.T) for edges in drawn]).reshape(count, length)

    def is_instance(self, edges: Integer[np.ndarray, "m 2"]) -> bool:
        """Whether `solve` answers for these edges."""
        return True

    def mistake(self, strings: np.ndarray, words: np.ndarray, header: np.ndarray | None) -> str:
        for string, said in zip(strings, words, strict=True):
            if not self.ids.are_graphs(string[None])[0]:
                continue
            edges = self.ids.edges_of(string)
            if not self.is_instance(edges):
                continue
            answers = self.solve(edges)
            if (said[self.ids.slots(self.of)[: len(answers)]] != answers).any():
                return f"{self.name} differ on the edges {edges.tolist()}"
        return ""
