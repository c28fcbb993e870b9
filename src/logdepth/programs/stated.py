"""A program beside what is stated of it: the right answers by its definition, its depth, where it comes from.

One file holds all of that, and one line in `programs/__init__.py` lists the file. The name on the command line, the
check that `verify` makes, the picture that `show` draws, the tests and the table in docs/programs.md come with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.lang.program import Program
from logdepth.rng import rng_for
from logdepth.tasks.checked import Checked
from logdepth.vocabulary import Vocabulary


@dataclass(frozen=True)
class Question:
    """What a program is asked: sizes, whether tokens see only what stands before them, and all its parameters."""

    length: int
    alphabet_size: int
    causal: bool
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def nothing(self) -> int:
        """The answer where nothing is found."""
        return self.alphabet_size

    @property
    def doublings(self) -> int:
        """How often 1 is doubled until it is the length at least: ceil(log2 length)."""
        return (self.length - 1).bit_length()

    def __getitem__(self, name: str) -> Any:
        return self.parameters[name]


@dataclass(frozen=True, eq=False)
class Stated:
    """A question about sequences, the programs that answer it, and what is stated of them.

    name: on the command line. summary: of one line. programs: for GPT-2, for BERT, or one for each (`both`).
    answer: the right answer at a position i = 1, 2, .. out of the symbols seen: those up to i, or, where tokens see the
    whole sequence, all of them. It is the definition, and knows nothing of the program.
    depth: how many layers. source: whose theorem or construction that is. draw: one string of its own kind, where
    uniform ones would seldom tell right from wrong. example: sizes and parameters for tables and tests. named: the
    parameters that other names stand for (s5, d4), None for a name that is none of them.
    """

    name: str
    summary: str
    programs: tuple[Program, ...]
    answer: Callable[[list[int], int, Question], int]
    depth: Callable[[Question], int]
    source: str
    draw: Callable[[np.random.Generator, Question], list[int]] | None = None
    example: Mapping[str, Any] = field(default_factory=lambda: {"alphabet": 4})
    named: Callable[[str], dict[str, Any] | None] = lambda name: None

    def program_for(self, target: str | None) -> Program:
        """The program for a target: the causal one for gpt2, the other for bert; the first where none is said.

        Raises `InputError` if there is none.
        """
        if target is None:
            return self.programs[0]
        for program in self.programs:
            if program.causal == (target == "gpt2"):
                return program
        sees = "only what stands before it" if target == "gpt2" else "what stands after it, too,"
        raise InputError(f"--target {target}: no program for {self.name} in which a token sees {sees} is built in")

    def asked(self, program: Program, length: int, alphabet_size: int, parameters: Mapping[str, Any]) -> Question:
        """The sizes and all parameters, defaults filled in. Raises `InputError` for what the program does not serve."""
        found = program.check(length, alphabet_size, 0, dict(parameters))
        return Question(length, alphabet_size, program.causal, found)

    def answers(self, string: list[int], asked: Question) -> list[int]:
        """The right answers at positions 1..n, by the definition."""
        positions = range(1, len(string) + 1)
        return [self.answer(string[:i] if asked.causal else string, i, asked) for i in positions]


def both(program: Program) -> tuple[Program, Program]:
    """A program whose tokens see only what stands before them, and the same where they see the whole sequence.

    >>> from logdepth.programs import BUILT_IN
    >>> BUILT_IN["histogram"].run("abab"), BUILT_IN["histogram_whole"].run("abab")
    ([1, 1, 2, 2], [2, 2, 2, 2])
    """
    return program, replace(program, name=f"{program.name}_whole", causal=False)


@dataclass(frozen=True, eq=False)
class StatedTask(Checked):
    """What `verify` holds a stated program against: strings of its own kind, and its definition."""

    stated: Stated
    program: Program
    asked: Question

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.stated.name

    @property
    def vocabulary(self) -> Vocabulary:
        return self._vocabulary

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        asked = self.asked
        return self.program.trace(asked.length, asked.alphabet_size, **asked.parameters).vocabulary

    def instances(self, length: int, count: int, seed: int, purpose: str) -> np.ndarray | None:
        draw = self.stated.draw
        if draw is None:
            return None
        rng, asked = rng_for(seed, "stated", self.name, purpose), replace(self.asked, length=length)
        return np.array([draw(rng, asked) for _ in range(count)], np.int64).reshape(count, length)

    def mistake(self, strings: np.ndarray, words: np.ndarray, header: np.ndarray | None) -> str:
        for string, said in zip(strings.tolist(), words[:, 1:].tolist(), strict=True):
            right = self.stated.answers(string, self.asked)
            if right != said:
                at = next(i for i, (a, b) in enumerate(zip(right, said, strict=True)) if a != b)
                return f"{self.name} differ at position {at + 1} of {string[:40]}: {said[at]} and {right[at]}"
        return ""


@lru_cache(maxsize=32)
def _task(stated: Stated, program: Program, length: int, alphabet_size: int, items: tuple[Any, ...]) -> StatedTask:
    return StatedTask(stated, program, stated.asked(program, length, alphabet_size, dict(items)))


def stated_task(
    stated: Mapping[str, Stated], program: str, length: int, alphabet_size: int, parameters: Mapping[str, Any]
) -> StatedTask | None:
    """The task of a program by its name, at sizes; None for one of which nothing is stated, or not at these sizes."""
    for each in stated.values():
        for own in each.programs:
            if own.name == program:
                try:
                    return _task(each, own, length, alphabet_size, tuple(sorted(parameters.items())))
                except (InputError, TypeError):  # TypeError: a parameter that a folder makes up
                    return None
    return None
