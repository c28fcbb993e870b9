"""Hypothesis writes programs of the language: compiled = interpreted = brute force, on stock Hugging Face code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logdepth.compiler.compile import Compilation, compile_program
from logdepth.errors import CertificateError, ProgramError
from logdepth.lang import (
    Header,
    Position,
    Program,
    Symbol,
    Word,
    at,
    choose,
    count,
    exists,
    first,
    highest,
    interpret,
    last,
    lowest,
    maximum,
    minimum,
    program,
    select,
    table,
    theirs,
)
from tests.brute import brute_force
from tests.gpt2 import hugging_face, logits, margin

OPERATIONS = 17
Step = tuple[int, int, int, int]


class Case(NamedTuple):
    steps: list[Step]
    alphabet_size: int
    length: int
    header_size: int
    seed: int


cases = st.builds(
    Case,
    st.lists(st.tuples(st.integers(0, OPERATIONS - 1), *[st.integers(0, 63)] * 3), min_size=1, max_size=9),
    st.integers(1, 5),
    st.integers(1, 9),
    st.sampled_from([0, 0, 3]),
    st.integers(0, 1 << 16),
)


def narrow(word: Word) -> Word:
    """Keep ranges small enough for tables."""
    return word if word.size <= 40 else table(lambda value: value % 11, word) if word.size < 4096 else word - word


def build(words: list[Word], steps: list[Step]) -> Word:
    """One word a step, each from earlier ones: the interpreter of hypothesis' bytecode."""
    for operation, i, j, k in steps:
        a, b, c = (words[index % len(words)] for index in (i, j, k))
        flag = table(lambda value, k=k: (value * 7 + k) % 3 == 0, a)
        number = (k % 7) - 2
        match operation:
            case 0:
                new = a + (b if k % 2 else number)
            case 1:
                new = a - (b if k % 2 else number)
            case 2:
                new = [a < b, a <= b, a == b, a != b, number <= a, number != a, -a < +b, abs(a) == b][k % 8]
            case 3:
                new = select(flag, b, c if k % 3 else number)
            case 4:
                new = (minimum, maximum)[k % 2](a, b if k % 3 else number)
            case 5:
                new = table(lambda u, v, k=k: (u * 3 + v * 5 + k) % 6 - 1, narrow(a), narrow(b))
            case 6:
                new = ~flag ^ (a == number)
            case 7:
                new = at(a).read(b)
            case 8:
                new = at(a - (abs(number) if a.op == "position" else number)).read(b)  # not the future
            case 9:
                new = last(where=theirs(a) == b if k % 2 else b == theirs(a)).read(c)
            case 10:
                new = last(where=(theirs(a) == b, theirs(c) == (number if k % 2 else a))).read(b)
            case 11:
                new = first(where=theirs(flag) if k % 3 == 0 else theirs(flag) == 1 if k % 3 == 1 else ()).read(c)
            case 12:
                new = (highest, lowest)[k % 2](by=narrow(a), where=c == theirs(b)).read(a)
            case 13:
                new = count(where=theirs(a) == b)
            case 14:
                new = exists(where=(theirs(a) == b, c == theirs(b))) + count(where=theirs(flag))
            case 15:
                which = table(lambda value, k=k: (value + k) % 3 + (k & 1), narrow(a))
                new = choose(which, [b, c, a, number] if k % 5 else (number, c, number + 1, b + k))
            case _:
                new = minimum(count(where=number == theirs(a)), 3) * 2 + (a & 1)
        words.append(narrow(new))
    return words[-1]


def is_a_limit(error: ProgramError) -> bool:
    """Whether it is one of the language's own limits, said clearly."""
    said = ("combinations", "says it finds one, but", "outside of every sequence", "before the start token of every")
    said += ("reads the future",)
    return any(text in str(error) for text in said)


def written(case: Case) -> Program:
    if case.header_size:

        @program
        def random_program(x: Symbol, position: Position, h: Header):
            return build([x, position, at(0).read(h), h], case.steps)
    else:

        @program
        def random_program(x: Symbol, position: Position):
            return build([x, position], case.steps)

    return random_program


def check(case: Case, dtype: str = "float32") -> Compilation:
    sizes = {"length": case.length, "alphabet_size": case.alphabet_size, "header_size": case.header_size}
    compilation = compile_program(written(case), dtype=dtype, **sizes)
    graph = compilation.graph
    rng = np.random.default_rng(case.seed)
    strings = rng.integers(0, case.alphabet_size, (6, case.length))
    strings[0] = 0
    header = rng.integers(0, case.header_size, 6) if case.header_size else None
    truth = np.array(
        [brute_force(graph, s.tolist(), 0 if header is None else int(header[r])) for r, s in enumerate(strings)]
    )
    assert (interpret(graph, strings, header=header) == truth).all()
    want = truth - graph.vocabulary.least_output + graph.vocabulary.first_output
    if case.header_size:
        want[:, 0] = case.header_size + case.alphabet_size + 1
    tokens = graph.vocabulary.encode(strings, header)
    for attention in ("hard", "soft"):
        assert (compilation.transformer.run(tokens, attention) == want).all(), attention
    scores = logits(hugging_face(compilation), tokens)
    assert margin(scores, want) >= compilation.certificate.margin > (1.9 if dtype == "float32" else 0)
    return compilation


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(cases)
def test_compiled_is_interpreted_is_brute_force(case: Case) -> None:
    try:
        check(case)
    except ProgramError as error:  # the language's own limits, said clearly
        if not is_a_limit(error):
            raise


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(cases)
def test_what_is_certified_in_bfloat16_holds(case: Case) -> None:
    try:
        check(case, "bfloat16")
    except CertificateError:
        pass
    except ProgramError as error:
        if not is_a_limit(error):
            raise


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases)
def test_many_more(case: Case) -> None:
    test_compiled_is_interpreted_is_brute_force.hypothesis.inner_test(case)
