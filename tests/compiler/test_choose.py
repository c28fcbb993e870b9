"""`choose`: one of several words by a small word, in one hidden layer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from logdepth.compiler.compile import compile_program
from logdepth.errors import ProgramError
from logdepth.lang import Position, Symbol, Word, at, choose, interpret, program, select
from tests.bert import logits as bert_logits
from tests.brute import brute_force
from tests.gpt2 import hugging_face, logits, margin


def chosen(x: Word, position: Word) -> Word:
    """Words with other least values and numbers of bits, a constant, and an index that is not 0 at the least."""
    before, ahead = at(position - 1).read(x), at(3 - position).read(position)
    index = select(x == 1, before, 3) + 1 - (ahead == 2)
    return choose(index, [x - 5, 7, ahead, before - ahead, 2 * x])


@pytest.mark.parametrize("target", ["gpt2", "bert"])
def test_every_string(target: str) -> None:
    @program(causal=target == "gpt2")
    def choosing(x: Symbol, position: Position):
        return chosen(x, position)

    found = compile_program(choosing, length=4, alphabet_size=3, target=target)
    strings = np.array(list(itertools.product(range(3), repeat=4)))
    truth = np.array([brute_force(found.graph, string.tolist()) for string in strings])
    assert (interpret(found.graph, strings) == truth).all()
    want, tokens = found.graph.vocabulary.output_ids(truth), found.graph.vocabulary.encode(strings)
    scores = logits(hugging_face(found), tokens) if target == "gpt2" else bert_logits(found, tokens)
    assert margin(scores, want) >= found.certificate.margin > 1.9


def test_one_step_however_many_words() -> None:
    """Nested, choices of 16 words would take 15 steps; a choice takes one, and a gate a word and bit."""

    @program
    def many(x: Symbol, position: Position):
        first, *others = [at(position - back).read(x) for back in range(1, 5)]
        return choose(first, [others[n % 3] for n in range(16)])

    found = compile_program(many, length=5, alphabet_size=15)
    assert found.schedule.depth == 1
    computed = [p for p in found.transformer.layers[0].map.purposes if p.kind == "compute"]  # type: ignore[union-attr]
    assert {len(purpose.units) for purpose in computed} == {16}


def test_what_is_known_is_no_step() -> None:
    @program
    def known(x: Symbol):
        return choose(x, [3, 1, x + 4]) + choose(1, [x, 2 * x])

    found = compile_program(known, length=4, alphabet_size=2)
    assert not found.schedule.layers[0].computes
    assert known.run("abab") == [3, 3, 3, 3]


@pytest.mark.parametrize(
    ("index", "words", "message"),
    [
        (lambda x: x, [1, 2], "choose by a word in 0..2 among 2, which are 0..1"),
        (lambda x: x - 1, [1, 2, 3], "choose by a word in -1..1 among 3"),
        (lambda x: x, [], r"choose takes a list of words, not \[\]"),
        (lambda x: x, {1: 2}, "choose takes a list of words"),
        (lambda x: x, [1, 2, 0.5], "0.5 is neither a word nor an integer"),
    ],
)
def test_refused(index, words, message: str) -> None:
    @program
    def wrong(x: Symbol):
        return choose(index(x), words)

    with pytest.raises(ProgramError, match=message):
        wrong.trace(4, 2)
