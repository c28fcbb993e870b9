"""One cycle or two, to learn: the question on whose hardness the conditional bounds stand (Conjecture 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from logdepth.tasks.lessons.drawing import draw_cycles
from logdepth.tasks.lessons.lesson import GraphLesson
from logdepth.tasks.task import Classes, by_distance


@final
@dataclass(frozen=True)
class CycleLesson(GraphLesson):
    """Asked at the last token: whether the edges are one cycle of 2 d vertices, or two of d. k is d, the diameter of
    the one cycle; vertices beyond 2 d have no edges."""

    name = "one-vs-two-cycle"
    pointer = "distance"
    answer = "one cycle"
    drawn = "(the edges, the vertices)"
    about = "whether the edges are one cycle or two of half its length"
    sets = {"cycles": draw_cycles}  # noqa: RUF012
    least_k = 3
    of_whole = True

    @classmethod
    def room(cls, vertices: int) -> int:
        return vertices

    @classmethod
    def most_k(cls, vertices: int) -> int:
        return vertices // 2

    @classmethod
    def fewest(cls) -> int:
        return 6

    def solve(self, strings: np.ndarray, k: int) -> np.ndarray:
        distance, edges = self.distances(strings), self.ids.edges_of(strings)
        rows = np.arange(len(strings))
        one = distance[rows[:, None], edges[:, :1, 0], edges[:, :, 0]]  # from the first edge's end to all others'
        found = np.zeros(strings.shape, np.int64)
        found[:, -1] = ((one < self.alphabet_size) | (edges[:, :, 0] < 0)).all(1)
        return found

    def solve_by_definition(self, string: list[int], k: int) -> list[int]:
        edges = [edge for edge in self.ids.edges_of(np.array([string]))[0].tolist() if edge[0] >= 0]
        at, before, length = edges[0][1], edges[0][0], 1
        while at != edges[0][0]:
            at, before = next(sum(edge) - at for edge in edges if at in edge and sum(edge) - at != before), at
            length += 1
        return [0] * (len(string) - 1) + [int(length == len(edges))]

    def classes(self, strings: np.ndarray, k: int) -> Classes:
        asked, size = np.zeros(strings.shape, bool), np.zeros(strings.shape, np.int64)
        asked[:, -1] = True
        size[:, -1] = (self.ids.edges_of(strings)[:, :, 0] >= 0).sum(1) // 2
        return by_distance(asked, asked, size)
