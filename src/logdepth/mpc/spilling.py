"""How many machines fit a process's memory at once: `Spill`. The rest of them waits on disk (`shelf.py`)."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from logdepth.errors import InputError
from logdepth.mpc.spec import Spec

# of a process at its busiest for each word of its machines' input, at most: 40 were measured where vertices have five
# edges each, 107 where hardly any has two (rows parts_*.jsonl)
WORKING_BYTES = 120
FULL_BYTES = 40  # for each word that one machine may hold, where a protocol gathers on few (forests that are merged)
LEAST_STORE = 80 << 20  # bytes of shared memory without which Ray does not start
STANDING_BYTES = 300 << 20  # of a worker that holds no machine: Python, NumPy, Numba's code, Ray
DRIVER_BYTES = 200 << 20  # of the driver, which loads less


def worker_bytes(words: int, workers: int) -> int:
    """What a worker takes at the most that holds its share of an input of so many words at once.

    >>> worker_bytes(500_000_000, 2) >> 30
    28
    """
    return STANDING_BYTES + WORKING_BYTES * -(-words // workers)


def driver_bytes(words: int, workers: int) -> int:
    """What the driver takes: names and counts of the pieces that are read (2^21 edges each), a few rows a worker.

    >>> driver_bytes(40_000_000_000, 200) >> 20
    277
    """
    return DRIVER_BYTES + 2048 * (words >> 22) + 1024 * workers * (workers + 100)


@dataclass(frozen=True)
class Spill:
    """memory: bytes that a process may take. folder: where waiting tables lie, on a disk of its own machine.

    >>> Spill(2 << 30).ranges(Spec(64, 1 << 24, 100_000_000), workers=2)
    6
    """

    memory: int
    folder: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))

    def __post_init__(self) -> None:
        least = STANDING_BYTES + LEAST_STORE + (64 << 20)
        if self.memory < least:
            raise InputError(
                f"a worker's memory is {self.memory / 2**20:,.0f} MiB; a worker takes {STANDING_BYTES >> 20} MiB "
                f"before it holds anything, and Ray's store {LEAST_STORE >> 20} MiB: give at least {least >> 20} MiB"
            )

    @property
    def store(self) -> int:
        """Of a worker's memory what Ray's store may take on one machine: its pages are every worker's."""
        return max(self.memory // 4, LEAST_STORE)

    def ranges(self, spec: Spec, workers: int, store: int = 0) -> int:
        """Ranges of machines a process, so that one of them fits beside the store; one is all its machines at once.

        Raises `InputError` if a single machine may not fit.
        """
        room = self.memory - STANDING_BYTES - store
        needed = worker_bytes(spec.num_words, workers) - STANDING_BYTES
        if needed <= room:
            return 1
        room = max(room - FULL_BYTES * spec.local_memory, 1 << 20)
        ranges = -(-needed // room)
        most = max(1, spec.num_machines // workers)
        if ranges > most:
            raise InputError(
                f"{spec.num_machines:,} machines on {workers} workers of {self.memory / 2**30:.2f} GiB: a worker would "
                f"have to work on {ranges:,} ranges of machines in turn and has {most:,} machines; give more machines "
                "(--machines), workers or memory"
            )
        return ranges
