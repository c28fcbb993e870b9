"""The machines of the blocked form: a tile of neighbouring tokens each, and who hears from whom in which round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from logdepth.simulation.sight import Sight

Array = np.ndarray


@dataclass(frozen=True)
class Tiles:
    """num_tokens in tiles of `tile` (the last may be shorter), one a machine; a round brings keys of `fan` tiles.

    >>> tiles = Tiles(num_tokens=10, tile=3, fan=2)
    >>> tiles.num_machines, tiles.tokens(3).tolist(), tiles.rounds(Sight(causal=True))
    (4, [9], [(1, 2), (3,)])
    """

    num_tokens: int
    tile: int
    fan: int

    @cached_property
    def num_machines(self) -> int:
        return -(-self.num_tokens // self.tile)

    def tokens(self, machine: int) -> Array:
        """The positions that a machine holds."""
        return np.arange(machine * self.tile, min(self.num_tokens, (machine + 1) * self.tile))

    def rounds(self, sight: Sight) -> list[tuple[int, ...]]:
        """For each of a layer's rounds the distances, in machines, over which keys travel: source to source + distance.

        A causal model's keys travel up only, a window's no farther than it reaches; else they go round.
        """
        most = self.num_machines - 1
        if sight.window is not None:
            most = min(
                most, -(-(sight.window - 1) // self.tile)
            )  # of two tiles d apart the nearest are (d-1) t + 1 off
        return [tuple(range(first, min(first + self.fan, most + 1))) for first in range(1, most + 1, self.fan)]

    def targets(self, machine: int, distances: Sequence[int], sight: Sight) -> list[int]:
        """The machines that this one's keys go to in a round of these distances."""
        return self._at(machine, distances, sight)

    def sources(self, machine: int, distances: Sequence[int], sight: Sight) -> list[int]:
        """The machines whose keys come in, in the order in which mail comes: by source."""
        return sorted(self._at(machine, [-distance for distance in distances], sight))

    def _at(self, machine: int, distances: Sequence[int], sight: Sight) -> list[int]:
        if sight.causal:
            return [at for distance in distances if 0 <= (at := machine + distance) < self.num_machines]
        return [(machine + distance) % self.num_machines for distance in distances]
