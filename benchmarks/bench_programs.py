"""Word problems, automata, brackets at growing lengths: layers, parameters, margin, wrong positions of stock code.

A quarter of the strings that `verify` tries are of the program's own kind, if it has one. Takes a few minutes.
"""

from __future__ import annotations

import tempfile
import time

import logdepth
from logdepth.programs import find_stated
from logdepth.records import Record
from measure import save

CASES = [
    *((name, {}, length, 200) for name in ("s5", "a5", "z60", "q8") for length in (16, 64)),
    *(("s5", {}, length, samples) for length, samples in ((256, 20), (1024, 4))),
    ("regex", {"pattern": "(a|b)*abb(c|d)?"}, 100, 100),
    ("dyck", {"kinds": 3}, 100, 100),
    ("dyck", {"kinds": 3}, 1000, 4),
    ("mqar", {"alphabet": 62}, 100, 100),
]


def measure(name: str, given: dict, length: int, samples: int, target: str) -> Record | None:
    found = find_stated(name)
    assert found is not None
    stated, said = found
    programs = {("gpt2" if program.causal else "bert"): program for program in stated.programs}
    if target not in programs:
        return None
    model = logdepth.compile(programs[target], length=length, target=target, **said, **given)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        report = logdepth.verify(model.save(folder + "/model"), samples=samples)
    values = {
        "layers": model.depth,
        "width": model.compilation.shape.width,
        "parameters": model.checkpoint.num_parameters,
        "positions": report.positions,
        "wrong": report.wrong + sum(report.checks.values()),
        "least_margin": round(report.least_margin, 6),
        "certified_margin": round(report.certified_margin, 6),
        "ok": report.ok,
        "seconds": round(time.perf_counter() - began, 1),
    }
    record = Record("programs", {"name": name, "length": length, "target": target, **given}, values)
    print(record.row(), flush=True)
    return record


def main() -> None:
    measured = [
        measure(*case, target) for case in CASES for target in ("gpt2", "bert") if case[2] < 1000 or target == "gpt2"
    ]
    save("programs", [record for record in measured if record is not None])


if __name__ == "__main__":
    main()
