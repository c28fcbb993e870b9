"""What a task is: what is computed, and everything that training, evaluation and analysis need to know of it.

A task asks a question, a number k, about a string of symbols; at some positions of the string there is an answer, a
symbol or "nothing". Which k is asked for is fixed, or (`max_k`) the header says it. Token ids: `logdepth.vocabulary`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np
from jaxtyping import Bool, Int, Integer

from logdepth.errors import InputError
from logdepth.tasks.checked import Checked
from logdepth.vocabulary import Vocabulary

IGNORED = -100  # a target that no loss counts: torch's cross-entropy and Hugging Face models skip it


class Batch(NamedTuple):
    """Token ids ready for a model.

    inputs: `(count, n + 1)`, slot 0 the start token (fixed k) or the header token that asks for k.
    targets: `(count, n + 1)` with `labels="all"`, `(count,)` with `labels="last"`: the answers as token ids,
        `IGNORED` where nothing is asked.
    k: `(count,)` int64.
    """

    inputs: np.ndarray
    targets: np.ndarray
    k: np.ndarray


class Sampler(Protocol):
    """A reproducible stream of instances: number i depends on the sampler and i alone."""

    @property
    def vocabulary(self) -> Vocabulary: ...

    def batch(self, first: int, count: int) -> Batch:
        """Instances number `first` .. `first + count - 1`."""
        ...


def task_vocabulary(alphabet_size: int, max_k: int | None) -> Vocabulary:
    """The ids of a task: with `max_k` the header says k.

    >>> task_vocabulary(4, None).size, task_vocabulary(4, 16).size
    (5, 23)
    """
    return Vocabulary(alphabet_size, 0 if max_k is None else max_k + 1)


class ErrorClass(NamedTuple):
    """A class of positions whose errors are told apart. asked: whether there is a question; defined: whether the answer
    is a symbol (what `error` counts); distance: how far the answer lies, (least, most), in the task's own unit."""

    name: str
    asked: bool
    defined: bool
    distance: tuple[int, int] | None = None


class Classes(NamedTuple):
    """Every position (batch, n) is `of` exactly one of the `kinds` (its index)."""

    kinds: tuple[ErrorClass, ...]
    of: np.ndarray


