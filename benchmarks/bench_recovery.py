"""What failures cost: a worker killed in every round of a run in turn; and what checkpoints cost without failures."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from bench_components import CONNECTIVITY, machines, random_graph
from logdepth.mpc import Checkpoints, LocalEngine
from logdepth.mpc.ray_engine import RayEngine
from logdepth.records import Record
from measure import save

EVERY = 4


def kills() -> list[Record]:
    """SIGKILL of a real worker process, some milliseconds into each round in turn."""
    graph = random_graph(200_000, 500_000)
    spec = machines(graph, 64, slack=64)
    protocol = CONNECTIVITY.protocol(spec, **CONNECTIVITY.config(graph))
    inputs = CONNECTIVITY.place(spec, graph)
    whole = LocalEngine().run(protocol, inputs)
    replayed, extra, wrong, happened = [], [], 0, 0
    with RayEngine(workers=2) as engine, tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        engine.run(protocol, inputs, checkpoints=Checkpoints(Path(folder) / "plain", every=EVERY))
        plain = time.perf_counter() - began
        for target in range(1, whole.ledger.num_rounds):
            engine.recovered = engine.rounds_replayed = 0
            done: list[bool] = []

            def progress(rounds: int, bound: int, target: int = target, done: list[bool] = done) -> None:
                if rounds == target and not done:
                    done.append(True)
                    pid = engine.pids[target % 2]
                    threading.Timer(0.001 * (target % 5), os.kill, (pid, signal.SIGKILL)).start()

            saves = Checkpoints(Path(folder) / str(target), every=EVERY)
            began = time.perf_counter()
            run = engine.run(protocol, inputs, checkpoints=saves, progress=progress)
            seconds = time.perf_counter() - began
            same = (run.result == whole.result).all() and run.ledger.without_clock() == whole.ledger.without_clock()
            wrong += not same
            if engine.recovered:
                happened += 1
                replayed.append(engine.rounds_replayed)
                extra.append(seconds - plain)
    values = {
        "rounds": whole.ledger.num_rounds,
        "kills": happened,
        "wrong_results_or_ledgers": wrong,
        "most_rounds_replayed": max(replayed),
        "most_seconds_lost": max(extra),
        "median_seconds_lost": float(np.median(extra)),
    }
    config = {"vertices": 200_000, "edges": 500_000, "machines": 64, "workers": 2, "checkpoint_every": EVERY}
    return [Record("worker killed", config, values)]


def overhead() -> list[Record]:
    """Adaptive checkpoints on a run of 4e6 vertices and 1e7 edges: seconds with and without, three interleaved."""
    graph = random_graph(4_000_000, 10_000_000)
    spec = machines(graph, 64)
    protocol = CONNECTIVITY.protocol(spec, **CONNECTIVITY.config(graph))
    inputs = CONNECTIVITY.place(spec, graph)
    records = []
    for name in ("adaptive", 16):
        without, having, written, spent = [], [], [], []
        for _ in range(3):
            began = time.perf_counter()
            LocalEngine().run(protocol, inputs)
            without.append(time.perf_counter() - began)
            with tempfile.TemporaryDirectory() as folder:
                saves = Checkpoints(Path(folder) / "c", every=None if name == "adaptive" else name)
                count = [0]
                save_one = saves.save

                def counted(*arguments, save_one=save_one, count=count):
                    count[0] += 1
                    return save_one(*arguments)

                saves.save = counted  # type: ignore[method-assign]
                began = time.perf_counter()
                LocalEngine().run(protocol, inputs, checkpoints=saves)
                having.append(time.perf_counter() - began)
                written.append(count[0])
                spent.append(saves.seconds)
        values = {
            "seconds_without": min(without),
            "seconds_with": min(having),
            "overhead": min(having) / min(without) - 1,
            "checkpoints": written,
            "seconds_in_checkpoints": spent,
        }
        config = {"vertices": 4_000_000, "edges": 10_000_000, "machines": 64, "interval": name}
        records.append(Record("checkpoint overhead", config, values))
    return records


def main() -> None:
    save("recovery", kills())
    save("checkpoints", overhead())


if __name__ == "__main__":
    main()
