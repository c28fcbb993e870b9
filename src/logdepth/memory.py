"""How much memory this machine has, and refusing at once what can never fit. Nothing is allocated here."""

from __future__ import annotations

import os
from pathlib import Path

from logdepth.errors import InputError

_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def total_memory() -> int | None:
    """Bytes of this machine, or of this container if that has fewer; None where the system does not say (Windows).

    >>> total_memory() is None or total_memory() > 2**20
    True
    """
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        return min(total, int(_CONTAINER_LIMIT.read_text()))
    except (OSError, ValueError):  # no such file, or "max"
        return total


def check_room(what: str, needed: int) -> None:
    """Raise `InputError` if so many bytes are more than the machine has. `what` starts the sentence: "X needs 3 GiB".

    >>> check_room("a graph of 10 vertices", 240)
    """
    total = total_memory()
    if total is not None and needed > total:
        raise InputError(
            f"{what} needs {needed / 2**30:,.1f} GiB of memory at least; this machine has {total / 2**30:,.1f} GiB"
        )
