"""What a lesson is: a question about random graphs, as a task that models are trained on. Its k is the diameter.

A graph is told as tokens (`graphs/lessons.py`), answers are two classes, no (0) and yes (1). Instances are stratified
by their diameter: error by k is error by diameter. Nothing in a string says it. Graphs have no pointers and are not
planted.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Int, Integer

from logdepth.errors import InputError
from logdepth.graphs.lessons import LessonIds
from logdepth.rng import key_for
from logdepth.tasks.lessons.drawing import distances
from logdepth.tasks.task import IGNORED, Batch, Task
from logdepth.vocabulary import Vocabulary

Draw = Callable[..., None]
"""(key, first, vertices, least, most, edges, sources, diameters): a kernel of `drawing.py`."""


@dataclass(frozen=True)
class GraphLesson(Task):
    """A question about graphs of `alphabet_size` vertices, of diameter `least_k` .. `max_k`.

    graphs: which set of random graphs (`sets`). form: how they are told. `length` is what the graphs need
    (`length_for`). Raises `InputError` for sizes that cannot be.

    >>> from logdepth.tasks.lessons import ConnectivityLesson
    >>> lesson = ConnectivityLesson.of_size(8, form="edges")
    >>> lesson.length, list(lesson.questions), lesson.vocabulary.num_answers
    (38, [2, 3], 2)
    """

    graphs: str = ""
    form: str = "pairs"

    sets: ClassVar[Mapping[str, Draw]]
    least_k: ClassVar[int]
    about: ClassVar[str]  # what is asked, in a sentence
    of_whole: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.graphs not in ("", *self.sets):
            raise InputError(f"{self.name} has no graphs {self.graphs!r}; there are: {', '.join(self.sets)}")
        vertices, most = self.alphabet_size, self.largest
        if vertices < self.fewest() or vertices % 2:
            raise InputError(f"vertices is {vertices}; {self.name} takes an even number, {self.fewest()} at least")
        if not self.least_k <= most <= self.most_k(vertices):
            limits = f"{self.least_k}..{self.most_k(vertices)}"
            raise InputError(f"diameter is {most}; with {vertices} vertices it is in {limits}")
        if self.k is not None and self.k < self.least_k:
            raise InputError(f"diameter is {self.k}; it is at least {self.least_k}")
        if self.length != self.length_for(vertices, self.form):
            raise InputError(
                f"length is {self.length}; graphs of {vertices} vertices, as {self.form}, take "
                f"{self.length_for(vertices, self.form)} tokens"
            )

    @classmethod
    def of_size(cls, vertices: int = 32, *, max_k: int | None = None, graphs: str = "", form: str = "pairs") -> Self:
        """The lesson at a size, its length worked out. max_k: the largest diameter (default: the largest there is)."""
        most = cls.most_k(vertices) if max_k is None else max_k
        return cls(cls.length_for(vertices, form), vertices, max_k=most, graphs=graphs, form=form)

    @classmethod
    def length_for(cls, vertices: int, form: str) -> int:
        """Tokens after the start token."""
        return LessonIds(vertices, form).length(cls.room(vertices))

    @classmethod
    @abstractmethod
    def room(cls, vertices: int) -> int:
        """How many edges there are at most."""

    @classmethod
    @abstractmethod
    def most_k(cls, vertices: int) -> int:
        """The largest diameter there is."""

    @classmethod
    @abstractmethod
    def fewest(cls) -> int:
        """The least number of vertices."""

    @property
    def largest(self) -> int:
        found = self.max_k if self.max_k is not None else self.k
        assert found is not None
        return found

    @property
    def questions(self) -> range:
        return range(self.least_k, self.max_k + 1) if self.max_k is not None else range(self.largest, self.largest + 1)

    @cached_property
    def ids(self) -> LessonIds:
        return LessonIds(self.alphabet_size, self.form)

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.ids.alphabet_size, numbers=range(2), classes=True)

    @property
    def vertex_slots(self) -> slice:
        """Slots of the vertex tokens, 0 the start token's."""
        return self.ids.vertex_slots(self.length)

    @property
    def asked(self) -> slice:
        if self.of_whole:
            return slice(self.length - 1, self.length)
        return slice(self.vertex_slots.start - 1, self.vertex_slots.stop - 1)

    @property
    def shortest(self) -> int:
        return self.length

    def with_length(self, length: int) -> Self:
        if length != self.length:
            raise InputError(f"length is {length}; graphs of {self.alphabet_size} vertices take {self.length} tokens")
        return self

    def encode(self, strings: Integer[np.ndarray, "batch n"], k: Any) -> Int[np.ndarray, "batch slots"]:
        return self.vocabulary.encode(strings)

    def targets(self, strings: Integer[np.ndarray, "batch n"], k: int) -> Int[np.ndarray, "batch slots"]:
        kinds, of = self.classes(strings, k)
        asked = np.array([kind.asked for kind in kinds])[of]
        found = np.full((len(strings), self.length + 1), IGNORED, np.int64)
        found[:, 1:][asked] = self.solve(strings, k)[asked]
        return found

    def all_targets(self, strings: Integer[np.ndarray, "batch n"]) -> Int[np.ndarray, "batch slots vertices"]:
        """At the slots of vertices, how far every vertex is from it (V: not connected); `IGNORED` elsewhere: what the
        auxiliary question is about."""
        found = np.full((len(strings), self.length + 1, self.alphabet_size), IGNORED, np.int64)
        found[:, self.vertex_slots] = self.distances(strings)
        return found

    def distances(self, strings: Integer[np.ndarray, "batch n"]) -> Int[np.ndarray, "batch vertices vertices"]:
        """How far every vertex is from every other; V for those that are not connected."""
        return distances(self.ids.edges_of(strings), self.alphabet_size)

    def sampler(self, *, seed: int = 0, split: str = "train", planted: bool = False, **options: Any) -> LessonSampler:
        if planted:
            raise InputError(f"graphs of {self.name} are drawn by diameter; there are no planted ones")
        return LessonSampler(self, seed, split, **options)

    def strings(self, count: int, seed: int = 0, purpose: str = "test") -> np.ndarray:
        return self.sampler(seed=seed, split=f"evaluation {purpose}").batch(0, count).inputs[:, 1:]

    def strings_for(self, k: int, count: int, seed: int = 0, purpose: str = "test") -> np.ndarray:
        one = replace(self, k=k, max_k=None)
        return one.sampler(seed=seed, split=f"evaluation {purpose} {k}").batch(0, count).inputs[:, 1:]

    def planted_strings(self, k: int, count: int, seed: int = 0) -> np.ndarray:
        raise InputError(f"graphs of {self.name} are drawn by diameter; there are no planted ones")

    def is_instance(self, strings: np.ndarray) -> np.ndarray:
        if strings.shape[1] != self.length:
            return np.zeros(len(strings), bool)
        edges, sources = self.ids.edges_of(strings), self.ids.sources_of(strings)
        again = self.ids.symbols(edges, None if self.of_whole else np.maximum(sources, 0))
        return (again == strings).all(1)

    def pointers(self, strings: np.ndarray, most: int) -> list[np.ndarray]:
        raise InputError(f"{self.name} has no pointers; its vertices have distances (analysis.distances)")


