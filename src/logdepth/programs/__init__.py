"""The library of programs. To add one: a file here, and its name in `BUILT_IN`."""

from logdepth.programs.bipartiteness import bipartite_hooking
from logdepth.programs.components import (
    connectivity_hooking,
    connectivity_squaring,
    one_cycle_hooking,
    one_cycle_squaring,
)
from logdepth.programs.forests import msf_hooking, spanning_forest_hooking
from logdepth.programs.khop import khop_doubling, khop_doubling_any, khop_rank, khop_rank_any
from logdepth.programs.pointers import pointer_doubling
from logdepth.programs.reachability import reachability_doubling

_STRINGS = (khop_rank, khop_doubling, khop_rank_any, khop_doubling_any, pointer_doubling)
_GRAPHS = (
    *(connectivity_hooking, spanning_forest_hooking, msf_hooking),
    *(one_cycle_hooking, bipartite_hooking, reachability_doubling),
    *(connectivity_squaring, one_cycle_squaring),
)
BUILT_IN = {program.name: program for program in (*_STRINGS, *_GRAPHS)}

__all__ = [
    "BUILT_IN",
    "bipartite_hooking",
    "connectivity_hooking",
    "connectivity_squaring",
    "khop_doubling",
    "khop_doubling_any",
    "khop_rank",
    "khop_rank_any",
    "msf_hooking",
    "one_cycle_hooking",
    "one_cycle_squaring",
    "pointer_doubling",
    "reachability_doubling",
    "spanning_forest_hooking",
]
