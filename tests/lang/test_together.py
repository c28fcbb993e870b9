"""Bundles and wide numbers: what Python's tuples and integers say, compiled, too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.compiled.graph_json import graph_from_json, graph_to_json
from logdepth.compiler.compile import compile_program
from logdepth.errors import ProgramError
from logdepth.lang import (
    Bundle,
    Position,
    Symbol,
    Wide,
    Word,
    at,
    count,
    interpret,
    last,
    loop,
    one_hot,
    program,
    select,
    theirs,
)
from tests.brute import brute_force
from tests.gpt2 import hugging_face, logits, margin

BIG = 2**44 + 12345


def hashed(x, position):
    """A number of 55 bits and more: of words as of integers."""
    number = Wide.of(BIG) + 4095 * x
    for _ in range(10):
        number = number + number + x
    return number + position


@program
def wide(x: Symbol, position: Position):
    mine, before = hashed(x, 0), at(position - 1).read(hashed(x, 0))
    same = count(where=theirs(mine + position) == mine + position) + 2 * count(where=theirs(mine) == before)
    order = (mine < before) + 2 * (mine <= before) + 4 * (mine == before) + 8 * (mine > before) + 16 * (mine >= before)
    chosen = select(x == 1, mine, Wide.of(7))
    return same + 40 * order + 2000 * (chosen.limbs[0] % 5) + 10_000 * (chosen.limbs[-1] != 0)


def python_says(string: list[int]) -> list[int]:
    found = []
    start = 3
    for i, x in enumerate(string):
        mine, before = integer(x), integer(string[i - 1] if i else start)
        same = 1 + 2 * sum(integer(y) == before for y in string[: i + 1])
        order = (mine < before) + 2 * (mine <= before) + 4 * (mine == before) + 8 * (mine > before)
        chosen = mine if x == 1 else 7
        found.append(
            same + 40 * (order + 16 * (mine >= before)) + 2000 * (chosen % 4096 % 5) + 10_000 * (chosen >= 2**48)
        )
    return found


def integer(x: int) -> int:
    number = BIG + 4095 * x
    for _ in range(10):
        number = 2 * number + x
    return number


def test_wide_numbers_are_integers() -> None:
    found = compile_program(wide, length=6, alphabet_size=3)
    graph = found.graph
    assert [n.key for n in graph_from_json(graph_to_json(graph)).nodes] == [n.key for n in graph.nodes]
    strings = np.random.default_rng(0).integers(0, 3, (20, 6))
    words = interpret(graph, strings)
    assert isinstance(words, np.ndarray)
    for string, row in zip(strings.tolist(), words.tolist(), strict=True):
        assert row == brute_force(graph, string)
        assert row[1:] == python_says(string)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 70), st.integers(0, 1 << 70), st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_sums_and_comparisons(a: int, b: int, string: list[int]) -> None:
    @program
    def sums(x: Symbol, position: Position):
        left, right = Wide.of(a) + x + position, Wide.of(x + 3) + b
        return (left < right) + 2 * (left == right) + 4 * (left >= right)

    left, right = ([value + x for x in string] for value in (a, b))
    want = [
        (p + i < q + 3) + 2 * (p + i == q + 3) + 4 * (p + i >= q + 3)
        for i, (p, q) in enumerate(zip(left, right, strict=True), 1)
    ]
    graph = sums.trace(5, 5)
    assert interpret(graph, np.array([string]))[0, 1:].tolist() == want == brute_force(graph, string)[1:]


def test_numbers_that_words_would_hold_compiled() -> None:
    """Between a sum of two steps and its word: in float32, beyond what one sum of bits could be proved."""

    @program
    def compared(x: Symbol, position: Position):
        left = Wide.of(at(position - 1).read(x)) + 2**40 * 3
        return (left + (2**41 - 1)) > (Wide.of(x) + 5 * 2**40)

    found = compile_program(compared, length=5, alphabet_size=4)
    strings = np.random.default_rng(0).integers(0, 4, (30, 5))
    words = interpret(found.graph, strings)
    assert isinstance(words, np.ndarray)
    want = found.graph.vocabulary.answer_ids(words)
    scores = logits(hugging_face(found), found.graph.vocabulary.encode(strings))
    assert margin(scores, want) >= found.certificate.margin > 1.9
    assert words[:, 1:].tolist() == [
        [int((p - 1) > x) for p, x in zip([4, *s], s, strict=False)] for s in strings.tolist()
    ]


def test_a_bundle_is_its_words() -> None:
    @program
    def bundled(x: Symbol, position: Position):
        rank = count(where=theirs(x) == x)
        mine = Bundle(symbol=x, more=Bundle(rank=rank, seen=one_hot(x)), number=Wide.of(x) + 2**40)
        before = at(position - 1).read(mine)
        found = last(where=(theirs(before) == mine, theirs(position) <= position)).read(mine.changed(position=position))
        either = select(found.position == 0, mine, Bundle(**{n: found.fields[n] for n in mine.fields}))
        return (either == mine) + 2 * either.more.rank + 20 * found.position + 400 * either.more.seen.lowest()

    found = compile_program(bundled, length=5, alphabet_size=3)
    strings = np.random.default_rng(0).integers(0, 3, (30, 5))
    words = interpret(found.graph, strings)
    assert isinstance(words, np.ndarray)
    assert all(row.tolist() == brute_force(found.graph, s.tolist()) for s, row in zip(strings, words, strict=True))
    ids = found.transformer.run(found.graph.vocabulary.encode(strings), "soft")
    assert (found.graph.vocabulary.answers(ids) == words).all()


def test_a_bundle_as_a_state() -> None:
    @program(causal=False)
    def top(x: Symbol):
        state = Bundle(pointer=x + 1, steps=0 * x)
        return loop(lambda s: at(s.pointer).read(s).changed(steps=(s.steps + 1) % 4), state, 6).pointer

    graph = top.trace(5, 5)
    for string in np.random.default_rng(3).integers(0, 5, (20, 5)):
        assert interpret(graph, string[None])[0].tolist() == brute_force(graph, string.tolist())


BUNDLE = "a bundle is not one word: take one of its words by its name"
NUMBER = "a wide number is not one word"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda x: Bundle(), "a bundle of nothing"),
        (lambda x: Bundle(a=x) + 1, BUNDLE),
        (lambda x: x + Bundle(a=x), BUNDLE),
        (lambda x: Bundle(a=x).b, "<bundle of a> has no b"),
        (lambda x: Bundle(a=x) == Bundle(b=x), "which has not the same words"),
        (lambda x: Bundle(a=x) == x, "which has not the same words"),
        (lambda x: Bundle(a=x) == Bundle(a=one_hot(x)), "a is <word symbol in 0..3> in one bundle and <set"),
        (lambda x: select(x == 1, Bundle(a=x), x), "which has not the same words"),
        (lambda x: count(where=theirs(Bundle(a=x)) < x), "theirs\\(bundle\\) marks the other token's bundle"),
        (lambda x: count(where=theirs(Bundle(a=x))), "where= takes comparisons"),
        (lambda x: Bundle(a=Bundle), "neither a word nor an integer"),
        (lambda x: Wide.of(x) * 2, NUMBER),
        (lambda x: Wide.of(x - 1), "may be negative"),
        (lambda x: Wide.of(-1), "-1 is negative"),
        (lambda x: Wide.of(2**600), "a number of 601 bits; the limit is 512"),
        (lambda x: (Wide.of(2**50) + x).word(), "may be over 2\\^40"),
        (lambda x: Wide.of(0.5), "neither a word nor an integer"),
        (lambda x: Wide.of(x), NUMBER),
    ],
)
def test_refused(wrong, message: str) -> None:
    @program
    def outer(x: Symbol):
        return wrong(x)

    with pytest.raises(ProgramError, match=message) as caught:
        outer.trace(5, 3)
    assert str(caught.value).startswith(f"{__file__}:") and "\n" not in str(caught.value)


def test_conditions_are_not_pythons_to_decide() -> None:
    @program
    def both(x: Symbol, position: Position):
        mine = Bundle(symbol=x, place=position)
        return count(where=theirs(mine) == mine and theirs(x) == x)

    with pytest.raises(ProgramError, match="a comparison with theirs"):
        both.trace(5, 3)


def test_a_logit_for_every_number_must_fit() -> None:
    @program
    def far(x: Symbol, position: Position):
        return at(position - 1).read(x) + 10**9 * x

    with pytest.raises(ProgramError, match=r"the answer is a word in 0..3000000003, and a logit for each of 3,0.*GiB"):
        compile_program(far, length=5, alphabet_size=3)


def test_a_word_and_back() -> None:
    @program
    def back(x: Symbol, position: Position):
        return (Wide.of(x + 4000) + 100 + Wide.of(Word("constant", (), 5, 5))).word()

    assert back.run("abc") == [4105, 4106, 4107]
