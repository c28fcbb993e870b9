"""Which token id means what: headers, symbols, start token, blank, numbers out. The one place where ids are laid out.

Without a header: symbols 0..A-1, start token A, which as an answer means "nothing". With one: headers 0..K-1, symbols
K..K+A-1, BOT ("nothing") K+A, blank K+A+1: the answer at the header's own slot. A model whose answers are numbers
has ids of their own for them, after those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int, Integer

from logdepth.errors import InputError

START, NONE, BLANK = "<start>", "<none>", "<blank>"


@dataclass(frozen=True)
class Vocabulary:
    """The ids of a model that takes symbols 0..alphabet_size-1 after one of `header_size` headers (0: after the start
    token) and answers with a symbol, or with a number of `numbers`.

    >>> Vocabulary(4).start, Vocabulary(4).size, Vocabulary(4, header_size=3).first_symbol
    (4, 5, 3)
    >>> Vocabulary(4, numbers=range(-2, 3)).first_output
    5
    """

    alphabet_size: int
    header_size: int = 0
    numbers: range | None = None

    @property
    def first_symbol(self) -> int:
        """The id of symbol 0."""
        return self.header_size

    @property
    def nothing(self) -> int:
        """The id after the symbols: as an answer "nothing", the start token where there is no header (BOT else)."""
        return self.header_size + self.alphabet_size

    start = nothing  # what padding, and the marks of a config, are made of

    @property
    def blank(self) -> int:
        """The answer at a header's slot. Without headers there is none (`InputError`)."""
        if not self.header_size:
            raise InputError("a vocabulary without headers has no blank")
        return self.nothing + 1

    @property
    def num_inputs(self) -> int:
        """Ids that are no numbers out."""
        return self.nothing + 1 + (self.header_size > 0)

    @property
    def size(self) -> int:
        return self.num_inputs + (0 if self.numbers is None else len(self.numbers))

    @property
    def first_output(self) -> int:
        """The id of the least answer: symbol 0, or the least number."""
        return self.first_symbol if self.numbers is None else self.num_inputs

    @property
    def least_output(self) -> int:
        """What the id `first_output` means."""
        return 0 if self.numbers is None else self.numbers.start

    def encode(
        self, strings: Integer[np.ndarray, "batch n"], header: Integer[np.ndarray, " batch"] | None = None
    ) -> Int[np.ndarray, "batch slots"]:
        """Symbols (batch, n) as ids (batch, n + 1), the first token in front. Raises `InputError` for no header where
        one is needed.

        >>> Vocabulary(4).encode(np.array([[0, 3]])).tolist()
        [[4, 0, 3]]
        >>> Vocabulary(4, header_size=9).encode(np.array([[0, 3]]), np.array([7])).tolist()
        [[7, 9, 12]]
        """
        strings = np.asarray(strings)
        if self.header_size:
            if header is None:
                raise InputError("the model takes a hop token first; say which (header)")
            first = np.asarray(header)[:, None]
        else:
            first = np.full((len(strings), 1), self.start)
        return np.concatenate([first, strings + self.first_symbol], 1).astype(np.int64)

    def answer_ids(self, words: Int[np.ndarray, "batch slots"]) -> Int[np.ndarray, "batch slots"]:
        """What a program says at slots 0..n as the ids of the right answers: at a header's slot, blank.

        >>> Vocabulary(4, header_size=9).answer_ids(np.array([[4, 0, 3]])).tolist()
        [[14, 9, 12]]
        """
        ids = words - self.least_output + self.first_output
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
        found += [f"<={value}>" for value in self.numbers or ()]
        assert len(found) == self.size, (len(found), self.size)
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        ids: dict[str, Any] = {
            "vocabulary": self.size,
            "first_symbol": self.first_symbol,
            "nothing": self.nothing,
            "first_output": self.first_output,
            "output": "symbol" if self.numbers is None else "number",
            "least_output": self.least_output,
        }
        if self.header_size:
            return {**ids, "hop_tokens": [0, self.header_size - 1], "blank": self.blank}
        return {**ids, "start": self.start}
