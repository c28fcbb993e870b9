"""Weaken the sources in one place at a time, in a copy, and see whether a test fails: how well a proof is guarded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from logdepth.records import Record, read_rows, write_records
from measure import ROWS

ROOT = Path(__file__).parents[1]
Weakening = tuple[str, str, str, str]  # file under src/logdepth, what it does, the text, what takes its place


def caught(weakening: Weakening, tests: Sequence[str]) -> bool:
    """Whether one of `tests` (paths) fails with the replacement made (text equal to its replacement: none should)."""
    file, _, old, new = weakening
    own = Path("tests", Path(file).parent, f"test_{Path(file).name}")  # first: it mostly knows
    tests = [str(own), *tests] if (ROOT / own).is_file() else tests
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("src", "tests", "docs", "benchmarks"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "conftest.py"):
            shutil.copy(ROOT / name, copy)
        path = copy / "src/logdepth" / file
        text = path.read_text()
        assert text.count(old) == 1, f"{file} has {text.count(old)} times: {old}"
        path.write_text(text.replace(old, new))
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "OMP_NUM_THREADS": "1"}
        return subprocess.run(command, cwd=copy, env=environment, capture_output=True).returncode == 1


def try_all(
    name: str, weakenings: Sequence[Weakening], tests: Sequence[str], known: Sequence[str] = ()
) -> list[Record]:
    """A row for each weakening, written to `rows/NAME.jsonl` as they come. Those that have one are not tried again
    (delete the file for that); if some are `known` to be caught, all others are. Checks first that nothing fails by
    itself."""
    path = ROWS / f"{name}.jsonl"
    there = (
        {(row["file"], row["what"]): row["caught"] for row in read_rows(path)} if path.exists() and not known else {}
    )
    file, what, old, _ = weakenings[0]
    assert not caught((file, what, old, old), tests), "the tests fail before anything is weakened"
    records = []
    for weakening in weakenings:
        file, what = weakening[:2]
        found = there[file, what] if (file, what) in there else what in known or caught(weakening, tests)
        records.append(Record("weakening", {"file": file, "what": what}, {"caught": found}))
        write_records(path, records)
        print(len(records), "caught" if found else "NOT CAUGHT", what, flush=True)
    print(f"{sum(record.values['caught'] for record in records)} of {len(records)} caught")
    return records
