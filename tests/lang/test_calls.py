"""A program called from another is what it is on its own, and what it cannot be there is refused with both lines."""

from __future__ import annotations

import itertools
from typing import Annotated

import numpy as np
import pytest

from logdepth.compiler.compile import compile_program
from logdepth.errors import InputError, ProgramError
from logdepth.lang import (
    AtLeast,
    Header,
    Position,
    Program,
    Symbol,
    Word,
    at,
    count,
    first,
    highest,
    interpret,
    last,
    mean,
    nothing,
    program,
    select,
    symbol,
    theirs,
    union,
)
from logdepth.programs import khop_doubling, khop_rank, khop_rank_any
from tests.brute import brute_force

STRINGS = np.array(list(itertools.product(range(3), repeat=5)))


@program
def previous(x: Symbol, position: Position, by: Annotated[int, AtLeast(0)] = 1):
    return at(position - by).read(x)


@program(causal=False)
def number(x: Symbol):
    return count(where=theirs(x) == x)


@program
def many_look_ups(x: Symbol, position: Position):
    """Every kind of look-up, some of which see what stands after a token if nothing stops them."""
    rank = count(where=theirs(x) == x)
    ahead = at(position + x - 1).read(x + 1)
    found = last(where=theirs(x) == x).read(position) + first(where=theirs(x) != x).read(position)
    best = highest(by=x, where=theirs(x) < 2).read(position)
    return rank + 4 * ahead + 16 * found + 200 * best + 2000 * union().read(x)


@pytest.mark.parametrize("called", [many_look_ups, khop_rank, khop_doubling, previous], ids=lambda each: each.name)
def test_a_causal_program_is_the_same_in_a_bidirectional_one(called: Program) -> None:
    given = {"k": 3} if "k" in called.parameters else {}

    @program(causal=False)
    def wrapped():
        return called(**given)

    alone, within = (interpret(each.trace(5, 3, **extra), STRINGS) for each, extra in ((called, given), (wrapped, {})))
    assert isinstance(alone, np.ndarray) and isinstance(within, np.ndarray)
    assert (alone == within).all()
    found = compile_program(wrapped, length=5, alphabet_size=3, target="bert")
    ids = found.transformer.run(found.graph.vocabulary.encode(STRINGS), "soft")
    assert (found.graph.vocabulary.answers(ids) == alone).all()
    assert (brute_force(found.graph, STRINGS[17].tolist()) == alone[17]).all()


def test_a_program_that_looks_at_nothing_may_be_called_from_anywhere() -> None:
    @program(causal=False)
    def twice(x: Symbol):
        return 2 * x

    @program
    def outer(x: Symbol):
        return twice(x=x + 1)

    assert outer.run("abc") == [2, 4, 6]


def test_words_parameters_and_what_is_left_out() -> None:
    @program
    def outer(x: Symbol, position: Position):
        return select(position < 4, previous(previous(by=2), position), previous(x))

    assert outer.run("banana") == "___nan"


def test_names_say_where_words_come_from() -> None:
    @program
    def outer(x: Symbol):
        return khop_rank(k=2)

    graph, alone = outer.trace(9, 3), khop_rank.trace(9, 3, k=2)
    assert [node.key for node in graph.nodes] == [node.key for node in alone.nodes]
    assert {"found", "rank_after"} <= {node.name for node in graph.nodes}


def test_a_header_is_the_callers() -> None:
    @program
    def outer(h: Header, max_k: int):
        return khop_rank_any(hops=h, max_k=max_k)

    found = outer.run("baebcabebdea", header=2, max_k=3)
    assert found == khop_rank.run("baebcabebdea", k=2)
    with pytest.raises(ProgramError, match="6 headers"):
        outer.run("ab", header=5, max_k=3)


@program
def endless(x: Symbol):
    return previous(other(x))


@program
def other(x: Symbol):
    return endless(x)


@program
def failing(x: Symbol):
    assert x.hi > 99, "an alphabet of 99"
    return x


REFUSED = [
    (lambda x: previous(x, by=-1), "by is -1; it must be at least 0"),
    (lambda x: previous(x, by=x), "by is <word symbol.*it must be a whole number"),
    (lambda x: previous(x, bye=1), "has no parameter bye; did you mean by"),
    (lambda x: previous(x, x, 1, 2), "takes x, position, by; 4 are given"),
    (lambda x: previous(x, x=x), "x is given twice"),
    (lambda x: previous("a"), "'a' is neither a word nor an integer"),
    (lambda x: khop_rank(x), "needs the parameter k"),
    (lambda x: khop_rank_any(max_k=3), "reads a header, and here there is none; give hops="),
    (lambda x: endless(x), r"calls itself \(outer -> endless -> other -> endless\)"),
    (lambda x: failing(x), r"AssertionError: an alphabet of 99.* \(in failing, called at "),
    (lambda x: number(x), r"a look-up of number, .* within outer, .*; mark outer causal=False, too, or number causal"),
]


@pytest.mark.parametrize(("wrong", "message"), REFUSED)
def test_refused(wrong, message: str) -> None:
    @program
    def outer(x: Symbol):
        return wrong(x)

    with pytest.raises(ProgramError, match=message) as caught:
        outer.trace(5, 3)
    assert str(caught.value).startswith(f"{__file__}:") and "\n" not in str(caught.value)


def test_outside_of_a_program() -> None:
    with pytest.raises(ProgramError, match=r"a program is called inside another one; on a text run it: previous\.run"):
        previous(1)


def test_casts() -> None:
    @program
    def letters(x: Symbol, position: Position):
        return select(position == 2, nothing(), symbol(count(where=theirs(x) == x) - 1))

    assert letters.run("banana") == "a_abbn"
    assert letters.trace(100, 3).nodes[letters.trace(100, 3).output].hi == 3

    @program
    def out_of_range(x: Symbol, position: Position):
        return symbol((x - 1) * 10**9 + position - 2)

    assert out_of_range.run("bab", symbols="abc") == "__b"
    assert letters.trace(5, 3).output_is_symbol

    @program
    def mixed(x: Symbol, position: Position):
        return select(x == 0, symbol(position), position)

    assert mixed.run("ab") == [1, 2]


def test_words_of_a_call_and_reals() -> None:
    @program
    def share(x: Symbol, of: Word):
        return mean(x == of).rounded(10)

    @program
    def outer(x: Symbol):
        return share(of=0) + 1

    assert outer.run("abb") == [2.0, 1.5, 1.3]
    with pytest.raises(InputError, match="needs the parameter of"):
        share.run("abb")
