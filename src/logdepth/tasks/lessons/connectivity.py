"""Connectivity, to learn: which vertices are connected with the source?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from logdepth.tasks.lessons.drawing import CHORDS, draw_equal, draw_threshold
from logdepth.tasks.lessons.lesson import GraphLesson
from logdepth.tasks.task import Classes, by_distance


def _equal(key, first, vertices, least, most, *out) -> None:
    draw_equal(key, first, vertices, least, most, CHORDS, *out)


def _trees(key, first, vertices, least, most, *out) -> None:
    draw_equal(key, first, vertices, least, most, 0, *out)


@final
@dataclass(frozen=True)
class ConnectivityLesson(GraphLesson):
    """Asked at every vertex but the source. Sets: `equal`, two components of one size and one diameter, so that neither
    degrees nor sizes tell them apart; `trees`, the same without cycles; `threshold`, random graphs with components of
    any sizes, where a vertex of many neighbours is likely connected: it fails its audit, and is here to show it (its
    diameters are not controlled).

    An error's class is the distance from the source, 0 for "not connected".
    """

    name = "connectivity"
    pointer = "distance"
    answer = "connected"
    drawn = "(a source, the edges, the vertices)"
    about = "which vertices are connected with the source"
    sets = {"equal": _equal, "trees": _trees, "threshold": draw_threshold}  # noqa: RUF012
    least_k = 2

    @classmethod
    def room(cls, vertices: int) -> int:
        return 2 * (vertices // 2 - 1 + CHORDS)

    @classmethod
    def most_k(cls, vertices: int) -> int:
        return vertices // 2 - 1

    @classmethod
    def fewest(cls) -> int:
        return 6

    def _away(self, strings: np.ndarray) -> np.ndarray:
        """How far each vertex is from the source, (batch, V)."""
        return self.distances(strings)[np.arange(len(strings)), self.ids.sources_of(strings)]

    def solve(self, strings: np.ndarray, k: int) -> np.ndarray:
        found = np.zeros(strings.shape, np.int64)
        found[:, self.asked] = self._away(strings) < self.alphabet_size
        return found

    def solve_by_definition(self, string: list[int], k: int) -> list[int]:
        row = np.array([string])
        reached = {int(self.ids.sources_of(row)[0])}
        edges = [edge for edge in self.ids.edges_of(row)[0].tolist() if edge[0] >= 0]
        for _ in range(self.alphabet_size):
            for one, other in edges:
                if one in reached or other in reached:
                    reached |= {one, other}
        found = [0] * len(string)
        found[self.asked] = [int(vertex in reached) for vertex in range(self.alphabet_size)]
        return found

    def classes(self, strings: np.ndarray, k: int) -> Classes:
        away = self._away(strings)
        asked, distance = np.zeros(strings.shape, bool), np.zeros(strings.shape, np.int64)
        asked[:, self.asked] = away > 0
        distance[:, self.asked] = np.where(away < self.alphabet_size, away, 0)
        return by_distance(asked, asked, distance)
