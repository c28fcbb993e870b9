"""Dealing: the proof's bounds, layer by layer, against what happens; overload; blank tokens."""

import itertools
from math import prod

import numpy as np
import pytest

from logdepth.errors import InputError, TrafficExceeded
from logdepth.rng import rng_for
from logdepth.simulation.routers.dealing import Dealing, address_digits, bounds
from logdepth.simulation.routers.packets import Packets
from logdepth.simulation.routers.router import attend, deliver
from logdepth.simulation.routers.traffic import Traffic
from tests.simulation.routers.routings import block_pairs, delivered, random_pairs, scattered_pairs, with_words


def loads(routing: Dealing, packets: Packets) -> list[int]:
    """The busiest machine's packets after each layer; the routing itself refuses more than the bounds."""
    machines = np.arange(routing.num_tokens)
    found = []
    for layer in range(routing.num_layers):
        averages = attend(routing.send(layer, machines, packets), routing.start(layer))
        packets = routing.receive(layer, machines, packets, averages)
        found.append(int(np.bincount(packets.holder, minlength=1).max()))
    return found


@pytest.mark.parametrize("digits", [1, 2, 3, 4])
@pytest.mark.parametrize("machines", [1, 2, 6, 16, 27, 60, 64])
def test_digits_layers_and_heads(machines, digits):
    sizes = address_digits(machines, digits)
    assert machines <= prod(sizes) and all(prod(sizes) // size * (size - 1) < machines for size in set(sizes))
    routing = Dealing(Traffic(machines, 1, 1, 1), digits)
    assert routing.num_layers == len(sizes) * (len(sizes) + 3) // 2
    assert routing.num_heads == max(sizes, default=1) - 1


@pytest.mark.parametrize("digits", [1, 2, 3, 6])
@pytest.mark.parametrize("s", [1, 4, 16])
def test_closed_form_of_the_bounds(digits, s):
    size = 4
    moves = bounds((size,) * digits, s, s)
    half_square = size * (size - 1) / 2
    most = s + max(digits, 2 * digits - 2) * half_square
    assert max(move.load for move in moves) <= most
    assert size * max(move.bucket for move in moves) <= most
    assert moves[-1].load == s


def greedy_pairs(rng, machines, degree, size):
    """Every machine's messages go to classes that its first deal sends to one machine of its line."""
    pairs, received = set(), np.zeros(machines, int)
    top = machines // size
    for machine in rng.permutation(machines).tolist():
        wanted = (-(machine // top)) % size
        near = sorted(
            range(machines), key=lambda d: ((d // top - wanted) % size, received[d], (d - machine) % machines)
        )
        for destination in [d for d in near if received[d] < degree][:degree]:
            pairs.add((machine, destination))
            received[destination] += 1
    return pairs


@pytest.mark.parametrize(("machines", "digits"), [(16, 2), (16, 4), (60, 2), (64, 3), (64, 1)])
@pytest.mark.parametrize("s", [1, 3, 8])
def test_loads_stay_within_the_bounds(machines, digits, s):
    routing = Dealing(Traffic(machines, s, s, 1), digits)
    size = routing.digits[0]
    for number in range(3):
        rng = rng_for(0, "dealing", machines, digits, s, number)
        kinds = [kind(rng, machines, s) for kind in (random_pairs, block_pairs, scattered_pairs)]
        for pairs in [*kinds, greedy_pairs(rng, machines, s, size)]:
            packets = with_words(rng, pairs, 1)
            for load, move in zip(loads(routing, packets), routing.moves, strict=True):
                assert load <= move.load


@pytest.mark.parametrize("step", [29, pytest.param(1, marks=pytest.mark.slow)])
def test_every_round_of_four_machines_and_two_messages(step):
    """All 0/1 matrices with row and column sums at most 2, two digits of two."""
    routing = Dealing(Traffic(4, 2, 2, 1), 2)
    rows = [row for row in itertools.product([0, 1], repeat=4) if sum(row) <= 2]
    rounds = 0
    for matrix in itertools.product(rows, repeat=4):
        if max(map(sum, zip(*matrix, strict=True))) <= 2 and (rounds := rounds + 1) % step == 0:
            messages = {(s, d): [d] for s, row in enumerate(matrix) for d, sent in enumerate(row) if sent}
            packets = Packets.at_source(messages)
            assert deliver(routing, packets).same(delivered(packets))
    assert rounds == 7343


def test_bounds_are_attained():
    """Two machines, three words out and in: some round fills a machine and a head to the last packet of the bound."""
    routing = Dealing(Traffic(2, 2, 2, 3, 3, 3), 1)
    assert [(move.bucket, move.load) for move in routing.moves] == [(2, 4), (2, 3)]
    most = [0, 0]
    for lengths in itertools.product(range(4), repeat=4):
        messages = {(at // 2, at % 2): [at] * length for at, length in enumerate(lengths) if length}
        out, into = lengths[0] + lengths[1], lengths[0] + lengths[2]
        if max(out, into, lengths[2] + lengths[3], lengths[1] + lengths[3]) <= 3 and messages:
            most = np.maximum(most, loads(routing, Packets.at_source(messages)))
    assert most.tolist() == [4, 3]


def test_a_receiver_of_too_much_is_served_or_refused():
    """16 machines write to one; the buckets were proved for one word into each."""
    outcomes = set()
    for senders in range(1, 17):
        packets = Packets.at_source({(sender, 9): [sender] for sender in range(senders)})
        try:
            assert deliver(Dealing(Traffic(16, 1, 1, 1), 2), packets).same(delivered(packets))
            outcomes.add("delivered")
        except TrafficExceeded as error:
            outcomes.add(("refused", error.number > error.limit, "words_in above 1" in str(error)))
    assert outcomes == {"delivered", ("refused", True, True)}


def test_no_digits_is_refused():
    with pytest.raises(InputError, match="num_digits is 0"):
        Dealing(Traffic(16, 1, 1, 1), 0)
