"""Graphs as inputs: plain, weighted, and unions of cycles. The files are read by `logdepth.graphs`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from logdepth.graphs.graph import Graph
from logdepth.protocols.inputs.input import Input, Size, Source


def _read(source: Source) -> Graph:
    from logdepth.graphs import read_graph

    return read_graph(source.path, format=source.format, weighted=False, num_vertices=source.vertices)


def _read_weighted(source: Source) -> Graph:
    from logdepth.graphs import read_graph

    weighted = not source.unweighted
    return read_graph(source.path, format=source.format, weighted=weighted, num_vertices=source.vertices)


def _sample(rng: np.random.Generator, size: Size) -> Graph:
    """Uniform random edges."""
    tail, head = (rng.integers(0, max(size.rows, 1), size.num_edges, dtype=np.int32) for _ in range(2))
    return Graph(np.arange(size.rows), tail, head, None)


def _sample_weighted(rng: np.random.Generator, size: Size) -> Graph:
    return replace(_sample(rng, size), weight=rng.random(size.num_edges))


def _sample_cycle(rng: np.random.Generator, size: Size) -> Graph:
    """One cycle through all vertices in random order."""
    order = rng.permutation(size.rows).astype(np.int32)
    return Graph(np.arange(size.rows), order, np.roll(order, -1), None)


GRAPH = Input(
    name="graph",
    option="graph",
    measures=("vertices", "edges"),
    read=_read,
    sample=_sample,
    config=lambda graph: {"num_vertices": graph.num_vertices, "num_edges": graph.num_edges},
    sized=lambda size: {"num_vertices": size.rows, "num_edges": size.num_edges},
    words=lambda config: config["num_vertices"] + 2 * config["num_edges"],
    word_bytes=lambda rows: 4 if rows < 2**31 else 8,
    parsed="the input parsed, ids renumbered 0, 1, ...",
)

WEIGHTED_GRAPH = replace(
    GRAPH,
    name="weighted graph",
    read=_read_weighted,
    sample=_sample_weighted,
    words=lambda config: config["num_vertices"] + 3 * config["num_edges"],
)

CYCLES = replace(
    GRAPH,
    measures=("vertices",),
    sample=_sample_cycle,
    sized=lambda size: {"num_vertices": size.rows, "num_edges": size.rows},
)
