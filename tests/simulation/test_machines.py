"""Who is who: trees and tiles, exhaustively for small sizes."""

from __future__ import annotations

import numpy as np
import pytest

from logdepth.errors import InputError
from logdepth.simulation.sight import Sight
from logdepth.simulation.tiles import Tiles
from logdepth.simulation.trees import KEY, QUERY, Machines

SIGHTS = [Sight(False), Sight(True), Sight(True, 1), Sight(True, 3)]


@pytest.mark.parametrize("fused", [False, True])
def test_every_machine_has_one_place(fused):
    for tokens in range(1, 12):
        for branching in range(2, 6):
            machines = Machines(tokens, branching, fused)
            assert branching**machines.depth >= tokens and (tokens == 1 or branching ** (machines.depth - 1) < tokens)
            found = list(range(tokens))
            for tree in (QUERY, KEY):
                for level in range(machines.depth + 1):
                    if (fused and tree and level == 0) or (tree and level == machines.depth):
                        continue  # shared with the other tree
                    token, index = (each.ravel() for each in np.indices((tokens, machines.nodes[level])))
                    at = machines.node(tree, token, level, index)
                    for got, put in zip(machines.place(tree, level, at), (token, index), strict=True):
                        np.testing.assert_array_equal(got, put)
                    found += at.tolist()
            assert sorted(found) == list(range(machines.num_machines))
    pair = Machines(5, 2, fused)
    assert pair.node(QUERY, np.array([3]), pair.depth, np.array([4])) == pair.node(
        KEY, np.array([4]), pair.depth, np.array([3])
    )


@pytest.mark.parametrize("sight", SIGHTS)
def test_trees_reach_exactly_the_visible_pairs(sight):
    for tokens in range(1, 12):
        at = np.arange(tokens)
        visible = sight.visible(at, at)
        for sees, matrix in ((sight.keys, visible), (sight.queries, visible.T)):
            first, last = sees(at, tokens)
            np.testing.assert_array_equal((at >= first[:, None]) & (at < last[:, None]), matrix)
            for branching in (2, 3):
                machines = Machines(tokens, branching, False)
                for token in range(tokens):
                    nodes = [0]
                    for level in range(machines.depth):
                        low, high = machines.children(level, np.array(nodes), first[[token]], last[[token]])
                        assert (high > low).all()  # nothing travels where nobody waits
                        nodes = [child for a, b in zip(low, high, strict=True) for child in range(a, b)]
                    assert nodes == np.flatnonzero(matrix[token]).tolist()


@pytest.mark.parametrize("sight", SIGHTS)
def test_tiles_hear_from_all_they_see_once(sight):
    for tokens in range(1, 10):
        for tile in range(1, tokens + 1):
            for fan in (1, 2, 9):
                tiles = Tiles(tokens, tile, fan)
                at = [tiles.tokens(machine) for machine in range(tiles.num_machines)]
                assert np.concatenate(at).tolist() == list(range(tokens))
                for machine in range(tiles.num_machines):
                    heard = [s for chunk in tiles.rounds(sight) for s in tiles.sources(machine, chunk, sight)]
                    assert len(heard) == len(set(heard)) and machine not in heard
                    seen = {o for o in range(tiles.num_machines) if sight.visible(at[machine], at[o]).any()}
                    assert seen - {machine} <= set(heard)
                    for chunk in tiles.rounds(sight):
                        assert len(chunk) <= fan
                        for source in tiles.sources(machine, chunk, sight):
                            assert machine in tiles.targets(source, chunk, sight)


def test_windows_that_cannot_be():
    for sight in ((False, 3), (True, 0)):
        with pytest.raises(InputError, match="window"):
            Sight(*sight)
