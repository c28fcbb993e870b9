"""Protocols: the library of parallel algorithms on the machines of `logdepth.mpc`. `BUILT_IN` names the problems."""

from __future__ import annotations

from logdepth.protocols.components import CONNECTIVITY
from logdepth.protocols.problem import Problem

BUILT_IN: dict[str, Problem] = {problem.name: problem for problem in (CONNECTIVITY,)}

__all__ = ["BUILT_IN", "Problem"]