@dataclass(frozen=True)
class Task(Checked):
    """Questions about strings of `length` symbols out of `alphabet_size`: one `k`, or any in 0..max_k.

    pointer: what its pointer is called, answer: what an answer is (both in pictures).
    drawn: what its random strings are, to follow "strings of n symbols".
    sampler_options: what `sampler` takes besides seed, split and planted.

    Raises `InputError` if not exactly one of k and max_k is given.

    >>> from logdepth.tasks.khop import Khop
    >>> task = Khop(length=5, alphabet_size=3, max_k=2)
    >>> task.encode(np.array([[0, 1, 2, 0, 1]]), 2).tolist(), task.vocabulary.size
    ([[2, 3, 4, 5, 3, 4]], 8)
    """

    length: int
    alphabet_size: int
    k: int | None = None
    max_k: int | None = None

    pointer: ClassVar[str]
    answer: ClassVar[str]
    drawn: ClassVar[str]
    sampler_options: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if (self.k is None) == (self.max_k is None):
            raise InputError("give either k or max_k")

    @classmethod
    def of_program(
        cls, length: int, alphabet_size: int, header_size: int, parameters: Mapping[str, Any]
    ) -> Self | None:
        """What a program traced for these sizes and parameters computes; None if nothing of this kind."""
        k, max_k = parameters.get("k"), None
        if header_size:
            k, max_k = None, header_size - 1
        elif not isinstance(k, int):
            return None
        return cls(length, alphabet_size, k=k, max_k=max_k)

    def instances(self, length: int, count: int, seed: int, purpose: str) -> np.ndarray | None:
        return self.with_length(length).strings(count, seed, purpose) if length >= self.shortest else None

    def mistake(self, strings: np.ndarray, words: np.ndarray, header: np.ndarray | None) -> str:
        """At the positions where the task asks something."""
        if strings.shape[1] < self.shortest:
            return ""
        task = self.with_length(strings.shape[1])
        ks = np.full(len(strings), task.questions[0]) if header is None else header
        taken = task.is_solvable(strings)
        for k in np.unique(ks):
            rows = taken & (ks == k)
            if (task.solve(strings[rows], int(k))[:, task.asked] != words[rows, 1:][:, task.asked]).any():
                return f"{self.name} differ at k = {k}"
        return ""

    @property
    def takes_k(self) -> bool:
        """Whether the header asks for k."""
        return self.max_k is not None

    @property
    def questions(self) -> range:
        """Every k that can be asked for."""
        if self.max_k is not None:
            return range(self.max_k + 1)
        assert self.k is not None
        return range(self.k, self.k + 1)

    @property
    def vocabulary(self) -> Vocabulary:
        """Which token id means what."""
        return task_vocabulary(self.alphabet_size, self.max_k)

    @property
    def asked(self) -> slice:
        """The positions (from 0) at which there is a question; all of them unless a task says otherwise."""
        return slice(0, self.length)

    @property
    def asked_planted(self) -> slice:
        """The positions of planted strings whose answers lie far."""
        return self.asked

    @property
    def shortest(self) -> int:
        """The least length of a string."""
        return 1

    def with_length(self, length: int) -> Self:
        """The same on strings of another length. Raises `InputError` for one that cannot be."""
        if length < self.shortest:
            raise InputError(f"length is {length}; it must be at least {self.shortest}")
        return replace(self, length=length)

    def encode(self, strings: Integer[np.ndarray, "batch n"], k: Any) -> Int[np.ndarray, "batch slots"]:
        """Symbols as token ids, the start token in front. k: one for all, or one a string."""
        return self.vocabulary.encode(strings, np.broadcast_to(k, len(strings)))

    def decode(self, ids: np.ndarray) -> np.ndarray:
        """Token ids of slots 1..n as symbols; `alphabet_size` is "nothing", other numbers are other tokens."""
        return self.vocabulary.answers(np.asarray(ids).astype(np.int64))

    def targets(self, strings: Integer[np.ndarray, "batch n"], k: int) -> Int[np.ndarray, "batch slots"]:
        """What to say at every slot: answers, what the vocabulary says at slot 0, `IGNORED` where nothing is asked."""
        found = np.full((len(strings), strings.shape[1] + 1), IGNORED, np.int64)
        found[:, 0] = self.vocabulary.unasked
        found[:, 1:][:, self.asked] = self.vocabulary.output_ids(self.solve(strings, k)[:, self.asked])
        return found

    def all_targets(self, strings: Integer[np.ndarray, "batch n"]) -> Int[np.ndarray, "batch slots questions"]:
        """`targets` for every question at once."""
        return np.stack([self.targets(strings, k) for k in self.questions], 2)

    @abstractmethod
    def sampler(self, *, seed: int = 0, split: str = "train", planted: bool = False, **options: Any) -> Sampler:
        """A stream of instances. planted: those whose answers lie as far as they can. Raises `InputError` for sizes
        that cannot be drawn."""

    @abstractmethod
    def strings(self, count: int, seed: int = 0, purpose: str = "test") -> Int[np.ndarray, "batch n"]:
        """Random strings to evaluate or analyse with, from another stream than those trained on."""

    def strings_for(self, k: int, count: int, seed: int = 0, purpose: str = "test") -> Int[np.ndarray, "batch n"]:
        """Random strings to ask about k: the same for every k, unless a task draws by k."""
        return self.strings(count, seed, purpose)

    @abstractmethod
    def planted_strings(self, k: int, count: int, seed: int = 0) -> Int[np.ndarray, "batch n"]:
        """The same, planted. Raises `InputError` if k does not fit."""

    @abstractmethod
    def is_instance(self, strings: Integer[np.ndarray, "batch n"]) -> Bool[np.ndarray, " batch"]:
        """Whether each is a string that `strings` could give."""

    def is_solvable(self, strings: Integer[np.ndarray, "batch n"]) -> Bool[np.ndarray, " batch"]:
        """Whether each is a string that `solve` answers; there may be more of them than `strings` gives."""
        return self.is_instance(strings)

    def telling_strings(self) -> Int[np.ndarray, "batch n"]:
        """Solvable strings on which powers of the pointer differ, if on any of this length: planted and random ones."""
        planted = self.planted_strings(self.questions[-1], 2)
        return np.concatenate([planted, self.strings(6, purpose="telling")])

    @abstractmethod
    def solve(self, strings: Integer[np.ndarray, "batch n"], k: int) -> Int[np.ndarray, "batch n"]:
        """The answers, `alphabet_size` for "nothing" (and anything where nothing is asked)."""

    @abstractmethod
    def solve_by_definition(self, string: list[int], k: int) -> list[int]:
        """The same of one string, obvious and slow."""

    @abstractmethod
    def classes(self, strings: Integer[np.ndarray, "batch n"], k: int) -> Classes:
        """The error class of every position."""

    @abstractmethod
    def pointers(self, strings: Integer[np.ndarray, "batch n"], most: int) -> list[Int[np.ndarray, "batch slots"]]:
        """Where a model may look: powers 0 (a slot itself) .. most of the pointer at slots 0..n, 0 for "nothing".

        The answer to k at a position is the symbol at power k of its pointer."""


def by_distance(
    asked: Bool[np.ndarray, "batch n"], defined: Bool[np.ndarray, "batch n"], distance: Integer[np.ndarray, "batch n"]
) -> Classes:
    """Not asked, nothing, and distances in doubling ranges: 0, 1, 2..3, 4..7, .. (below n).

    >>> asked = np.array([[False, True, True, True]])
    >>> kinds, of = by_distance(asked, np.array([[False, False, True, True]]), np.array([[0, 0, 1, 3]]))
    >>> [kinds[i].name for i in of[0]]
    ['not asked', 'nothing', '1', '2..3']
    """
    length = distance.shape[1]
    distance = np.where(asked & defined, distance, 0)
    ranges = np.frexp(distance)[1]  # the number of binary digits
    kinds = [ErrorClass("not asked", False, False), ErrorClass("nothing", True, False)]
    for digits in range(int(ranges.max(initial=0)) + 1):
        least, most = (0, 0) if digits == 0 else (1 << (digits - 1), min(1 << digits, length) - 1)
        kinds.append(ErrorClass(f"{least}" if least == most else f"{least}..{most}", True, True, (least, most)))
    return Classes(tuple(kinds), np.where(asked, np.where(defined, ranges + 2, 1), 0))
