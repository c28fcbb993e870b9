"""All that the theory says at sizes, composed: suffices (by which construction), impossible (under what), or open."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from logdepth.errors import InputError
from logdepth.theory import STATEMENTS
from logdepth.theory.asked import Asked
from logdepth.theory.statement import IMPOSSIBLE, SUFFICES, Bound

OPEN = "open"
TASKS = tuple(dict.fromkeys(made.task for made in STATEMENTS))
ARCHS = tuple(dict.fromkeys(arch for made in STATEMENTS for arch in made.archs))


@dataclass(frozen=True)
class Judgement:
    """verdict: suffices, impossible or open. by: the statement that decides, of several the first of its family (what
    compiles comes before what wants row-wise maps of any kind). depth_suffices: its layers; if nothing is enough as
    asked, those of the first construction that would be."""

    asked: Asked
    verdict: str
    by: Bound | None
    depth_suffices: int | None
    bounds: tuple[Bound, ...]

    @property
    def conjecture(self) -> str | None:
        return self.by.statement.conjecture if self.by else None

    @property
    def assumed(self) -> str | None:
        """The open constant that the verdict takes as given."""
        if self.by is None or not self.by.statement.open_constant:
            return None
        name = self.by.statement.name
        return f"{name} with the constant {self.asked.constants[name]}"

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        by = self.by
        return {
            "task": self.asked.task,
            "arch": self.asked.arch,
            "verdict": self.verdict,
            "by": by.statement.name if by else None,
            "why": by.finding.why if by else None,
            "construction": by.statement.construction if by and self.verdict == SUFFICES else None,
            "conjecture": self.conjecture,
            "assumed": self.assumed,
            "depth_suffices": self.depth_suffices,
            "bounds": [bound.to_json() for bound in self.bounds],
        }


def statements_for(task: str, arch: str) -> tuple:
    """The statements about a task and an architecture. Raises `InputError`, saying which have any, if there is none."""
    if task not in TASKS:
        near = difflib.get_close_matches(task, TASKS, 1, 0.4)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(TASKS)}"
        raise InputError(f"no bound speaks of a task {task!r}; {hint}")
    if arch not in ARCHS:
        raise InputError(f"no bound speaks of an architecture {arch!r}; there are: {', '.join(ARCHS)}")
    found = tuple(made for made in STATEMENTS if made.task == task and arch in made.archs)
    if not found:
        have = tuple(dict.fromkeys(arch for made in STATEMENTS if made.task == task for arch in made.archs))
        raise InputError(f"no bound speaks of {arch} on {task}; of that task they speak about: {', '.join(have)}")
    return found


def judge_sizes(asked: Asked) -> Judgement:
    """What is known at these sizes.

    A contradiction between two statements would be an error of ours (or of a constant that was given: an
    impossibility that assumes one gives way to a construction, and `InputError` says that the constant is too great).

    >>> found = judge_sizes(Asked("khop", "transformer", length=100, k=16))
    >>> found.verdict, found.depth_suffices, found.by.statement.construction
    ('suffices', 6, 'khop_rank')
    >>> judge_sizes(Asked("khop", "transformer", length=10**6, k=1, layers=1)).verdict
    'impossible'
    """
    bounds = tuple(made.at(asked) for made in statements_for(asked.task, asked.arch))
    enough = [bound for bound in bounds if bound.finding.decides == SUFFICES]
    never = [bound for bound in bounds if bound.finding.decides == IMPOSSIBLE]
    if enough and never:
        assumed = [bound for bound in never if bound.statement.open_constant]
        assert len(assumed) == len(never), (asked, never[0].statement.name, enough[0].statement.name)
        name = assumed[0].statement.name
        raise InputError(
            f"the constant {asked.constants[name]} is too great for {name}: at these sizes "
            f"{enough[0].statement.name} does what it would exclude"
        )
    proved = sorted(never, key=lambda bound: (bound.statement.open_constant, bound.statement.conjecture is not None))
    by = next(iter([*enough, *proved]), None)
    depths = [bound.finding.depth for bound in [*enough, *bounds] if bound.finding.depth is not None]
    verdict = SUFFICES if enough else IMPOSSIBLE if never else OPEN
    return Judgement(asked, verdict, by, next(iter(depths), None), bounds)
