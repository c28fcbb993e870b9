"""Tiles: what they compute, in how many communications, and with how many words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import MemoryExceeded, SpecError
from logdepth.mpc import LocalEngine, Spec
from logdepth.simulation.blocked import Blocked, blocked_protocol
from logdepth.simulation.tiles import Tiles
from logdepth.simulation.transformer_to_protocol import Simulation, transformer_to_protocol
from logdepth.simulation.word_bits import find_words
from tests.simulation.models import small_model, tokens_for
from tests.simulation.test_faithful import most

SIGHTS = st.sampled_from([(False, None), (True, None), (True, 1), (True, 4)])


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 3), st.integers(1, 17), st.integers(1, 17), st.integers(1, 17), SIGHTS, st.booleans())
def test_equals_the_model(layers, count, tile, fan, sight, padded):
    model = small_model(layers, causal=sight[0], window=sight[1], heads=4, key_heads=2)
    tokens = tokens_for(model, count)
    seen = np.random.default_rng(count).random(count) < 0.7 if padded else None
    plan = Blocked(model, Tiles(count, tile, fan), find_words(), padded)
    spec = Spec(plan.tiles.num_machines, plan.busiest, count * (1 + padded))
    made = Simulation("blocked", plan, blocked_protocol(plan, spec))
    run = made.run(tokens, seen)
    np.testing.assert_allclose(run.result, model.logits(tokens, seen), atol=1e-12)
    assert run.ledger.num_rounds == plan.num_rounds == made.protocol.num_rounds
    if sight[1] is None:
        assert plan.num_rounds == layers * -(-(plan.tiles.num_machines - 1) // fan)
    assert most(run) <= plan.busiest
    if sight[1] is None and plan.num_rounds:
        assert most(run) == plan.busiest  # to the word


@pytest.mark.parametrize("causal", [False, True])
def test_any_memory_from_the_least_on(causal):
    model = small_model(2, causal=causal, classes=2)
    count = 19
    tokens = tokens_for(model, count)
    want = model.logits(tokens)
    with pytest.raises(SpecError, match="a machine of the blocked form with a single token needs") as refused:
        transformer_to_protocol(model, count, memory=3)
    least = int(str(refused.value).split("needs ")[1].split()[0])
    rounds = []
    for memory in (least, *range(least + 5, 900, 60), 5000):
        made = transformer_to_protocol(model, count, memory=memory)
        run = made.run(tokens)
        np.testing.assert_allclose(run.result, want, atol=1e-12)
        assert most(run) <= made.plan.busiest <= memory == made.spec.local_memory
        assert most(run) == made.plan.busiest or not made.plan.num_rounds
        rounds.append(run.ledger.num_rounds)
    assert rounds[0] == max(rounds) and rounds[-1] == 0
    with pytest.raises(SpecError):
        transformer_to_protocol(model, count, memory=least - 1)
    plan = transformer_to_protocol(model, count, memory=least).plan
    with pytest.raises(MemoryExceeded):
        Simulation("blocked", plan, blocked_protocol(plan, Spec(count, plan.busiest - 1, count))).run(tokens)


def test_words_fall_as_memory_grows():
    model = small_model(2, classes=2)
    tokens = tokens_for(model, 48)
    words = []
    for tile in (1, 2, 4, 8, 16, 48):
        plan = Blocked(model, Tiles(48, tile, 1), find_words())
        made = Simulation("blocked", plan, blocked_protocol(plan, Spec(plan.tiles.num_machines, plan.busiest, 48)))
        ledger = made.run(tokens).ledger.summary()
        words.append(ledger["words_sent"] - ledger["words_kept"])
        tiles = plan.tiles.num_machines
        assert words[-1] == 2 * tile * 12 * tiles * (tiles - 1) // 2  # layers, rows of a tile, 12 words each, pairs
    assert words == sorted(words, reverse=True) and words[-1] == 0


def test_a_machine_knows_what_it_received_and_nothing_else():
    model = small_model(2, causal=False)
    tokens = tokens_for(model, 11)
    made = transformer_to_protocol(model, 11, memory=150)
    assert made.spec.num_machines > 3
    alone = [(machine, machine + 1) for machine in range(made.spec.num_machines)]
    run = LocalEngine(ranges=alone).run(made.protocol, made.place(tokens))
    np.testing.assert_allclose(run.result, model.logits(tokens), atol=1e-12)
