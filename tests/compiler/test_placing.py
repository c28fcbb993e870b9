"""Where words go within their slack, and words computed late: as deep, never larger, right as ever."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from logdepth.compiler.chain import check_chain, longest_chain
from logdepth.compiler.compile import compile_program
from logdepth.compiler.late import computed_late, narrower
from logdepth.compiler.normalize import normalize
from logdepth.compiler.placing import Placing
from logdepth.compiler.schedule import schedule_program
from logdepth.lang import Position, Program, Symbol, at, interpret, last, maximum, one_hot, program, select, theirs
from tests.bert import logits as bert_logits
from tests.brute import brute_force
from tests.gpt2 import hugging_face, logits, margin


@program
def doubling(x: Symbol, position: Position, k: int):
    """The greatest of the last k symbols: addresses that are needed one after another."""
    greatest = select(x == x.hi, 0, x)
    for step in range((k - 1).bit_length()):
        greatest = maximum(greatest, at(position - (1 << step)).read(greatest))
    return greatest


@program
def aside(x: Symbol, position: Position):
    """A chain of look-ups, and one beside it that is wanted at its end alone."""
    beside = at(position - 2).read(position)
    far = x
    for _ in range(4):
        far = last(where=theirs(at(position - 1).read(far)) == far).read(far)
    return far + beside


@program(causal=False)
def sets_of_positions(x: Symbol, position: Position):
    """Words of many bits known from the position alone, wanted late."""
    here = one_hot(position)
    first = at(x).read(x)
    second = at(first).read(first)
    return (here | one_hot(second, position.hi + 1)).count()


@pytest.mark.parametrize(
    ("written", "sizes", "parameters"),
    [(doubling, (16, 2), {"k": 16}), (aside, (9, 3), {}), (sets_of_positions, (33, 3), {})],
)
def test_right_and_no_larger(written: Program, sizes: tuple[int, int], parameters: dict[str, int]) -> None:
    length, alphabet_size = sizes
    target = "gpt2" if written.causal else "bert"
    found = compile_program(written, length=length, alphabet_size=alphabet_size, target=target, **parameters)
    plain = schedule_program(normalize(found.graph))
    check_chain(found.schedule, longest_chain(found.schedule))
    assert found.schedule.depth == plain.depth and found.shape.width <= 2 * plain.embed_dim + found.shape.num_heads
    strings = np.random.default_rng(0).integers(0, alphabet_size, (32, length))
    truth = np.array([brute_force(found.graph, string.tolist()) for string in strings])
    assert (interpret(found.graph, strings) == truth).all()
    want, tokens = found.graph.vocabulary.answer_ids(truth), found.graph.vocabulary.encode(strings)
    scores = logits(hugging_face(found), tokens) if written.causal else bert_logits(found, tokens)
    assert margin(scores, want) >= found.certificate.margin > 1.9


def test_addresses_of_a_doubling_share_coordinates() -> None:
    graph = doubling.trace(64, 2, k=64)
    plain, other = schedule_program(normalize(graph)), narrower(normalize(graph))
    assert other is not None
    late = schedule_program(*other)
    assert late.depth == plain.depth and late.embed_dim < plain.embed_dim * 0.75


def test_what_stands_aside_is_looked_up_late() -> None:
    graph = aside.trace(9, 3)
    placing = Placing(normalize(graph))
    early = placing.size()
    assert placing.narrow() < early
    schedule_program(normalize(graph), placing.when)


@pytest.mark.parametrize("written", [doubling, aside])
def test_the_size_is_that_of_the_schedule(written: Program) -> None:
    """`Placing.size` adds up what `schedule_program` then takes, wherever words go."""
    normal = normalize(written.trace(12, 3, **({"k": 9} if written is doubling else {})))
    for same in filter(None, (normal, computed_late(normal), computed_late(normal, 3))):
        placing = Placing(same)
        for narrow in (False, True):
            size = placing.narrow() if narrow else placing.size()
            schedule = schedule_program(same, placing.when)
            assert schedule.embed_dim == size.coordinates
            homes = {c for f in schedule.homes.values() for c in f.coordinates}
            alive = [
                sum(len(f.coordinates) for f in schedule.homes.values() if f.born <= layer < f.dies)
                for layer in range(schedule.depth + 1)
            ]
            assert len(homes) == max(alive)  # slot reuse leaves no gap
            assert sum(alive) == size.kept


def test_every_order_of_moves_keeps_what_waits_in_order() -> None:
    placing = Placing(normalize(aside.trace(5, 2)))
    for group, end in itertools.product(placing.groups(), (0, -1)):
        placing.move(group, placing.window(group)[end])
        for index in placing.steps:
            for use in placing.uses[index]:
                layer, how = placing.when[use]
                same = how == "attention" and placing.nodes[index].match is None
                assert placing.when[index][0] >= layer + (not same)
