"""Parts: how fast they are read, and whole runs of connectivity on them: seconds, words, every process's peak memory.

    python bench_parts.py --read 1e7                                 # text and Parquet, beside polars in the same run
    python bench_parts.py --run 1e7                                  # random, m / n = 2.5, local and Ray with 2 workers
    python bench_parts.py --run 2e8 --engines ray --parts 64         # the issue's target on 24 GiB
    python bench_parts.py --run 2e8 --engines ray --parts 64 --worker-memory 2GiB
    python bench_parts.py --run 1e9 --vertices 1e8 --kind rmat --engines ray --parts 64 --worker-memory 4GiB

Labels are checked against a union-find that streams over the parts. Peaks are the kernel's high-water marks (VmHWM),
read every half second: of what is mapped from files too, so what a process could give back counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numba
import numpy as np
import polars

from logdepth.graphs.generating import Recipe, generate_parts
from logdepth.graphs.parts import list_parts, read_unit, survey
from logdepth.records import Record
from measure import ROWS, save


@numba.njit(cache=True)
def _unite(parent, tail, head):
    for row in range(len(tail)):
        x, y = tail[row], head[row]
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        while parent[y] != y:
            parent[y] = parent[parent[y]]
            y = parent[y]
        if x < y:
            parent[y] = x
        else:
            parent[x] = y


def least_connected(folder: Path, vertices: int) -> np.ndarray:
    """Each vertex's least connected vertex, by union-find, one part after another."""
    parent = np.arange(vertices)
    for part in list_parts(str(folder)):
        table = polars.read_parquet(part.path)
        _unite(parent, table["tail"].to_numpy(), table["head"].to_numpy())
    while not np.array_equal(up := parent[parent], parent):
        parent = up
    return parent


def peaks(process: subprocess.Popen) -> tuple[Callable[[], None], dict[int, tuple[str, int]]]:
    """Watch a process and what it starts: pid -> (name, greatest resident bytes)."""
    found: dict[int, tuple[str, int]] = {}
    done = threading.Event()

    def look() -> None:
        parents, rows = {}, {}
        for entry in Path("/proc").glob("[0-9]*/status"):
            try:
                fields = dict(line.split(":", 1) for line in entry.read_text().splitlines() if ":" in line)
                name = (entry.parent / "cmdline").read_text().replace("\0", " ")[:60]
            except (OSError, ValueError):
                continue
            pid = int(fields["Pid"])
            parents[pid] = int(fields["PPid"])
            rows[pid] = name, int(fields.get("VmHWM", "0").split()[0]) << 10
        for pid in rows:
            above = pid
            while above in parents and above != process.pid:
                above = parents[above]
            if above == process.pid:
                found[pid] = rows[pid][0], max(rows[pid][1], found.get(pid, ("", 0))[1])

    def watch() -> None:
        while not done.wait(0.5):
            look()

    threading.Thread(target=watch, daemon=True).start()
    return done.set, found


