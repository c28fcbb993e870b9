"""What the benchmarks share: time things interleaved, best of several, and write the rows down."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from logdepth.records import Record, write_records

ROWS = Path(__file__).parent / "rows"


def best_of(runs: int, **functions: Callable[[], Any]) -> dict[str, float]:
    """Seconds of each function, the least of `runs` interleaved runs (shared machines drift; ratios don't)."""
    best = dict.fromkeys(functions, float("inf"))
    for _ in range(runs):
        for name, function in functions.items():
            began = time.perf_counter()
            function()
            best[name] = min(best[name], time.perf_counter() - began)
    return best


def save(name: str, records: list[Record]) -> None:
    """Write `rows/NAME.jsonl` and print it."""
    machine = {"cpu": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    records = [Record(r.experiment, r.config, {**r.values, "machine": machine}) for r in records]
    write_records(ROWS / f"{name}.jsonl", records)
    for record in records:
        print(record.experiment, record.config, {k: v for k, v in record.values.items() if k != "machine"})
