"""Laws of every registered router: it delivers, row by row, and refuses what it was not built for."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import TrafficExceeded
from logdepth.rng import rng_for
from logdepth.simulation.routers.packets import Packets
from logdepth.simulation.routers.registry import ROUTERS
from logdepth.simulation.routers.router import attend, deliver
from logdepth.simulation.routers.sums import Sums
from logdepth.simulation.routers.traffic import Traffic
from tests.simulation.routers.routings import block_pairs, delivered, random_pairs, scattered_pairs, with_words

KINDS = {"random": random_pairs, "blocks": block_pairs, "scattered": scattered_pairs}


def rounds(label: str, machines: int, degree: int, words: int, count: int):
    """Random, block and scattered rounds, with random and with extreme words."""
    for number, (kind, pairs) in itertools.product(range(count), KINDS.items()):
        rng = rng_for(0, "routers", label, kind, machines, degree, words, number)
        yield with_words(rng, pairs(rng, machines, degree), words, extreme=number % 2 == 1)


@pytest.mark.parametrize("name", ROUTERS)
@pytest.mark.parametrize(
    ("machines", "degree", "words"), [(1, 1, 2), (7, 3, 2), (16, 1, 1), (16, 4, 3), (16, 16, 1), (30, 3, 4), (64, 2, 1)]
)
def test_every_round_within_the_degrees_is_delivered(name, machines, degree, words):
    routing = ROUTERS[name].build(Traffic(machines, degree, degree, words))
    for packets in rounds(name, machines, degree, words, 4):
        assert deliver(routing, packets).same(delivered(packets))


@pytest.mark.parametrize("name", ROUTERS)
def test_every_round_of_three_machines_is_delivered(name):
    routing = ROUTERS[name].build(Traffic(3, 3, 3, 1))
    pairs = list(itertools.product(range(3), repeat=2))
    for chosen in itertools.product([False, True], repeat=len(pairs)):
        packets = Packets.at_source({pair: [3 * pair[0]] for pair, sent in zip(pairs, chosen, strict=True) if sent})
        assert deliver(routing, packets).same(delivered(packets))


@pytest.mark.parametrize("name", ROUTERS)
@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32), machines=st.integers(1, 20), words=st.integers(1, 5), share=st.floats(0, 1))
def test_a_round_is_delivered_by_what_was_measured_of_it(name, seed, machines, words, share):
    rng = np.random.default_rng(seed)
    pairs = {pair for pair in itertools.product(range(machines), repeat=2) if rng.random() < share**2}
    packets = with_words(rng, pairs, words)
    traffic = Traffic.measured(machines, packets)
    assert deliver(ROUTERS[name].build(traffic), packets).same(delivered(packets))


@pytest.mark.parametrize("name", ROUTERS)
def test_a_round_of_words_is_delivered(name):
    """Long messages and many messages in one round: at most 12 words out of and into a machine."""
    routing = ROUTERS[name].build(Traffic.of_words(16, 12))
    for number in range(10):
        rng = rng_for(0, "routers", "words", number)
        sent, received, messages = np.zeros(16, int), np.zeros(16, int), {}
        for source, destination in rng.permutation(list(itertools.product(range(16), repeat=2))).tolist():
            length = int(min(rng.integers(1, 13), 12 - sent[source], 12 - received[destination]))
            if length:
                messages[source, destination] = rng.integers(0, 1000, length).tolist()
                sent[source] += length
                received[destination] += length
        packets = Packets.at_source(messages)
        assert deliver(routing, packets).same(delivered(packets))


@pytest.mark.parametrize("name", ROUTERS)
def test_a_row_depends_on_itself_alone(name):
    """Each machine run by itself, whatever its neighbours hold, does what it does among them, in every layer."""
    routing = ROUTERS[name].build(Traffic(16, 3, 3, 2))
    machines = np.arange(routing.num_tokens)
    rng = rng_for(0, "routers", "rows", name)
    packets, poison = (with_words(rng, random_pairs(rng, 16, 3), 2) for _ in range(2))
    for layer in range(routing.num_layers):
        together = routing.send(layer, machines, packets)
        averages = attend(together, routing.start(layer))
        after = routing.receive(layer, machines, packets, averages)
        for machine in machines:
            alone = np.array([machine])
            rows = routing.send(layer, alone, packets.of(alone))
            for part in ("queries", "keys", "values"):
                assert np.array_equal(getattr(rows, part)[:, 0], getattr(together, part)[:, machine])
            received = routing.receive(layer, alone, packets.of(alone), averages[:, machine : machine + 1])
            assert received.same(after.of(alone))
        if layer == 0:  # the poison is a round of its own
            mixed = Packets.columns(
                *(np.concatenate([column, other]) for column, other in columns(packets.of(machines[:8]), poison, 8))
            )
            rows = routing.send(0, machines, mixed)
            for part in ("queries", "keys", "values"):
                assert np.array_equal(getattr(rows, part)[:, :8], getattr(together, part)[:, :8])
        packets = after


def columns(packets, poison, first):
    poison = poison.where(poison.holder >= first)
    names = ("holder", "source", "destination", "index", "word")
    return [(getattr(packets, name), getattr(poison, name)) for name in names]


@pytest.mark.parametrize("name", ROUTERS)
def test_a_round_without_messages(name):
    routing = ROUTERS[name].build(Traffic(8, 2, 2, 1))
    assert deliver(routing, Packets.none()).same(Packets.none())
    rows, start = routing.send(0, np.arange(routing.num_tokens), Packets.none()), routing.start(0)
    assert rows.keys.shape == rows.queries.shape == (routing.num_heads, routing.num_tokens, routing.key_dim)
    assert rows.values.shape == (routing.num_heads, routing.num_tokens, routing.value_dim)
    assert start.values.shape == (routing.num_heads, routing.value_dim)


OVERLOADS = [
    ("out_degree", {(0, d): [1] for d in range(3)}, "machine 0 sends 3 messages", 3, 2),
    ("in_degree", {(s, 5): [1] for s in range(3)}, "machine 5", 3, 2),
    ("words", {(0, 1): [1, 2, 3]}, "machine 0 sends", 3, 2),
]


@pytest.mark.parametrize(("name", "overload"), [(n, o) for n in ("sums", "hashing") for o in OVERLOADS])
def test_more_than_it_was_built_for_is_refused(name, overload):
    bound, messages, says, number, limit = overload
    packets = Packets.at_source(messages)
    bounds = {"num_machines": 8, "out_degree": 2, "in_degree": 2, "words": 2}
    with pytest.raises(TrafficExceeded, match=f"{says}.*built for {limit}: build it with {bound}") as error:
        deliver(ROUTERS[name].build(Traffic(**bounds)), packets)
    assert (error.value.number, error.value.limit) == (number, limit)
    enough = bounds | {bound: number}
    assert deliver(ROUTERS[name].build(Traffic(**enough)), packets).same(delivered(packets))


@pytest.mark.parametrize("name", ["sums", "hashing"])
@pytest.mark.parametrize("words", [1, 3])
def test_interference_beyond_t_is_delivered_right_or_refused(name, words):
    """T less than the degrees allow: T goes through; above it nothing wrong comes out, and `sums` always sees it."""
    refused = 0
    for number in range(40):
        rng = rng_for(0, "routers", "interference", number)
        packets = with_words(rng, random_pairs(rng, 12, 3), words)
        bound = Traffic.measured(12, packets).most_messages
        assert not is_refused(name, Traffic(12, 3, 3, words, interference=bound), packets)
        for less in (1, 2, bound - 1):
            above = is_refused(name, Traffic(12, 3, 3, words, interference=bound - less), packets)
            assert above or name == "hashing"
            refused += above
    assert refused > 0


def is_refused(name: str, traffic: Traffic, packets: Packets) -> bool:
    """Whether it is, in the right words; else it must be delivered right."""
    routing = ROUTERS[name].build(traffic)
    try:
        after = deliver(routing, packets)
    except TrafficExceeded as error:
        exceeded = (error.limit, error.number > error.limit, f"at least {error.number}" in str(error))
        return exceeded == (traffic.interference, True, True)
    assert after.same(delivered(packets))
    return False


def test_words_located_one_by_one_are_counted_too():
    packets = Packets.at_source({(0, 1): [1, 2, 3], (2, 1): [4], (2, 3): [5, 6, 7]})
    bounds = {"num_machines": 4, "out_degree": 4, "in_degree": 4, "words": 4, "words_out": 4, "words_in": 4}
    routing = Sums(Traffic(**bounds, interference_words=7))
    assert routing.value_dim == 2 * 7 + 1 + 1
    assert deliver(routing, packets).same(delivered(packets))
    with pytest.raises(TrafficExceeded, match="machine 1 hears from machines that send 7 words in all") as error:
        deliver(Sums(Traffic(**bounds, interference_words=6)), packets)
    assert (error.value.machine, error.value.number, error.value.limit) == (1, 7, 6)


def test_words_located_one_by_one_take_2_t_plus_1():
    for s in (1, 2, 5, 16):
        assert Sums(Traffic.of_words(64, s)).value_dim == 2 * s * s + 1
        for words in (1, 2, 3, 4):
            assert Sums(Traffic(64, s, s, words)).value_dim == s * s * (words + 1) + 1
    assert Sums(Traffic(64, 4, 4, 3, interference=15)).value_dim == 15 * 4 + 1 + 1  # and the count
