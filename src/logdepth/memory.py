"""How much memory this machine has, and refusing at once what can never fit. Nothing is allocated here."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

from logdepth.errors import InputError

_STATUS = Path("/proc/self/status")
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


def peak_memory() -> int | None:
    """The most bytes that this process has had in memory so far, mapped files included; None where nobody says.

    >>> peak_memory() is None or peak_memory() > 2**20
    True
    """
    with suppress(OSError, ValueError, IndexError):
        lines = _STATUS.read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))
    with suppress(ImportError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return None


def give_back() -> None:
    """Hand what was freed back to the system, where the C library (glibc) keeps it for itself."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def check_room(what: str, needed: int) -> None:
    """Raise `InputError` if so many bytes are more than the machine has. `what` starts the sentence: "X needs 3 GiB".

    >>> check_room("a graph of 10 vertices", 240)
    """
    total = total_memory()
    if total is not None and needed > total:
        raise InputError(
            f"{what} needs {needed / 2**30:,.1f} GiB of memory at least; this machine has {total / 2**30:,.1f} GiB"
        )
