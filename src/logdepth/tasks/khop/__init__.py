"""k-hop induction heads (Definition 4.1): definition, fast solver, sampler, picture, and the task they make."""

from logdepth.tasks.khop.definition import find_by_definition, solve_by_definition
from logdepth.tasks.khop.sampler import KhopSampler, khop_batches
from logdepth.tasks.khop.show import show
from logdepth.tasks.khop.solver import all_hops, find, find_power, solve
from logdepth.tasks.khop.task import Khop, random_strings
from logdepth.tasks.task import Batch

__all__ = [
    "Batch",
    "Khop",
    "KhopSampler",
    "all_hops",
    "find",
    "find_by_definition",
    "find_power",
    "khop_batches",
    "random_strings",
    "show",
    "solve",
    "solve_by_definition",
]
