"""Random graphs for lessons, drawn by Numba: number i depends on the key and i alone.

Every kernel fills edges (batch, room, 2), -1 where there is none, in any order and direction, ids shuffled; the source;
the diameter. `least..most`: of the diameters drawn.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from logdepth.tasks.draws import below, start

FAR = 1 << 20
CHORDS = 4  # at most, in a component, beside a tree
TRIES = 8


@njit(cache=True)
def draw_equal(key, first, vertices, least, most, chords, edges, sources, diameters):
    """Two components of `vertices // 2` and one diameter, each a random tree and up to `chords` edges more, as many in
    both, which leave the diameter as it is. The source is any vertex."""
    half = vertices // 2
    distance = np.empty((half, half), np.int64)
    wider = np.empty((half, half), np.int64)
    made = np.empty((2, half - 1 + chords, 2), np.int64)
    for i in range(edges.shape[0]):
        state, pool, left = start(key, first + np.uint64(i)), np.uint64(0), 0
        drawn, state, pool, left = below(np.uint64(most - least + 1), state, pool, left)
        diameter = least + np.int64(drawn)
        drawn, state, pool, left = below(np.uint64(chords + 1), state, pool, left)
        wanted = np.int64(drawn)
        fewest = wanted
        for part in range(2):
            distance[:] = FAR
            for u in range(diameter + 1):
                for w in range(diameter + 1):
                    distance[u, w] = abs(u - w)
                if u:
                    made[part, u - 1, 0], made[part, u - 1, 1] = u - 1, u
            for u in range(diameter + 1, half):  # at a vertex that nothing is `diameter` away from
                count = 0
                for w in range(u):
                    count += distance[w, :u].max() < diameter
                drawn, state, pool, left = below(np.uint64(count), state, pool, left)
                at, parent = np.int64(drawn), 0
                for w in range(u):
                    if distance[w, :u].max() < diameter:
                        if at == 0:
                            parent = w
                        at -= 1
                for w in range(u):
                    distance[u, w] = distance[w, u] = distance[parent, w] + 1
                distance[u, u] = 0
                made[part, u - 1, 0], made[part, u - 1, 1] = parent, u
            added = 0
            for _ in range(TRIES * wanted):
                if added == wanted:
                    break
                drawn, state, pool, left = below(np.uint64(half), state, pool, left)
                u = np.int64(drawn)
                drawn, state, pool, left = below(np.uint64(half), state, pool, left)
                w = np.int64(drawn)
                if distance[u, w] < 2:
                    continue
                for a in range(half):
                    for b in range(half):
                        across = min(distance[a, u] + distance[w, b], distance[a, w] + distance[u, b]) + 1
                        wider[a, b] = min(distance[a, b], across)
                if wider.max() == diameter:
                    distance[:] = wider
                    made[part, half - 1 + added, 0], made[part, half - 1 + added, 1] = u, w
                    added += 1
            fewest = min(fewest, added)
        each = half - 1 + fewest
        edges[i] = -1
        for part in range(2):
            for e in range(each):
                edges[i, part * each + e] = made[part, e] + part * half
        state, pool, left = _shuffle(vertices, edges[i], 2 * each, state, pool, left)
        drawn, state, pool, left = below(np.uint64(vertices), state, pool, left)
        sources[i] = np.int64(drawn)
        diameters[i] = diameter


@njit(cache=True)
def draw_threshold(key, first, vertices, least, most, edges, sources, diameters):
    """G(n, p) about the giant component's threshold, p = 1 / n to 2 / n: components of any sizes."""
    for i in range(edges.shape[0]):
        state, pool, left = start(key, first + np.uint64(i)), np.uint64(0), 0
        drawn, state, pool, left = below(np.uint64(vertices), state, pool, left)
        count = vertices // 2 + np.int64(drawn) // 2
        edges[i] = -1
        for e in range(min(count, edges.shape[1])):
            for end in range(2):
                drawn, state, pool, left = below(np.uint64(vertices), state, pool, left)
                edges[i, e, end] = np.int64(drawn)
        drawn, state, pool, left = below(np.uint64(vertices), state, pool, left)
        sources[i] = np.int64(drawn)
        drawn, state, pool, left = below(np.uint64(most - least + 1), state, pool, left)
        diameters[i] = least + np.int64(drawn)


@njit(cache=True)
def draw_cycles(key, first, vertices, least, most, edges, sources, diameters):
    """One cycle of 2 d vertices, or two of d; the other vertices have no edge. d is the diameter of the one."""
    for i in range(edges.shape[0]):
        state, pool, left = start(key, first + np.uint64(i)), np.uint64(0), 0
        drawn, state, pool, left = below(np.uint64(most - least + 1), state, pool, left)
        size = least + np.int64(drawn)
        drawn, state, pool, left = below(np.uint64(2), state, pool, left)
        one = drawn == np.uint64(1)
        edges[i] = -1
        for v in range(2 * size):
            after = v + 1
            if one:
                after %= 2 * size
            elif after % size == 0:
                after -= size
            edges[i, v, 0], edges[i, v, 1] = v, after
        state, pool, left = _shuffle(vertices, edges[i], 2 * size, state, pool, left)
        sources[i] = -1
        diameters[i] = size


@njit(cache=True)
def _shuffle(vertices, edges, count, state, pool, left):
    names = np.empty(vertices, np.int64)
    for v in range(vertices):  # Fisher and Yates, from the inside out
        drawn, state, pool, left = below(np.uint64(v + 1), state, pool, left)
        j = np.int64(drawn)
        names[v] = names[j]
        names[j] = v
    for e in range(count):
        drawn, state, pool, left = below(np.uint64(e + 1), state, pool, left)
        j = np.int64(drawn)
        one, other = edges[e, 0], edges[e, 1]
        edges[e, 0], edges[e, 1] = edges[j, 0], edges[j, 1]
        edges[j, 0], edges[j, 1] = one, other
    for e in range(count):
        drawn, state, pool, left = below(np.uint64(2), state, pool, left)
        one, other = names[edges[e, 0]], names[edges[e, 1]]
        turned = drawn == np.uint64(1)
        edges[e, 0] = other if turned else one
        edges[e, 1] = one if turned else other
    return state, pool, left


@njit(cache=True)
def distances(edges, vertices):
    """Edges (batch, room, 2), -1 for none: how far every vertex is from every other, (batch, V, V); `vertices` for
    those that are not connected."""
    batch = edges.shape[0]
    found = np.full((batch, vertices, vertices), vertices, np.int64)
    degree = np.empty(vertices, np.int64)
    near = np.empty((vertices, 2 * edges.shape[1] + 1), np.int64)
    queue = np.empty(vertices, np.int64)
    for i in range(batch):
        degree[:] = 0
        for e in range(edges.shape[1]):
            u, w = edges[i, e]
            if u >= 0:
                near[u, degree[u]] = w
                near[w, degree[w] + (u == w)] = u
                degree[u] += 1
                degree[w] += 1
        for v in range(vertices):
            found[i, v, v] = 0
            queue[0], ends = v, 1
            begins = 0
            while begins < ends:
                u = queue[begins]
                begins += 1
                for j in range(degree[u]):
                    w = near[u, j]
                    if found[i, v, w] == vertices and w != v:
                        found[i, v, w] = found[i, v, u] + 1
                        queue[ends] = w
                        ends += 1
    return found
