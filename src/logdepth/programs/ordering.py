"""Order: reverse, sort by counting, sort by frequency, the most frequent. Most of it sees the whole sequence.

*Sort*: what is to stand at position i is the symbol below which fewer than i tokens lie, and as many as can be. Each
token counts what is less than it; then every position looks for the greatest symbol whose count is less than i. Ties
need not be broken, as they must be where tokens are ranked and then fetched. Two layers.

Source: RASP (Weiss, Goldberg, Yahav 2021); the sort without ties is ours.
"""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np

from logdepth.lang import Position, Symbol, Word, count, first, highest, last, maximum, program, theirs
from logdepth.programs.comparing import FEW, count_less, read_less
from logdepth.programs.stated import Question, Stated, both


@program(causal=False)
def reverse(x: Symbol, position: Position):
    """The sequence backwards."""
    end = last().read(position)
    return first(where=theirs(position - 1) == end - position).read(x)


@program(causal=False)
def sort(x: Symbol, position: Position):
    """The symbols in order."""
    return read_less(partial(highest, x), _below(x), position)(x)


@program(causal=False)
def sort_unique(x: Symbol, position: Position):
    """The symbols in order, if none occurs twice: at position i the symbol that i - 1 tokens are less than."""
    return first(where=theirs(_below(x)) == maximum(position - 1, 0)).read(x)


@program(causal=False)
def sort_by_frequency(x: Symbol, position: Position):
    """The tokens by how often their symbol occurs, the most frequent first; equal ones stay as they stand."""
    often = count(where=theirs(x) == x)
    seldom = position.hi - often
    before = count_less(seldom, seldom)
    within = count_less(position, position, theirs(often) == often)
    return first(where=theirs(before + within) == maximum(position - 1, 0)).read(x)


@program
def most_frequent(x: Symbol):
    """The symbol that occurs most often, the latest of several."""
    often = count(where=theirs(x) == x)
    return highest(by=often).read(x)


def _below(x: Word) -> Word:
    """How many symbols are less than mine."""
    symbol = x % x.hi  # at the start token 0: nothing is less
    return count_less(symbol, symbol, digits=1 if x.hi <= FEW else 2)


def _unique(seen: list[int], i: int, asked: Question) -> int:
    found = [symbol for symbol in seen if sum(other < symbol for other in seen) == i - 1]
    return found[0] if found else asked.nothing


def _by_frequency(seen: list[int], i: int, asked: Question) -> int:
    often = Counter(seen)
    return sorted(seen, key=lambda symbol: -often[symbol])[i - 1]


def _most_frequent(seen: list[int], i: int, asked: Question) -> int:
    most = max(Counter(seen).values())
    return next(symbol for symbol in reversed(seen) if seen.count(symbol) == most)


def _few_repeats(rng: np.random.Generator, asked: Question) -> list[int]:
    """No symbol twice, as far as there are enough of them."""
    rounds = -(-asked.length // asked.alphabet_size)
    return np.concatenate([rng.permutation(asked.alphabet_size) for _ in range(rounds)])[: asked.length].tolist()


_RASP = "RASP (Weiss, Goldberg, Yahav 2021)"
STATED = (
    Stated("reverse", "the sequence backwards", (reverse,), lambda seen, i, asked: seen[-i], lambda _: 2, _RASP),
    Stated(
        "sort",
        "the symbols in order",
        (sort,),
        lambda seen, i, asked: sorted(seen)[i - 1],
        lambda asked: 2 if asked.alphabet_size <= FEW else 5,
        "counting sort: programs/ordering.py",
    ),
    Stated(
        "sort-unique",
        "the symbols in order, if none occurs twice",
        (sort_unique,),
        _unique,
        lambda asked: 2 if asked.alphabet_size <= FEW else 3,
        _RASP,
        _few_repeats,
        {"alphabet": 62},
    ),
    Stated(
        "sort-by-frequency",
        "the tokens by how often their symbol occurs",
        (sort_by_frequency,),
        _by_frequency,
        lambda _: 5,
        "Tracr's library, sort_freq",
    ),
    Stated(
        "most-frequent",
        "the symbol that occurs most often, the latest of several",
        both(most_frequent),
        _most_frequent,
        lambda _: 2,
        _RASP,
    ),
)
