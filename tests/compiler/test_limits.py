"""Large programs: linear time, or one clear refusal before anything large is made."""

from __future__ import annotations

import time

import numpy as np
import pytest

import logdepth
from logdepth.compiler.limits import MAX_DEPTH, check_sizes
from logdepth.compiler.normalize import normalize
from logdepth.compiler.program_to_transformer import program_to_transformer
from logdepth.compiler.schedule import schedule_program
from logdepth.errors import InputError, ProgramError
from logdepth.lang import Position, Symbol, at, count, interpret, maximum, minimum, program, select, theirs
from logdepth.lang.words import Setting
from logdepth.programs import khop_doubling, khop_rank, khop_rank_any
from tests.brute import brute_force


@program
def nested(x: Symbol, position: Position, depth: int):
    before, word = at(position - 1).read(x), x
    for i in range(depth):
        word = select(before == i % 3, x if i % 2 else before, word)
    return word


@program
def shared(x: Symbol, position: Position, depth: int):
    """Both sides of every select are the one before: a tree of 2^depth paths, a graph of depth nodes."""
    before, word = at(position - 1).read(x), x
    for i in range(depth):
        word = select(before == i % 3, word, select(x == before, before, word))
    return word


@program
def chain(x: Symbol, position: Position, depth: int):
    before, word = at(position - 1).read(x), x
    for i in range(depth):
        word = minimum(word + before, 9) if i % 4 else maximum(word - x, 0)
    return word


@program
def negated(x: Symbol, position: Position, depth: int):
    word = at(position - 1).read(x) == 1
    for i in range(depth):
        word = ~word if i % 2 else word + 1 - 1
    return word


def test_nested_selects_and_long_chains_take_linear_time() -> None:
    string = [0, 1, 2, 1, 0, 0, 2, 1]
    for marked, depth in ((nested, 200), (shared, 200), (chain, 5000), (negated, 5000)):
        began = time.perf_counter()
        graph = marked.trace(length=8, alphabet_size=3, depth=depth)
        assert graph.output_is_symbol == (marked in (nested, shared))
        assert interpret(graph, np.array([string]))[0].tolist() == brute_force(graph, string)
        normal = normalize(graph)
        if marked is chain:
            with pytest.raises(ProgramError, match=r"needs [0-9,]+ layers, .* the limit is 1,000"):
                schedule_program(normal)
        else:
            schedule = schedule_program(normal)
            model = program_to_transformer(graph, schedule)
            assert schedule.depth <= 2 * depth + 2 and model.depth == schedule.depth
        assert time.perf_counter() - began < 30  # a tenth of that alone on a machine; not linear would be hours


def test_the_deepest_chain_is_scheduled() -> None:
    schedule = schedule_program(normalize(nested.trace(length=5, alphabet_size=3, depth=MAX_DEPTH - 2)))
    assert schedule.depth <= MAX_DEPTH and len(schedule.digits_live) == schedule.depth + 1


@pytest.mark.parametrize(
    ("marked", "sizes", "message"),
    [
        (
            khop_rank,
            {"length": 100_000_000, "alphabet": 4, "k": 3},
            r"length 100,000,000 needs about .* limit is 2 GiB",
        ),
        (
            khop_doubling,
            {"length": 5_000_000, "alphabet": 4, "k": 3},
            "length 5,000,000 needs about .* --length [0-9]+",
        ),
        (khop_rank, {"length": 9, "alphabet": 100_000_000, "k": 3}, r"alphabet 100,000,000 needs .*give --alphabet"),
        (
            khop_rank_any,
            {"length": 9, "alphabet": 4, "max_k": 10**9, "header_size": 10**9 + 1},
            "headers 1,000,000,001",
        ),
    ],
)
def test_what_would_not_fit_is_refused_before_it_is_made(marked, sizes: dict, message: str) -> None:
    began = time.perf_counter()
    with pytest.raises(InputError, match=message):
        logdepth.compile(marked, **sizes)
    assert time.perf_counter() - began < 20


def test_the_way_out_fits() -> None:
    check_sizes(Setting(1, 21_474_836))
    with pytest.raises(InputError):
        check_sizes(Setting(1, 21_474_837))


def test_many_counts_of_many_positions_are_counted() -> None:
    @program
    def counts(x: Symbol):
        total = count()
        for i in range(50):
            total = total + count(where=theirs(x) == i)
        return minimum(total, 3)

    with pytest.raises(InputError, match=r"length 60,000 needs about .* give --length"):
        logdepth.compile(counts, length=60_000, alphabet=60)