def run(folder: Path, recipe: Recipe, engine: str, options: list[str], numbered: bool) -> Record:
    out = folder.parent / f"labels-{engine}"
    command = [sys.executable, "-m", "logdepth", "run", "connectivity", "--graph", str(folder), "--out", f"{out}/",
               "--engine", engine, "--json", "--force", *options]  # fmt: skip
    if numbered:
        command += ["--vertices", str(recipe.vertices)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        stop, found = peaks(process)
        said = process.communicate()[0]
        stop()
    seconds = time.perf_counter() - began
    ledger = json.loads(said)
    want, wrong = least_connected(folder, recipe.vertices), 0
    for path in sorted(out.glob("*.parquet")):
        table = polars.read_parquet(path)
        wrong += int((want[table["vertex"].to_numpy()] != table["label"].to_numpy()).sum())
    workers = sorted((size for name, size in found.values() if "ray::Worker" in name), reverse=True)
    moved = ledger["words_sent"] - ledger["words_kept"]
    return Record(
        "parts: run",
        {"kind": recipe.kind, "vertices": recipe.vertices, "edges": recipe.num_edges, "engine": engine,
         "options": options, "numbered": numbered},
        {"seconds": round(seconds, 1), "in_rounds": round(ledger["seconds"], 1), "wrong_labels": wrong,
         "vertices_found": ledger["result"]["vertices"], "rounds": ledger["num_rounds"],
         "words_moved_an_input_word": round(moved / (2 * recipe.num_edges), 2),
         "driver_mib": max(found.get(process.pid, ("", 0))[1], 0) >> 20, "worker_mib": [size >> 20 for size in workers],
         "bytes_a_word": round((max(workers, default=found[process.pid][1]) - (300 << 20))
                               * max(len(workers), 1) / (2 * recipe.num_edges), 1)},
    )  # fmt: skip


def reading(folder: Path, edges: int) -> list[Record]:
    """MB a second of text, edges a second of both kinds; and polars' on the same files."""

    def serial(work: Callable[[Any], Any], items: Any) -> list[Any]:
        return [work(item) for item in items]

    def ours(where: Path) -> None:
        for unit in survey(str(where), serial, folder=str(folder)).units:
            read_unit(unit)

    def theirs(where: Path, read: Callable[..., Any]) -> None:
        for part in list_parts(str(where)):
            table = read(part.path)
            for name in table.columns[:2]:
                table[name].to_numpy()

    rows, recipe = [], Recipe("random", 4 * edges // 10, edges, key=1)
    lines = partial(polars.read_csv, separator=" ", has_header=False)
    for format, read in (("text", lines), ("parquet", polars.read_parquet)):
        made = generate_parts(recipe, folder / format, parts=8, format=format)
        size = sum(part["bytes"] for part in made["parts"])
        ours(folder / format)  # compiled
        seconds = {"ours": np.inf, "polars": np.inf}
        for _ in range(3):
            calls = {"ours": partial(ours, folder / format), "polars": partial(theirs, folder / format, read)}
            for name, work in calls.items():
                began = time.process_time()
                work()
                seconds[name] = min(seconds[name], time.process_time() - began)
        values = {
            "cpu_seconds": round(seconds["ours"], 3), "mb": round(size / 1e6, 1),
            "mb_a_second": round(size / 1e6 / seconds["ours"], 1),
            "million_edges_a_second": round(edges / 1e6 / seconds["ours"], 1),
            "times_polars": round(seconds["ours"] / seconds["polars"], 2),
        }  # fmt: skip
        rows.append(Record("parts: read", {"edges": edges, "format": format}, values))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--read", type=float)
    parser.add_argument("--run", type=float)
    parser.add_argument("--vertices", type=float)
    parser.add_argument("--kind", default="random")
    parser.add_argument("--parts", type=int, default=16)
    parser.add_argument("--engines", nargs="+", default=["local", "ray"])
    parser.add_argument("--workers", default="2")
    parser.add_argument("--worker-memory")
    parser.add_argument("--machines", default="256")
    parser.add_argument("--numbered", action="store_true", help="give --vertices: no numbering by the machines")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-parts-") as place:
        folder, records = Path(place), []
        if args.read:
            records += reading(folder, int(args.read))
        if args.run:
            edges = int(args.run)
            drawn = args.kind in ("random", "rmat")
            vertices = int(args.vertices or (0.4 * edges if drawn else edges + 1))
            recipe = Recipe(args.kind, vertices, edges if drawn else None, key=1)
            generate_parts(recipe, folder / "edges", parts=args.parts)
            options = ["--machines", args.machines]
            if args.worker_memory:
                options += ["--worker-memory", args.worker_memory, "--spill", place]
            for engine in args.engines:
                given = [*options, "--workers", args.workers] if engine == "ray" else options
                records.append(run(folder / "edges", recipe, engine, given, args.numbered))
    size = f"{args.kind}_{int(args.run):.0e}{'_spill' if args.worker_memory else ''}" if args.run else "read"
    name = f"parts_{size}"
    save(name, records)
    print(ROWS / f"{name}.jsonl")


if __name__ == "__main__":
    main()
