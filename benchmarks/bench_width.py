"""Width: what slot reuse, moving words within their slack and late embeddings give, against the least there is.

For built-in programs and random ones (`tests/compiler/everything.py`), coordinates of the residual at the least depth:
as early as possible; as the compiler places words (`placing.py`, without and with `late.py`); the optimum of CP-SAT, of
all layers that words could go to (`pip install ortools`; 10 s a program at most). `homes` and `most_alive` compare
what slot reuse takes with the bits alive at once after a layer, which no placing of them in coordinates can undercut.
`compile_ratio`: processor seconds of compiling with all of it over those without. `python bench_width.py [RANDOM]`.
"""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1]))

from hypothesis import HealthCheck, given, seed, settings
from tests.compiler.everything import Case, cases, written

from logdepth.compiler import compile as compiling
from logdepth.compiler import tables
from logdepth.compiler.late import narrower
from logdepth.compiler.normalize import Normal, normalize
from logdepth.compiler.placing import Placing
from logdepth.compiler.schedule import schedule_program
from logdepth.errors import ProgramError
from logdepth.lang.graph import ProgramGraph
from logdepth.programs import BUILT_IN
from logdepth.records import Record
from measure import save

SEQUENCES: list[tuple[str, tuple[int, int, int], dict[str, int]]] = [
    ("khop_rank", (100, 4, 0), {"k": 16}),
    ("khop_doubling", (100, 4, 0), {"k": 16}),
    ("khop_rank_any", (98, 4, 17), {"max_k": 16}),
    ("khop_doubling_any", (98, 4, 17), {"max_k": 16}),
    ("pointer_doubling", (64, 64, 0), {"k": 63}),
]


def optimum(placing: Placing) -> tuple[int, str]:
    """The fewest coordinates over all placings of the same depth, by CP-SAT."""
    from ortools.sat.python import cp_model

    model, depth = cp_model.CpModel(), placing.depth
    by: dict[int, list[Any]] = {}  # by[i][l]: word i is made in layer l or before
    steps = set(placing.steps)
    for index in range(len(placing.nodes)):
        if index in steps:
            by[index] = [model.new_bool_var("") for _ in range(depth + 1)]
            model.add(by[index][0] == 0)
            model.add(by[index][depth] == 1)
            for before, after in itertools.pairwise(by[index]):
                model.add_implication(before, after)
        else:
            by[index] = [1] * (depth + 1)
    alive: dict[int, list[Any]] = {layer: [] for layer in range(depth + 1)}
    for index, users in enumerate(placing.users):
        attended = placing.when[index][1] == "attention"
        for user in users:
            at_once = placing.nodes[user].match is None and attended
            for layer in range(1, depth + 1):  # who uses it is not before it, nor in its layer but for arithmetic
                model.add(by[user][layer] <= (by[index][layer] if at_once else by[index][layer - 1]))
        bits = int(placing.bits[index])
        if not bits or not (users or index == placing.output):
            continue
        for layer in range(depth + 1):
            stands = model.new_bool_var("")
            for user in users:
                model.add(stands >= by[index][layer] - by[user][layer])
            if index == placing.output:
                model.add(stands >= by[index][layer])
            alive[layer].append(bits * stands)
    for group in placing.groups():
        for one, other in itertools.pairwise(group):
            for layer in range(depth + 1):
                model.add(by[one][layer] == by[other][layer])
    most = {kind: model.new_int_var(0, 1 << 20, kind) for kind in ("homes", "read", "union")}
    counts = len({placing.nodes[i].match for i in steps if placing.nodes[i].op == "decode"})
    for layer in range(depth + 1):
        model.add(most["homes"] >= sum(alive[layer]))
        for kind in ("read", "union"):
            made = [i for i in steps if placing.nodes[i].op == kind] if layer else []
            model.add(most[kind] >= sum(int(placing.bits[i]) * (by[i][layer] - by[i][layer - 1]) for i in made))
    model.minimize(sum(most.values()))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers = 10.0, 1
    status = solver.solve(model)
    return 2 + counts + int(solver.objective_value), solver.status_name(status).lower()


def spent(work: Any) -> float:
    """Processor seconds, the least of three runs."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def compile_ratio(graph: ProgramGraph) -> float:
    target = "gpt2" if graph.causal else "bert"

    def work() -> None:
        tables.plan_table.cache_clear()
        compiling.compile_graph(None, {}, graph, "float32", target)  # type: ignore[arg-type]

    after = spent(work)
    plain = tables.plan_table

    def by_index(*args: Any, **options: Any) -> Any:
        return plain(*args, **{**options, "plain": True})

    by_index.cache_clear = plain.cache_clear  # type: ignore[attr-defined]
    with patch.object(compiling, "narrower", lambda _: None), patch("logdepth.compiler.circuits.plan_table", by_index):
        before = spent(work)
    return round(after / before, 2)


def measure(name: str, graph: ProgramGraph, *, ratio: bool) -> Record:
    normal: Normal = normalize(graph)
    schedule = schedule_program(normal)
    homes = {c for field in schedule.homes.values() for c in field.coordinates}
    boundaries = range(schedule.depth + 1)
    alive = [
        sum(len(f.coordinates) for f in schedule.homes.values() if f.born <= layer and f.dies > layer)
        for layer in boundaries
    ]
    placing = Placing(normal)
    early = placing.size()
    least, status = optimum(Placing(normal))
    began = time.process_time()
    placed = placing.narrow()
    seconds = time.process_time() - began
    other = narrower(normal)
    late = schedule_program(*other).embed_dim if other else early.coordinates
    values = {
        "words": len(normal.nodes),
        "depth": schedule.depth,
        "homes": len(homes),
        "most_alive": max(alive),
        "earliest": early.coordinates,
        "placed": placed.coordinates,
        "cp_sat": least,
        "cp_sat_status": status,
        "with_late": min(late, early.coordinates),
        "placing_seconds": round(seconds, 4),
    }
    if ratio:
        values["compile_ratio"] = compile_ratio(graph)
    return Record("width", {"program": name}, values)


def main() -> None:
    records = []
    for name, sizes, parameters in SEQUENCES:
        records.append(measure(name, BUILT_IN[name].trace(*sizes, **parameters), ratio=True))
    for name, program in BUILT_IN.items():
        if program.graph:
            named = {"vertices": 16, "edges": 24}
            length, alphabet = program.sizes(None, None, named)
            assert length is not None and alphabet is not None
            size = alphabet if isinstance(alphabet, int) else len(alphabet)
            try:
                records.append(measure(name, program.trace(length, size, 0, **named), ratio=True))
            except TypeError:
                continue  # it takes more than that
    save("width", records)
    random = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    found: list[Record] = []

    @settings(max_examples=2 * random, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @seed(0)
    @given(cases)
    def run(case: Case) -> None:
        if len(found) < random:
            try:
                graph = written(case).trace(case.length, case.alphabet_size, case.header_size)
            except ProgramError:
                return
            found.append(measure(f"random {len(found)}", graph, ratio=False))

    run()
    save("width", records + found)


if __name__ == "__main__":
    main()
