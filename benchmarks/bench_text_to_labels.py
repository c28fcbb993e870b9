"""A text file of edges to a file of labels, whole commands: ours on Ray and in one process, networkit, igraph, scipy.

    python bench_text_to_labels.py --edges 1e7 --peers PYTHON

A peer is a script that reads the file, finds components and writes a label for each vertex as .npy, which costs least,
run by PYTHON (any Python that has networkit and igraph; the default is this one). Each command gets two cores and is
timed from its start to its end, Ray's start included. All are interleaved, `--repeats` times, and the least is kept.
Labels are compared: each command's partition is that of a union-find.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars

from bench_parts import least_connected
from logdepth.graphs.generating import Recipe, generate_parts
from logdepth.records import Record
from measure import ROWS, save

NETWORKIT = """
import sys, networkit, numpy as np
networkit.setNumberOfThreads(2)
graph = networkit.graphio.EdgeListReader(" ", 0, continuous=True).read(sys.argv[1])
found = networkit.components.ConnectedComponents(graph)
found.run()
np.save(sys.argv[2], np.array(found.getPartition().getVector()))
"""
PARALLEL = NETWORKIT.replace("ConnectedComponents", "ParallelConnectedComponents")
IGRAPH = """
import sys, igraph, numpy as np
graph = igraph.Graph.Read_Edgelist(sys.argv[1], directed=False)
np.save(sys.argv[2], np.array(graph.connected_components().membership))
"""
SCIPY = """
import sys, numpy as np, polars, scipy.sparse
from scipy.sparse.csgraph import connected_components
table = polars.read_csv(sys.argv[1], separator=" ", has_header=False)
tail, head = (table[name].to_numpy() for name in table.columns)
size = 1 + max(tail.max(), head.max())
made = scipy.sparse.csr_matrix((np.ones(len(tail), np.int8), (tail, head)), (size, size))
labels = connected_components(made, directed=False)[1]
np.save(sys.argv[2], labels)
"""


def whole(command: list[str], log: Path) -> tuple[float, float]:
    """Seconds by the clock, and of all its processes that have ended."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with open(log, "w") as said:
        if subprocess.run(command, stdout=said, stderr=said).returncode:
            raise SystemExit(f"{' '.join(command)}\n{log.read_text()[-2000:]}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - began, used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime


def same_partition(labels: np.ndarray, want: np.ndarray) -> bool:
    """Whether two labellings put the same vertices together: equal numbers of classes and of pairs of classes."""
    pairs = labels.astype(np.int64) * (len(want) + 1) + want
    return len(np.unique(pairs)) == len(np.unique(labels)) == len(np.unique(want))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=float, default=1e7)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", default=sys.executable, help="a Python that has networkit, igraph, scipy, polars")
    args = parser.parse_args()
    edges = int(args.edges)
    recipe = Recipe("random", 4 * edges // 10, edges, key=1)
    with tempfile.TemporaryDirectory(prefix="text-to-labels-") as temporary:
        place = Path(temporary)
        generate_parts(recipe, place / "text", parts=1, format="text")
        generate_parts(recipe, place / "parquet", parts=4)
        text = next(path for path in (place / "text").iterdir() if path.suffix != ".json")
        want = least_connected(place / "parquet", recipe.vertices)
        run = [
            sys.executable,
            "-m",
            "logdepth",
            "run",
            "connectivity",
            "--graph",
            str(text),
            "--force",
            "--machines",
            "64",
        ]
        commands = {
            "ours, Ray, 2 workers": [*run, "--engine", "ray", "--workers", "2", "--out", f"{place}/ours-ray/"],
            "ours, 1 thread": [*run, "--out", f"{place}/ours-local/"],
            "ours, 2 threads": [*run, "--workers", "2", "--out", f"{place}/ours-local/"],
            "ours, 1 thread, one file": [*run, "--out", f"{place}/ours.tsv"],
            "ours, 2 threads, one file": [*run, "--workers", "2", "--out", f"{place}/ours.tsv"],
        }
        scripts = {"networkit": NETWORKIT, "networkit, parallel": PARALLEL, "igraph": IGRAPH, "scipy": SCIPY}
        for name, script in scripts.items():
            commands[name] = [args.peers, "-c", script, str(text), str(place / f"{name}.npy")]
        least: dict[str, tuple[float, float]] = {}
        for repeat in range(args.repeats):
            for name, command in commands.items():
                found = whole(command, place / "log")
                print(repeat, name, *(round(value, 2) for value in found), flush=True)
                least[name] = min(found, least.get(name, found))
        checks: dict[str, bool] = {}
        for name in commands:
            labels = np.arange(recipe.vertices)
            if name in scripts:
                read = np.load(place / f"{name}.npy")
                labels[: len(read)] = read + recipe.vertices  # a last vertex without an edge is not in the file
            elif name.endswith("file"):
                table = polars.read_csv(place / "ours.tsv", separator="\t")
                labels[table["vertex"].to_numpy()] = table["label"].to_numpy()
            else:
                folder = place / ("ours-ray" if "Ray" in name else "ours-local")
                for path in folder.glob("*.parquet"):
                    table = polars.read_parquet(path)
                    labels[table["vertex"].to_numpy()] = table["label"].to_numpy()
            checks[name] = same_partition(
                labels if name not in scripts else np.unique(labels, return_inverse=True)[1], want
            )
        best = min(least[name][0] for name in ("networkit", "networkit, parallel", "igraph"))
        records = [
            Record(
                "text to labels",
                {"command": name, "edges": edges, "vertices": recipe.vertices, "mb": text.stat().st_size // 10**6},
                {"seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2), "right": checks[name],
                 "times_the_faster_of_networkit_and_igraph": round(seconds / best, 2)},
            )
            for name, (seconds, cpu) in least.items()
        ]  # fmt: skip
    save("text_to_labels", records)
    for record in records:
        print(record.config["command"], record.values)
    print(ROWS / "text_to_labels.jsonl")


if __name__ == "__main__":
    main()
