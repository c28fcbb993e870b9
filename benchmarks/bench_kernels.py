"""From which input on Numba's kernels are worth loading: what `logdepth.mpc.engine.SMALL_WORDS` was chosen by.

Each size runs in a process of its own, with Numba's cache on disk warm: the first run with Numba pays for loading, the
later ones say what its kernels take, and NumPy's take what they take.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from logdepth.mpc import LocalEngine
from logdepth.mpc.engine import SMALL_WORDS
from logdepth.protocols import BUILT_IN
from logdepth.records import Record
from measure import best_of, save

SIZES = {"connectivity": (10_000, 50_000, 200_000), "msf": (10_000, 50_000, 200_000), "khop": (50_000, 200_000)}
SIZES |= {"sort": (50_000, 200_000), "pointer-doubling": (50_000, 200_000)}


def one(name: str, size: int) -> None:
    """Print what one process measures, as JSON."""
    problem = BUILT_IN[name]
    data = problem.sample(size)
    began = time.perf_counter()
    problem.run(data, engine=LocalEngine(kernels="numba"))
    first = time.perf_counter() - began
    seconds = best_of(
        2,
        numba=lambda: problem.run(data, engine=LocalEngine(kernels="numba")),
        numpy=lambda: problem.run(data, engine=LocalEngine(kernels="numpy")),
    )
    print(json.dumps({"words": problem.words(problem.config(data)), "first_numba": first, **seconds}))


def main() -> None:
    records = []
    for name, sizes in SIZES.items():
        for size in sizes:
            command = [sys.executable, __file__, name, str(size)]
            for _ in range(2):  # the first fills the cache
                done = subprocess.run(command, capture_output=True, text=True, check=True)
            values = json.loads(done.stdout)
            values["numpy_is_done_first"] = values["numpy"] <= values["first_numba"]
            records.append(Record("kernels", {"problem": name, "size": size, "small_words": SMALL_WORDS}, values))
    save("kernels", records)


if __name__ == "__main__":
    main() if len(sys.argv) == 1 else one(sys.argv[1], int(sys.argv[2]))
