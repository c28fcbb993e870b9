"""What width makes possible with uniform attention alone: gather a string, or square the reach in a graph. Run exactly.

Both are transformers of the paper's kind, row-wise maps of any kind around softmax attention; scores are 0, or so far
below that their weight is 0. They stand in `theory` as constructions: *gather* and *squaring*.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Int, Integer

from logdepth.graphs.graph import Graph

NEVER = -1e9  # a score whose exponential is 0


def attend(scores: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Softmax attention, queries in rows."""
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights @ values / weights.sum(-1, keepdims=True)


def gather(
    strings: Integer[np.ndarray, "batch n"], row_map: Callable[[np.ndarray], np.ndarray]
) -> Int[np.ndarray, "batch n"]:
    """One layer, one head, width N: values are symbols + 1, each in its own coordinate; N times the average is all.

    row_map: what every position then computes of the whole string; it gets the strings as they were gathered.

    >>> gather(np.array([[3, 1, 2]]), lambda found: np.sort(found, 1)).tolist()
    [[1, 2, 3]]
    """
    batch, n = strings.shape
    values = np.eye(n) * (strings + 1)[:, :, None]
    read = attend(np.zeros((batch, n, n)), values) * n
    assert (np.rint(read) == np.rint(read[:, :1])).all()  # every position reads the same
    return row_map(np.rint(read[:, 0]).astype(np.int64) - 1)


def squaring(graph: Graph, num_layers: int) -> Bool[np.ndarray, "vertex vertex"]:
    """Who lies within 2^(L-1) steps of whom, by L layers of one head over edge and vertex tokens; width 2 n.

    Layer 1: a vertex attends to its edges and itself, whose values are their ends' indicators. Later ones: to whom it
    reaches, whose values are their reach. What is not zero is reached.

    >>> path = Graph(np.arange(6), np.arange(5), np.arange(1, 6))
    >>> [int(squaring(path, layers)[0].sum()) - 1 for layers in (1, 2, 3, 4)]
    [1, 2, 4, 5]
    """
    n, m = graph.num_vertices, graph.num_edges
    tokens = np.eye(n + m, n)  # vertices: their own indicator; edges: both ends'
    tokens[n + np.arange(m), graph.tail] = 1
    tokens[n + np.arange(m), graph.head] = 1
    scores = np.where(tokens.T > 0, 0.0, NEVER)  # a query asks whether its own coordinate is in the key's row
    reach = attend(scores, tokens) > 0
    for _ in range(num_layers - 1):
        reach = attend(np.where(reach, 0.0, NEVER), reach.astype(float)) > 0
    return reach
