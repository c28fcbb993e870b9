"""Ports: a proper colouring with as few colours as possible; heads and width as stated."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdepth.errors import TrafficExceeded
from logdepth.rng import rng_for
from logdepth.simulation.routers.edge_coloring import color_edges
from logdepth.simulation.routers.packets import Packets
from logdepth.simulation.routers.ports import Ports
from logdepth.simulation.routers.router import deliver
from logdepth.simulation.routers.traffic import Traffic
from tests.simulation.routers.routings import delivered, random_pairs, with_words


def check_coloring(machines: int, pairs: set[tuple[int, int]]) -> None:
    to, come_from = color_edges(machines, pairs)
    degrees = [np.bincount([pair[side] for pair in pairs], minlength=machines).max() for side in (0, 1)]
    assert to.shape == come_from.shape == (machines, max(degrees))
    assert sorted(pairs) == sorted((s, int(to[s, c])) for s, c in np.argwhere(to >= 0).tolist())
    assert sorted(pairs) == sorted((int(come_from[d, c]), d) for d, c in np.argwhere(come_from >= 0).tolist())
    for s, c in np.argwhere(to >= 0).tolist():
        assert come_from[to[s, c], c] == s


def test_every_bipartite_graph_on_three_and_three():
    pairs = list(itertools.product(range(3), repeat=2))
    for chosen in itertools.product([False, True], repeat=9):
        if any(chosen):
            check_coloring(3, {pair for pair, there in zip(pairs, chosen, strict=True) if there})


@given(st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=1))
def test_graphs(pairs):
    check_coloring(12, pairs)


@pytest.mark.parametrize("degree", [1, 3, 5])
def test_known_pairs_take_as_many_heads_as_the_degree(degree):
    rng = rng_for(0, "ports", degree)
    pairs = random_pairs(rng, 40, degree)
    routing = Ports(Traffic(40, degree, degree, 3, pairs=frozenset(pairs)))
    assert routing.num_heads <= degree and routing.embed_dim == 3 * routing.num_heads
    for _ in range(5):
        packets = with_words(rng, {pair for pair in pairs if rng.random() < 0.7}, 3)
        assert deliver(routing, packets).same(delivered(packets))


def test_an_unknown_pair_is_refused():
    routing = Ports(Traffic(4, 2, 2, 1, pairs=frozenset({(0, 1), (1, 2)})))
    with pytest.raises(TrafficExceeded, match=r"machine 0 writes to machine 2, .* with that pair"):
        deliver(routing, Packets.at_source({(0, 2): [1]}))
