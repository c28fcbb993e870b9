"""What stands a few positions before me: a shift, and whether a word ends here. One layer, a head for each distance."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from logdepth.errors import InputError
from logdepth.lang import AtLeast, Position, Symbol, at, maximum, program, table
from logdepth.programs.stated import Question, Stated, both

LONGEST = 16  # flags that one table combines: 2^16 is the largest there is


def letters(pattern: str, symbols: str = "") -> str:
    """The alphabet: what is given, or the letters of the word."""
    return symbols or "".join(sorted(set(pattern)))


@program
def shift(x: Symbol, position: Position, by: Annotated[int, AtLeast(0)] = 1):
    """The symbol so many positions before."""
    return at(maximum(position - by, 0)).read(x)


@program(alphabet=letters)
def find_word(x: Symbol, position: Position, pattern: str, symbols: str = ""):
    """Whether a word ends here."""
    wanted = numbers(pattern, symbols)
    here = [x == wanted[-1]]
    for back, symbol in enumerate(reversed(wanted[:-1]), 1):
        here.append(at(maximum(position - back, 0)).read(x == symbol))
    return table(lambda *flags: all(flags), *here)


def numbers(pattern: str, symbols: str) -> list[int]:
    """The word's letters as symbols. Raises `InputError` for an empty one, one too long, and letters that there are
    not."""
    if not 1 <= len(pattern) <= LONGEST:
        raise InputError(
            f"pattern has {len(pattern)} letters; find-word takes 1 to {LONGEST} (longer ones: regex, as .*WORD)"
        )
    alphabet = letters(pattern, symbols)
    for letter in pattern:
        if letter not in alphabet:
            raise InputError(f"pattern: {letter!r} is not one of the symbols {alphabet}")
    return [alphabet.index(letter) for letter in pattern]


def _planted(rng: np.random.Generator, asked: Question) -> list[int]:
    wanted, string = numbers(asked["pattern"], asked["symbols"]), rng.integers(0, asked.alphabet_size, asked.length)
    for start in range(int(rng.integers(0, len(wanted))), asked.length - len(wanted) + 1, len(wanted) + 1):
        string[start : start + len(wanted)] = wanted
    return string.tolist()


def _ends_here(seen: list[int], i: int, asked: Question) -> int:
    wanted = numbers(asked["pattern"], asked["symbols"])
    return int(seen[:i][-len(wanted) :] == wanted)


STATED = (
    Stated(
        "shift",
        "the symbol so many positions before",
        both(shift),
        lambda seen, i, asked: seen[i - 1 - asked["by"]] if i > asked["by"] else asked.nothing,
        lambda asked: 1,
        "one look-up by address",
    ),
    Stated(
        "find-word",
        "whether a word ends here",
        both(find_word),
        _ends_here,
        lambda asked: 1,
        "Tracr's library, detect_pattern",
        _planted,
        {"pattern": "abc", "symbols": "abcd"},
    ),
)
