"""Recall: the value that a key was given (MQAR), and what followed the longest match. Depth 2 and 3.

*mqar* (Arora et al. 2024, Zoology): every token asks where its symbol stood before, and is answered with what followed;
of several the latest. With `pairs` the first 2 `pairs` tokens are a list of keys and values, and what follows are
queries: only keys of the list are found, and in the list nothing is asked.

*longest-match*: what followed the latest earlier occurrence of as many of my last symbols as occurred before, `most` at
most: the prediction of a context tree, or of Lempel and Ziv. A head for each length; those that match are the short
ones, so one table over all the flags counts them.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from logdepth.lang import AtLeast, AtMost, Position, Symbol, at, choose, last, maximum, program, select, table, theirs
from logdepth.programs.stated import Question, Stated


@program
def mqar(x: Symbol, position: Position, pairs: Annotated[int, AtLeast(0)] = 0):
    """What followed my symbol: a key's value."""
    before = at(position - 1).read(x)
    if not pairs:
        return last(where=theirs(before) == x).read(x)
    listed = position <= 2 * pairs
    is_value, asks = listed & (position % 2 == 0), select(listed, 2, 1)  # 2: nothing is
    return last(where=(theirs(before) == x, theirs(is_value) == asks)).read(x)


@program
def longest_match(x: Symbol, position: Position, most: Annotated[int, AtLeast(1), AtMost(16)] = 4):
    """What followed the longest of my contexts that occurred before."""
    context = [x, *(at(maximum(position - back, 0)).read(x) for back in range(1, most + 1))]
    matches = [
        last(where=tuple(theirs(context[place + 1]) == context[place] for place in range(size)))
        for size in range(1, most + 1)
    ]
    found = [match.found() for match in matches]
    size = table(lambda *flags: sum(flags) if _falling(flags[::-1]) else most, *reversed(found))
    followed = [match.read(x) for match in matches]
    return choose(size, [at(0).read(x), *followed])


def _falling(flags: tuple[int, ...]) -> bool:
    """Whether no longer context matches where a shorter one does not: all that ever happens."""
    return list(flags) == sorted(flags, reverse=True)


def _recalled(seen: list[int], i: int, asked: Question) -> int:
    listed = 2 * asked["pairs"] if asked["pairs"] else None
    if listed is not None and i <= listed:
        return asked.nothing
    places = range(1, len(seen)) if listed is None else range(1, listed, 2)
    values = [seen[place] for place in places if seen[place - 1] == seen[-1]]
    return values[-1] if values else asked.nothing


def _predicted(seen: list[int], i: int, asked: Question) -> int:
    for size in range(min(asked["most"], len(seen)), 0, -1):
        ends = [end for end in range(size, len(seen)) if seen[end - size : end] == seen[-size:]]
        if ends:
            return seen[ends[-1]]
    return asked.nothing


def _queries(rng: np.random.Generator, asked: Question) -> list[int]:
    """Pairs of different keys and any values, then keys of the list."""
    pairs = asked["pairs"] or max(1, asked.length // 4)
    keys = rng.permutation(asked.alphabet_size)[:pairs]
    keys = np.concatenate([keys, rng.integers(0, asked.alphabet_size, pairs - len(keys))])
    listed = np.stack([keys, rng.integers(0, asked.alphabet_size, pairs)], 1).reshape(-1)
    return np.concatenate([listed, rng.choice(keys, asked.length)])[: asked.length].tolist()


def _repeating(rng: np.random.Generator, asked: Question) -> list[int]:
    """Pieces of what came before, copied, with something new now and then."""
    string = rng.integers(0, asked.alphabet_size, min(asked.length, 8)).tolist()
    while len(string) < asked.length:
        start, size = int(rng.integers(len(string))), int(rng.integers(2, 8))
        string += [*string[start : start + size], int(rng.integers(asked.alphabet_size))]
    return string[: asked.length]


STATED = (
    Stated(
        "mqar",
        "the value that followed my symbol, a key (multi-query associative recall)",
        (mqar,),
        _recalled,
        lambda asked: 2,
        "Arora et al. 2024, Definition 3.1; an induction head",
        _queries,
        {"alphabet": 16},
    ),
    Stated(
        "longest-match",
        "what followed the longest of my contexts that occurred before",
        (longest_match,),
        _predicted,
        lambda asked: 3,
        "Lempel and Ziv 1977, contexts up to a bound",
        _repeating,
        {"alphabet": 4, "most": 4},
    ),
)
