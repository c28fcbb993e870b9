"""Exactness on stock Hugging Face code: wrong positions and the least margin, at least 20,000 positions each.

Strings of every kind: uniform (repeats allowed), repeat-free, all-equal, two-symbol, periodic. Takes some minutes.
`--quick` leaves out the largest.
"""

from __future__ import annotations

import sys
import tempfile
import time

import logdepth
from logdepth.programs import khop_doubling, khop_doubling_any, khop_rank, khop_rank_any
from logdepth.records import Record
from measure import save


def measure(program, samples: int, **sizes) -> Record:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        model = logdepth.compile(program, **sizes)
        path = model.save(folder + "/model")
        report = logdepth.verify(path, samples=samples)
    values = {
        "layers": model.depth,
        "positions": report.positions,
        "wrong": report.wrong,
        "wrong_otherwise": sum(report.checks.values()),
        "least_margin": round(report.least_margin, 6),
        "certified_margin": round(report.certified_margin, 6),
        "seconds": round(time.perf_counter() - began, 2),
    }
    record = Record("exactness", {"program": program.name, "dtype": "float32", **sizes}, values)
    print(record.row(), flush=True)
    return record


def main() -> None:
    records = [measure(khop_rank, 300, length=100, alphabet=4, k=k) for k in range(1, 64)]
    records += [measure(khop_rank, 300, length=100, alphabet=a, k=16) for a in range(1, 65)]
    records += [measure(khop_doubling, 300, length=100, alphabet=4, k=k) for k in (1, 2, 3, 7, 8, 9, 16, 63, 64)]
    records += [
        measure(program, 600, length=98, alphabet=4, max_k=16, header_size=17)
        for program in (khop_rank_any, khop_doubling_any)
    ]
    records.append(measure(khop_rank, 120, length=256, alphabet=4, k=31))
    records.append(measure(khop_rank, 40, length=1000, alphabet=26, k=15))
    records.append(measure(khop_rank, 40, length=1000, alphabet=26, k=15, dtype="float64"))
    records.append(measure(khop_doubling, 12, length=4096, alphabet=4, k=64))
    if "--quick" not in sys.argv:
        records.append(measure(khop_doubling, 4, length=8192, alphabet=1024, k=256))
    save("exactness", records)


if __name__ == "__main__":
    main()
