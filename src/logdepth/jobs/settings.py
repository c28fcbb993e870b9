"""What may be said about a program: its parameters and its header."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from logdepth.errors import InputError
from logdepth.protocols import Problem

if TYPE_CHECKING:
    from logdepth.lang import Program


@dataclass(frozen=True)
class Settings:
    """Of a program: `parameters` as NAME=VALUE, and `k`, which is one of them; `header`, and
    how many values that might have, `headers`.

    >>> from logdepth.programs import khop_rank
    >>> Settings(("k=3",)).problem(khop_rank).name
    'khop_rank'
    """

    parameters: tuple[str, ...] = ()
    k: int | None = None
    header: int | None = None
    headers: int = 0

    def problem(self, program: Program) -> Problem:
        """The program as a problem. Raises `InputError` for what it does not serve."""
        from logdepth.simulation.program_problem import program_problem
        from logdepth.user_program import parse_parameters

        found = parse_parameters(self.parameters, program)
        if self.k is not None:
            if "k" in found:
                raise InputError(f"--k {self.k} and --set k={found['k']}: give one of them")
            found["k"] = self.k
        for reserved in ("header", "header_size", "program"):
            if reserved in found:
                raise InputError(
                    f"--set {reserved}=..: no parameter may be called {reserved}, which a run takes itself"
                )
        return program_problem(program, header=self.header, header_size=self.headers, **found)

    def refused_by(self, problem: Problem) -> Problem:
        """The problem, which is no program: raises `InputError` if anything is said that is only a program's."""
        for option, given in (("set", self.parameters), ("header", self.header is not None), ("headers", self.headers)):
            if given:
                raise InputError(f"{problem.name} takes no --{option}: that is for programs")
        return problem
