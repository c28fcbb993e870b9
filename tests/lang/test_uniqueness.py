"""`the(where=..)`, addresses and overflows: refused when they are known to be wrong, else one clear line."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from logdepth.compiler.compile import compile_program
from logdepth.errors import AmbiguousError, ProgramError
from logdepth.lang import (
    Position,
    Program,
    Symbol,
    at,
    count,
    interpret,
    last,
    program,
    select,
    the,
    theirs,
    total,
)
from logdepth.mpc import LocalEngine, Spec
from logdepth.simulation.program_to_protocol import place_tokens, program_to_protocol
from tests.brute import brute_force


@program
def by_position(x: Symbol, position: Position):
    return the(where=(theirs(7 - 2 * position) == x, theirs(x) != 1)).read(x)


@program
def by_rank(x: Symbol, position: Position):
    rank = count(where=theirs(x) == x)
    return the(where=(theirs(x) == x, theirs(rank + 3) == rank + 2)).read(position)


@program(causal=False)
def by_address(x: Symbol, position: Position):
    return the(where=theirs(position) == x + 1).read(x)


@pytest.mark.parametrize("each", [by_position, by_rank, by_address], ids=lambda each: each.name)
def test_what_is_unique_is_compiled(each: Program) -> None:
    found = compile_program(each, length=5, alphabet_size=4, target="gpt2" if each.causal else "bert")
    strings = np.random.default_rng(0).integers(0, 4, (50, 5))
    words = interpret(found.graph, strings)
    assert isinstance(words, np.ndarray)
    assert words[3].tolist() == brute_force(found.graph, strings[3].tolist())
    ids = found.transformer.run(found.graph.vocabulary.encode(strings), "soft")
    assert (found.graph.vocabulary.answers(ids) == words).all()


@program(causal=False)
def partner(x: Symbol, position: Position):
    return the(where=theirs(x) == 2 - x).read(position)


@program
def rank_of_another(x: Symbol, position: Position):
    """The rank of the symbol before is not the symbol's: two tokens may have both."""
    before = at(position - 1).read(x)
    rank = count(where=theirs(before) == before)
    return the(where=(theirs(x) == x, theirs(rank) == 1)).read(position)


@program
def rare(x: Symbol, position: Position):
    """Two tokens match only after 30 equal symbols: no input that is tried."""
    run = count(where=theirs(x) == 7)
    return the(where=(theirs(x) == 7, theirs(run >= 30) == 1)).read(position)


@program
def half_positions(x: Symbol, position: Position):
    return the(where=theirs(position // 2) == x).read(position)


@pytest.mark.parametrize(
    ("each", "message"),
    [
        (partner, r"of the sequence [0-8 ]+ \(symbols by number\) position \d+ finds \d+ tokens; use last"),
        (rank_of_another, "of the sequence"),
        (rare, "nothing shows that no input has two such tokens"),
        (half_positions, "of the sequence"),
    ],
)
def test_what_may_be_ambiguous_is_not_compiled(each: Program, message: str) -> None:
    with pytest.raises(ProgramError, match=message) as caught:
        compile_program(each, length=40, alphabet_size=9, target="gpt2" if each.causal else "bert")
    assert str(caught.value).startswith(f"{__file__}:")


def test_few_inputs_are_all_tried() -> None:
    """Of one symbol, the second token that is the third of its kind is none: not proved by rules, but by trying."""

    @program
    def third(x: Symbol, position: Position):
        return the(where=theirs(select(position > 2, x, 5)) == 0).read(position)

    assert compile_program(third, length=3, alphabet_size=2).schedule.depth
    with pytest.raises(ProgramError, match="of the sequence 0 0 0 0"):
        compile_program(third, length=4, alphabet_size=2)


@pytest.mark.parametrize("machines", [1, 3])
def test_every_input_is_looked_at(machines: int) -> None:
    graph = partner.trace(4, 3)
    protocol = program_to_protocol(graph, Spec(machines, 10_000, 4), 4)
    for string in itertools.product(range(3), repeat=4):
        several = any(string.count(2 - x) > 1 for x in string)
        placed = place_tokens(protocol.spec, graph, np.array(string))
        if several:
            with pytest.raises(AmbiguousError, match=r"position \d: (2|3|4) tokens match, where the program says"):
                interpret(graph, np.array([string]))
            with pytest.raises(AmbiguousError, match=r"position \d: several tokens match where"):
                LocalEngine().run(protocol, placed)
            continue
        words = interpret(graph, np.array([string]))
        assert isinstance(words, np.ndarray) and words[0].tolist() == brute_force(graph, list(string))
        assert (LocalEngine().run(protocol, placed).result == words[0, 1:]).all()


def test_padding_is_no_token() -> None:
    rows = np.array([[0, 2, 2, 2], [0, 2, 1, 0]])
    words = interpret(partner.trace(4, 3), rows, lengths=np.array([2, 3]))
    assert isinstance(words, np.ndarray) and words[0, 1:3].tolist() == [2, 1] and words[1, 1:].tolist()[:3] == [2, 1, 3]
    with pytest.raises(AmbiguousError, match="sequence 2, position 2: 2 tokens") as caught:
        interpret(partner.trace(4, 3), rows, lengths=np.array([2, 4]))
    assert (caught.value.row, caught.value.position, caught.value.number) == (1, 2, 2)


def wrong(body, causal: bool = True) -> Program:
    def asked(x: Symbol, position: Position):
        return body(x, position)

    return program(causal=causal)(asked)


@pytest.mark.parametrize(
    ("body", "causal", "message"),
    [
        (lambda x, p: at(p + 2).read(x), True, r"at\(position \+ 2\) reads the future"),
        (lambda x, p: at(1 + p).read(x), True, r"at\(position \+ 1\) reads the future"),
        (lambda x, p: at(9).read(x), True, r"at\(9\) is 9, outside of every sequence: positions are 1..8"),
        (lambda x, p: at(p + 8).read(x), False, None),
        (lambda x, p: at(x + 9).read(x), False, r"is 9..12, outside of every sequence.*give --length 9 or more"),
        (lambda x, p: at(x - 4).read(x), True, r"is -4..-1, before the start token"),
        (lambda x, p: last(where=theirs(x) == x).read(p * 2**37) + 2**40, True, "is over 40 bits"),
        (lambda x, p: total(x * 2**38), True, "is over 40 bits"),
    ],
)
def test_addresses_and_overflows(body, causal: bool, message: str | None) -> None:
    target = "gpt2" if causal else "bert"
    if message is None:
        compile_program(wrong(body, causal), length=8, alphabet_size=3, target=target)
        return
    with pytest.raises(ProgramError, match=message) as caught:
        compile_program(wrong(body, causal), length=8, alphabet_size=3, target=target)
    assert str(caught.value).startswith(f"{__file__}:") and "\n" not in str(caught.value)


def test_a_shorter_text_is_no_error() -> None:
    """The address is within the sequences that a model was compiled for; a text may be shorter."""
    assert wrong(lambda x, p: at(5).read(x)).run("abc") == "___"