@dataclass(frozen=True)
class LessonSampler:
    """A stream of graphs: number i depends on the lesson, the seed, the split and i alone.

    most: of the diameters (default: the lesson's), for a curriculum.
    """

    lesson: GraphLesson
    seed: int = 0
    split: str = "train"
    most: int | None = None

    @property
    def vocabulary(self) -> Vocabulary:
        return self.lesson.vocabulary

    def batch(self, first: int, count: int) -> Batch:
        """Instances number `first` .. `first + count - 1`; k is the diameter."""
        lesson = self.lesson
        vertices = lesson.alphabet_size
        edges = np.empty((count, lesson.room(vertices), 2), np.int64)
        sources, diameters = np.empty(count, np.int64), np.empty(count, np.int64)
        name = lesson.graphs or next(iter(lesson.sets))
        key = np.uint64(key_for(self.seed, "lessons", lesson.name, name, self.split))
        least, most = lesson.questions[0], max(self.most or lesson.largest, lesson.questions[0])
        lesson.sets[name](key, np.uint64(first), vertices, least, most, edges, sources, diameters)
        strings = lesson.ids.symbols(edges, None if lesson.of_whole else sources)
        targets = lesson.targets(strings, lesson.largest)
        return Batch(lesson.encode(strings, 0), targets, diameters)
