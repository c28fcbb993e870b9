"""The examples of docs/routers.md run, and its figures are those of the rows."""

import doctest
import json
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_examples_run():
    failures, examples = doctest.testfile(str(ROOT / "docs" / "routers.md"), module_relative=False)
    assert examples and not failures


def test_no_round_was_wrong():
    rows = [json.loads(line) for line in (ROOT / "benchmarks" / "rows" / "routers.jsonl").read_text().splitlines()]
    for router in ("sums", "hashing"):
        mine = [row for row in rows if row["router"] == router]
        assert sum(row["rounds"] for row in mine) >= 10_000 and not any(row["wrong"] for row in mine)
    for row in rows:
        assert "stated_value_dim" not in row or row["value_dim"] == row["stated_value_dim"]
