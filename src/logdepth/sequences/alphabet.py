"""The user's symbols and their numbers: what a text's characters or words are called in a sequence."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from logdepth.errors import InputError

_LETTERS = string.ascii_lowercase + string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class Alphabet:
    """The symbols in order, one name each. Single characters are written without spaces, others with.

    >>> Alphabet.of(4).symbols, Alphabet.of("ACGT").symbols
    (('a', 'b', 'c', 'd'), ('A', 'C', 'G', 'T'))
    >>> Alphabet.of("ACGT").parse("GATTACA", "line 1")
    [2, 0, 3, 3, 0, 1, 0]
    """

    symbols: tuple[str, ...]

    @staticmethod
    def of(alphabet: int | str | Sequence[str]) -> Alphabet:
        """From a size (letters, or numbers above 62 symbols), a string of characters, or names."""
        if isinstance(alphabet, int):
            if alphabet < 1:
                raise InputError(f"alphabet is {alphabet}; it must be at least 1")
            if alphabet <= len(_LETTERS):
                return Alphabet(tuple(_LETTERS[:alphabet]))
            return Alphabet(tuple(str(i) for i in range(alphabet)))
        symbols = tuple(alphabet)
        if not symbols:
            raise InputError("the alphabet is empty; give at least one symbol")
        seen: set[str] = set()
        for symbol in symbols:
            if symbol in seen:
                raise InputError(f"symbol {symbol!r} occurs twice in the alphabet")
            seen.add(symbol)
            if not symbol or any(c.isspace() for c in symbol) or "<" in symbol or ">" in symbol:
                raise InputError(f"symbol {symbol!r} cannot be used: no spaces, no < or > (they mark special tokens)")
        return Alphabet(symbols)

    @property
    def size(self) -> int:
        return len(self.symbols)

    @property
    def single(self) -> bool:
        """Whether every symbol is one character."""
        return all(len(symbol) == 1 for symbol in self.symbols)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {symbol: i for i, symbol in enumerate(self.symbols)}

    @property
    def nothing(self) -> str:
        """What "nothing found" looks like in print: an underscore, or something else if that is a symbol."""
        return next(mark for mark in ("_", ".", "-", "<none>") if mark not in self.symbols)

    def parse(self, text: str, where: str, first_column: int = 1) -> list[int]:
        """Symbols as numbers. Raises `InputError` naming `where` and the column of what is not a symbol."""
        known = self._numbers
        if self.single:
            cells = list(enumerate(text, first_column))
        else:
            cells = [(first_column + found.start(), found.group()) for found in re.finditer(r"\S+", text)]
        found = []
        for column, symbol in cells:
            if symbol not in known:
                shown = "".join(self.symbols) if self.single else f"{self.symbols[0]} .. {self.symbols[-1]}"
                raise InputError(f"{where}, column {column}: {symbol!r} is not in the alphabet {shown}")
            found.append(known[symbol])
        return found

    def text(self, values: Sequence[int]) -> str:
        """Answers as text; the value `size` is "nothing"."""
        names = [*self.symbols, self.nothing]
        return ("" if self.single else " ").join(names[value] for value in values)
