"""The contract of a chain of thought: which symbols there are, what a prompt is, and how the answer is read. The one
place for it.

A model that thinks reads a text of *letters* and writes *pointers*, tokens that each name one position of the text.
With A letters and texts of at most N of them, symbols 0..A-1 are letters and A..A+N-1 pointers: symbol A + p - 1 points
to position p, and is printed @p. Token ids are laid out as for every model (`vocabulary.py`); with header tokens 0..K,
which ask for k, they are: 0..K header tokens, then letters, then pointers, then "nothing", then blank.

- *Prompt*: the header token of k (the start token, where a program has no headers); the text's letters; one pointer
  @i, the *question*: position i is asked for.
- *Written*: one token a step, each the argmax. Pointers, the *thoughts*; then a letter, the answer; then "nothing".
- *Stop rule*: "nothing" is the end token (`eos_token_id`): `generate` stops there.
- *Answer*: the letter before the end. Where the end comes after a pointer, the answer is "nothing".

A prompt of n letters and the chain after it take at most n + k + 4 tokens: header, question, k thoughts, letter, end
(which is written and never read). The table of positions has room for all of it, at n = N and k = `steps`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from logdepth.errors import InputError
from logdepth.sequences.alphabet import Alphabet

MARK = "@"  # before the number of a pointer


@dataclass(frozen=True)
class ChainTokens:
    """The symbols for texts of at most `text` letters out of `letters`, and `steps` thoughts. Raises `InputError` for
    sizes below 1, 1 and 0.

    >>> ids = ChainTokens(letters=4, text=3, steps=2)
    >>> ids.length, ids.alphabet_size, ids.pointer(1), ids.pointer(0)
    (7, 7, 4, 7)
    >>> ids.prompt([0, 1, 1], at=2)
    [0, 1, 1, 5]
    """

    letters: int
    text: int
    steps: int

    def __post_init__(self) -> None:
        for name, value, least in (("alphabet", self.letters, 1), ("length", self.text, 1), ("steps", self.steps, 0)):
            if value < least:
                raise InputError(f"{name} is {value:,}; it must be at least {least}")

    @property
    def length(self) -> int:
        """The most symbols after the header token that are ever read: text, question, thoughts, answer."""
        return self.text + self.steps + 2

    @property
    def alphabet_size(self) -> int:
        """Letters and pointers."""
        return self.letters + self.text

    @property
    def nothing(self) -> int:
        """What is answered where nothing is found, and the end of a chain."""
        return self.alphabet_size

    def pointer(self, position: int) -> int:
        """The symbol that points to a position; "nothing" for one outside the text."""
        return self.letters + position - 1 if 1 <= position <= self.text else self.nothing

    def position(self, symbol: int) -> int:
        """Where a symbol points: 1..text; 0 for a letter, and for "nothing".

        >>> [ChainTokens(4, 3, 2).position(symbol) for symbol in range(8)]
        [0, 0, 0, 0, 1, 2, 3, 0]
        """
        return symbol - self.letters + 1 if self.letters <= symbol < self.alphabet_size else 0

    def alphabet(self, letters: Alphabet) -> Alphabet:
        """The names of all symbols: the letters', then @1, @2, ... Raises `InputError` for a letter that begins so."""
        for letter in letters.symbols:
            if letter.startswith(MARK):
                raise InputError(f"symbol {letter!r} cannot be used: {MARK} marks the pointers that the model writes")
        return Alphabet((*letters.symbols, *(f"{MARK}{position}" for position in range(1, self.text + 1))))

    def letters_of(self, alphabet: Alphabet) -> Alphabet:
        """The letters alone."""
        return Alphabet(alphabet.symbols[: self.letters])

    def prompt(self, string: Sequence[int], at: int) -> list[int]:
        """A text's letters, and the question: position `at`, counted from 1. Raises `InputError` for a text that is
        empty or longer than the model takes, for what is no letter, and for a position outside the text."""
        if not string:
            raise InputError("the text is empty: there is no position to ask for")
        if len(string) > self.text:
            raise InputError(
                f"{len(string):,} letters; the model takes {self.text:,} at most "
                f"(compile one with --length {len(string)})"
            )
        for position, letter in enumerate(string, 1):
            if not 0 <= letter < self.letters:
                raise InputError(f"position {position}: symbol {letter} is no letter, 0..{self.letters - 1}")
        if not 1 <= at <= len(string):
            raise InputError(f"position {at} is asked for; the text has positions 1..{len(string)}")
        return [*map(int, string), self.pointer(at)]

    def answer(self, written: Sequence[int]) -> int:
        """The answer, of what was written before the end: its last letter, `letters` for "nothing".

        >>> ids = ChainTokens(4, 3, 2)
        >>> ids.answer([5, 4, 1]), ids.answer([5, 4]), ids.answer([])
        (1, 4, 4)
        """
        return written[-1] if len(written) and written[-1] < self.letters else self.letters

    def parsed(self, symbols: Sequence[int]) -> tuple[int, int] | None:
        """(n, m) of a sequence that begins with n letters and m pointers into them, n and m as large as can be; None
        if it does not begin as a prompt does.

        >>> ids = ChainTokens(4, 3, 2)
        >>> ids.parsed([0, 1, 5, 4, 6]), ids.parsed([0, 1]), ids.parsed([5])
        ((2, 2), None, None)
        """
        n = next((i for i, symbol in enumerate(symbols) if symbol >= self.letters), len(symbols))
        m = next((i for i, s in enumerate(symbols[n:]) if not 1 <= self.position(s) <= n), len(symbols) - n)
        return (n, m) if n and m and n <= self.text else None

    def as_dict(self) -> dict[str, int]:
        """Plain data for JSON."""
        return {"letters": self.letters, "text": self.text, "steps": self.steps}
