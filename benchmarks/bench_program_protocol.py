"""A program on machines: khop_rank, k = 64, as a protocol on the local engine, against the interpreter.

`python benchmarks/bench_program_protocol.py [LENGTH]` (default 1e6; 1e7 is the target's). Each run has a process
of its own: memory is the process's peak.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

import numpy as np

from logdepth.lang import interpret
from logdepth.mpc import LocalEngine
from logdepth.programs import khop_rank
from logdepth.protocols.inputs.sequences import Symbols
from logdepth.records import Record
from logdepth.simulation.program_problem import program_problem
from measure import save

K = 64


def measure(length: int, alphabet: int) -> Record:
    problem = program_problem(khop_rank, k=K)
    data = Symbols(np.random.default_rng(0).integers(0, alphabet, length), alphabet)
    problem.run(Symbols(data.tokens[:1000], alphabet), engine=LocalEngine(kernels="numba"))  # compiles the kernels
    began, cpu = time.perf_counter(), time.process_time()
    run = problem.run(data)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    truth = interpret(khop_rank.trace(length, alphabet, k=K), data.tokens[None])[0, 1:]
    ledger = run.ledger
    values = {
        "machines": ledger.spec.num_machines,
        "local_memory": ledger.spec.local_memory,
        "rounds": ledger.num_rounds,
        "rounds_bound": ledger.bound,
        "most_words": max(max(row.max_words_sent, row.max_words_received) for row in ledger.rounds),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "peak_gib": round(peak, 2),
        "wrong": int((run.result != truth).sum()),
    }
    return Record(
        "program as protocol", {"program": "khop_rank", "length": length, "k": K, "alphabet": alphabet}, values
    )


def main(length: int) -> None:
    records = []
    for alphabet in (4, 1024):
        command = [sys.executable, __file__, "--one", str(length), str(alphabet)]
        records.append(Record(**json.loads(subprocess.run(command, check=True, capture_output=True).stdout)))
    save(f"program_protocol_{length:.0e}".replace("+0", ""), records)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        record = measure(int(sys.argv[2]), int(sys.argv[3]))
        print(json.dumps({"experiment": record.experiment, "config": record.config, "values": record.values}))
    else:
        main(int(float(sys.argv[1])) if sys.argv[1:] else 1_000_000)
