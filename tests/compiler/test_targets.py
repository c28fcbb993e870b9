"""A target is one new file and one line: bidirectional programs in GPT-2 with its mask left open, and in BERT."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from logdepth.compiler.compile import compile_program
from logdepth.compiler.targets import TARGETS
from logdepth.errors import CertificateError, InputError, ProgramError
from logdepth.lang import Position, Program, Symbol, at, count, first, highest, interpret, last, program, theirs
from tests.bert import logits as bert_logits
from tests.brute import brute_force
from tests.compiler.stub_target import OpenGpt2, open_logits
from tests.compiler.test_random_programs import Case, cases, is_a_limit, written
from tests.gpt2 import margin


@pytest.fixture(autouse=True)
def _second_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGETS, "open", OpenGpt2())


@program(causal=False)
def jump(x: Symbol, position: Position, hops: int):
    """Where `hops` steps lead to: from everywhere to the position that the symbol names."""
    target = x + 1
    for _ in range(hops):
        target = at(target).read(target)
    return target


@program(causal=False)
def looks_both_ways(x: Symbol, position: Position):
    """The start token's words depend on the sequence here, and are keys, orders and values of later look-ups."""
    often = count(where=theirs(x) == x)
    far = last(where=theirs(x) == x + 1).read(position)
    most = highest(by=often, where=theirs(far) == far).read(often)
    return first(where=(theirs(most) == often, theirs(x) == x)).read(far) + most


RUN = {"open": open_logits, "bert": bert_logits}
LEAST = {"open": 1.9, "bert": 5.7}


def check(
    target: str, both_ways: Program, length: int, alphabet: int, header_size: int = 0, seed: int = 0, **parameters
) -> None:
    sizes = {"length": length, "alphabet_size": alphabet, "header_size": header_size}
    found = compile_program(both_ways, target=target, **sizes, **parameters)
    assert found.certificate.holds and found.target == target and not found.transformer.causal
    rng = np.random.default_rng(seed)
    for n in {1, length}:
        strings = rng.integers(0, alphabet, (5, n))
        header = rng.integers(0, header_size, 5) if header_size else None
        each = [0] * 5 if header is None else header.tolist()
        truth = np.array([brute_force(found.graph, s.tolist(), h) for s, h in zip(strings, each, strict=True)])
        assert (interpret(found.graph, strings, header=header) == truth).all()
        want, tokens = found.graph.vocabulary.answer_ids(truth), found.graph.vocabulary.encode(strings, header)
        for attention in ("hard", "soft"):
            assert (found.transformer.run(tokens, attention) == want).all(), attention
        assert margin(RUN[target](found, tokens), want) >= found.certificate.margin > LEAST[target]


@pytest.mark.parametrize("target", RUN)
def test_a_bidirectional_program_reaches_weights(target: str) -> None:
    check(target, jump, 12, 12, hops=3)
    check(target, looks_both_ways, 9, 3)


@pytest.mark.parametrize("target", RUN)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(cases)
def test_bidirectional_programs_are_their_definition(target: str, case: Case) -> None:
    causal = written(case)
    sizes = (case.length, case.alphabet_size, case.header_size, case.seed)
    try:
        check(target, Program(causal.function, causal.name, False), *sizes)
    except CertificateError:
        pass
    except ProgramError as error:  # the language's own limits
        if not is_a_limit(error):
            raise


def test_gpt2_alone_refuses_what_is_bidirectional() -> None:
    with pytest.raises(ProgramError, match=r"jump is bidirectional .* GPT-2 is causal, so it cannot be compiled to it"):
        compile_program(jump, length=5, alphabet_size=5, hops=1)


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(InputError, match="target is 'bart'; it must be one of gpt2, bert, open"):
        compile_program(jump, length=5, alphabet_size=5, hops=1, target="bart")
