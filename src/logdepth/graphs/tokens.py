"""The contract of ids: how a graph becomes the tokens of a sequence, and where its answers stand. The one place for it.

With V vertices and E edges: tokens 0..V-1 are vertices, V is blank, V + 1 padding, V + 2 the start token. A sequence is
always 1 + 2 E + V tokens long: the start token; the edges, two vertex tokens each, edge e at positions 1 + 2 e and
2 + 2 e; padding where there are fewer edges than E; V blanks, vertex v's at position 1 + 2 E + v. No attention mask is
needed. A graph of fewer vertices leaves the last ones without edges. Loops and edges given twice may stand there.

Weights: there are no tokens for them. Edges stand in the order of their weights, the heaviest first, the lightest last;
of two equal ones the later is the lighter. Whatever numbers the weights are, their order is all that a forest hangs on.
Arcs (of a functional graph): the edge's first token leads to its second; a vertex has one at most.

Answers are classes, and the argmax over them says which:
- *of vertices*: vertex v's at position 1 + 2 E + v. A label is a vertex, so there are V classes;
- *of edges*: edge e's at position 1 + 2 e. Class 1: the edge is chosen; class 0: it is not;
- *of the whole*: at position 0, the start token's. Class 1: yes; class 0: no.
What is said at other positions means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int, Integer

from logdepth.errors import InputError
from logdepth.graphs.graph import Graph

Of = Literal["vertices", "edges", "whole"]  # what an answer is of


@dataclass(frozen=True)
class GraphTokens:
    """The ids for graphs of at most `vertices` and `edges`. Raises `InputError` for sizes below 1 and below 0.

    >>> ids = GraphTokens(vertices=3, edges=2)
    >>> ids.length, ids.blank, ids.padding, ids.start
    (7, 3, 4, 5)
    >>> ids.symbols(np.array([0]), np.array([2])).tolist()
    [0, 2, 4, 4, 3, 3, 3]
    """

    vertices: int
    edges: int

    def __post_init__(self) -> None:
        for name, value, least in (("vertices", self.vertices, 1), ("edges", self.edges, 0)):
            if value < least:
                raise InputError(f"{name} is {value:,}; it must be at least {least}")

    @property
    def length(self) -> int:
        """Tokens after the start token."""
        return 2 * self.edges + self.vertices

    @property
    def alphabet_size(self) -> int:
        """Ids before the start token's: vertices, blank, padding."""
        return self.vertices + 2

    @property
    def blank(self) -> int:
        return self.vertices

    @property
    def padding(self) -> int:
        return self.vertices + 1

    @property
    def start(self) -> int:
        return self.vertices + 2

    @property
    def names(self) -> tuple[str, ...]:
        """What the ids before the start token's are called: `0 1 2 ? .`."""
        return (*map(str, range(self.vertices)), "?", ".")

    def slots(self, of: Of) -> Int[np.ndarray, " answers"]:
        """The positions at which answers of that kind stand, 0 the start token's.

        >>> [GraphTokens(3, 2).slots(of).tolist() for of in ("vertices", "edges", "whole")]
        [[5, 6, 7], [1, 3], [0]]
        """
        first = 1 + 2 * self.edges
        return {
            "vertices": np.arange(first, first + self.vertices),
            "edges": np.arange(1, first, 2),
            "whole": np.zeros(1, np.int64),
        }[of]

    def symbols(
        self, tail: Integer[np.ndarray, " edges"], head: Integer[np.ndarray, " edges"]
    ) -> Int[np.ndarray, " length"]:
        """The tokens after the start token, of edges between vertices 0..vertices-1 in the order given.

        Raises `InputError` for more edges than there is room for, and for a vertex outside.
        """
        if len(tail) > self.edges:
            raise InputError(
                f"the graph has {len(tail):,} edges; the model takes {self.edges:,} at most "
                f"(compile one with --edges {len(tail)})"
            )
        ends = np.stack([tail, head], 1).astype(np.int64)
        if ends.size and not 0 <= ends.min() <= ends.max() < self.vertices:
            edge = int(((ends < 0) | (ends >= self.vertices)).any(1).argmax())
            raise InputError(f"edge {edge + 1} is {ends[edge].tolist()}; vertices are 0..{self.vertices - 1:,}")
        found = np.full(self.length, self.padding)
        found[2 * self.edges :] = self.blank
        found[: ends.size] = ends.ravel()
        return found

    def encode(self, graph: Graph) -> tuple[Int[np.ndarray, " length"], Int[np.ndarray, " edges"]]:
        """A graph's tokens after the start token, and for each place in them the number of the edge that stands there.

        Its vertices are 0, 1, .. in the order of their ids. Raises `InputError` if it is larger than the model.

        >>> graph = Graph(np.array([10, 20, 30]), np.array([0, 1]), np.array([1, 2]), np.array([0.5, 7.0]))
        >>> GraphTokens(3, 2).encode(graph)
        (array([1, 2, 0, 1, 3, 3, 3]), array([1, 0]))
        """
        if graph.num_vertices > self.vertices:
            raise InputError(
                f"the graph has {graph.num_vertices:,} vertices; the model takes {self.vertices:,} at most "
                f"(compile one with --vertices {graph.num_vertices})"
            )
        order = np.arange(graph.num_edges)
        if graph.weight is not None:  # the heaviest first; of equal ones the first is lightest, and comes last
            order = np.argsort(graph.weight, kind="stable")[::-1]
        return self.symbols(graph.tail[order], graph.head[order]), order

    def are_graphs(self, strings: Integer[np.ndarray, "batch n"]) -> Bool[np.ndarray, " batch"]:
        """Which sequences (after the start token) are those of a graph.

        >>> GraphTokens(2, 2).are_graphs(np.array([[0, 1, 3, 3, 2, 2], [3, 3, 0, 1, 2, 2]])).tolist()
        [True, False]
        """
        if strings.shape[1] != self.length:
            return np.zeros(len(strings), bool)
        first = 2 * self.edges
        ends, padded = strings[:, :first].reshape(len(strings), -1, 2), strings[:, :first] == self.padding
        number = ((ends >= 0) & (ends < self.vertices)).all(2).sum(1)  # of edges, if they all stand in front
        wanted = np.arange(first) >= 2 * number[:, None]
        return (padded == wanted).all(1) & (strings[:, first:] == self.blank).all(1)

    def edges_of(self, string: Integer[np.ndarray, " n"]) -> Int[np.ndarray, "edges 2"]:
        """The edges of one sequence of a graph.

        >>> GraphTokens(2, 2).edges_of(np.array([0, 1, 3, 3, 2, 2])).tolist()
        [[0, 1]]
        """
        ends = np.asarray(string[: 2 * self.edges], np.int64).reshape(-1, 2)
        return ends[ends[:, 0] != self.padding]
