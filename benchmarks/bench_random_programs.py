"""Random programs with all features of the language, both targets: how many, how many wrong.

Hypothesis writes them (`tests/compiler/everything.py`); each is compiled to a stock GPT-2 or BERT in float32, and
compared at every slot with the interpreter and with brute force. Programs over the language's limits (a large table)
are counted apart. `python bench_random_programs.py [PIECES [PROGRAMS]]`: each piece has a seed of its own and a row.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from hypothesis import HealthCheck, given, seed, settings
from tests.compiler.everything import Case, cases, check, features

from logdepth.records import Record
from measure import save

NAME = "random_programs"


def piece(number: int, programs: int) -> Record:
    """One piece: programs until `programs` of them have been checked."""
    checked = {"gpt2": 0, "bert": 0}
    wrong, refused, used = 0, 0, set()
    began = time.perf_counter()

    @settings(max_examples=2 * programs, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @seed(number)
    @given(cases)
    def run(case: Case) -> None:
        nonlocal wrong, refused
        if sum(checked.values()) >= programs:
            return
        try:
            graph = check(case)
        except AssertionError as error:
            wrong += 1
            print(case, error, flush=True)
            graph = None
        else:
            refused += graph is None
        if graph is not None:
            checked["gpt2" if case.causal else "bert"] += 1
            used.update(features(graph))

    run()
    values = {"programs": sum(checked.values()), **checked, "wrong": wrong, "over_limits": refused}
    values |= {"features": sorted(used), "seconds": round(time.perf_counter() - began, 1)}
    return Record(NAME, {"piece": number, "dtype": "float32"}, values)


def main() -> None:
    pieces = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    programs = int(sys.argv[2]) if len(sys.argv) > 2 else 250
    records = []
    for number in range(pieces):
        records.append(piece(number, programs))
        save(NAME, records)  # whole pieces are kept, whatever comes
    total = sum(record.values["programs"] for record in records)
    print(f"{total:,} programs, {sum(record.values['wrong'] for record in records)} wrong")


if __name__ == "__main__":
    main()
