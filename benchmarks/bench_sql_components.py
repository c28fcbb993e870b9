"""Components of Parquet parts by what one would use otherwise: a SQL engine, DuckDB or DataFusion, on one machine.

    python bench_sql_components.py FOLDER --vertices 1e8 --engine duckdb --memory 10 --python PYTHON --place DIR

Parts as `logdepth generate` makes them; the program is `sql_components.py`. Each engine has two threads and the memory
given, and spills to DIR. The labels are checked against a union-find over the parts. A run that does not finish in
`--limit` seconds is a row, too.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

import polars

from bench_parts import checked
from logdepth.records import Record
from measure import ROWS, save
from watch import watched


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vertices", type=float, required=True)
    parser.add_argument("--engine", choices=("duckdb", "datafusion"), nargs="+", default=["duckdb", "datafusion"])
    parser.add_argument("--memory", type=int, default=10, help="GB that the engine is told it has")
    parser.add_argument("--parts", type=int, help="the first so many parts alone")
    parser.add_argument("--limit", type=float, default=1800, help="seconds")
    parser.add_argument("--python", default=sys.executable, help="one that has the engines")
    parser.add_argument("--place", type=Path, required=True)
    args = parser.parse_args()
    parts = sorted(args.folder.glob("*.parquet"))[: args.parts]
    records = []
    for engine in args.engine:
        place = args.place / f"sql-{engine}"
        shutil.rmtree(place, ignore_errors=True)
        chosen, out = place / "edges", place / "labels"
        for folder in (chosen, out):
            folder.mkdir(parents=True)
        for part in parts:
            (chosen / part.name).symlink_to(part.resolve())
        edges = sum(polars.scan_parquet(part).select(polars.len()).collect().item() for part in parts)
        command = [args.python, str(Path(__file__).parent / "sql_components.py"), engine]
        command += [str(chosen), str(place), str(args.memory), str(out)]
        began = time.perf_counter()
        with open(place / "log", "w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, text=True)
            with process, watched(process.pid) as peaks:
                try:
                    code = process.wait(args.limit)
                except subprocess.TimeoutExpired:
                    process.kill()
                    code = None
        seconds = time.perf_counter() - began
        said = (place / "log").read_text().strip().splitlines()
        wrong, found = checked(chosen, out, int(args.vertices)) if code == 0 else (None, None)
        ending = (
            None if code == 0 else "over the limit" if code is None else (said or [f"exit status {code}"])[-1][:200]
        )
        values = {
            "finished": code == 0, "seconds": round(seconds, 1), "wrong_labels": wrong, "labels": found,
            "mib": peaks.all >> 20, "rounds": sum(line[:1].isdigit() for line in said), "said": ending,
        }  # fmt: skip
        records.append(Record("sql components", {"engine": engine, "edges": edges, "memory_gb": args.memory}, values))
        print(records[-1].config, values, flush=True)
        shutil.rmtree(place)
    name = f"sql_components_{sum(r.config['edges'] for r in records[:1]):.0e}"
    save(name, records)
    print(ROWS / f"{name}.jsonl")


if __name__ == "__main__":
    main()
