"""Loops: unrolled, they are their rounds; the interpreter leaves them once nothing changes, where that is sure."""

from __future__ import annotations

import itertools
from unittest.mock import patch

import numpy as np
import pytest

from logdepth.compiled.graph_json import graph_from_json, graph_to_json
from logdepth.compiler.compile import compile_program
from logdepth.errors import ProgramError
from logdepth.lang import (
    Bits,
    Position,
    Symbol,
    at,
    first,
    fixed_points,
    interpret,
    interpreter,
    last,
    loop,
    minimum,
    one_hot,
    program,
    select,
    theirs,
    union,
)
from logdepth.lang.fixed_points import exits
from tests.brute import brute_force


@program(causal=False)
def root(x: Symbol, position: Position, rounds: int = 12):
    """Where pointers lead in the end, and whether one of them, on the way, is beyond 4."""

    def body(pointer, beyond):
        there = at(pointer)
        return there.read(pointer), there.read(beyond) | (pointer > 4)

    pointer, beyond = loop(body, (x + 1, x == 2), rounds)
    return 2 * pointer + beyond


@program(causal=False)
def reach(x: Symbol, position: Position, rounds: int = 9):
    """The least position that is reached along pointers: sets as states."""
    start = one_hot(position) | one_hot(x, position.hi + 1)
    return loop(lambda seen: union(where=seen.contains(theirs(position))).read(seen) | seen, start, rounds).lowest()


def look_ups(graph, strings) -> tuple[np.ndarray, int]:
    with patch.object(interpreter, "_looked_up", side_effect=interpreter._looked_up) as counted:
        words = interpret(graph, strings)
    assert isinstance(words, np.ndarray)
    return words, counted.call_count


@pytest.mark.parametrize("each", [root, reach], ids=lambda each: each.name)
def test_it_is_left_as_soon_as_nothing_changes(each) -> None:
    graph = each.trace(9, 9)
    rng = np.random.default_rng(1)
    full, all_rounds = 0, sum(node.match is not None for node in graph.nodes)
    for _ in range(60):
        string = rng.integers(0, 9, 9)
        words, number = look_ups(graph, string[None])
        assert words[0].tolist() == brute_force(graph, string.tolist())
        full = max(full, number)
    string = np.maximum(np.arange(9) - 1, 0)  # a path
    words, number = look_ups(graph, string[None])
    assert words[0].tolist() == brute_force(graph, string.tolist())
    settled = np.zeros((1, 9), int)
    assert look_ups(graph, settled)[1] <= 2 < number < all_rounds
    both, number = look_ups(graph, np.concatenate([string[None], settled]))
    assert (both[0] == words[0]).all() and number <= full


def test_compiled_and_out_of_a_folder_it_is_the_same() -> None:
    found = compile_program(root, length=4, alphabet_size=4, target="bert", rounds=4)
    strings = np.array(list(itertools.product(range(4), repeat=4)))
    words = interpret(found.graph, strings)
    again = graph_from_json(graph_to_json(found.graph))
    assert again.loops == found.graph.loops and len(exits(again)) == len(exits(found.graph)) > 0
    assert (interpret(again, strings) == words).all()
    ids = found.transformer.run(found.graph.vocabulary.encode(strings), "soft")
    assert (found.graph.vocabulary.answers(ids) == words).all()
    assert all((interpret(found.graph, s[None])[0] == brute_force(found.graph, s.tolist())).all() for s in strings[::7])


def test_any_word_may_be_kept() -> None:
    graph = root.trace(9, 9)
    string = np.array([[0, 0, 1, 1, 2, 5, 5, 3, 8]])
    everything = list(range(len(graph.nodes)))
    kept = interpret(graph, string, keep=everything)
    assert (kept[graph.output] == interpret(graph, string)).all()
    inside = [i for state in graph.loops[0][3:] for i in state if i is not None]
    for index in inside:
        assert (interpret(graph, string, keep=[index])[0] == kept[index]).all()


def test_padding_does_not_hold_it_up() -> None:
    graph = root.trace(9, 9)
    rows = np.array([[0, 0, 1, 4, 3, 4, 3, 8, 7]])  # what follows position 3 swaps for ever
    short = interpret(graph, rows[:, :3])
    with patch.object(interpreter, "_looked_up", side_effect=interpreter._looked_up) as counted:
        padded = interpret(graph, rows, lengths=np.array([3]))
    assert (padded[:, :4] == short).all() and counted.call_count < 6


def drifting(alphabet: int = 5):
    """A body that is another function in round 4, which its own closure counts."""

    @program(causal=False)
    def drift(x: Symbol, position: Position):
        rounds = itertools.count()

        def body(word):
            return at(word).read(word) if next(rounds) != 4 else minimum(word + 1, alphabet)

        return loop(body, x + 1, 7)

    return drift


def test_rounds_that_are_not_one_function_are_all_run() -> None:
    graph = drifting().trace(5, 5)
    string = np.array([0, 0, 0, 0, 0])
    want = brute_force(graph, string.tolist())
    assert interpret(graph, string[None])[0].tolist() == want
    assert want[1] != 1
    with patch.object(fixed_points, "_alike", return_value=True):  # what the check is there for
        assert interpret(graph, string[None])[0].tolist() != want


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda x: loop(lambda a: a, x, -1), "a loop of -1 rounds; it must be a whole number"),
        (lambda x: loop(lambda a: a, x, x), "a loop of <word symbol in 0..3> rounds"),
        (lambda x: loop(lambda a: (a, a), x, 2), "neither a word|it must give as many words"),
        (lambda x: loop(lambda a, b: a, (x, x), 2), "it must give as many words"),
        (lambda x: loop(lambda a: one_hot(x), x, 2), "it must give as many words, and sets of the same sizes"),
        (lambda x: loop(lambda a: Bits.empty(3), one_hot(x), 2).count(), "sets of the same sizes"),
        (lambda x: loop(lambda a: a + a, x, 99), "is over 40 bits"),
    ],
)
def test_refused(wrong, message: str) -> None:
    @program
    def outer(x: Symbol):
        return wrong(x)

    with pytest.raises(ProgramError, match=message) as caught:
        outer.trace(5, 3)
    assert str(caught.value).startswith(f"{__file__}:") and "\n" not in str(caught.value)


def test_no_rounds_and_one() -> None:
    @program
    def never(x: Symbol):
        return loop(lambda a: a + 1, x, 0) + loop(lambda a: a + 1, x, 1)

    assert never.run("ab") == [1, 3] and never.trace(3, 2).loops == ()


def test_two_loops_one_after_the_other() -> None:
    @program(causal=False)
    def twice(x: Symbol, position: Position):
        top = loop(lambda a: at(a).read(a), x + 1, 8)
        found = last(where=theirs(top) == top).read(position)
        low = loop(lambda a, b: (at(a).read(a), select(a < b, a, b)), (minimum(x + 1, position), found), 8)
        return low[0] + 16 * low[1] + 256 * first(where=theirs(top) == top).read(position)

    graph = twice.trace(7, 7)
    for string in np.random.default_rng(2).integers(0, 7, (40, 7)):
        assert interpret(graph, string[None])[0].tolist() == brute_force(graph, string.tolist())
