"""The library of programs. To add one: a file here with `STATED`, what is stated of it, and a line in `_FILES`.

Programs of registered tasks (`tasks/registry.py`: hops, pointers, graphs) are in `_OF_TASKS`.
"""

from __future__ import annotations

from typing import Any

from logdepth.programs import automata, brackets, counting, ordering, patterns, recall, sums, word_problem
from logdepth.programs.bipartiteness import bipartite_hooking
from logdepth.programs.chases import pointer_chasing_cot, reachability_cot
from logdepth.programs.components import (
    connectivity_hooking,
    connectivity_squaring,
    one_cycle_hooking,
    one_cycle_squaring,
)
from logdepth.programs.forests import msf_hooking, spanning_forest_hooking
from logdepth.programs.khop import khop_doubling, khop_doubling_any, khop_rank, khop_rank_any
from logdepth.programs.khop_blanks import khop_blanks
from logdepth.programs.khop_chain import khop_cot, khop_cot_wide
from logdepth.programs.khop_loops import khop_loops
from logdepth.programs.pointers import pointer_doubling
from logdepth.programs.reachability import reachability_doubling
from logdepth.programs.stated import Stated

_OF_TASKS = (
    *(khop_rank, khop_doubling, khop_rank_any, khop_doubling_any, khop_loops, pointer_doubling),
    *(connectivity_hooking, spanning_forest_hooking, msf_hooking),
    *(one_cycle_hooking, bipartite_hooking, reachability_doubling),
    *(connectivity_squaring, one_cycle_squaring),
)
_CHAINS = (khop_cot, khop_cot_wide, khop_blanks, pointer_chasing_cot, reachability_cot)
_FILES = (
    counting,
    sums,
    ordering,
    patterns,
    brackets,
    recall,
    word_problem,
    automata,
)
STATED: dict[str, Stated] = {stated.name: stated for file in _FILES for stated in file.STATED}
_OF_STATED = (each for stated in STATED.values() for each in stated.programs)
BUILT_IN = {program.name: program for program in (*_OF_TASKS, *_CHAINS, *_OF_STATED)}


def find_stated(name: str) -> tuple[Stated, dict[str, Any]] | None:
    """What a name of the command line stands for, and the parameters that it says: `sort`, `s5`. None for another.

    >>> find_stated("sort")[0].summary
    'the symbols in order'
    """
    if name in STATED:
        return STATED[name], {}
    for stated in STATED.values():
        if (parameters := stated.named(name)) is not None:
            return stated, parameters
    return None


__all__ = [
    "BUILT_IN",
    "STATED",
    "Stated",
    "bipartite_hooking",
    "connectivity_hooking",
    "connectivity_squaring",
    "find_stated",
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
    "one_cycle_squaring",
    "pointer_chasing_cot",
    "pointer_doubling",
    "reachability_cot",
    "reachability_doubling",
    "spanning_forest_hooking",
]
