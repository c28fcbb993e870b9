"""The loops behind samples, compiled: neighbours, a search that stops at so many edges, chains, sets of ids."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def neighbours(tail, head, vertices):
    """(offsets, other ends) by vertex; a loop stands there twice."""
    offsets = np.zeros(vertices + 1, np.int64)
    for row in range(len(tail)):
        offsets[tail[row] + 1] += 1
        offsets[head[row] + 1] += 1
    for vertex in range(vertices):
        offsets[vertex + 1] += offsets[vertex]
    place = offsets[:-1].copy()
    other = np.empty(2 * len(tail), np.int32)
    for row in range(len(tail)):
        x, y = tail[row], head[row]
        other[place[x]] = y
        place[x] += 1
        other[place[y]] = x
        place[y] += 1
    return offsets, other


@njit(cache=True, nogil=True)
def breadth_first(offsets, other, seeds, priority, edges):
    """Ranks in which vertices are reached, until `edges` edges lie within; the others have as many as vertices are.

    Levels are gone through in order of `priority`, so that a level that is cut off is cut off at random. From the next
    of `seeds` where a component is exhausted. Also: how many were reached, and the edges within, loops twice.
    """
    vertices = len(offsets) - 1
    rank = np.full(vertices, vertices, np.int32)
    queued = np.zeros(vertices, np.bool_)
    level = np.empty(0, np.int32)
    reached, within, seed = 0, 0, 0
    while within < 2 * edges:
        if len(level) == 0:
            while seed < len(seeds) and queued[seeds[seed]]:
                seed += 1
            if seed == len(seeds):
                break
            level = np.array([seeds[seed]], np.int32)
            queued[seeds[seed]] = True
        level = level[np.argsort(priority[level])]
        room = 0
        for vertex in level:
            room += offsets[vertex + 1] - offsets[vertex]
        found, count = np.empty(min(room, vertices), np.int32), 0
        for vertex in level:
            if within >= 2 * edges:
                break
            rank[vertex] = reached
            reached += 1
            for place in range(offsets[vertex], offsets[vertex + 1]):
                next_one = other[place]
                if next_one == vertex:
                    within += 1
                elif rank[next_one] < vertices:
                    within += 2
                if not queued[next_one]:
                    queued[next_one] = True
                    found[count] = next_one
                    count += 1
        level = found[:count].copy()
    return rank, reached, within


@njit(cache=True, nogil=True)
def longest_chain(offsets, other):
    """Which vertices are in the largest connected set of vertices that have at most two edges."""
    vertices = len(offsets) - 1
    seen = np.zeros(vertices, np.bool_)
    best = np.empty(0, np.int32)
    queue = np.empty(vertices, np.int32)
    for start in range(vertices):
        if seen[start] or offsets[start + 1] - offsets[start] > 2:
            continue
        seen[start] = True
        queue[0] = start
        count, place = 1, 0
        while place < count:
            vertex = queue[place]
            place += 1
            for edge in range(offsets[vertex], offsets[vertex + 1]):
                near = other[edge]
                if not seen[near] and offsets[near + 1] - offsets[near] <= 2:
                    seen[near] = True
                    queue[count] = near
                    count += 1
        if count > len(best):
            best = queue[:count].copy()
    inside = np.zeros(vertices, np.bool_)
    inside[best] = True
    return inside


@njit(cache=True, nogil=True)
def _slot(key, bits):
    return np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - bits))


@njit(cache=True, nogil=True)
def id_table(keys, bits):
    """A hash table of distinct ids: 2^bits slots, at least twice as many as ids, with the ids' places; -1 is empty."""
    table = np.full(1 << bits, -1, np.int32)
    mask = np.int64((1 << bits) - 1)
    for place in range(len(keys)):
        slot = _slot(keys[place], bits)
        while table[slot] >= 0:
            slot = (slot + 1) & mask
        table[slot] = place
    return table


@njit(cache=True, nogil=True)
def find_ids(table, bits, keys, asked, found):
    """The place of each of `asked` among the ids, -1 for others, into `found`."""
    mask = np.int64((1 << bits) - 1)
    for row in range(len(asked)):
        slot = _slot(asked[row], bits)
        place = table[slot]
        while place >= 0 and keys[place] != asked[row]:
            slot = (slot + 1) & mask
            place = table[slot]
        found[row] = place
