"""Words of some machines, reduced: the fullest machine and the total. What an engine's driver learns of a round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from logdepth.mpc.table import Array


@dataclass(frozen=True)
class WordTally:
    """Of some machines: `most` words on one of them, `machine` the first that has so many, `total` on all.

    A worker reduces its machines to one of these, so that the driver holds one row a worker and none a machine.

    >>> WordTally.of(np.array([3, 9, 9]), first=10)
    WordTally(most=9, machine=11, total=21)
    """

    most: int
    machine: int
    total: int

    @staticmethod
    def of(words: Array, first: int = 0) -> WordTally:
        """Of machines `first`, ..., words (machines,)."""
        if not len(words):
            return WordTally(0, first, 0)
        place = int(np.argmax(words))
        return WordTally(int(words[place]), first + place, int(words.sum()))


def merge_tallies(tallies: Sequence[WordTally]) -> WordTally:
    """Of all their machines, in order of the machines: as if they had been counted together.

    >>> merge_tallies([WordTally(9, 1, 12), WordTally(9, 5, 10)])
    WordTally(most=9, machine=1, total=22)
    """
    fullest = max(tallies, key=lambda tally: tally.most)  # the first of equals
    return WordTally(fullest.most, fullest.machine, sum(tally.total for tally in tallies))
