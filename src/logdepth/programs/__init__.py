"""The library of programs. To add one: a file here, and its name in `BUILT_IN`."""

from logdepth.programs.bipartiteness import bipartite_hooking
from logdepth.programs.chases import pointer_chasing_cot, reachability_cot
from logdepth.programs.components import connectivity_hooking, one_cycle_hooking
from logdepth.programs.forests import msf_hooking, spanning_forest_hooking
from logdepth.programs.khop import khop_doubling, khop_doubling_any, khop_rank, khop_rank_any
from logdepth.programs.khop_blanks import khop_blanks
from logdepth.programs.khop_chain import khop_cot, khop_cot_wide
from logdepth.programs.khop_loops import khop_loops
from logdepth.programs.pointers import pointer_doubling
from logdepth.programs.reachability import reachability_doubling

_STRINGS = (khop_rank, khop_doubling, khop_rank_any, khop_doubling_any, khop_loops, pointer_doubling)
_GRAPHS = (
    *(connectivity_hooking, spanning_forest_hooking, msf_hooking),
    *(one_cycle_hooking, bipartite_hooking, reachability_doubling),
)
_CHAINS = (khop_cot, khop_cot_wide, khop_blanks, pointer_chasing_cot, reachability_cot)
BUILT_IN = {program.name: program for program in (*_STRINGS, *_GRAPHS, *_CHAINS)}

__all__ = [
    "BUILT_IN",
    "bipartite_hooking",
    "connectivity_hooking",
    "khop_blanks",
    "khop_cot",
    "khop_cot_wide",
    "khop_doubling",
    "khop_doubling_any",
    "khop_loops",
    "khop_rank",
    "khop_rank_any",
    "msf_hooking",
    "one_cycle_hooking",
    "pointer_chasing_cot",
    "pointer_doubling",
    "reachability_cot",
    "reachability_doubling",
    "spanning_forest_hooking",
]
