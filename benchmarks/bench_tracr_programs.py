"""The programs of Tracr's README and tests, beside Tracr itself: layers, width, parameters, what is right.

Ours at 10, 50 and 100 symbols, verified after save and reload on stock code. Tracr (`pip install tracr-pypi`) compiles
the same program for the same length and runs ten strings, each case in a process of its own with `--seconds` (60) and
`--memory` GiB (4); what does not finish is so noted. Fractions are right where they round to the right hundredth
(frac_prevs), or are nearest to the right one of that position (pair_balance). Takes half an hour, or some minutes
without Tracr.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import logdepth
from logdepth.files import write_text_atomically
from logdepth.programs import STATED
from logdepth.records import Record, read_rows
from logdepth.rng import rng_for
from measure import ROWS, save

LENGTHS = (10, 50, 100)
STRINGS = 10
FILE = ROWS / "tracr_programs.jsonl"


@dataclass(frozen=True)
class Case:
    """A program of ours, and how Tracr's library makes the same."""

    ours: str
    causal: bool
    tracr: Callable[[Any, Any, int], Any]
    given: dict[str, Any] = field(default_factory=lambda: {"alphabet": 4})
    numbers: bool = False  # Tracr sorts numbers, not letters
    fraction: bool = False


CASES = {
    "frac_prevs": Case(  # to hundredths, and as the numerator alone
        "fraction", True, lambda lib, rasp, n: lib.make_frac_prevs(rasp.tokens == "a"), fraction=True
    ),
    "frac_prevs, numerator": Case("occurrences", True, lambda lib, rasp, n: None),
    "pair_balance": Case(
        "pair-balance", True, lambda lib, rasp, n: lib.make_pair_balance(rasp.tokens, "a", "b"), fraction=True
    ),
    "shift_by": Case("shift", False, lambda lib, rasp, n: lib.shift_by(1, rasp.tokens)),
    "detect_pattern": Case(
        "find-word",
        False,
        lambda lib, rasp, n: lib.detect_pattern(rasp.tokens, "abc"),
        {"pattern": "abc", "symbols": "abcd"},
    ),
    "length": Case("length", False, lambda lib, rasp, n: lib.make_length()),
    "reverse": Case("reverse", False, lambda lib, rasp, n: lib.make_reverse(rasp.tokens)),
    "hist": Case("histogram", False, lambda lib, rasp, n: lib.make_hist()),
    "count": Case("occurrences", False, lambda lib, rasp, n: lib.make_count(rasp.tokens, "a")),
    "count_less_freq": Case(
        "rare-symbols", False, lambda lib, rasp, n: lib.make_count_less_freq(2), {"alphabet": 4, "most": 2}
    ),
    "sort": Case(
        "sort",
        False,
        lambda lib, rasp, n: lib.make_sort(rasp.tokens, rasp.tokens, max_seq_len=n, min_key=1),
        numbers=True,
    ),
    "sort_unique": Case(
        "sort-unique", False, lambda lib, rasp, n: lib.make_sort_unique(rasp.tokens, rasp.tokens), {}, numbers=True
    ),
    "sort_freq": Case("sort-by-frequency", False, lambda lib, rasp, n: lib.make_sort_freq(n), numbers=True),
    "dyck": Case("dyck", False, lambda lib, rasp, n: lib.make_shuffle_dyck(["ab"]), {"kinds": 1}),
    "shuffle_dyck2": Case(
        "shuffle-dyck", False, lambda lib, rasp, n: lib.make_shuffle_dyck(["ab", "cd"]), {"kinds": 2}
    ),
    "shuffle_dyck3": Case(
        "shuffle-dyck", False, lambda lib, rasp, n: lib.make_shuffle_dyck(["ab", "cd", "ef"]), {"kinds": 3}
    ),
    "most_frequent": Case("most-frequent", False, lambda lib, rasp, n: None),
}


def given(case: Case, length: int) -> dict[str, Any]:
    return {"alphabet": length} if case.ours == "sort-unique" else case.given


def asked_for(case: Case, length: int) -> Any:
    stated = STATED[case.ours]
    program = stated.program_for("gpt2" if case.causal else "bert")
    said = {name: value for name, value in given(case, length).items() if name != "alphabet"}
    _, alphabet = program.sizes(length, given(case, length).get("alphabet"), said)
    size = alphabet if isinstance(alphabet, int) else len(alphabet)
    return stated, program, stated.asked(program, length, size, said)


