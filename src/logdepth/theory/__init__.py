"""Bounds of the theory as functions of integers, a file a family. A new family is a file and a line here."""

from logdepth.theory import (
    buckets,
    chasing,
    composition,
    connectivity,
    cycles,
    induction,
    khop,
    languages,
    message_passing,
    recurrent,
    retrieval,
    rounds,
    thoughts,
)
from logdepth.theory.asked import Asked
from logdepth.theory.components import component_iterations, hooking_iterations
from logdepth.theory.khop import REACHES, khop_depth_doubling, khop_depth_rank, khop_reach_doubling, khop_reach_rank
from logdepth.theory.statement import Bound, Finding, Statement, check_names

FAMILIES = (
    khop,
    induction,
    cycles,
    chasing,
    recurrent,
    thoughts,
    buckets,
    retrieval,
    connectivity,
    message_passing,
    composition,
    languages,
    rounds,
)
STATEMENTS = check_names(tuple(made for family in FAMILIES for made in family.STATEMENTS))

__all__ = [
    "FAMILIES",
    "REACHES",
    "STATEMENTS",
    "Asked",
    "Bound",
    "Finding",
    "Statement",
    "component_iterations",
    "hooking_iterations",
    "khop_depth_doubling",
    "khop_depth_rank",
    "khop_reach_doubling",
    "khop_reach_rank",
]
