"""Which token id means what: header tokens, symbols, start token, blank, numbers out. The one place where ids are laid
out.

Slot 0 of every row is the start token, then come the symbols. Where there are headers, the start token is a header
token: it says the header, a number 0..H-1. Without headers: symbols 0..A-1, start token A, which as an answer means
"nothing". With H of them: header tokens 0..H-1, symbols H..H+A-1, "nothing" H+A, blank H+A+1: the answer at slot 0. A
model whose answers are numbers has ids of their own for them, after those. Or answers are *classes*, told apart from
tokens: counted from 0, as a classifier's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Int, Integer

from logdepth.errors import InputError

START, NONE, BLANK = "<start>", "<none>", "<blank>"


def number_text(value: int, grid: int) -> str:
    """value/grid, as a decimal number if it is a short one.

    >>> number_text(-5, 4), number_text(2, 3), number_text(7, 1)
    ('-1.25', '2/3', '7')
    """
    number = Fraction(value, grid)
    decimal = str(float(number)).removesuffix(".0")
    return decimal if "e" not in decimal and Fraction(decimal) == number else str(number)


@dataclass(frozen=True)
class Vocabulary:
    """The ids of a model that takes symbols 0..alphabet_size-1 after one of `header_size` header tokens (0: after the
    start token) and answers with a symbol, or with a number of `numbers`; `classes`: these have no token ids; `grid`:
    a number counts multiples of 1/grid.

    >>> Vocabulary(4).start, Vocabulary(4).size, Vocabulary(4, header_size=3).first_symbol
    (4, 5, 3)
    >>> Vocabulary(4, numbers=range(-2, 3)).first_output
    5
    >>> ids = Vocabulary(4, numbers=range(3), classes=True)
    >>> ids.size, ids.num_answers, ids.first_output
    (5, 3, 0)
    """

    alphabet_size: int
    header_size: int = 0
    numbers: range | None = None
    classes: bool = False
    grid: int = 1

    @property
    def first_symbol(self) -> int:
        """The id of symbol 0."""
        return self.header_size

    @property
    def nothing(self) -> int:
        """The id after the symbols: as an answer "nothing", and the start token where there are no headers."""
        return self.header_size + self.alphabet_size

    start = nothing  # what padding, and the marks of a config, are made of

    @property
    def start_ids(self) -> range:
        """What may stand at slot 0: every header token, or the start token.

        >>> Vocabulary(4).start_ids, Vocabulary(4, header_size=3).start_ids
        (range(4, 5), range(0, 3))
        """
        return range(self.header_size) if self.header_size else range(self.start, self.start + 1)

    @property
    def blank(self) -> int:
        """The answer at a header token's slot. Without headers there is none (`InputError`)."""
        if not self.header_size:
            raise InputError("a vocabulary without headers has no blank")
        return self.nothing + 1

    @property
    def unasked(self) -> int:
        """The answer at slot 0, where a task asks nothing: blank, or "nothing" where there are no headers."""
        return self.blank if self.header_size else self.nothing

    @property
    def num_inputs(self) -> int:
        """Ids that are no numbers out."""
        return self.nothing + 1 + (self.header_size > 0)

    @property
    def size(self) -> int:
        """How many tokens there are."""
        return self.num_inputs + (0 if self.numbers is None or self.classes else len(self.numbers))

    @property
    def num_answers(self) -> int:
        """How many logits there are: one for each token, or for each class."""
        return len(self.numbers) if self.numbers is not None and self.classes else self.size

    @property
    def first_output(self) -> int:
        """The id of the least answer: symbol 0, or the least number."""
        if self.numbers is None:
            return self.first_symbol
        return 0 if self.classes else self.num_inputs

    @property
    def least_output(self) -> int:
        """What the id `first_output` means."""
        return 0 if self.numbers is None else self.numbers.start

    def encode(
        self, strings: Integer[np.ndarray, "batch n"], header: Integer[np.ndarray, " batch"] | None = None
    ) -> Int[np.ndarray, "batch slots"]:
        """Symbols (batch, n) as ids (batch, n + 1), the start token (of a header) in front. Raises `InputError` for no
        header where one is needed.

        >>> Vocabulary(4).encode(np.array([[0, 3]])).tolist()
        [[4, 0, 3]]
        >>> Vocabulary(4, header_size=9).encode(np.array([[0, 3]]), np.array([7])).tolist()
        [[7, 9, 12]]
        """
        strings = np.asarray(strings)
        if self.header_size:
            if header is None:
                raise InputError("the model takes a header; say which")
            first = np.asarray(header)[:, None]
        else:
            first = np.full((len(strings), 1), self.start)
        return np.concatenate([first, strings + self.first_symbol], 1).astype(np.int64)

    def decode(
        self, ids: Integer[np.ndarray, "batch slots"]
    ) -> tuple[Int[np.ndarray, "batch n"], Int[np.ndarray, " batch"] | None]:
        """The reverse of `encode`: symbols, and headers where there are any. What is no symbol is no number of
        0..alphabet_size-1.

        >>> Vocabulary(4, header_size=9).decode(np.array([[7, 9, 12]]))
        (array([[0, 3]]), array([7]))
        """
        rows = np.asarray(ids).astype(np.int64)
        return rows[:, 1:] - self.first_symbol, rows[:, 0] if self.header_size else None

    def input_words(self) -> tuple[Int[np.ndarray, " ids"], Int[np.ndarray, " ids"]]:
        """What a program reads off every id that may be put in, in their order: its symbol (`alphabet_size` at a start
        token) and its header (0 elsewhere).

        >>> Vocabulary(2, header_size=3).input_words()
        (array([2, 2, 2, 0, 1]), array([0, 1, 2, 0, 0]))
        """
        symbols, starts = np.arange(self.alphabet_size), np.full(len(self.start_ids), self.alphabet_size)
        if not self.header_size:
            return np.concatenate([symbols, starts]), np.zeros(self.alphabet_size + 1, np.int64)
        headers = np.arange(self.header_size)
        return np.concatenate([starts, symbols]), np.concatenate([headers, np.zeros_like(symbols)])

    def output_ids(self, words: Integer[np.ndarray, ...]) -> Int[np.ndarray, ...]:
        """Answers as ids, wherever they are given; the reverse of `answers`.

        >>> Vocabulary(4, header_size=9).output_ids(np.array([0, 4])).tolist()
        [9, 13]
        """
        return np.asarray(words).astype(np.int64) - self.least_output + self.first_output

    def answer_ids(self, words: Integer[np.ndarray, "batch slots *more"]) -> Int[np.ndarray, "batch slots *more"]:
        """What is said at slots 0..n as the ids of the right answers: at a header token's slot, blank.

        >>> Vocabulary(4, header_size=9).answer_ids(np.array([[4, 0, 3]])).tolist()
        [[14, 9, 12]]
        """
        ids = self.output_ids(words)
        if self.header_size:
            ids[:, 0] = self.blank
        return ids

    def answers(self, ids: Integer[np.ndarray, ...]) -> Integer[np.ndarray, ...]:
        """Answer ids as words: symbols, `alphabet_size` for "nothing"; or numbers.

        >>> Vocabulary(4, numbers=range(-2, 3)).answers(np.array([5, 9])).tolist()
        [-2, 2]
        """
        return ids - self.first_output + self.least_output

    def names(self, symbols: Sequence[str]) -> list[str]:
        """Every token's text, by id.

        >>> Vocabulary(2).names("AB"), Vocabulary(2, header_size=1).names("AB")
        (['A', 'B', '<start>'], ['<0>', 'A', 'B', '<none>', '<blank>'])
        """
        found = [f"<{k}>" for k in range(self.header_size)] + list(symbols)
        found += [NONE, BLANK] if self.header_size else [START]
        found += [] if self.classes else [f"<={number_text(value, self.grid)}>" for value in self.numbers or ()]
        assert len(found) == self.size, (len(found), self.size)
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        ids: dict[str, Any] = {
            "vocabulary": self.size,
            "first_symbol": self.first_symbol,
            "nothing": self.nothing,
            "first_output": self.first_output,
            "output": "symbol" if self.numbers is None else "class" if self.classes else "number",
            "least_output": self.least_output,
            **({} if self.grid == 1 else {"grid": self.grid}),
        }
        if self.header_size:
            return {**ids, "headers": [0, self.header_size - 1], "blank": self.blank}
        return {**ids, "start": self.start}
