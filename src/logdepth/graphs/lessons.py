"""How a graph is told to a model that learns: the ids of its sequence, in two forms, and how to read them back.

With V vertices and room for E edges a sequence is: the start token; the source (or "no source"); the edges; V vertex
tokens, vertex v's at place v of them; one token for what is asked of the whole. So a model that reads from left to
right has seen all edges, and the source, when it is asked. In form `pairs` an edge is one token, its two ends (arXiv
2405.18512 has vertex, edge and task tokens); in form `edges` it is two tokens, one an end, as in an edge list. Padding
stands where there are fewer than E edges.

Not here: the contract of ids of compiled models (`tokens.py`), whose sequences have no source and say edges first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from logdepth.errors import InputError

FORMS = ("pairs", "edges")
KINDS = ("edge", "vertex", "source", "padding", "whole", "start")
EDGE, VERTEX, SOURCE, PADDING, WHOLE, START = range(6)
BEFORE = 2  # slots before the edges: the start token, the source


@dataclass(frozen=True)
class LessonIds:
    """The ids for graphs of `vertices` in a form. Raises `InputError` for a form that is none, or no vertex.

    >>> LessonIds(3, "pairs").alphabet_size, LessonIds(3, "edges").alphabet_size
    (17, 11)
    """

    vertices: int
    form: str = "pairs"

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise InputError(f"a graph is told as {self.form!r}; there are: {', '.join(FORMS)}")
        if self.vertices < 1:
            raise InputError(f"vertices is {self.vertices}; it must be at least 1")

    @property
    def edge_ids(self) -> int:
        """How many ids an edge's tokens have."""
        return self.vertices**2 if self.form == "pairs" else self.vertices

    @property
    def slots_an_edge(self) -> int:
        return 1 if self.form == "pairs" else 2

    @property
    def alphabet_size(self) -> int:
        """Ids before the start token's."""
        return self.first(START)

    @property
    def num_kinds(self) -> int:
        return len(KINDS)

    def first(self, kind: int) -> int:
        """The least id of a kind."""
        sizes = (self.edge_ids, self.vertices, self.vertices, 1, 1)
        return sum(sizes[:kind])

    def length(self, edges: int) -> int:
        """Tokens after the start token, with room for so many edges.

        >>> LessonIds(4, "pairs").length(3), LessonIds(4, "edges").length(3)
        (9, 12)
        """
        return 2 + self.slots_an_edge * edges + self.vertices

    def room(self, length: int) -> int:
        """The reverse of `length`. Raises `InputError` for a length that no number of edges has."""
        slots = length - 2 - self.vertices
        if slots < 0 or slots % self.slots_an_edge:
            raise InputError(f"{length} tokens are no graph of {self.vertices} vertices as {self.form}")
        return slots // self.slots_an_edge

    def vertex_slots(self, length: int) -> slice:
        """The slots (0 is the start token's) of the vertex tokens, in sequences of so many tokens after it."""
        return slice(length - self.vertices, length)

    def parts(self, ids: Any) -> tuple[Any, Any, Any]:
        """Kind, first and second vertex of every token (V: no vertex), of NumPy arrays or torch tensors alike.

        >>> [part.tolist() for part in LessonIds(3, "pairs").parts(np.array([5, 10, 12, 17]))]
        [[0, 1, 2, 5], [1, 1, 0, 3], [2, 3, 3, 3]]
        """
        size = self.vertices
        kind = sum((ids >= self.first(kind)) + 0 for kind in range(1, len(KINDS)))
        end = ids // size if self.form == "pairs" else ids
        one = (kind == EDGE) * end + (kind > SOURCE) * size
        one = one + (kind == VERTEX) * (ids - self.first(VERTEX)) + (kind == SOURCE) * (ids - self.first(SOURCE))
        other = (kind == EDGE) * (ids % size) + (kind != EDGE) * size if self.form == "pairs" else one * 0 + size
        return kind, one, other

    def symbols(
        self, edges: Int[np.ndarray, "batch edges 2"], sources: Int[np.ndarray, " batch"] | None
    ) -> Int[np.ndarray, "batch length"]:
        """The tokens after the start token. edges: -1 where there is none; sources: the vertex asked about, if any.

        >>> LessonIds(3, "edges").symbols(np.array([[[0, 2], [-1, -1]]]), np.array([1])).tolist()
        [[7, 0, 2, 9, 9, 3, 4, 5, 10]]
        """
        count, most = edges.shape[:2]
        found = np.empty((count, self.length(most)), np.int64)
        found[:, 0] = self.first(WHOLE) if sources is None else self.first(SOURCE) + sources
        told = edges if self.form == "edges" else edges[:, :, :1] * self.vertices + edges[:, :, 1:]
        told = np.where(edges[:, :, :1] < 0, self.first(PADDING), told)
        found[:, 1 : 1 + self.slots_an_edge * most] = told.reshape(count, -1)
        found[:, -1 - self.vertices : -1] = self.first(VERTEX) + np.arange(self.vertices)
        found[:, -1] = self.first(WHOLE)
        return found

    def edges_of(self, strings: Int[np.ndarray, "batch length"]) -> Int[np.ndarray, "batch edges 2"]:
        """The reverse: edges, -1 where there is padding.

        >>> LessonIds(3, "edges").edges_of(np.array([[7, 0, 2, 9, 9, 3, 4, 5, 10]])).tolist()
        [[[0, 2], [-1, -1]]]
        """
        most = self.room(strings.shape[1])
        told = np.asarray(strings, np.int64)[:, 1 : 1 + self.slots_an_edge * most]
        if self.form == "edges":
            ends = told.reshape(len(told), most, 2)
        else:
            ends = np.stack([told // self.vertices, told % self.vertices], 2)
        return np.where(told.reshape(len(told), most, -1)[:, :, :1] < self.edge_ids, ends, -1)

    def sources_of(self, strings: Int[np.ndarray, "batch length"]) -> Int[np.ndarray, " batch"]:
        """The source of each; -1 where none is asked about."""
        first = np.asarray(strings, np.int64)[:, 0] - self.first(SOURCE)
        return np.where((first >= 0) & (first < self.vertices), first, -1)
