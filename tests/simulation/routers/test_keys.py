"""Sparse propagation: who scores what, by the numbers."""

import itertools

import numpy as np
import pytest

from logdepth.rng import rng_for
from logdepth.simulation.routers.keys import SparseKeys, address_keys, address_queries
from logdepth.simulation.routers.precision import SHARPNESS


@pytest.mark.parametrize(
    ("machines", "dims"), [(16, (10, 16, 17, 17)), (64, (16, 26, 45, 56)), (256, (21, 36, 50, 86))]
)
def test_dimensions(machines, dims):
    assert tuple(SparseKeys.smallest(machines, s).dim for s in (1, 2, 3, 4)) == dims


@pytest.mark.parametrize("machines", [1, 2, 5, 16, 40, 64])
@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("power", [1, 2, 3])
def test_a_sender_scores_t_at_its_destinations_and_less_elsewhere(machines, degree, power):
    keys = SparseKeys(machines, degree, power)
    everyone = np.arange(machines)
    queries = keys.queries(everyone) / SHARPNESS
    assert (queries @ keys.start() == keys.points).all()
    every = list(itertools.combinations(range(machines), min(degree, machines)))
    rng = rng_for(0, "keys", machines, degree, power)
    for at in rng.permutation(len(every))[:300]:
        destinations = every[at]
        key = keys.keys(np.array([0]), np.zeros(len(destinations), int), np.array(destinations))[0]
        scores = queries @ key
        wanted = np.isin(everyone, destinations)
        assert (scores[wanted] == keys.points).all()
        assert (scores[~wanted] <= keys.points - 1).all()


def test_one_point_fewer_and_the_margin_is_gone():
    """t = d (k - 1) + 1 is needed: with t - 1 points some machine is covered by others' union."""
    keys = SparseKeys(49, 2, 2)
    vectors = keys.vectors[:, : 2 * keys.height]  # the first two of three points
    covered = any(
        (vectors[third] @ np.maximum(vectors[first], vectors[second])) == 2
        for first, second, third in itertools.permutations(range(20), 3)
    )
    assert covered and keys.points == 3


def test_addresses_win_by_one_at_least():
    addresses = np.arange(300)
    scores = address_queries(addresses) @ address_keys(addresses).T / SHARPNESS
    best = scores.argmax(-1)
    assert (best == addresses).all()
    rest = np.where(np.eye(300, dtype=bool), -np.inf, scores).max(-1)
    assert (scores[addresses, addresses] - rest >= 1).all()
