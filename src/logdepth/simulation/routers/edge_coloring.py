"""Edges of a bipartite graph in as many colours as its largest degree (König 1916)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def color_edges(num_machines: int, pairs: Iterable[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """`(to, come_from)`, each `(num_machines, colours)`: whom a machine writes to in each colour, whom it hears from;
    -1 for nobody. Every pair has one colour, and a machine has every colour at most once on either side.

    An edge (S, D) gets a colour a that is free at S, if it is free at D. Else let b be free at D: the path from D in
    colours a, b, a, .. ends (no colour comes twice at a vertex) and does not end at S (it enters sources by a, which is
    free there); exchanging a and b along it frees a at D.

    >>> to, come_from = color_edges(3, [(0, 1), (0, 2), (1, 1)])
    >>> to.tolist(), come_from.tolist()
    ([[2, 1], [1, -1], [-1, -1]], [[-1, -1], [1, 0], [0, -1]])
    """
    edges = sorted(pairs)
    degrees = [np.bincount([edge[side] for edge in edges], minlength=num_machines) for side in (0, 1)]
    colors = int(max(degree.max(initial=0) for degree in degrees))
    to, come_from = np.full((2, num_machines, colors), -1)
    for source, destination in edges:
        a = int(np.flatnonzero(to[source] < 0)[0])
        b = int(np.flatnonzero(come_from[destination] < 0)[0])
        if come_from[destination, a] >= 0:
            path, here = [], destination
            while True:
                sender = int(come_from[here, a])
                if sender < 0:
                    break
                path.append((sender, here, a))
                receiver = int(to[sender, b])
                if receiver < 0:
                    break
                path.append((sender, receiver, b))
                here = receiver
            for sender, receiver, color in path:
                to[sender, color] = come_from[receiver, color] = -1
            for sender, receiver, color in path:
                other = a + b - color
                to[sender, other], come_from[receiver, other] = receiver, sender
        to[source, a], come_from[destination, a] = destination, source
    return to, come_from
