"""Families of slots: the agreements claimed, counted; one slot always clean; one block fewer and it isn't."""

import itertools

import numpy as np
import pytest

from logdepth.rng import rng_for
from logdepth.simulation.routers.cover_free import (
    Family,
    Interference,
    paper_columns,
    polynomials,
    smallest,
    structured,
)
from tests.simulation.routers.routings import covering_pairs

COLUMNS = {16: (32, 80, 160), 64: (48, 289, 640), 256: (96, 323, 1258)}
PAPER = {16: (1065, 5390, 17035), 64: (1598, 8085, 25553), 256: (2130, 10780, 34070)}


@pytest.mark.parametrize("machines", [16, 64, 256])
def test_columns_against_the_paper(machines):
    for s in (2, 3, 4):
        columns = smallest(machines, Interference.of(s, s, s * s)).columns
        assert columns == COLUMNS[machines][s - 2]
        assert paper_columns(machines, s) == PAPER[machines][s - 2]


def test_columns_are_a_twentieth_of_the_paper_s():
    """At every number of machines that the page speaks of."""
    for machines, s in itertools.product(range(8, 257), (2, 3, 4)):
        assert 20 * smallest(machines, Interference.of(s, s, s * s)).columns <= paper_columns(machines, s)


def most_shared(family: Family) -> tuple[int, int, int]:
    """Blocks in which two pairs share a slot, at most: same sender, same receiver, neither."""
    machines = np.arange(family.num_machines)
    source, destination = (grid.ravel() for grid in np.meshgrid(machines, machines, indexing="ij"))
    slots = family.slots(source, destination)
    found = np.zeros(4, int)
    for pair in range(len(slots)):
        shared = (slots == slots[pair]).sum(1)
        kind = (source != source[pair]) + 2 * (destination != destination[pair])
        np.maximum.at(found, kind[kind > 0], shared[kind > 0])
    return int(found[2]), int(found[1]), int(found[3])


@pytest.mark.parametrize("degree", [1, 2])
def test_agreements_are_as_derived(degree):
    interference = Interference.of(3, 3, 9)
    same_sender, same_receiver, neither = most_shared(structured(20, interference, degree))
    assert same_sender <= degree - 1 and same_receiver <= degree - 1 and neither <= 2 * degree - 1
    assert max(most_shared(polynomials(20, interference, degree + 1))) <= degree


@pytest.mark.parametrize("machines", [5, 16, 30])
@pytest.mark.parametrize("s", [2, 3, 4])
def test_a_clean_slot_is_left_whatever_interferes(machines, s):
    """The pairs that cover most of a message's slots, chosen greedily among all, leave one."""
    interference = Interference.of(s, s, s * s)
    families = [structured(machines, interference, 1), structured(machines, interference, 2)]
    for family in [*families, polynomials(machines, interference, 3), smallest(machines, interference)]:
        for number in range(5):
            rng = rng_for(0, "covering", machines, s, family.columns, number)
            assert not fully_covered(family, covering_pairs(rng, family, s))


def fully_covered(family: Family, pairs: set[tuple[int, int]]) -> bool:
    """Whether some message's slots are all written by other messages of its receiver's senders."""
    source, destination = np.array(sorted(pairs)).T
    slots = family.slots(source, destination)
    for at in range(len(slots)):
        heard = np.isin(source, source[destination == destination[at]])
        heard[at] = False
        if np.isin(slots[at], slots[heard]).all():
            return True
    return False


def test_one_block_fewer_is_too_few():
    """(s - 1)^2 + 1 blocks are needed in the structured family at s = 2: with one, a message can be covered."""
    family = structured(8, Interference.of(2, 2, 4), 1)
    assert family.points == 2
    fewer = Family("structured", 8, 1, family.height, 1)
    blocks = itertools.permutations(range(8), 4)
    assert any(fully_covered(fewer, {(a, c), (a, d), (b, c), (b, d)}) for a, b, c, d in blocks)


def test_less_interference_takes_fewer_slots():
    full = smallest(256, Interference.of(4, 4, 16))
    half = smallest(256, Interference.of(4, 4, 8))
    assert half.columns < full.columns
    assert Interference.of(4, 4, 8) == Interference(0, 0, 7)
    assert Interference.of(4, 4, 16) == Interference(3, 3, 9)
