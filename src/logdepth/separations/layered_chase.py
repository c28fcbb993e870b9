"""Layered pointer chasing (Definition E.2), and Proposition E.4: how it becomes hop_k.

k matchings stand one behind the other, between layers of q vertices; whoever follows them from a vertex of the first
layer ends in one half of the last, or the other. Player P_j holds the j-th matching. P_k writes first in a round, so
that a round gets the chase one matching further: P_1 says where the first leads, but only then, last of all.

**As a string.** A block lists a matching in pairs, `v u`, for every vertex v of its layer. Blocks stand in the order
in which the players write: X^k first, X^1 last, and then the vertex that the chase starts from. Odd layers are symbols
0..q-1, even ones q..2q-1; of the last layer only the half is written, 2q or 2q+1. What does a hop do from the j-th
vertex of the chase? It was read as an image in X^(j-1), or at the end. The last mention before that is in X^j, as the
first of a pair: in X^(j-1) the symbols of its layer are images only, each once, and between the two it does not occur.
A hop leads to the slot after that mention: its image, the next vertex. So hop_k at the last position is the half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int32

from logdepth.errors import InputError
from logdepth.rng import rng_for
from logdepth.simulation.reductions import HopInstance

MOST_TOKENS = 1 << 31


@dataclass(frozen=True, eq=False)
class LayeredChase:
    """matchings[j - 1]: where P_j's matching leads from each vertex of layer j; in_first: which of the last layer's
    vertices are in its first half."""

    matchings: Int32[np.ndarray, "players size"]
    start: int
    in_first: Bool[np.ndarray, " size"]

    @property
    def players(self) -> int:
        return self.matchings.shape[0]

    @property
    def size(self) -> int:
        """q, the vertices of a layer."""
        return self.matchings.shape[1]

    @property
    def path(self) -> list[int]:
        """The chase: a vertex of every layer."""
        found = [self.start]
        for matching in self.matchings:
            found.append(int(matching[found[-1]]))
        return found

    @property
    def answer(self) -> bool:
        """Whether it ends in the first half."""
        return bool(self.in_first[self.path[-1]])


def layered_chase(players: int, size: int, *, seed: int = 0, number: int = 0) -> LayeredChase:
    """Uniformly random matchings, start and halves; instance number i of a seed's stream depends on both alone.

    Raises `InputError` unless there are players and an even number of vertices, two at least.

    >>> chase = layered_chase(3, 4, seed=1)
    >>> chase.path, chase.answer
    ([3, 2, 0, 2], True)
    """
    if players < 1:
        raise InputError(f"there are {players} players; there must be 1 at least")
    if size < 2 or size % 2:
        raise InputError(f"a layer of {size:,} vertices has no two halves; give an even number from 2")
    if players * size >= MOST_TOKENS // 2:
        raise InputError(f"{players:,} layers of {size:,} vertices are more than {MOST_TOKENS // 2:,} vertices")
    rng = rng_for(seed, "separations", "layered chase", players, size, number)
    matchings = np.tile(np.arange(size, dtype=np.int32), (players, 1))
    for matching in matchings:
        rng.shuffle(matching)
    in_first = np.zeros(size, bool)
    in_first[rng.permutation(size)[: size // 2]] = True
    return LayeredChase(matchings, int(rng.integers(size)), in_first)


def chase_to_hops(chase: LayeredChase, *, segment: int | None = None) -> HopInstance:
    """Proposition E.4: a string of which hop_k at the last position is 2q if the chase ends in the first half, else
    2q + 1; k is the number of players.

    segment: of every player, in tokens; blocks stand at their segments' ends, with the symbol 2q + 1 in front, which no
    hop visits. Without it, blocks follow each other, and P_1 has one token more than the others: 2kq + 1 in all.
    Raises `InputError` for segments shorter than 2q + 1.

    >>> chase = LayeredChase(np.array([[1, 0], [0, 1]], np.int32), 0, np.array([True, False]))
    >>> chase_to_hops(chase).tokens.tolist(), chase.path  # even layer: 2 and 3; halves: 4 and 5
    ([2, 4, 3, 5, 0, 3, 1, 2, 0], [0, 1, 1])
    """
    k, q = chase.players, chase.size
    if segment is not None and segment < 2 * q + 1:
        raise InputError(f"a segment of {segment:,} tokens is too short: a player writes {2 * q + 1:,}")
    even = np.arange(k, dtype=np.int32)[::-1, None] % 2  # of X^j's layer, j = k .. 1: 0 where j is odd
    pairs = np.empty((k, q, 2), np.int32)
    pairs[:, :, 0] = np.arange(q, dtype=np.int32) + q * even
    pairs[1:, :, 1] = chase.matchings[-2::-1] + q * (1 - even[1:])
    pairs[0, :, 1] = 2 * q + ~chase.in_first[chase.matchings[-1]]
    blocks = pairs.reshape(k, 2 * q)
    if segment is None:
        tokens = np.append(blocks.ravel(), np.int32(chase.start))
    else:
        tokens = np.full((k, segment), 2 * q + 1, np.int32)
        tokens[:-1, segment - 2 * q :] = blocks[:-1]
        tokens[-1, segment - 2 * q - 1 : -1] = blocks[-1]
        tokens[-1, -1] = chase.start
        tokens = tokens.ravel()
    return HopInstance(tokens, 2 * q + 2, k, chase.start)
