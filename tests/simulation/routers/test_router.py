"""The interface: packets, traffic, a round delivered by the obvious router."""

import numpy as np
import pytest

from logdepth.errors import InputError, TrafficExceeded
from logdepth.simulation.routers.packets import WORD_LIMIT, Packets
from logdepth.simulation.routers.router import deliver
from logdepth.simulation.routers.traffic import Traffic
from tests.simulation.routers.reference import REFERENCE

MESSAGES = {(0, 2): [7, 0, 8], (1, 2): [9], (1, 1): [5, WORD_LIMIT - 1], (3, 0): [0]}


def test_the_reference_router_delivers():
    delivered = deliver(REFERENCE.build(Traffic(4, 4, 4, 3)), Packets.at_source(MESSAGES))
    assert delivered.messages() == {pair: tuple(words) for pair, words in sorted(MESSAGES.items())}
    assert np.array_equal(delivered.holder, delivered.destination)


def test_measured_traffic_is_the_least():
    traffic = Traffic.measured(4, Packets.at_source(MESSAGES))
    assert traffic == Traffic(4, 2, 2, 3, 3, 4, 3, 6)
    traffic.check_sent(Packets.at_source(MESSAGES))
    wider = Traffic(4, 1, 3, 5, 5, None, 9, 9)
    assert traffic | wider == Traffic(4, 2, 3, 5, 5, None, 9, 9)


@pytest.mark.parametrize(
    ("less", "machine", "number", "limit"),
    [({"out_degree": 1}, 1, 2, 1), ({"words_out": 2}, 0, 3, 2), ({"words": 2}, 0, 3, 2)],
)
def test_a_machine_that_sends_too_much_is_refused(less, machine, number, limit):
    bounds = {"num_machines": 4, "out_degree": 2, "in_degree": 2, "words": 3, "words_out": 3} | less
    with pytest.raises(TrafficExceeded, match=f"machine {machine} .* built for {limit}: .* at least {number}") as error:
        Traffic(**bounds).check_sent(Packets.at_source(MESSAGES))
    assert (error.value.machine, error.value.number, error.value.limit) == (machine, number, limit)


def test_a_pair_that_was_not_announced_is_refused():
    with pytest.raises(TrafficExceeded, match="machine 0 writes to machine 2, which is not among the 1 pairs"):
        Traffic(4, 4, 4, 3, pairs=frozenset({(1, 2)})).check_sent(Packets.at_source(MESSAGES))


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ({(0, 1): []}, "from machine 0 to machine 1 has no words"),
        ({(0, 1): [-1]}, "machine 0 sends the word -1 to machine 1"),
        ({(0, 1): [WORD_LIMIT]}, "are 0..2,147,483,645: split it into limbs"),
        ({(0, 4): [1]}, "machine 0 writes to machine 4; machines are 0..3"),
    ],
)
def test_what_is_no_message_is_refused(messages, says):
    with pytest.raises(InputError, match=says):
        Traffic(4, 4, 4, 3).check_sent(Packets.at_source(messages))


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        ((0, 1, 1, 1), "num_machines is 0"),
        ((4, 5, 1, 1), "out_degree is 5 of 4 machines"),
        ((4, 1, 1, 1, None, None, 0), "interference is 0"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(bounds, says):
    with pytest.raises(InputError, match=says):
        Traffic(*bounds)