def strings_for(case: Case, length: int) -> list[list[int]]:
    """Half uniform, half of the program's own kind."""
    stated, _, asked = asked_for(case, length)
    rng = rng_for(0, "bench", case.ours, length)
    drawn = [stated.draw(rng, asked) for _ in range(STRINGS // 2)] if stated.draw else []
    if case.ours == "sort-unique":
        return [stated.draw(rng, asked) for _ in range(STRINGS)]
    return [*drawn, *rng.integers(0, asked.alphabet_size, (STRINGS - len(drawn), length)).tolist()]


def ours(case: Case, length: int, samples: int) -> dict[str, Any]:
    _, program, _ = asked_for(case, length)
    began = time.perf_counter()
    model = logdepth.compile(program, length=length, target="gpt2" if case.causal else "bert", **given(case, length))
    with tempfile.TemporaryDirectory() as folder:
        path = model.save(folder + "/model")
        seconds = time.perf_counter() - began
        report = logdepth.verify(path, samples=samples)
    assert report.ok, report
    return {
        "program": program.name,
        "layers": model.depth,
        "width": model.compilation.shape.width,
        "parameters": model.checkpoint.num_parameters,
        "seconds": round(seconds, 2),
        "positions": report.positions,
        "wrong": report.wrong + sum(report.checks.values()),
        "least_margin": round(report.least_margin, 6),
        "certified_margin": round(report.certified_margin, 6),
    }


def tracr(name: str, length: int) -> dict[str, Any]:
    """In this process: compile with Tracr, run its model on the strings, count what is right."""
    import jax
    from tracr.compiler import compiling, lib
    from tracr.rasp import rasp

    case = CASES[name]
    stated, _, asked = asked_for(case, length)
    names: list[Any] = [i + 1 if case.numbers else chr(ord("a") + i) for i in range(asked.alphabet_size)]
    began = time.perf_counter()
    model = compiling.compile_rasp_to_model(
        case.tracr(lib, rasp, length), vocab=set(names), max_seq_len=length, causal=False, compiler_bos="bos"
    )
    seconds = time.perf_counter() - began
    right = positions = 0
    for string in strings_for(case, length):
        said = model.apply(["bos", *(names[symbol] for symbol in string)]).decoded[1:]
        for place, (word, found) in enumerate(zip(stated.answers(string, asked), said, strict=True), 1):
            if stated.name in ("shift", "find-word") and place < 3:
                continue  # where nothing stands so far before, Tracr says nothing, in whatever way
            positions += 1
            if case.fraction:
                grid = 100 if stated.name == "fraction" else place
                right += abs(float(found) * grid - word) < 0.501  # half of one is rounded either way
            elif stated.name in ("shift", "reverse", "sort", "sort-unique", "sort-by-frequency"):
                right += found == (names[word] if word < len(names) else None)
            else:
                right += word == (0 if found is None else round(float(found)))
    leaves = jax.tree_util.tree_leaves(model.params)
    return {
        "layers": model.model_config.num_layers,
        "width": int(model.params["pos_embed"]["embeddings"].shape[-1]),
        "parameters": int(sum(leaf.size for leaf in leaves)),
        "seconds": round(seconds, 1),
        "positions": positions,
        "right": round(right / positions, 4),
    }


def in_a_process(name: str, length: int, seconds: float, memory: float) -> dict[str, Any]:
    def limit() -> None:
        size = int(memory * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))  # the machine may be shared

    command = [sys.executable, __file__, "--one", name, str(length)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10 * seconds, preexec_fn=limit)
    except subprocess.TimeoutExpired:
        return {"failed": f"over {seconds:.0f} s"}
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return {"failed": f"over {seconds:.0f} s of one core"}
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        return {"failed": "out of memory" if "emory" in done.stderr or done.returncode < 0 else lines[-1][:160]}
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, metavar=("NAME", "LENGTH"))
    parser.add_argument("--only", nargs="*", help="some cases; their rows replace those that are there")
    parser.add_argument("--lengths", nargs="*", type=int, default=LENGTHS)
    parser.add_argument("--most", type=int, default=max(LENGTHS), help="the longest that Tracr is asked for")
    parser.add_argument("--samples", type=int, default=40, help="strings that verify tries")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--memory", type=float, default=4)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(tracr(args.one[0], int(args.one[1]))))
        return
    file_before = read_rows(FILE) if FILE.exists() and (args.only or list(args.lengths) != list(LENGTHS)) else []
    records, lost = [], set()
    cases = {name: case for name, case in CASES.items() if not args.only or name in args.only}
    for name, case in cases.items():
        for length in args.lengths:
            values: dict[str, Any] = ours(case, length, args.samples)
            if name in ("most_frequent", "frac_prevs, numerator"):
                values["tracr"] = {"failed": "not in its library" if name == "most_frequent" else "as above"}
            elif find_spec("tracr") is None:
                values["tracr"] = {"failed": "not installed"}
            elif length > args.most:
                values["tracr"] = {"failed": "not measured"}
            elif name in lost:  # what did not finish at 50 does not at 100
                values["tracr"] = {"failed": "not tried: it did not finish at a smaller length"}
            else:
                values["tracr"] = in_a_process(name, length, args.seconds, args.memory)
                if "failed" in values["tracr"]:
                    lost.add(name)
            records.append(Record("tracr-programs", {"case": name, "length": length}, values))
            print(records[-1].row(), flush=True)
    save("tracr_programs", records)
    if file_before:
        made = {record.id for record in records}
        rows = [*(row for row in file_before if row["id"] not in made), *read_rows(FILE)]
        rows.sort(key=lambda row: (list(CASES).index(row["case"]), row["length"]))
        write_text_atomically(FILE, "".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    main()
