"""The promise that a graph's diameter is small: how far a model sees by it, and what it says of a graph outside.

The *diameter* D is the greatest distance, in edges, between two vertices that are connected. A ball of radius r around
a vertex is all that is at most r edges away. Squaring (`programs/squaring.py`) makes balls of radius 2^t - 1, so a
promise is as good as the next larger number of that form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Int, Integer

from logdepth.errors import InputError
from logdepth.graphs.graph import Graph
from logdepth.tasks.graphs.task import GraphTask


def num_squarings(vertices: int, diameter: int) -> int:
    """t, for balls of radius 2^t - 1. diameter: what is promised; 0: nothing, so V - 1.

    >>> [num_squarings(v, 0) for v in (1, 2, 5, 8, 64)], [num_squarings(64, d) for d in (1, 2, 3, 4, 7, 100)]
    ([1, 1, 3, 3, 6], [1, 2, 2, 3, 3, 6])
    """
    furthest = max(vertices - 1, 1)
    return (min(diameter, furthest) if diameter else furthest).bit_length()


def promised(vertices: int, diameter: int, check: int = 0) -> int:
    """The promise if it spares a layer, else 0: none. check: layers that it costs to see whether a graph keeps it.

    >>> promised(8, 3), promised(8, 4), promised(8, 3, check=1), promised(8, 1, check=1)
    (3, 0, 0, 1)
    """
    return diameter if num_squarings(vertices, diameter) + check < num_squarings(vertices, 0) else 0


def radius(vertices: int, diameter: int) -> int:
    """The balls' radius in the end.

    >>> radius(64, 0), radius(64, 4)
    (63, 7)
    """
    return (1 << num_squarings(vertices, diameter)) - 1


def eccentricities(vertices: int, edges: Integer[np.ndarray, "m 2"]) -> Int[np.ndarray, " vertices"]:
    """How far the furthest vertex connected with each is.

    >>> eccentricities(4, np.array([[0, 1], [2, 1]])).tolist()
    [2, 1, 2, 0]
    """
    near, found = np.eye(vertices, dtype=bool), np.zeros(vertices, np.int64)
    joined = np.eye(vertices, dtype=bool)
    joined[edges[:, 0], edges[:, 1]] = joined[edges[:, 1], edges[:, 0]] = True
    for _ in range(vertices):
        wider = near @ joined
        found += (wider != near).any(1)
        near = wider
    return found


@dataclass(frozen=True)
class PromisedTask(GraphTask):
    """A question that a model may answer under the promise; outside of it, it may say "nothing", a class of its own.

    diameter: what is promised, 0: nothing. check: as of `promised`.
    """

    diameter: int = 0

    check: ClassVar[int] = 0

    @classmethod
    def of_program(
        cls, length: int, alphabet_size: int, header_size: int, parameters: Mapping[str, Any]
    ) -> Self | None:
        vertices, edges, diameter = (parameters.get(name, 0) for name in ("vertices", "edges", "diameter"))
        if not (isinstance(vertices, int) and isinstance(edges, int) and isinstance(diameter, int)):
            return None
        if vertices < 1 or edges < 0 or diameter < 0:
            return None
        task = cls(vertices, edges, diameter)
        return task if (length, alphabet_size) == (task.ids.length, task.ids.alphabet_size) else None

    @property
    def kept(self) -> int:
        """The promise that the model makes use of, 0: none."""
        return promised(self.vertices, self.diameter, self.check)

    @property
    def nothing(self) -> int | None:
        """The class that says nothing, the last one; None without a promise."""
        return self.num_classes - 1 if self.kept else None

    @property
    def radius(self) -> int:
        """How far balls reach."""
        return radius(self.vertices, self.kept)

    def check_answers(self, graph: Graph, answers: Int[np.ndarray, " answers"]) -> None:
        if self.nothing is not None and (many := int((answers == self.nothing).sum())):
            of = f"{many:,} of {graph.num_vertices:,} vertices have" if self.of == "vertices" else "the graph has"
            raise InputError(
                f"{of} no answer: connected vertices are more than {self.radius:,} edges apart, and the model is for a "
                f"diameter of {self.diameter:,} (compile one with a larger --diameter, or without)"
            )
