"""Hash attention: k-hop by doubling and components by hooking, from ten thousand tokens to a million, answers checked.

Each size runs in a process of its own, so that its peak memory is its own; what Numba compiles is compiled before, on a
small input. Hard attention stands beside it where all pairs fit. Seconds are of the clock and of the processor: on a
machine that others use, too, the second is the fairer. `python bench_hash.py`; `python bench_hash.py khop` makes the
rows of one half; `python bench_hash.py khop 1000000 hash` prints one.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.compiled.run_exact import ExactModel, ExactRun, run_exact, run_exact_graph
from logdepth.graphs import Graph
from logdepth.graphs.tokens import GraphTokens
from logdepth.programs import BUILT_IN
from logdepth.records import Record
from logdepth.sequences import Alphabet, NamedSequence
from logdepth.tasks.graphs import Connectivity
from logdepth.tasks.khop.solver import solve
from measure import save

K = 64
CASES = [
    *(("khop", size, "hard") for size in (500, 1000, 2000)),
    *(("khop", size, "hash") for size in (500, 1000, 2000, 10_000, 31_623, 100_000, 316_228, 1_000_000)),
    *(("components", size, "hash") for size in (4_000, 40_000, 400_000, 1_000_000)),
]


def khop(length: int, attention: str) -> dict[str, Any]:
    """64 hops on random symbols, against the near-linear solver."""
    symbols = np.random.default_rng(0).integers(0, 4, length)
    records = [NamedSequence("random", symbols.tolist())]
    began = time.perf_counter()
    model = ExactModel.of_program(BUILT_IN["khop_doubling"], records, Alphabet.of(4), k=K)
    compiling, began = time.perf_counter() - began, time.process_time()
    answers, account = run_exact(model, records, attention=attention, check=False)
    spent = time.process_time() - began
    wrong = int((np.array(answers[0].words) != solve(symbols[None], K, 4)[0]).sum())
    return {"compile": compiling, "cpu_seconds": spent, "wrong": wrong, **_of(account)}


def components(edges: int, attention: str) -> dict[str, Any]:
    """Labels of a random graph with half as many vertices, against union-find."""
    vertices = edges // 2
    tail, head = np.random.default_rng(0).integers(0, vertices, (2, edges), dtype=np.int32)
    graph, task = Graph(np.arange(vertices), tail, head, None), Connectivity(vertices, edges)
    began = time.perf_counter()
    model = ExactModel.of_graph(BUILT_IN["connectivity_hooking"], GraphTokens(vertices, edges), task)
    compiling, began = time.perf_counter() - began, time.process_time()
    columns, account = run_exact_graph(model, graph, attention=attention, check=False)
    spent = time.process_time() - began
    wrong = int((columns["label"] != task.solve(np.stack([tail, head], 1))).sum())
    return {"compile": compiling, "cpu_seconds": spent, "wrong": wrong, **_of(account)}


def _of(account: ExactRun) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    sizes = {name: getattr(account, name) for name in ("tokens", "depth", "heads", "embed_dim")}
    return {**sizes, "seconds": account.seconds, "peak_gib": peak}


def measure(what: str, size: int, attention: str) -> Record:
    done = subprocess.run(
        [sys.executable, __file__, what, str(size), attention], capture_output=True, text=True, check=True
    )
    config = {"what": what, "k" if what == "khop" else "vertices": K if what == "khop" else size // 2}
    config |= {"length" if what == "khop" else "edges": size, "attention": attention}
    record = Record("hash", config, json.loads(done.stdout.splitlines()[-1]))
    print(config, record.values, flush=True)
    return record


def growth(records: list[Record], what: str) -> Record:
    """The exponent of processor seconds between the runs nearest to 1e4 and 1e6 tokens."""
    runs = [r.values for r in records if r.config["what"] == what and r.config["attention"] == "hash"]
    ends = [min(runs, key=lambda v: abs(np.log(v["tokens"] / wanted))) for wanted in (1e4, 1e6)]
    ratios = {key: ends[1][key] / ends[0][key] for key in ("tokens", "seconds", "cpu_seconds")}
    values = {key: np.log(ratios[key]) / np.log(ratios["tokens"]) for key in ("seconds", "cpu_seconds")}
    return Record("hash growth", {"what": what, "tokens": [end["tokens"] for end in ends]}, values)


def main() -> None:
    if len(sys.argv) == 4:
        run = {"khop": khop, "components": components}[sys.argv[1]]
        run({"khop": 100, "components": 100}[sys.argv[1]], sys.argv[3])
        print(json.dumps(run(int(sys.argv[2]), sys.argv[3])))
        return
    for half in sys.argv[1:] or ["khop", "components"]:
        records = [measure(*case) for case in CASES if case[0] == half]
        save(f"hash_{half}", [*records, growth(records, half)])


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
