"""Softmax in float64 undone by rounding: at the edge of what is proved, and refused beyond."""

import numpy as np
import pytest

from logdepth.errors import InputError
from logdepth.rng import rng_for
from logdepth.simulation.routers.packets import WORD_LIMIT, Packets
from logdepth.simulation.routers.precision import MOST_TERMS, SHARPNESS, check_exact, heard, sums_over
from logdepth.simulation.routers.registry import ROUTERS
from logdepth.simulation.routers.router import Rows, Start, attend, deliver
from logdepth.simulation.routers.traffic import Traffic


@pytest.mark.parametrize("senders", [1, 3, 64, 700])
def test_sums_of_the_largest_values_are_exact(senders):
    """Senders tie with the start token, everyone else is one unit below with the largest value."""
    rng = rng_for(0, "precision", senders)
    num_tokens = 900
    check_exact(num_tokens, senders)
    wanted = rng.permutation(num_tokens) < senders
    values = np.where(rng.random(num_tokens) < 0.5, WORD_LIMIT + 0.0, rng.integers(0, WORD_LIMIT, num_tokens))
    rows = Rows(
        np.full((1, num_tokens, 1), SHARPNESS),
        np.where(wanted, 5.0, 4.0)[None, :, None],
        np.stack([np.zeros(num_tokens), values], -1)[None],
    )
    averages = attend(rows, Start(np.array([[5.0]]), np.array([[1.0, 0.0]])))[0]
    assert (heard(averages) == senders).all()
    assert (sums_over(heard(averages), averages[:, 1]) == int(values[wanted].sum())).all()


@pytest.mark.parametrize("senders", [0, 1, 2, 48, 699])
def test_rounding_forgives_both_ways(senders):
    """Up to what the proof allows (step 3: 2^-32 of an average), above and below."""
    for off in (-(2.0**-32), 0.0, 2.0**-32):
        average = np.array([[(1 + off) / (senders + 1), (1 + off) * senders * 5 / (senders + 1)]])
        assert heard(average) == senders
        assert sums_over(np.array([senders]), average[:, 1]) == 5 * senders


def test_a_softer_softmax_is_not_exact():
    """SHARPNESS = 64 has room; at 16, e^-16 of the others' 2^31 leaks in."""
    keys, values = np.array([[[5.0], [4.0]]]), np.array([[[0.0, 1.0], [0.0, WORD_LIMIT]]])
    start = Start(np.array([[5.0]]), np.array([[1.0, 0.0]]))
    for sharpness, exact in ((16.0, False), (SHARPNESS, True)):
        averages = attend(Rows(np.full((1, 2, 1), sharpness), keys, values), start)[0]
        assert (sums_over(heard(averages), averages[:, 1])[0] == 1) == exact


def test_beyond_what_is_proved_is_refused():
    check_exact(1019, 1024)
    assert MOST_TERMS == 1024 * (1019 + 5)
    with pytest.raises(InputError, match="in_degree at most 1,023"):
        check_exact(1020, 1024)
    with pytest.raises(InputError, match=r"1,048,577 tokens; .* up to 1,048,576"):
        check_exact(2**20 + 1)
    for name in ("sums", "hashing"):
        with pytest.raises(InputError, match="averages over 1,100 of 1,100 machines"):
            ROUTERS[name].build(Traffic(1100, 1100, 1100, 1))


def test_fields_too_small_are_refused():
    with pytest.raises(InputError, match="50,000 machines need 2,500,000,000 locators"):
        ROUTERS["sums"].build(Traffic(50_000, 1, 1, 1))
    with pytest.raises(InputError, match="2,500,000,000 names of packets"):
        ROUTERS["dealing"].build(Traffic(50_000, 1, 1, 1))


def test_a_layer_that_does_not_fit_in_memory_is_refused():
    routing = ROUTERS["hashing"].build(Traffic(1000, 200, 200, 1000))
    with pytest.raises(InputError, match="GiB of memory at least"):
        deliver(routing, Packets.none())
