"""k-hop induction heads (Definition 4.1): definition, fast solver, sampler, picture."""

from logdepth.tasks.khop.definition import find_by_definition, solve_by_definition
from logdepth.tasks.khop.sampler import Batch, KhopSampler, khop_batches
from logdepth.tasks.khop.show import show
from logdepth.tasks.khop.solver import all_hops, find, find_power, solve

__all__ = [
    "Batch",
    "KhopSampler",
    "all_hops",
    "find",
    "find_by_definition",
    "find_power",
    "khop_batches",
    "show",
    "solve",
    "solve_by_definition",
]
