"""Components: the protocol (limits strict) against scipy, union-find, networkx, igraph and rustworkx, one run.

scipy's time includes making its matrix; igraph's, networkit's and rustworkx's are given with the graph's making and
without. These are measured if they are installed (`pip install igraph networkit rustworkx`). Seconds are given by the
clock, and as the process's own (all its threads): where others use the machine too, compare the latter.

`--large`: only the input of 1e7 edges, printed, not written down.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from logdepth.graphs import Graph
from logdepth.mpc import LocalEngine, Spec
from logdepth.protocols.components import CONNECTIVITY
from logdepth.records import Record
from measure import best_of, save


@numba.njit(cache=True)
def union_find(num_vertices, tail, head):
    """Labels by sequential union-find with path halving: the honest yardstick of one core."""
    parent = np.arange(num_vertices)
    for edge in range(len(tail)):
        a, b = tail[edge], head[edge]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a < b:
            parent[b] = a
        else:
            parent[a] = b
    for vertex in range(num_vertices):
        parent[vertex] = parent[parent[vertex]]
    return parent


def random_graph(num_vertices: int, num_edges: int) -> Graph:
    rng = np.random.default_rng(0)
    tail, head = (rng.integers(0, num_vertices, num_edges, dtype=np.int32) for _ in range(2))
    return Graph(np.arange(num_vertices), tail, head, None)


def machines(graph: Graph, num_machines: int, slack: int = 32) -> Spec:
    words = CONNECTIVITY.words(CONNECTIVITY.config(graph))
    return Spec(num_machines, slack * words // num_machines, words)


def rivals(graph: Graph, with_slow: bool) -> dict[str, Callable[[], Any]]:
    import scipy.sparse
    from scipy.sparse.csgraph import connected_components

    size, tail, head = graph.num_vertices, graph.tail, graph.head

    def with_scipy() -> Any:
        ones = np.ones(len(tail), np.int8)
        return connected_components(scipy.sparse.csr_matrix((ones, (tail, head)), (size, size)), directed=False)

    found: dict[str, Callable[[], Any]] = {"scipy": with_scipy, "union_find": lambda: union_find(size, tail, head)}
    pairs = np.stack([tail, head], 1)
    if importlib.util.find_spec("igraph"):
        import igraph

        found["igraph"] = lambda: igraph.Graph(n=size, edges=pairs).connected_components().membership
        igraph_built = igraph.Graph(n=size, edges=pairs)
        found["igraph_built"] = lambda: igraph_built.connected_components().membership
    if importlib.util.find_spec("networkit"):
        import networkit
        from networkit.components import ConnectedComponents

        networkit.setNumberOfThreads(1)
        wide = tail.astype(np.uint64), head.astype(np.uint64)  # other types crash it

        def kit() -> Any:
            return networkit.GraphFromCoo(wide, n=size)

        def settled(graph: Any) -> list[int]:
            algorithm = ConnectedComponents(graph)
            algorithm.run()
            return algorithm.getPartition().getVector()

        found["networkit"] = lambda: settled(kit())
        networkit_built = kit()
        found["networkit_built"] = lambda: settled(networkit_built)
    if with_slow:
        import networkx

        def nx() -> Any:
            network = networkx.empty_graph(size)
            network.add_edges_from(pairs.tolist())
            return list(networkx.connected_components(network))

        found["networkx"] = nx
        if importlib.util.find_spec("rustworkx"):
            import rustworkx

            def rust() -> Any:
                network = rustworkx.PyGraph(multigraph=True)
                network.add_nodes_from(range(size))
                network.add_edges_from_no_data([tuple(pair) for pair in pairs.tolist()])
                return rustworkx.connected_components(network)

            network = rustworkx.PyGraph(multigraph=True)
            network.add_nodes_from(range(size))
            network.add_edges_from_no_data([tuple(pair) for pair in pairs.tolist()])
            found["rustworkx_built"] = lambda: rustworkx.connected_components(network)
            found["rustworkx"] = rust
    return found


def clocked(name: str, function: Callable[[], Any], used: dict[str, float]) -> Callable[[], Any]:
    """The function, which enters the least of its processor seconds."""

    def run() -> Any:
        began = time.process_time()
        result = function()
        used[name] = min(used.get(name, float("inf")), time.process_time() - began)
        return result

    return run


def compare(num_vertices: int, num_edges: int, num_machines: int, with_slow: bool, passes: int) -> list[Record]:
    """Each pass takes the better of two interleaved runs; ratios are given as their least and largest over passes."""
    graph = random_graph(num_vertices, num_edges)
    spec = machines(graph, num_machines)
    functions = {
        "protocol": lambda: CONNECTIVITY.run(graph, spec),
        "protocol_2_threads": lambda: CONNECTIVITY.run(graph, spec, LocalEngine(threads=2)),
        **rivals(graph, with_slow),
    }
    run = CONNECTIVITY.run(graph, spec)
    assert (run.result == union_find(num_vertices, graph.tail, graph.head)).all()
    found, processor = [], []
    for _ in range(passes):
        used: dict[str, float] = {}
        found.append(best_of(2, **{name: clocked(name, function, used) for name, function in functions.items()}))
        processor.append(used)
    total = run.ledger.summary()
    values: dict[str, Any] = {"passes": passes, "seconds": {n: min(p[n] for p in found) for n in functions}}
    values["processor_seconds"] = {name: min(used[name] for used in processor) for name in functions}
    for name in functions:
        ratios = [used["protocol"] / used[name] for used in processor]
        values[f"protocol_over_{name}_processor"] = [round(min(ratios), 4), round(max(ratios), 4)]
    for mine, label in (("protocol", "protocol_over"), ("protocol_2_threads", "2_threads_over")):
        for name in functions:
            ratios = [each[mine] / each[name] for each in found]
            values[f"{label}_{name}"] = [round(min(ratios), 4), round(max(ratios), 4)]
    values |= {key: total[key] for key in ("num_rounds", "num_rounds_bound", "max_words_sent", "max_words_held")}
    config = {"vertices": num_vertices, "edges": num_edges, "machines": num_machines, "memory": spec.local_memory}
    return [Record("components", {**config, "graph": "random", "limits": "strict"}, values)]


def shapes(size: int) -> list[Record]:
    """A path, a cycle and a star under delta = 0.5."""
    order = np.random.default_rng(3).permutation(size).astype(np.int32)
    line = np.arange(size, dtype=np.int32)
    cases = {
        "path": (line[:-1], line[1:]),
        "path, random ids": (order[:-1], order[1:]),
        "cycle": (line, np.roll(line, -1)),
        "cycle, random ids": (order, np.roll(order, -1)),
        "star": (np.zeros(size - 1, np.int32), line[1:]),
        "star, centre last": (np.full(size - 1, size - 1, np.int32), line[:-1]),
    }
    records = []
    for name, (tail, head) in cases.items():
        graph = Graph(np.arange(size), tail, head, None)
        run = CONNECTIVITY.run(graph)
        assert not run.result.any()
        total = run.ledger.summary()
        keys = ("num_rounds", "num_rounds_bound", "max_words_sent", "max_words_received", "max_words_held", "seconds")
        config = {"graph": name, "vertices": size, "delta": 0.5, "limits": "strict"}
        config |= {"machines": total["num_machines"], "memory": total["local_memory"]}
        records.append(Record("components", config, {key: total[key] for key in keys}))
    return records


def peak_memory(num_vertices: int, num_edges: int, num_machines: int) -> Record:
    """Peak memory of a process that makes the graph and runs the protocol, in GiB (its own: what `getrusage` says of a
    child is at least its parent's)."""
    code = (
        "import bench_components as b\n"
        f"g = b.random_graph({num_vertices}, {num_edges})\n"
        f"run = b.CONNECTIVITY.run(g, b.machines(g, {num_machines}))\n"
        "print(run.ledger.peak_bytes['driver'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="benchmarks")
    config = {"vertices": num_vertices, "edges": num_edges, "machines": num_machines}
    return Record("components memory", config, {"peak_gib": round(int(done.stdout) / 2**30, 2)})


def main() -> None:
    if "--large" in sys.argv:
        for record in compare(4_000_000, 10_000_000, 64, with_slow=False, passes=2):
            print(record.config, record.values)
        return
    records = compare(400_000, 1_000_000, 64, with_slow=True, passes=3)
    records += compare(4_000_000, 10_000_000, 64, with_slow=False, passes=3)
    records += shapes(1_000_000)
    records.append(peak_memory(4_000_000, 10_000_000, 64))
    save("components", records)


if __name__ == "__main__":
    main()
