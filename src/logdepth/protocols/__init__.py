"""Protocols: the library of parallel algorithms on the machines of `logdepth.mpc`. `BUILT_IN` names the problems."""

from __future__ import annotations

from logdepth.protocols.bipartite import BIPARTITENESS
from logdepth.protocols.components import CONNECTIVITY
from logdepth.protocols.cycles import ONE_VERSUS_TWO_CYCLE
from logdepth.protocols.khop import KHOP
from logdepth.protocols.minimum_forest import MSF
from logdepth.protocols.pointer_doubling import POINTER_DOUBLING
from logdepth.protocols.prefix_sums import PREFIX_SUM
from logdepth.protocols.problem import Problem
from logdepth.protocols.sorting import SORT
from logdepth.protocols.spanning_forest import SPANNING_FOREST

BUILT_IN: dict[str, Problem] = {
    problem.name: problem
    for problem in (
        CONNECTIVITY,
        SPANNING_FOREST,
        MSF,
        BIPARTITENESS,
        ONE_VERSUS_TWO_CYCLE,
        KHOP,
        POINTER_DOUBLING,
        SORT,
        PREFIX_SUM,
    )
}

__all__ = ["BUILT_IN", "Problem"]
