"""Every reduction is right on all small cases and random large ones, and its instances are what they say."""

import itertools

import networkx
import numpy as np
import pytest

from logdepth.errors import InputError
from logdepth.graphs.graph import Graph
from logdepth.separations.hard_instances import HARD, InstanceSizes, find_hard_instance
from logdepth.separations.layered_chase import LayeredChase, chase_to_hops, layered_chase
from logdepth.separations.subgraph import disjointness_to_subgraph, subgraph_instance
from logdepth.simulation.reductions import cycle_lengths
from logdepth.tasks.khop import solve


@pytest.mark.parametrize(("k", "q"), [(1, 2), (2, 2), (3, 2), (1, 4), (2, 4)])
def test_all_small_chases(k, q):
    """All matchings (of four vertices each seventh), starts, halves: hop_k is the half, hop_j the chase."""
    for matchings in itertools.product(list(itertools.permutations(range(q)))[:: 7 if q == 4 else 1], repeat=k):
        for halves in itertools.combinations(range(q), q // 2):
            in_first = np.isin(np.arange(q), halves)
            for start in range(q):
                _check(LayeredChase(np.array(matchings, np.int32), start, in_first))


def _check(chase, segments=(None, 0, 3)):
    k, q = chase.players, chase.size
    for spare in segments:
        made = chase_to_hops(chase, segment=None if spare is None else 2 * q + 1 + spare)
        assert len(made.tokens) == (2 * k * q + 1 if spare is None else k * (2 * q + 1 + spare))
        assert made.tokens.max() < made.alphabet_size == 2 * q + 2 and made.k == k
        for j in range(k):  # odd layers are symbols 0.., even ones q..: the chase's j-th step is layer j + 1
            assert solve(made.tokens[None], j, 2 * q + 2)[0, -1] == chase.path[j] + q * (j % 2)
        assert solve(made.tokens[None], k, 2 * q + 2)[0, -1] == 2 * q + (not chase.answer)


def test_random_large_chases():
    answers = set()
    for number in range(8):
        chase = layered_chase(2 + number, 1000, number=number)
        assert (np.sort(chase.matchings, 1) == np.arange(1000)).all() and chase.in_first.sum() == 500
        _check(chase, (None, 5))
        answers.add(chase.answer)
    assert answers == {True, False}


def test_a_players_tokens_are_its_matching_alone():
    """P_j's segment changes only where its own matching does: who holds the matching writes the tokens."""
    one, other = layered_chase(4, 6, number=0), layered_chase(4, 6, number=1)
    for j in range(1, 5):
        mixed = one.matchings.copy()
        mixed[j - 1] = other.matchings[j - 1]
        made = [chase_to_hops(LayeredChase(m, 0, one.in_first), segment=13).tokens for m in (one.matchings, mixed)]
        assert set(np.flatnonzero(made[0] != made[1]) // 13) == {4 - j}


def test_all_small_subgraphs():
    for paths in (1, 2, 3):
        for bits in itertools.product([False, True], repeat=2 * paths):
            x, y = np.array(bits[:paths]), np.array(bits[paths:])
            for length in (2, 4, 8):
                made = disjointness_to_subgraph(x, y, length)
                assert made.connected == (not (x & y).any()) == _connected(made)
                assert _connected(made, all_edges=True)
                assert made.graph.num_vertices == paths * length + 2 * length - 1


def _connected(made, all_edges=False):
    graph = networkx.Graph()
    graph.add_nodes_from(range(made.graph.num_vertices))
    keep = slice(None) if all_edges else made.chosen
    graph.add_edges_from(zip(made.graph.tail[keep].tolist(), made.graph.head[keep].tolist(), strict=True))
    assert graph.number_of_edges() == len(made.graph.tail[keep])  # no edge twice
    return networkx.is_connected(graph)


@pytest.mark.parametrize("connected", [True, False])
def test_random_subgraphs_are_near_and_tell_nothing_by_counting(connected):
    made = subgraph_instance(700, connected, seed=4)
    assert made.connected == connected == _connected(made)
    graph = networkx.Graph(list(zip(made.graph.tail.tolist(), made.graph.head.tolist(), strict=True)))
    assert networkx.diameter(graph) <= 2 * 4 + 2  # 16 leaves: up the tree, down, and a spoke at either end
    other = subgraph_instance(700, not connected, seed=4)
    assert abs(int(made.chosen.sum()) - int(other.chosen.sum())) <= 2  # one spoke or two of hundreds


def test_cycles_in_all_forms():
    kind = find_hard_instance("one-vs-two-cycle")
    plain, hops, wide = (kind.arrays(InstanceSizes(12, copies=3), form=form, count=20)
                         for form in ("graph", "hops", "connectivity"))  # fmt: skip
    assert set(plain["answer"]) == {1, 2}
    for i in range(20):
        edges = plain["edges"][i]
        assert len(cycle_lengths(Graph(np.arange(12), edges[:, 0], edges[:, 1]))) == plain["answer"][i]
        end = solve(hops["tokens"][i : i + 1], 12, 15)[0, -1]
        assert (end == hops["start"][i]) == (hops["answer"][i] == 2) == (plain["answer"][i] == 2)
        graph = networkx.Graph(wide["edges"][i].tolist())
        assert networkx.is_connected(graph) == wide["answer"][i] == (plain["answer"][i] == 1)


@pytest.mark.parametrize("name", HARD)
def test_streams_depend_on_seed_and_number_alone(name):
    kind = HARD[name]
    for form in kind.forms:
        many = kind.arrays(InstanceSizes(8, seed=3), form=form, count=6)
        few = kind.arrays(InstanceSizes(8, seed=3), form=form, count=2)
        assert all((many[column][:2] == few[column]).all() for column in many)
        assert np.mean(many["answer"] == many["answer"][0]) > 0 and len(np.unique(many["answer"])) == 2
        assert any((many[column][0] != many[column][1]).any() for column in many)
        other = kind.arrays(InstanceSizes(8, seed=4), form=form, count=6)
        assert any((many[column] != other[column]).any() for column in many)


def test_what_is_refused():
    for arguments, message in [((0, 4), "0 players"), ((2, 3), "a layer of 3 vertices has no two halves"),
                               ((2, 2**31), "are more than")]:  # fmt: skip
        with pytest.raises(InputError, match=message):
            layered_chase(*arguments)
    with pytest.raises(InputError, match="a segment of 8 tokens is too short: a player writes 9"):
        chase_to_hops(layered_chase(2, 4), segment=8)
    with pytest.raises(InputError, match="6 vertices; the construction takes 7"):
        subgraph_instance(6, True)
    with pytest.raises(InputError, match="the length must be a power of two"):
        disjointness_to_subgraph(np.ones(2, bool), np.ones(2, bool), 3)
    with pytest.raises(InputError, match="they must be of one size"):
        disjointness_to_subgraph(np.ones(2, bool), np.ones(3, bool), 2)
    with pytest.raises(InputError, match=r"did you mean pointer-chasing\?"):
        find_hard_instance("pointer-chase")
    with pytest.raises(InputError, match="has no form 'dance'; there are: graph, hops"):
        HARD["pointer-chasing"].arrays(InstanceSizes(4), form="dance")
    with pytest.raises(InputError, match="make a string of 9 n n/2"):
        HARD["one-vs-two-cycle"].arrays(InstanceSizes(10**6), form="hops")
