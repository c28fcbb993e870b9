"""Bounds of the theory as functions of integers, a file a family."""

from logdepth.theory.components import component_iterations
from logdepth.theory.khop import khop_depth_doubling, khop_depth_rank, khop_reach_doubling, khop_reach_rank

__all__ = [
    "component_iterations",
    "khop_depth_doubling",
    "khop_depth_rank",
    "khop_reach_doubling",
    "khop_reach_rank",
]
