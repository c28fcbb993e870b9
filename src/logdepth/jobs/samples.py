"""Random inputs of a given size for every problem, by kind: for calibrating plans, benchmarks and the laws' tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs import Graph
from logdepth.protocols import Problem
from logdepth.rng import rng_for


def sample_input(problem: Problem, size: int, *, edges: int | None = None, k: int = 16, seed: int = 0) -> Any:
    """A random input of `size` vertices (with `edges` edges, default 5 size / 2), numbers, pointers or tokens.

    Graphs are uniform random (weights too); a problem that needs cycles gets one random cycle.

    >>> from logdepth.protocols import BUILT_IN
    >>> sample_input(BUILT_IN["connectivity"], 10).num_edges
    25
    """
    rng = rng_for(seed, "jobs", "sample", problem.name)
    if problem.kind in ("graph", "weighted graph"):
        ids = np.arange(size)
        if problem.name == "one-versus-two-cycle":
            order = rng.permutation(size).astype(np.int32)
            return Graph(ids, order, np.roll(order, -1), None)
        count = 5 * size // 2 if edges is None else edges
        tail, head = (rng.integers(0, max(size, 1), count, dtype=np.int32) for _ in range(2))
        return Graph(ids, tail, head, rng.random(count) if problem.kind == "weighted graph" else None)
    if problem.kind == "numbers":
        return rng.integers(-(2**20), 2**20, size)
    if problem.kind == "pointers":
        from logdepth.protocols.pointer_doubling import Pointers

        return Pointers(np.maximum(np.arange(size) - rng.integers(1, 4, size), 0), None)
    if problem.kind == "sequence":
        from logdepth.protocols.khop import Sequence

        return Sequence(rng.integers(0, 4, size), k, 4)
    raise InputError(f"no random inputs of kind {problem.kind!r}")
