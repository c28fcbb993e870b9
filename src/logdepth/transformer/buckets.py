"""Of the keys that equal a query, the one of greatest priority, how great that is, and how many share it. Near-linear.

Slot 0 is the start token, which is no key. Written for heads of a transformer: what is found is told as it stands,
ties too; `logdepth.joins` is the same for look-ups of a program, where the latest of equals is meant.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from logdepth.joins import combine, numbered


class Best(NamedTuple):
    """For every query: the latest slot among the best keys, their priority (-inf where there is none), their number."""

    slot: Int[np.ndarray, " slots"]
    priority: Float[np.ndarray, " slots"]
    ties: Int[np.ndarray, " slots"]


def best_equal(
    keys: list[np.ndarray], queries: list[np.ndarray], priority: Float[np.ndarray, " slots"], *, causal: bool
) -> Best:
    """The best keys that equal each query. `keys`, `queries`: pairwise, int64 (slots,), not negative; equal if all of
    them are (none: everything matches).

    >>> x = np.array([9, 5, 6, 5])
    >>> found = best_equal([x], [x], np.zeros(4), causal=True)
    >>> found.slot.tolist(), found.ties.tolist()
    ([0, 1, 2, 3], [0, 1, 1, 2])
    """
    slots = len(priority)
    if len(keys) > 1:
        keys, queries = ([folded] for folded in combine(keys, queries))
    nothing = np.zeros(slots, np.int64)
    own, wanted, ids = numbered(keys[0], queries[0]) if keys else (nothing, nothing, 1)
    slot, many = np.zeros(slots, np.int32), np.zeros(slots, np.int32)
    best = np.empty(slots)
    _best(own, wanted, ids, priority, causal, slot, best, many)
    return Best(slot, best, many)


@njit(cache=True)
def _best(keys, queries, num_ids, priority, causal, slot, best, many):
    top = np.full(num_ids, -np.inf)
    at = np.zeros(num_ids, np.int32)
    ties = np.zeros(num_ids, np.int32)
    slots = keys.size
    for step in range(1 if causal else 2):
        for i in range(slots):
            if i and (causal or step == 0):
                key = keys[i]
                if priority[i] > top[key]:
                    top[key], at[key], ties[key] = priority[i], i, 1
                elif priority[i] == top[key]:
                    at[key] = i
                    ties[key] += 1
            if causal or step == 1:
                query = queries[i]
                slot[i], best[i], many[i] = at[query], top[query], ties[query]
