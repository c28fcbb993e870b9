"""Theorem C.1's form: what it computes, in how many communications, and with how many words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import InputError, MemoryExceeded, SpecError
from logdepth.mpc import Checkpoints, LocalEngine, Spec
from logdepth.simulation.faithful import faithful_protocol
from logdepth.simulation.layers import SimulatedModel
from logdepth.simulation.transformer_to_protocol import Simulation, transformer_to_protocol
from tests.simulation.models import small_model, tokens_for

CASES = st.tuples(
    st.integers(0, 3),  # layers
    st.integers(1, 17),  # tokens
    st.integers(2, 6),  # branching
    st.booleans(),  # fused
    st.sampled_from([(False, None), (True, None), (True, 1), (True, 4)]),
    st.sampled_from([(1, 1), (2, 2), (4, 2)]),
)


def most(run) -> int:
    found = run.ledger.summary()
    return max(found["max_words_sent"], found["max_words_received"], found["max_words_held"])


@settings(max_examples=80, deadline=None)
@given(CASES)
def test_equals_the_model_in_the_rounds_of_the_theorem(case):
    layers, count, branching, fused, (causal, window), (heads, key_heads) = case
    model = small_model(layers, causal=causal, window=window, heads=heads, key_heads=key_heads)
    tokens = tokens_for(model, count)
    made = transformer_to_protocol(model, count, form="faithful", branching=branching, fused=fused)
    run = made.run(tokens)
    np.testing.assert_allclose(run.result, model.logits(tokens), atol=1e-12)
    depth = made.plan.machines.depth
    assert run.ledger.num_rounds == made.plan.num_rounds == made.protocol.num_rounds
    assert run.ledger.num_rounds == (2 * depth * layers + 2 if fused else layers * (2 * depth + 2))
    assert most(run) <= made.plan.busiest == made.spec.local_memory
    if window is None:
        assert most(run) == made.plan.busiest  # to the word


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_the_least_memory_from_both_sides(fused, causal):
    model = small_model(2, causal=causal, classes=2)
    tokens = tokens_for(model, 13)
    with pytest.raises(SpecError, match="needs 25 words" if not fused else "needs .* words") as refused:
        transformer_to_protocol(model, 13, form="faithful", fused=fused, memory=5)
    least = int(str(refused.value).split("needs ")[1].split()[0])
    made = transformer_to_protocol(model, 13, form="faithful", fused=fused, memory=least)
    np.testing.assert_allclose(made.run(tokens).result, model.logits(tokens), atol=1e-12)
    with pytest.raises(SpecError):
        transformer_to_protocol(model, 13, form="faithful", fused=fused, memory=least - 1)
    spec = Spec(made.spec.num_machines, least - 1, 13)
    with pytest.raises(MemoryExceeded):
        Simulation("faithful", made.plan, faithful_protocol(made.plan, spec)).run(tokens)


def test_memory_takes_the_widest_trees_that_fit():
    model = small_model(1, classes=2)
    for memory in range(30, 120, 7):
        made = transformer_to_protocol(model, 30, form="faithful", memory=memory)
        fan = made.plan.machines.branching
        assert most(made.run(tokens_for(model, 30))) <= memory
        if fan < 30:
            assert transformer_to_protocol(model, 30, form="faithful", branching=fan + 1).plan.busiest > memory


def test_a_machine_knows_what_it_received_and_nothing_else(monkeypatch):
    model = small_model(2)
    tokens = tokens_for(model, 6)
    want = model.logits(tokens)
    for name in ("logits", "check"):  # the model itself is never called
        monkeypatch.setattr(SimulatedModel, name, lambda *_: pytest.fail("the model was called"))
    for fused in (False, True):
        made = transformer_to_protocol(model, 6, form="faithful", branching=2, fused=fused)
        alone = [(machine, machine + 1) for machine in range(made.spec.num_machines)]
        monkeypatch.undo()
        inputs = made.place(tokens)
        for ranges in (None, alone):
            run = LocalEngine(ranges=ranges).run(made.protocol, inputs)
            np.testing.assert_allclose(run.result, want, atol=1e-12)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("fused", [False, True])
def test_padding_is_not_seen(causal, fused):
    model = small_model(2, causal=causal)
    tokens, seen = tokens_for(model, 9), np.array([1, 1, 0, 1, 1, 1, 0, 0, 1], bool)
    made = transformer_to_protocol(model, 9, form="faithful", branching=3, fused=fused, padded=True)
    run = made.run(tokens, seen)
    np.testing.assert_allclose(run.result, model.logits(tokens, seen), atol=1e-12)
    other = np.where(seen, tokens, (tokens + 1) % model.vocab_size)
    np.testing.assert_array_equal(made.run(other, seen).result[seen], run.result[seen])
    nobody = np.zeros(9, bool)  # a query that sees no key reads 0
    np.testing.assert_allclose(made.run(tokens, nobody).result, model.logits(tokens, nobody), atol=1e-12)


def test_the_index_of_the_way_up():
    """Communication r of a layer, on the way up, is of level 2D + 2 - r (not 2D + 1 - r, as printed)."""
    made = transformer_to_protocol(small_model(2), 17, form="faithful", branching=2)
    rounds = made.run(tokens_for(small_model(2), 17)).ledger.rounds
    depth = made.plan.machines.depth
    for row in rounds:
        r = row.round % (2 * depth + 2) + 1
        level = 2 * depth + 2 - r
        want = {1: "dispersal", 2 * depth + 2: "compression"}.get(r)
        assert row.label == (want or (f"down to level {r - 1}" if r < depth + 2 else f"up to level {level - 1}"))


def test_a_checkpoint_is_no_other_models(tmp_path):
    tokens = tokens_for(small_model(2), 9)
    for seed, message in ((5, None), (6, "a checkpoint whose parameters differs")):
        made = transformer_to_protocol(small_model(2, seed=seed), 9, form="faithful")
        saves = Checkpoints(tmp_path / "saved", every=1)
        if message is None:
            LocalEngine().run(made.protocol, made.place(tokens), checkpoints=saves)
        else:
            with pytest.raises(InputError, match=message):
                LocalEngine().run(made.protocol, made.place(tokens), checkpoints=saves)


def test_refusals():
    model = small_model(1, length=10)
    for options, message in (
        ({"form": "faithfull"}, "there are: faithful, blocked"),
        ({"form": "faithful", "branching": 1}, "at least 2"),
        ({"form": "faithful", "branching": 3, "memory": 99}, "not both"),
        ({"form": "faithful", "memory": 0}, "at least 1"),
        ({"form": "blocked", "branching": 3}, "for the faithful form"),
        ({"form": "blocked", "fused": True}, "for the faithful form"),
    ):
        with pytest.raises(InputError, match=message):
            transformer_to_protocol(model, 5, **options)
    with pytest.raises(InputError, match="there are 11 tokens; a small model takes 1 to 10"):
        transformer_to_protocol(model, 11)
    made = transformer_to_protocol(model, 5)
    with pytest.raises(InputError, match="token 7 at position 2 is outside a small model's vocabulary"):
        made.run(np.array([0, 1, 7, 1, 1]))
    with pytest.raises(InputError, match="there are 4 tokens; the protocol is for 5"):
        made.run(np.arange(4))
    with pytest.raises(InputError, match="planned as padded"):
        made.run(np.arange(5), np.ones(5, bool))
    with pytest.raises(InputError, match="one row of whole numbers"):
        made.run(np.ones(5))


def test_what_has_no_room_here_is_refused_before_anything_is_built(monkeypatch):
    monkeypatch.setattr("logdepth.memory.total_memory", lambda: 1000)
    with pytest.raises(InputError, match=r"the faithful form on 9 tokens .* needs .* GiB"):
        transformer_to_protocol(small_model(1), 9, form="faithful")
