"""Every built-in problem as a transformer, by every router: equal to the engine, how deep, how wide, what did not fit.

Rows are written as they come; cases that have a row are not run again. A case that takes more than `SECONDS` of this
process's time is given up, and says so. Arguments: the routers (default: all), or `--table` to print the rows.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from types import FrameType
from typing import Any, NoReturn

from logdepth.errors import InputError, MemoryExceeded
from logdepth.mpc import Spec
from logdepth.protocols import BUILT_IN, Problem
from logdepth.records import Record, read_rows
from logdepth.simulation.problem_to_transformer import simulate
from logdepth.simulation.protocol_to_transformer import protocol_to_transformer
from logdepth.simulation.rehearsal import Rehearsal, rehearse
from logdepth.simulation.routers.registry import ROUTERS
from measure import ROWS

SIZES = ((4, 16), (16, 64), (64, 256))  # machines, and vertices, tokens or numbers
SECONDS = 40.0


def least(problem: Problem, data: Any, machines: int) -> tuple[Spec, Rehearsal]:
    """From the least memory that the protocol can be put together with, in steps of a fifth, until s holds."""
    config = problem.config(data)
    words = problem.words(config)
    memory = problem.least_memory(Spec(machines, 64, words), config)
    while True:
        spec = Spec(machines, memory, words)
        try:
            return spec, rehearse(problem.protocol(spec, **config), problem.place(spec, data))
        except MemoryExceeded:
            memory += -(-memory // 5)


def give_up(number: int, frame: FrameType | None) -> NoReturn:
    raise InputError(f"given up after {SECONDS:g} s")


def case(problem: Problem, data: Any, spec: Spec, rehearsal: Rehearsal, router: str) -> dict[str, Any]:
    """What came out; of what was given up its widths, and of what was refused why."""
    config = problem.config(data)
    protocol, inputs = problem.protocol(spec, **config), problem.place(spec, data)
    traffic = rehearsal.traffic(pairs=ROUTERS[router].uses_pairs)
    try:
        made = protocol_to_transformer(protocol, traffic, ROUTERS[router], layout=problem.layout(spec, **config))
    except InputError as error:
        return {"fits": False, "why": str(error)}
    values = {name: getattr(made, name) for name in ("num_heads", "key_dim", "value_dim", "embed_dim", "num_tokens")}
    began = time.process_time()
    signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        found = simulate(problem, data, protocol, inputs, rehearsal, router=router, form="looped", bounds="rehearsal")
    except InputError as error:
        return {"fits": False, "why": str(error), **values}
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    ran = {"equal": found.equal, "num_rounds": found.num_rounds, "num_layers": found.num_layers}
    return {"fits": True, **ran, **values, "seconds": round(time.process_time() - began, 2)}


def table(rows: list[dict[str, Any]]) -> list[str]:
    """The rows as lines of a table: docs/protocol_to_transformer.md has them."""
    cases: dict[tuple[Any, ...], dict[str, dict[str, Any]]] = {}
    for row in rows:
        cases.setdefault((row["problem"], row["machines"], row["size"]), {})[row["router"]] = row
    lines = []
    for (problem, machines, size), found in cases.items():
        one = next((row for row in found.values() if row["fits"]), next(iter(found.values())))
        traffic = ", ".join(str(one[name]) for name in ("out_degree", "in_degree", "words", "interference"))
        cells = [_cell(found.get(name)) for name in ROUTERS]
        lines.append(
            f"| `{problem}` | {machines}, {size} | {one['local_memory']:,} | {one.get('num_rounds', '-')} | "
            f"{traffic} | {' | '.join(cells)} |"
        )
    return lines


def _cell(row: dict[str, Any] | None) -> str:
    """Heads x value dimensions of a head, in brackets where the run was given up; or why there are none."""
    if row is None or "value_dim" not in row:
        return "not run" if row is None else "refused"
    width = f"{row['num_heads']} x {row['value_dim']:,}"
    return width if row["fits"] else f"({width})"


def main(routers: list[str]) -> None:
    file = ROWS / "to_transformer.jsonl"
    done = {row["id"] for row in read_rows(file)} if file.exists() else set()
    for machines, size in SIZES:
        for problem in BUILT_IN.values():
            data = problem.sample(size, k=16, seed=1)
            given = {"problem": problem.name, "machines": machines, "size": size}
            cases = [Record("to-transformer", {**given, "router": router}) for router in routers]
            if all(record.id in done for record in cases):
                continue
            spec, rehearsal = least(problem, data, machines)
            traffic = rehearsal.traffic()
            measured = {"local_memory": spec.local_memory}
            measured |= {name: getattr(traffic, name) for name in ("out_degree", "in_degree", "words", "interference")}
            for record in cases:
                if record.id not in done:
                    values = case(problem, data, spec, rehearsal, record.config["router"])
                    row = Record(record.experiment, record.config, {**measured, **values}).row()
                    print(row, flush=True)
                    with file.open("a") as rows:
                        rows.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--table"]:
        print("\n".join(table(read_rows(ROWS / "to_transformer.jsonl"))))
    else:
        main(sys.argv[1:] or list(ROUTERS))
