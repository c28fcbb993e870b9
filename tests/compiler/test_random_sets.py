"""Hypothesis writes programs on sets, unions, order and membership: compiled = interpreted = brute force, both
targets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logdepth.compiled.graph_json import graph_from_json, graph_to_json
from logdepth.compiler.compile import compile_program
from logdepth.errors import ProgramError
from logdepth.lang import (
    Bits,
    Position,
    Program,
    Symbol,
    Word,
    at,
    count,
    exists,
    first,
    highest,
    interpret,
    last,
    lowest,
    one_hot,
    program,
    select,
    theirs,
    union,
)
from tests import bert, gpt2
from tests.brute import brute_force
from tests.compiler.test_random_programs import is_a_limit, narrow

OPERATIONS = 15
Step = tuple[int, int, int, int]


class Case(NamedTuple):
    steps: list[Step]
    alphabet_size: int
    length: int
    universe: int
    causal: bool
    seed: int


cases = st.builds(
    Case,
    st.lists(st.tuples(st.integers(0, OPERATIONS - 1), *[st.integers(0, 63)] * 3), min_size=1, max_size=7),
    st.integers(1, 4),
    st.integers(1, 8),
    st.sampled_from([1, 3, 5, 34]),
    st.booleans(),
    st.integers(0, 1 << 16),
)


def condition(words: list[Word], sets: list[Bits], k: int):
    """One of the ways to match on more than equality."""
    a, b, s = words[k % len(words)], words[k // 3 % len(words)], sets[k // 5 % len(sets)]
    return [
        lambda: theirs(a) < b,
        lambda: b <= theirs(a),
        lambda: a != theirs(b),
        lambda: s.contains(theirs(a)),
        lambda: theirs(s).contains(a),
        lambda: (theirs(a) == b, theirs(b) > a - 1),
        lambda: (s.contains(theirs(a)), theirs(words[0]) == words[0]),
        lambda: theirs(a) >= k % 4,
    ][k % 8]()


def first_sets(words: list[Word], size: int) -> list[Bits]:
    sets = [one_hot(words[0], size), Bits.of(words[0]) if size == 3 else Bits.below(words[1], size)]
    sets[1] = Bits(sets[1].words, sets[1].size) if sets[1].size == size else one_hot(words[1], size)
    return sets


def build(words: list[Word], size: int, steps: list[Step]) -> Word:
    """A word or a set a step, each from earlier ones."""
    sets = first_sets(words, size)
    step_on(words, sets, size, steps)
    return words[-1] + sets[-1].count() + sets[-1].lowest()


def step_on(words: list[Word], sets: list[Bits], size: int, steps: list[Step]) -> None:
    for operation, i, j, k in steps:
        a, b = (words[index % len(words)] for index in (i, j))
        s, t = (sets[index % len(sets)] for index in (i, j))
        where = condition(words, sets, k)
        new: Word | Bits
        match operation:
            case 0:
                new = [s & t, s | t, s ^ t, s - t, ~s, s.where(a == b)][k % 6]
            case 1:
                new = (one_hot, Bits.below)[k % 2](a - k % 3, size)
            case 2:
                new = union(where=where).read(s)
            case 3:
                new = union(where=theirs(a) == b).read(t)
            case 4:
                new = union(where=s.contains(theirs(a))).read(s)
            case 5:
                new = (last(where=where) if k % 2 else at(a)).read(s)
            case 6:
                new = s.contains(a) + 2 * (s == t)
            case 7:
                new = s.lowest() if k % 3 else s.lowest(-1)
            case 8:
                new = s.highest(k % 5)
            case 9:
                new = s.count()
            case 10:
                new = (last, first)[k % 2](where=where).read(a)
            case 11:
                new = (highest, lowest)[k % 2](by=narrow(a), where=where).read(b)
            case 12:
                new = count(where=where)
            case 13:
                new = exists(where=where) + union(where=where).read(a - a.lo)
            case _:
                new = select(a < b, narrow(a), count(where=theirs(a) < b))
        if isinstance(new, Bits):
            sets.append(new)
        else:
            words.append(narrow(new))


def written(case: Case) -> Program:
    def random_program(x: Symbol, position: Position):
        return build([x, position], case.universe, case.steps)

    return program(causal=case.causal)(random_program)


def check(case: Case) -> None:
    target, stock = ("gpt2", gpt2) if case.causal else ("bert", bert)
    found = compile_program(written(case), length=case.length, alphabet_size=case.alphabet_size, target=target)
    graph = found.graph
    assert [n.key for n in graph_from_json(graph_to_json(graph)).nodes] == [n.key for n in graph.nodes]
    strings = np.random.default_rng(case.seed).integers(0, case.alphabet_size, (4, case.length))
    strings[0] = 0
    truth = np.array([brute_force(graph, string.tolist()) for string in strings])
    assert (interpret(graph, strings) == truth).all()
    want, tokens = graph.vocabulary.answer_ids(truth), graph.vocabulary.encode(strings)
    for attention in ("hard", "soft"):
        assert (found.transformer.run(tokens, attention) == want).all(), attention
    scores = gpt2.logits(gpt2.hugging_face(found), tokens) if case.causal else bert.logits(found, tokens)
    assert gpt2.margin(scores, want) >= found.certificate.margin > (1.9 if case.causal else 5.7), stock


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(cases)
def test_compiled_is_interpreted_is_brute_force(case: Case) -> None:
    try:
        check(case)
    except ProgramError as error:  # the language's own limits, said clearly
        if not is_a_limit(error):
            raise


@pytest.mark.slow
@settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases)
def test_many_more(case: Case) -> None:
    test_compiled_is_interpreted_is_brute_force.hypothesis.inner_test(case)
