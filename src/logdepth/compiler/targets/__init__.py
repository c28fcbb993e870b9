"""The stock architectures that programs compile to, by name. A new one is a file here and a line in `TARGETS`."""

from __future__ import annotations

from logdepth.compiler.target import Target
from logdepth.compiler.targets.gpt2 import Gpt2Target
from logdepth.errors import InputError

TARGETS: dict[str, Target] = {
    "gpt2": Gpt2Target(),
}


def find_target(name: str) -> Target:
    """A target by name. Raises `InputError` for others.

    >>> find_target("gpt2").name
    'gpt2'
    """
    if name not in TARGETS:
        raise InputError(f"target is {name!r}; it must be one of {', '.join(TARGETS)}")
    return TARGETS[name]
