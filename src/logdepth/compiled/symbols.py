"""The user's symbols and the model's ids: reading text, FASTA and .npy, naming tokens, printing answers."""

from __future__ import annotations

import re
import string
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

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


@dataclass(frozen=True)
class Record:
    """One input: a name (a FASTA header, or its line), its symbols, its header value if it states one."""

    name: str
    symbols: list[int]
    header: int | None = None


def guess_alphabet(path: str, text: str) -> Alphabet:
    """The distinct characters of a text's sequences, sorted: what `solve` uses when none is given."""
    characters = sorted({c for _, _, pieces in _records(text) for _, piece in pieces for c in piece})
    if not characters:
        raise InputError(f"{path}: no sequences in it")
    return Alphabet(tuple(characters))


def read_text(path: str, text: str, alphabet: Alphabet) -> list[Record]:
    """Sequences out of text: one a line, or FASTA (records may span lines). Blank lines are skipped.

    A line may begin with `<k>`: the header (hop token) of models that take one. Raises `InputError`, naming
    file, line and column, for what is not a symbol, and for a file without sequences.

    >>> read_text("x", ">one\\nGAT\\nTACA\\n", Alphabet.of("ACGT"))
    [Record(name='one', symbols=[2, 0, 3, 3, 0, 1, 0], header=None)]
    """
    records = []
    for name, header, pieces in _records(text):
        symbols: list[int] = []
        for (line, column), piece in pieces:
            symbols += alphabet.parse(piece, f"{path}, line {line}", column)
        records.append(Record(name, symbols, header))
    if not records:
        raise InputError(f"{path}: no sequences in it")
    return records


_Pieces = list[tuple[tuple[int, int], str]]  # ((line, first column), text)


def _records(text: str) -> list[tuple[str, int | None, _Pieces]]:
    records: list[tuple[str, int | None, _Pieces]] = []
    fasta = next((line for line in text.splitlines() if line.strip()), "").startswith(">")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        if fasta and line.startswith(">"):
            records.append((line[1:].strip() or f"record {len(records) + 1}", None, []))
            continue
        header, rest = None, line.rstrip()
        if rest.startswith("<") and ">" in rest and rest[1 : rest.index(">")].isdigit():
            header = int(rest[1 : rest.index(">")])
            rest = rest[rest.index(">") + 1 :]
        column = 1 + len(line.rstrip()) - len(rest) + len(rest) - len(rest.lstrip())
        piece = ((number, column), rest.strip())
        if fasta:
            records[-1][2].append(piece)
        else:
            records.append((f"line {number}", header, [piece]))
    return records


def read_ids(path: str, alphabet_size: int, header_size: int) -> list[Record]:
    """Sequences out of a `.npy` array of token ids, `(sequences, tokens)` or `(tokens,)`.

    Rows may begin with the model's first token (start token, or hop token), as the model takes them; without it
    the start token is put in front. Raises `InputError` for other shapes and types, and ids out of range.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise InputError(f"{path} is not a .npy array: {error}") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iu" or array.ndim not in (1, 2):
        raise InputError(f"{path}: a 1- or 2-dimensional array of integers is needed, not {array.dtype} {array.shape}")
    rows = np.atleast_2d(array).astype(np.int64)
    if not rows.size:
        raise InputError(f"{path}: no sequences in it")
    first = rows[:, 0]
    headed = (first < header_size).all() if header_size else (first == alphabet_size).all()
    if header_size and not headed:
        raise InputError(f"{path}: every row must begin with a hop token, 0..{header_size - 1}")
    symbols = rows[:, 1:] - header_size if headed else rows
    wrong = np.argwhere((symbols < 0) | (symbols >= alphabet_size))
    if wrong.size:
        row, column = wrong[0]
        raise InputError(
            f"{path}, row {row + 1}, column {column + 1 + headed}: token {symbols[row, column] + header_size} is not a "
            f"symbol ({header_size}..{header_size + alphabet_size - 1})"
        )
    headers = first.tolist() if header_size else [None] * len(rows)
    return [Record(f"row {i + 1}", row.tolist(), h) for i, (row, h) in enumerate(zip(symbols, headers, strict=True))]


def read_input(path: str, alphabet: Alphabet | None, header_size: int = 0) -> tuple[list[Record], Alphabet]:
    """Sequences from a file, or from standard input for `-`: text, FASTA, or `.npy`. No alphabet: guess it.

    Raises `InputError` for a file that is missing, empty or not of these kinds.
    """
    if path != "-" and not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    if path.endswith(".npy"):
        if alphabet is None:
            raise InputError(f"{path}: give --alphabet for a .npy file")
        return read_ids(path, alphabet.size, header_size), alphabet
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text (byte {error.start})") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    name = "standard input" if path == "-" else path
    if alphabet is None:
        alphabet = guess_alphabet(name, text)
    return read_text(name, text, alphabet), alphabet
