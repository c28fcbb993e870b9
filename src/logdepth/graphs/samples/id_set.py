"""Ids that are asked for often: where each stands among those that are known."""

from __future__ import annotations

import numpy as np


class IdSet:
    """Distinct ids, a word each, int64.

    >>> IdSet(np.array([30, 10])).places(np.array([10, 20, 30, 10])).tolist()
    [1, -1, 0, 1]
    """

    def __init__(self, keys: np.ndarray) -> None:
        from logdepth.graphs.samples.kernels import id_table  # compiled

        self.keys, self.bits = np.ascontiguousarray(keys), max(2 * len(keys), 2).bit_length()
        self.table = id_table(self.keys, self.bits)

    def places(self, asked: np.ndarray) -> np.ndarray:
        """The place of each, int32; -1 for one that is none of these."""
        from logdepth.graphs.samples.kernels import find_ids  # compiled

        found = np.empty(len(asked), np.int32)
        find_ids(self.table, self.bits, self.keys, np.ascontiguousarray(asked), found)
        return found
