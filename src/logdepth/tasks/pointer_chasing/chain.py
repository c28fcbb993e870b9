"""Functional graphs one arc a token: pointer chasing and reachability. Texts list arcs, `u f(u) v f(v) ..`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from logdepth.errors import InputError
from logdepth.tasks.chains import ChainQuestion, ChainTask


@dataclass(frozen=True)
class ArcChain(ChainTask):
    """What asks for a way along arcs. The pointer to a position means the vertex that stands there."""

    of_arcs = True

    @classmethod
    def sizes(cls, length: int | None, letters: int | None, steps: int | None) -> tuple[int, int, int]:
        if letters is None:
            raise InputError("give --vertices V, the most vertices (or --alphabet)")
        return 2 * letters if length is None else length, letters, cls.enough(letters) if steps is None else steps

    @classmethod
    def enough(cls, vertices: int) -> int:
        """How many thoughts there is room for if nothing is said."""
        return vertices

    def following(self, string: Sequence[int], position: int) -> int:
        vertex = string[position - 1]
        return max((i for i in range(2, len(string) + 1, 2) if string[i - 2] == vertex), default=0)

    def image(self, string: Sequence[int]) -> dict[int, int]:
        """f, of the vertices that have an arc."""
        return dict(zip(string[0::2], string[1::2], strict=False))

    def draw(self, rng: np.random.Generator) -> list[int]:
        """A random map, one cycle, or a path, on vertices of random names, in random order."""
        most = max(1, min(self.letters, self.text // 2))
        n = most if rng.random() < 0.5 else int(rng.integers(1, most + 1))
        name = rng.permutation(self.letters)[:n]
        match int(rng.integers(3)):
            case 0:
                head = rng.integers(0, n, n)
            case 1:
                head = (np.arange(n) + 1) % n
            case _:
                head = np.minimum(np.arange(n) + 1, n - 1)
        arcs = np.stack([name, name[head]], 1)[rng.permutation(n)]
        return arcs[: max(1, n - int(rng.integers(2)))].ravel()[: self.text].tolist()


@final
@dataclass(frozen=True)
class PointerChain(ArcChain):
    """f^k of the vertex that stands at the position asked for."""

    name = "pointer-chasing-cot"
    summary = "the vertex that k arcs lead to, from the one asked for"
    header = "k"
    programs = {"pointer_chasing_cot": "arcs"}  # noqa: RUF012 (a ClassVar of Checked's)

    def answer(self, asked: ChainQuestion) -> int:
        image, vertex = self.image(asked.string), asked.string[asked.at - 1]
        for _ in range(asked.header):
            if vertex not in image:
                return self.letters
            vertex = image[vertex]
        return vertex


@final
@dataclass(frozen=True)
class ReachabilityChain(ArcChain):
    """Whether the way along arcs from a vertex comes to the goal, which the header names: if so, the goal."""

    name = "reachability-cot"
    summary = "the goal that the header names, if the arcs from the vertex asked for lead there"
    header = "goal"
    programs = {"reachability_cot": "arcs"}  # noqa: RUF012 (a ClassVar of Checked's)

    @classmethod
    def enough(cls, vertices: int) -> int:
        return vertices - 1

    @property
    def headers(self) -> range:
        return range(self.letters)

    def ends(self, string: Sequence[int], position: int, written: int, header: int) -> bool | None:
        if string[position - 1] == header:
            return True
        return None if written >= self.steps else False

    def answer(self, asked: ChainQuestion) -> int:
        image, vertex, met = self.image(asked.string), asked.string[asked.at - 1], set[int]()
        while vertex != asked.header:
            if vertex in met or vertex not in image:
                return self.letters
            met.add(vertex)
            vertex = image[vertex]
        return vertex
