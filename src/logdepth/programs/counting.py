"""What is counted: how long, how often, which is more. One layer a count; a function of one count costs nothing.

Source: selector widths of RASP (Weiss, Goldberg, Yahav 2021); the averaging head of docs/certificate.md.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from logdepth.errors import InputError
from logdepth.lang import AtLeast, Symbol, Word, count, mean, program, theirs
from logdepth.programs.stated import Question, Stated, both

Which = Annotated[int, AtLeast(0)]


@program
def length_so_far(x: Symbol):
    """How many symbols there are."""
    return count()


@program
def histogram(x: Symbol):
    """How often my symbol occurs."""
    return count(where=theirs(x) == x)


@program
def occurrences(x: Symbol, symbol: Which = 0):
    """How often one symbol occurs."""
    return count(where=theirs(x) == symbol_of(x, symbol))


@program
def fraction_of(x: Symbol, symbol: Which = 0, grid: Annotated[int, AtLeast(1)] = 100):
    """How large a share one symbol has, to the nearest multiple of 1/grid."""
    return mean(x == symbol_of(x, symbol)).rounded(grid)


@program
def pair_balance(x: Symbol, opening: Which = 0, closing: Which = 1):
    """How many more there are of one symbol than of another."""
    return count(where=theirs(x) == symbol_of(x, opening)) - count(where=theirs(x) == symbol_of(x, closing))


@program(alphabet=lambda: "01")
def majority(x: Symbol):
    """Whether more than half are 1."""
    return count(where=theirs(x) == 0) < count(where=theirs(x) == 1)


@program(causal=False)
def rare_symbols(x: Symbol, most: Which = 1):
    """How many tokens hold a symbol that occurs `most` times at most."""
    rare = count(where=theirs(x) == x) <= most
    return count(where=theirs(rare))


def symbol_of(x: Word, symbol: int) -> int:
    """A symbol that the alphabet has. Raises `InputError` for another."""
    if symbol >= x.hi:
        raise InputError(f"symbol {symbol} is not one of the alphabet's, 0..{x.hi - 1}")
    return symbol


def _even(rng: np.random.Generator, asked: Question) -> list[int]:
    """Half ones and half zeros, or one more of either."""
    ones = (asked.length + int(rng.integers(0, 2))) // 2
    return rng.permutation([1] * ones + [0] * (asked.length - ones)).tolist()


_RASP = "RASP (Weiss, Goldberg, Yahav 2021), selector width"
STATED = (
    Stated("length", "how many symbols", both(length_so_far), lambda seen, i, asked: len(seen), lambda _: 1, _RASP),
    Stated(
        "histogram",
        "how often my symbol occurs",
        both(histogram),
        lambda seen, i, asked: seen.count(seen[i - 1]),
        lambda _: 1,
        _RASP,
    ),
    Stated(
        "occurrences",
        "how often one symbol occurs",
        both(occurrences),
        lambda seen, i, asked: seen.count(asked["symbol"]),
        lambda _: 1,
        _RASP,
    ),
    Stated(
        "fraction",
        "how large a share one symbol has of the tokens, to the nearest hundredth",
        (fraction_of,),
        lambda seen, i, asked: (2 * asked["grid"] * seen.count(asked["symbol"]) + len(seen)) // (2 * len(seen)),
        lambda _: 2,
        "RASP's fraction of previous tokens, rounded only so far as is asked",
    ),
    Stated(
        "pair-balance",
        "how many more of one symbol than of another",
        both(pair_balance),
        lambda seen, i, asked: seen.count(asked["opening"]) - seen.count(asked["closing"]),
        lambda _: 2,
        _RASP,
    ),
    Stated(
        "majority",
        "whether more than half are 1",
        both(majority),
        lambda seen, i, asked: int(2 * sum(seen) > len(seen)),
        lambda _: 2,
        "a threshold gate: TC0",
        _even,
        {},
    ),
    Stated(
        "rare-symbols",
        "how many tokens hold a symbol that occurs so often at most",
        (rare_symbols,),
        lambda seen, i, asked: sum(seen.count(symbol) <= asked["most"] for symbol in seen),
        lambda _: 2,
        "Tracr's library, count_less_freq",
    ),
)
