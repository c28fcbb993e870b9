"""Samples of a graph that are smaller graphs of its kind: balls, and edges with vertices of like degree merged."""

from __future__ import annotations

from logdepth.graphs.samples.choose import Drawn, draw_samples
from logdepth.graphs.samples.draw import EdgeSample, all_edges, draw_edges, grow_ball
from logdepth.graphs.samples.pool import EdgePool, Pools, pool_of_graph, read_pools, thinned

__all__ = [
    "Drawn", "EdgePool", "EdgeSample", "Pools", "all_edges", "draw_edges", "draw_samples", "grow_ball", "pool_of_graph",
    "read_pools", "thinned",
]  # fmt: skip
