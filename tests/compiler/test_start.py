"""What a bidirectional program knows of a count at the start token: 0 where it finds nothing; a layer less for it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from logdepth.compiler.compile import compile_program
from logdepth.lang import Position, Symbol, Word, count, exists, highest, interpret, one_hot, program, select, theirs
from tests.bert import logits
from tests.brute import brute_force
from tests.gpt2 import margin

KNOWN = {
    "its symbol is nobody's": lambda x, position: count(where=theirs(x) == x),
    "a table of it is nobody's": lambda x, position: count(where=theirs(x % 2) == select(x == 3, 5, x % 2)),
    "its position is nobody's": lambda x, position: count(where=theirs(position) == position),
    "a constant is nobody's": lambda x, position: count(where=theirs(x) == select(position == 0, 7, 1)),
    "it asks with an empty set": lambda x, position: count(where=one_hot(x, 3).contains(theirs(x))),
    "nothing is less": lambda x, position: count(where=theirs(x % 3) < x % 3),
}
FOUND = {
    "all are less": lambda x, position: count(where=theirs(x) < x),
    "a table of it is somebody's": lambda x, position: count(where=theirs(x) == x % 3),
    "everything matches": lambda x, position: count(),
    "others are not it": lambda x, position: count(where=theirs(x) != x),
}


def keyed(counted) -> tuple:
    @program(causal=False)
    def by_count(x: Symbol, position: Position):
        return highest(by=counted(x, position)).read(x)

    return by_count, compile_program(by_count, length=4, alphabet_size=3, target="bert")


@pytest.mark.parametrize(("name", "depth"), [*((name, 2) for name in KNOWN), *((name, 3) for name in FOUND)])
def test_the_start_token_s_own_count(name: str, depth: int) -> None:
    """A count is a key one layer later, unless it is known at the start token; right either way, there too."""
    counted = {**KNOWN, **FOUND}[name]
    _, found = keyed(counted)
    assert found.schedule.depth == depth

    @program(causal=False)
    def itself(x: Symbol, position: Position):
        return counted(x, position)

    for compilation in (found, compile_program(itself, length=4, alphabet_size=3, target="bert")):
        strings = np.array(list(itertools.product(range(3), repeat=4)))
        truth = np.array([brute_force(compilation.graph, string.tolist()) for string in strings])
        assert (interpret(compilation.graph, strings) == truth).all()
        vocabulary = compilation.graph.vocabulary
        scores = logits(compilation, vocabulary.encode(strings))
        assert margin(scores, vocabulary.output_ids(truth)) >= compilation.certificate.margin > 0
    if depth == 2:
        assert not truth[:, 0].any()
    else:
        assert truth[:, 0].any()


def test_what_is_looked_up_is_not_known() -> None:
    """A key that the sequence decides may match whatever the start token asks for."""

    @program(causal=False)
    def asks(x: Symbol, position: Position):
        seen: Word = exists(where=theirs(x) == 0)
        return highest(by=count(where=theirs(seen) == (x == 3))).read(x)

    found = compile_program(asks, length=4, alphabet_size=3, target="bert")
    for string in itertools.product(range(3), repeat=3):
        assert interpret(found.graph, np.array([string]))[0].tolist() == brute_force(found.graph, list(string))
    assert found.schedule.depth == 4
