"""Hypothesis writes programs with sums, means, quotients, casts and calls of other programs: compiled = interpreted =
brute force, both targets; and on machines."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logdepth.compiled.graph_json import graph_from_json, graph_to_json
from logdepth.compiler.compile import compile_program
from logdepth.errors import ProgramError
from logdepth.lang import (
    Position,
    Program,
    Symbol,
    Word,
    at,
    count,
    interpret,
    last,
    loop,
    maximum,
    mean,
    minimum,
    nothing,
    program,
    ratio,
    select,
    symbol,
    the,
    theirs,
    total,
)
from logdepth.mpc import LocalEngine, Spec
from logdepth.simulation.program_to_protocol import place_tokens, program_to_protocol
from tests import bert, gpt2
from tests.brute import brute_force
from tests.compiler.test_random_programs import is_a_limit, narrow
from tests.hashing import check_hash

Step = tuple[int, int, int, int]
OPERATIONS = 17


class Case(NamedTuple):
    steps: list[Step]
    alphabet_size: int
    length: int
    causal: bool
    answer: int
    seed: int


cases = st.builds(
    Case,
    st.lists(st.tuples(st.integers(0, OPERATIONS - 1), *[st.integers(0, 63)] * 3), min_size=1, max_size=6),
    st.integers(1, 5),
    st.integers(1, 8),
    st.booleans(),
    st.integers(0, 3),
    st.integers(0, 1 << 16),
)


@program
def before(x: Symbol, position: Position, back: int = 1):
    return at(position - back).read(x)


@program
def occurred(x: Symbol, other: Word):
    return count(where=theirs(x) == other)


@program(causal=False)
def place(x: Symbol):
    return count(where=theirs(x) < x)


@program(causal=False)
def local(x: Symbol, y: Word):
    return maximum(x - y, 0)


def build(words: list[Word], steps: list[Step], causal: bool) -> Word:
    """One word a step, each from earlier ones."""
    for operation, i, j, k in steps:
        a, b, c = (words[index % len(words)] for index in (i, j, k))
        where = [(), theirs(a) == b, theirs(c == a), (theirs(b) == c, theirs(words[0]) == words[0])][k % 4]
        share = Fraction(k % 7 - 1, 1 + k % 3)
        match operation:
            case 0:
                new = total(a, where=where)
            case 1:
                new = total(a == b, where=where) + total(k % 5 - 2, where=where)
            case 2:
                new = mean(a, where=where).floor()
            case 3:
                new = (mean(a, where=where) >= share) + 2 * (mean(a, where=where) > share)
            case 4:
                new = (mean(b, where=where) <= share) - (mean(b, where=where) != share)
            case 5:
                new = mean(a, where=where).rounded(1 + k % 4).word
            case 6:
                new = mean(a == b, where=where).ceil() + (mean(a, where=where) > b)
            case 7:
                new = a // maximum(b, 1 + k % 2)
            case 8:
                new = ratio(a, minimum(maximum(b, 1), 5)).rounded(3).word
            case 9:
                new = symbol(a - k % 3) if k % 2 else select(a < b, symbol(c), nothing())
            case 10:
                new = before(a, position=b, back=k % 3)
            case 11:
                new = occurred(other=a) if k % 2 else occurred(a, k % 3)
            case 12:
                new = (local(a, b) if causal else place(a)) + local(y=c)
            case 13:
                rank = count(where=theirs(words[0]) == words[0])
                unique = (theirs(rank) == rank - 1, theirs(words[0]) == words[0]) if causal and k % 2 else ()
                new = the(where=unique or theirs(words[1] - k % 3) == b).read(a)
            case 14 | 15:
                bodies = (
                    lambda a, b: (at(a).read(a), b),
                    lambda a, b: (minimum(a, last(where=theirs(a) == b).read(a)), at(a).read(b)),
                    lambda a, b: (select(a < b, at(b).read(a), a), b),
                    lambda a, b: (b, a),
                    lambda a, b: (minimum(a + 1, 5), count(where=theirs(a) == b)),
                )
                new = sum(loop(bodies[k % 5], (narrow(a), narrow(b)), 2 + k % 3), 0)
            case _:
                new = last(where=theirs(a) == b).read(symbol(c))
        words.append(narrow(new))
    return words[-1]


def written(case: Case) -> Program:
    def random_program(x: Symbol, position: Position):
        word = build([x, position], case.steps, case.causal)
        return [word, symbol(word), mean(word).rounded(4) - 1, mean(word, where=theirs(x) == x).rounded(3)][case.answer]

    return program(causal=case.causal)(random_program)


def check(case: Case) -> None:
    target, stock = ("gpt2", gpt2) if case.causal else ("bert", bert)
    found = compile_program(written(case), length=case.length, alphabet_size=case.alphabet_size, target=target)
    graph = found.graph
    again = graph_from_json(graph_to_json(graph))
    assert [n.key for n in again.nodes] == [n.key for n in graph.nodes]
    assert (again.grid, again.error) == (graph.grid, graph.error)
    assert graph.output_is_symbol or case.answer != 1
    strings = np.random.default_rng(case.seed).integers(0, case.alphabet_size, (4, case.length))
    strings[0] = 0
    truth = np.array([brute_force(graph, string.tolist()) for string in strings])
    assert (interpret(graph, strings) == truth).all()
    want, tokens = graph.vocabulary.answer_ids(truth), graph.vocabulary.encode(strings)
    for attention in ("hard", "soft"):
        assert (found.transformer.run(tokens, attention) == want).all(), attention
    check_hash(found.transformer, tokens)
    scores = gpt2.logits(gpt2.hugging_face(found), tokens) if case.causal else bert.logits(found, tokens)
    assert gpt2.margin(scores, want) >= found.certificate.margin > (1.9 if case.causal else 5.7), stock
    if all(node.match is None or not node.match.relations for node in graph.nodes):
        protocol = program_to_protocol(graph, Spec(2, 50_000, case.length), case.length)
        run = LocalEngine().run(protocol, place_tokens(protocol.spec, graph, strings[1]))
        assert (run.result == truth[1, 1:]).all()


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(cases)
def test_compiled_is_interpreted_is_brute_force(case: Case) -> None:
    try:
        check(case)
    except ProgramError as error:  # the language's own limits, said clearly
        if not is_a_limit(error):
            raise


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases)
def test_many_more(case: Case) -> None:
    test_compiled_is_interpreted_is_brute_force.hypothesis.inner_test(case)
