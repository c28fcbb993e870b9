"""What a task for chains of thought is: random texts and questions, and the chain by definition, thought by thought."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from logdepth.errors import InputError
from logdepth.rng import rng_for
from logdepth.sequences.chain import ChainTokens
from logdepth.tasks.checked import Checked
from logdepth.vocabulary import Vocabulary


class ChainQuestion(NamedTuple):
    """A text, the position asked for (from 1), and what the header says."""

    string: list[int]
    at: int
    header: int


@dataclass(frozen=True)
class ChainTask(Checked):
    """A question about a position of a text of at most `text` letters out of `letters`, answered in up to `steps`
    thoughts.

    summary: the question. header: what the header says, in a word. of_arcs: whether a text lists arcs of a graph.

    >>> from logdepth.tasks.registry import find_chain_task
    >>> task = find_chain_task("khop-cot")(letters=5, text=12, steps=4)
    >>> task.chain(ChainQuestion([1, 0, 4, 1, 2, 0, 1, 4, 1, 3, 4, 0], at=12, header=2))
    [11, 9, 2]
    """

    letters: int
    text: int
    steps: int

    summary: ClassVar[str]
    header: ClassVar[str]
    of_arcs: ClassVar[bool] = False
    own_share = 4

    @classmethod
    def of_program(
        cls, length: int, alphabet_size: int, header_size: int, parameters: Mapping[str, Any]
    ) -> Self | None:
        text, steps = parameters.get("text"), parameters.get("steps")
        if not isinstance(text, int) or not isinstance(steps, int) or not 0 < text < alphabet_size or steps < 0:
            return None
        task = cls(alphabet_size - text, text, steps)
        return task if (length, header_size) == (task.ids.length, steps + 1) else None

    @classmethod
    def sizes(cls, length: int | None, letters: int | None, steps: int | None) -> tuple[int, int, int]:
        """Length, letters and steps, as a command gives them; what is left out is filled in. Raises `InputError`."""
        if length is None:
            raise InputError("give --length N, the longest text, in letters")
        return length, 4 if letters is None else letters, length if steps is None else steps

    @cached_property
    def ids(self) -> ChainTokens:
        """The contract of a chain."""
        return ChainTokens(self.letters, self.text, self.steps)

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.ids.alphabet_size, self.steps + 1)

    @property
    def headers(self) -> range:
        """What the header may say."""
        return range(self.steps + 1)

    @abstractmethod
    def following(self, string: Sequence[int], position: int) -> int:
        """Where the pointer to a position leads, by definition; 0 for nowhere."""

    def ends(self, string: Sequence[int], position: int, written: int, header: int) -> bool | None:
        """Whether the chain that has come to a position, after so many thoughts, is at its end: with an answer (True)
        or without one (None), or goes on."""
        return written >= header

    @abstractmethod
    def answer(self, asked: ChainQuestion) -> int:
        """The answer by a solver that writes no chain; `letters` for "nothing"."""

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> list[int]:
        """A random text."""

    def next(self, string: Sequence[int], position: int, written: int, header: int) -> int:
        """The token after a pointer to `position`, `written` thoughts behind the question."""
        ends = self.ends(string, position, written, header)
        if ends:
            return int(string[position - 1])
        return self.ids.nothing if ends is None else self.ids.pointer(self.following(string, position))

    def chain(self, asked: ChainQuestion) -> list[int]:
        """What is written, by definition, without the end."""
        string, position, header = asked
        found: list[int] = []
        while True:
            token = self.next(string, position, len(found), header)
            if token == self.ids.nothing:
                return found
            found.append(token)
            if token < self.letters:
                return found
            position = self.ids.position(token)

    def questions(self, count: int, seed: int, purpose: str) -> list[ChainQuestion]:
        """Random texts and questions: half of them ask for the text's end, where chains are long."""
        rng = rng_for(seed, "chains", self.name, purpose)
        found = []
        for number in range(count):
            string = self.draw(rng)
            at = len(string) if number % 2 else int(rng.integers(1, len(string) + 1))
            found.append(ChainQuestion(string, at, int(self.headers[int(rng.integers(len(self.headers)))])))
        return found

    def instances(self, length: int, count: int, seed: int, purpose: str) -> np.ndarray | None:
        """Prompts, each with thoughts that lead on as they should, then anything. None of another length."""
        if length != self.ids.length:
            return None
        rng = rng_for(seed, "chains", self.name, purpose, "instances")
        found = rng.integers(0, self.ids.alphabet_size, (count, length))
        for row, (string, at, _) in zip(found, self.questions(count, seed, purpose), strict=True):
            symbols = self.ids.prompt(string, at)
            for _ in range(int(rng.integers(0, self.steps + 1))):
                if not (at := self.following(string, at)):
                    break
                symbols.append(self.ids.pointer(at))
            row[: len(symbols)] = symbols
        return found

    def mistake(self, strings: np.ndarray, words: np.ndarray, header: np.ndarray | None) -> str:
        """Where a string begins as a prompt does: at every pointer of the chain, whether it should be there or not."""
        for row, (string, said) in enumerate(zip(strings.tolist(), words, strict=True)):
            begins = self.ids.parsed(string)
            asks = 0 if header is None else int(header[row])
            if begins is None or asks not in self.headers:
                continue
            n, m = begins
            for written in range(m):
                position = self.ids.position(string[n + written])
                if said[n + written + 1] != self.next(string[:n], position, written, asks):
                    return f"{self.name} differ at {self.header} = {asks}, after {string[: n + written + 1]}"
        return ""
