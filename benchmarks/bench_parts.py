"""Parts: how fast they are read, and whole runs of connectivity on them: seconds, words, every process's peak memory.

    python bench_parts.py --read 1e7                                 # text and Parquet, beside polars in the same run
    python bench_parts.py --run 1e7                                  # random, m / n = 2.5, local and Ray with 2 workers
    python bench_parts.py --run 2e7 --engines ray --worker-memory none 600MiB       # without spilling, and with it
    python bench_parts.py --run 2e8 --engines ray --parts 64 --place DIR --worker-memory 5GiB 2GiB
    python bench_parts.py --run 1e9 --vertices 1e8 --kind rmat --engines ray --parts 64 --place DIR --worker-memory 4GiB

Labels are checked against a union-find that streams over the parts. What the peaks are: `watch.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
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
from logdepth.mpc.spilling import STANDING_BYTES
from logdepth.records import Record
from measure import ROWS, save
from watch import watched


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


def checked(folder: Path, out: Path, vertices: int) -> tuple[int, int]:
    """Labels that are wrong, and the vertices that have one: against a union-find over the parts."""
    want, wrong, found = least_connected(folder, vertices), 0, 0
    for path in sorted(out.glob("*.parquet")):
        table = polars.read_parquet(path)
        found += len(table)
        wrong += int((want[table["vertex"].to_numpy()] != table["label"].to_numpy()).sum())
    return wrong, found


def run(folder: Path, recipe: Recipe, engine: str, options: list[str], numbered: bool) -> Record:
    """A whole command, watched, and its labels checked."""
    out = folder.parent / f"labels-{engine}"
    command = [sys.executable, "-m", "logdepth", "run", "connectivity", "--graph", str(folder), "--out", f"{out}/",
               "--engine", engine, "--json", "--force", *options]  # fmt: skip
    if numbered:
        command += ["--vertices", str(recipe.vertices)]
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, watched(process.pid) as peaks:
        said = process.communicate()[0]
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    ledger = json.loads(said)
    rounds = [{key: value for key, value in row.items() if key != "seconds"} for row in ledger["rounds"]]
    kinds: dict[str, float] = {}
    for row in ledger["rounds"]:
        kinds[row["label"]] = kinds.get(row["label"], 0.0) + row["seconds"]
    wrong, found = checked(folder, out, recipe.vertices)
    shutil.rmtree(out)
    moved = ledger["words_sent"] - ledger["words_kept"]
    workers = peaks.of("ray::") if engine == "ray" else []
    workers = workers[: int(options[options.index("--workers") + 1])] if engine == "ray" else []
    own = peaks.hwm[process.pid], peaks.own[process.pid]
    shown = [option for option in options if not option.startswith("/")]
    return Record(
        "parts: run",
        {"kind": recipe.kind, "vertices": recipe.vertices, "edges": recipe.num_edges, "engine": engine,
         "options": [option for option in shown if option != "--spill"], "numbered": numbered},
        {"seconds": round(seconds, 1), "in_rounds": round(ledger["seconds"], 1),
         "driver_seconds": {key: round(value, 1) for key, value in ledger["driver"].items()},
         "cpu_seconds": round(used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime, 1),
         "slowest": {key: round(kinds[key], 1) for key in sorted(kinds, key=lambda key: -kinds[key])[:6]},
         "wrong_labels": wrong, "labels": found, "vertices_found": ledger["result"]["vertices"],
         "components": ledger["result"]["components"], "rounds": ledger["num_rounds"],
         "words_moved_an_input_word": round(moved / (2 * recipe.num_edges), 2),
         "ledger_sha256": hashlib.sha256(json.dumps(rounds).encode()).hexdigest()[:16],
         "driver_mib": own[0] >> 20, "worker_mib": [hwm >> 20 for hwm, _ in workers],
         "worker_own_mib": [mine >> 20 for _, mine in workers], "all_mib": peaks.all >> 20,
         "said_mib": {key: value >> 20 for key, value in ledger["peak_bytes"].items()},
         "bytes_a_word": round((max([hwm for hwm, _ in workers] or [own[0]]) - STANDING_BYTES)
                               * max(len(workers), 1) / ledger["input_words"], 1)},
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
    parser.add_argument("--worker-memory", nargs="+", metavar="SIZE", help="one after another; none: no limit")
    parser.add_argument("--machines", default="256")
    parser.add_argument("--numbered", action="store_true", help="give --vertices: no numbering by the machines")
    parser.add_argument("--place", type=Path, help="a folder to work in: parts that are there already are kept")
    parser.add_argument("--name", help="of the rows")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-parts-") as temporary:
        place, records = args.place or Path(temporary), []
        if args.read:
            records += reading(place, int(args.read))
        if args.run:
            edges = int(args.run)
            drawn = args.kind in ("random", "rmat")
            vertices = int(args.vertices or (0.4 * edges if drawn else edges + 1))
            recipe = Recipe(args.kind, vertices, edges if drawn else None, key=1)
            folder = place / f"{args.kind}-{vertices}-{edges}-{args.parts}"
            if not folder.is_dir():
                generate_parts(recipe, folder, parts=args.parts)
            for limit in args.worker_memory or ["none"]:
                options = ["--machines", args.machines]
                if limit != "none":
                    options += ["--worker-memory", limit, "--spill", str(place / "spill")]
                for engine in args.engines:
                    given = [*options, "--workers", args.workers] if engine == "ray" else options
                    records.append(run(folder, recipe, engine, given, args.numbered))
                    print(records[-1].config, records[-1].values, flush=True)
    size = f"{args.kind}_{int(args.run):.0e}" if args.run else "read"
    name = args.name or f"parts_{size}"
    save(name, records)
    print(ROWS / f"{name}.jsonl")


if __name__ == "__main__":
    main()
