"""Forests and components of each machine's own edges, in NumPy; `numba_contracting.py` has the same, to the bit.

A machine may replace its edges by a spanning forest of them, or by stars: local work, and local work is free in the
model. Rows are grouped by machine; an edge joins two addresses.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def forest(offsets: Array, one: Array, two: Array, free: Array, wanted: Array, most: int) -> Array:
    """Which rows a greedy forest of each `wanted` machine's takes, `free` ones first, then in their order.

    `most`: distinct addresses on any of these, at most (it saves space). Free rows are not said to be taken: what they
    join is joined already. Of other machines all rows that are not free.
    """
    machine, _, ends = _numbered(offsets, one, two)
    order = np.argsort(~free, kind="stable")
    taken, _ = _greedy(len(machine), ends[0][order], ends[1][order])
    kept = np.empty(len(one), bool)
    kept[order] = taken
    return (kept | ~np.repeat(wanted, np.diff(offsets))) & ~free


def stars(offsets: Array, one: Array, two: Array, window: int, plenty: int) -> tuple[Array, Array, Array]:
    """Each machine's edges as stars: of each address but its component's least, that least; and offsets by machine.

    In order of first occurrence in one[0], two[0], one[1], ... A machine of more than `window` and fewer than
    `plenty` rows looks at the first `window`; where they show that stars are hardly fewer (`hopeless`), its rows
    stay as they are, the greater end first, loops dropped.
    """
    row_machine = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    counts = np.diff(offsets)
    seen = np.arange(len(one)) - np.repeat(offsets[:-1], counts) < window
    begin = np.concatenate([[0], np.cumsum(np.minimum(counts, window))])
    machine, _, ends = _numbered(begin, one[seen], two[seen])
    taken, _ = _greedy(len(machine), *ends)
    tally = [
        np.bincount(where, minlength=len(counts))
        for where in (machine, row_machine[seen][taken], row_machine[seen][one[seen] != two[seen]])
    ]
    left = (counts > window) & (counts < plenty) & hopeless(*tally)
    plain = left[row_machine] & (one != two)
    inside = ~left[row_machine]
    within = np.concatenate([[0], np.cumsum(np.where(left, 0, counts))])
    machine, address, ends = _numbered(within, one[inside], two[inside])
    _, label = _greedy(len(machine), *ends)
    least = np.full(len(address), np.iinfo(np.int64).max)
    np.minimum.at(least, label, address)
    least = least[label]
    first = np.full(len(address), 2 * len(one))
    where = np.flatnonzero(inside)
    np.minimum.at(first, ends[0], 2 * where)
    np.minimum.at(first, ends[1], 2 * where + 1)
    of_star = least != address
    when = np.concatenate([2 * np.flatnonzero(plain), first[of_star]])
    order = np.argsort(when, kind="stable")
    found = np.concatenate([row_machine[plain], machine[of_star]])
    starts = np.concatenate([[0], np.cumsum(np.bincount(found, minlength=len(counts)))])
    greater = np.concatenate([np.maximum(one, two)[plain], address[of_star]])[order]
    lesser = np.concatenate([np.minimum(one, two)[plain], least[of_star]])[order]
    return greater.astype(one.dtype), lesser.astype(one.dtype), starts


def hopeless(distinct: Array, joins: Array, edges: Array) -> Array:
    """Whether so many `edges` over so many `distinct` ends, of which `joins` joined, are mostly pairs on their own."""
    return (5 * (distinct - joins) > 2 * distinct) & (10 * joins > 9 * edges)


def _numbered(offsets: Array, one: Array, two: Array) -> tuple[Array, Array, tuple[Array, Array]]:
    """Every machine's distinct addresses, numbered over all machines: their machine, themselves, and both ends."""
    machine = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    span = int(max(one.max(initial=0), two.max(initial=0))) + 1
    both = np.concatenate([machine * span + one, machine * span + two])
    distinct, index = np.unique(both, return_inverse=True)
    return distinct // span, distinct % span, (index[: len(one)], index[len(one) :])


def _greedy(size: int, one: Array, two: Array) -> tuple[Array, Array]:
    """The greedy forest by Boruvka's algorithm, rows' places as weights: which rows, and a label a component."""
    label, taken, rows = np.arange(size), np.zeros(len(one), bool), len(one)
    live = np.flatnonzero(one != two)
    while len(live):
        first = np.full(size, rows)
        np.minimum.at(first, label[one[live]], live)
        np.minimum.at(first, label[two[live]], live)
        root = np.flatnonzero(first < rows)
        edge = first[root]
        taken[edge] = True
        parent = np.arange(size)
        parent[root] = label[one[edge]] + label[two[edge]] - root
        partner = parent[parent[root]] == root
        keeps = root[partner & (root < parent[root])]
        parent[keeps] = keeps
        while (parent != parent[parent]).any():
            parent = parent[parent]
        label = parent[label]
        live = live[label[one[live]] != label[two[live]]]
    return taken, label
