"""The interpreter against the definition, causal and bidirectional, ragged and large."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.joins import combine, join
from logdepth.lang import (
    Position,
    Symbol,
    at,
    count,
    exists,
    first,
    highest,
    interpret,
    last,
    lowest,
    program,
    theirs,
)
from logdepth.programs import khop_rank
from logdepth.tasks.khop import solve
from tests.brute import brute_force


def everything(x: Symbol, position: Position):
    """Every kind of look-up in one number."""
    later = at(2 * position - 1).read(x)
    kinds = [
        last(where=theirs(x) == x),
        first(where=theirs(x) == later),
        highest(by=x, where=()),
        lowest(by=x, where=theirs(x) == x),
    ]
    total = later + count(where=theirs(x) == x) + exists(where=(theirs(x) == later, x == theirs(position)))
    for weight, match in enumerate(kinds):
        total = total + match.read(position) + weight * match.found()
    return total


@pytest.mark.parametrize("causal", [True, False])
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_every_look_up_is_its_definition(causal: bool, string: list[int]) -> None:
    graph = program(causal=causal)(everything).trace(length=12, alphabet_size=4)
    assert interpret(graph, np.array([string]))[0].tolist() == brute_force(graph, string)


def test_rows_of_different_length_do_not_disturb_each_other() -> None:
    graph = program(causal=False)(everything).trace(length=9, alphabet_size=4)
    rng = np.random.default_rng(0)
    strings, lengths = rng.integers(0, 4, (20, 9)), rng.integers(1, 10, 20)
    together = interpret(graph, strings, lengths=lengths)
    for row, length in enumerate(lengths):
        alone = interpret(graph, strings[row : row + 1, :length])
        assert (together[row, : length + 1] == alone[0]).all()


def test_keys_too_wide_for_one_word_are_renumbered() -> None:
    rng = np.random.default_rng(0)
    words = [rng.integers(0, 1 << 40, (1, 50)) for _ in range(3)]
    others = [np.roll(word, 1, 1) for word in words]
    keys, queries = combine(words, others)
    assert (np.unique(keys).size, (np.roll(keys, 1, 1) == queries).all()) == (50, True)
    big = keys * (1 << 20)  # sparse keys go through the hash table
    assert (join("last", big, big, np.array([49])) == join("last", keys, keys, np.array([49]))).all()


def test_interpreter_takes_long_sequences() -> None:
    strings = np.random.default_rng(0).integers(0, 4, (1, 100_000))
    graph = khop_rank.trace(length=100_000, alphabet_size=4, k=64)
    assert (interpret(graph, strings)[:, 1:] == solve(strings, 64, 4)).all()


def test_bad_sequences() -> None:
    graph = khop_rank.trace(length=4, alphabet_size=3, k=1)
    with pytest.raises(InputError, match=r"sequence 1, position 2: symbol 3 is not in 0\.\.2"):
        interpret(graph, np.array([[0, 3]]))
    with pytest.raises(InputError, match="a sequence of 5 symbols; the program was traced for 4"):
        interpret(graph, np.zeros((1, 5), int))


def test_a_count_of_everything_may_come_first() -> None:
    @program
    def seen(x: Symbol):
        return count()

    graph = seen.trace(length=5, alphabet_size=2)
    assert interpret(graph, np.array([[0, 1, 1]])).tolist() == [[0, 1, 2, 3]]
    assert brute_force(graph, [0, 1, 1]) == [0, 1, 2, 3]
