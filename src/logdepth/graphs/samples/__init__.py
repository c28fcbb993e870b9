"""Samples of a graph that are smaller graphs of its kind: balls, and edges with vertices of like degree merged."""

from __future__ import annotations

from logdepth.graphs.samples.draw import EdgeSample, draw_edges, grow_ball
from logdepth.graphs.samples.pool import EdgePool, Pools, pool_of_graph, read_pools

__all__ = ["EdgePool", "EdgeSample", "Pools", "draw_edges", "grow_ball", "pool_of_graph", "read_pools"]
