"""The stock architectures that programs compile to, by name. A new one is a file here and a line in `TARGETS`."""

from __future__ import annotations

from logdepth.compiler.target import Target
from logdepth.compiler.targets.bert import BertTarget
from logdepth.compiler.targets.gpt2 import Gpt2Target
from logdepth.errors import InputError, ProgramError
from logdepth.lang.graph import ProgramGraph

TARGETS: dict[str, Target] = {
    "gpt2": Gpt2Target(),
    "bert": BertTarget(),
}


def find_target(name: str) -> Target:
    """A target by name. Raises `InputError` for others.

    >>> find_target("gpt2").name
    'gpt2'
    """
    if name not in TARGETS:
        raise InputError(f"target is {name!r}; it must be one of {', '.join(TARGETS)}")
    return TARGETS[name]


def target_for(name: str, graph: ProgramGraph) -> Target:
    """A target by name, if it can hold the program. Raises `ProgramError` if not, saying which one can."""
    target = find_target(name)
    try:
        target.check(graph)
    except ProgramError as error:
        others = [f"--target {other}" for other, each in TARGETS.items() if other != name and _holds(each, graph)]
        raise ProgramError(f"{error}; give {' or '.join(others)}" if others else str(error)) from None
    return target


def _holds(target: Target, graph: ProgramGraph) -> bool:
    try:
        target.check(graph)
    except ProgramError:
        return False
    return True
