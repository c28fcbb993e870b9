"""The examples of docs/routers.md run, and its figures are those of the rows."""

import doctest
import json
from pathlib import Path

from logdepth.simulation.routers.registry import ROUTERS

ROOT = Path(__file__).parents[3]


def test_examples_run():
    failures, examples = doctest.testfile(str(ROOT / "docs" / "routers.md"), module_relative=False)
    assert examples and not failures


def test_no_round_was_wrong():
    rows = [json.loads(line) for line in (ROOT / "benchmarks" / "rows" / "routers.jsonl").read_text().splitlines()]
    assert {row["router"] for row in rows} == set(ROUTERS)
    assert not any(row["wrong"] for row in rows)
    for router in ("sums", "hashing"):
        assert sum(row["rounds"] for row in rows if row["router"] == router) >= 10_000
    for row in rows:
        assert "stated_value_dim" not in row or row["value_dim"] == row["stated_value_dim"]
