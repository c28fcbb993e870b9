"""Words that connectivity moves for each word of its input, and rounds; limits strict."""

from __future__ import annotations

import numpy as np

from bench_components import random_graph
from logdepth.graphs import Graph
from logdepth.mpc import Spec
from logdepth.protocols.components import CONNECTIVITY
from logdepth.records import Record
from measure import save


def path(size: int, kind: str) -> Graph:
    """In order; with its edges in any order; or with its vertices' numbers drawn, edges in the path's order."""
    rng = np.random.default_rng(3)
    names = rng.permutation(size) if kind == "ids at random" else np.arange(size)
    edge = rng.permutation(size - 1) if kind == "edges shuffled" else np.arange(size - 1)
    return Graph(np.arange(size), names[edge].astype(np.int32), names[edge + 1].astype(np.int32))


def star(size: int, centre: int) -> Graph:
    others = np.delete(np.arange(size, dtype=np.int32), centre)
    return Graph(np.arange(size), np.full(size - 1, centre, np.int32), others)


def moved(name: str, graph: Graph, machines: int | None) -> Record:
    config = CONNECTIVITY.config(graph)
    words = CONNECTIVITY.words(config)
    spec = Spec(machines, CONNECTIVITY.slack * words // machines, words) if machines else CONNECTIVITY.spec(config)
    ledger = CONNECTIVITY.run(graph, spec).ledger
    total = sum(row.words_sent - row.words_kept for row in ledger.rounds)
    busiest = max(max(row.max_words_held, row.max_words_sent, row.max_words_received) for row in ledger.rounds)
    return Record(
        "words",
        {"graph": name, "vertices": graph.num_vertices, "edges": graph.num_edges, "machines": spec.num_machines,
         "memory": spec.local_memory, "delta": spec.delta, "limits": "strict"},
        {"words_moved_an_input_word": round(total / words, 3), "num_rounds": ledger.num_rounds,
         "num_rounds_bound": ledger.bound, "busiest_of_memory": round(busiest / spec.local_memory, 3)},
    )  # fmt: skip


def main() -> None:
    records = []
    for machines in (None, 1024, 64):
        records.append(moved("random", random_graph(1_000_000, 10_000_000), machines))
        records.append(moved("random", random_graph(4_000_000, 10_000_000), machines))
    for machines in (None, 64):
        for kind in ("in order", "ids at random", "edges shuffled"):
            records.append(moved(f"path, {kind}", path(1_000_000, kind), machines))
        records.append(moved("star", star(1_000_000, 0), machines))
        records.append(moved("star, centre last", star(1_000_000, 999_999), machines))
    save("words", records)


if __name__ == "__main__":
    main()
