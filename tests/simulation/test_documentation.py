"""docs/protocol_to_transformer.md: its examples run, its table is that of the rows, and no row was wrong."""

import doctest
import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "protocol_to_transformer.md"


def rows():
    return [
        json.loads(line) for line in (ROOT / "benchmarks" / "rows" / "to_transformer.jsonl").read_text().splitlines()
    ]


def test_examples_run():
    failures, examples = doctest.testfile(str(PAGE), module_relative=False)
    assert examples and not failures


def test_no_row_was_wrong():
    layers = {"sums": 1, "hashing": 1, "ports": 1, "dealing": 5}
    assert len(rows()) == 108
    for row in rows():
        assert row["fits"] or row["why"]
        if row["fits"]:
            assert row["equal"]
            assert row["num_layers"] == layers[row["router"]] * (row["num_rounds"] + 2)


def cell(row):
    if row is None or "value_dim" not in row:
        return "not run" if row is None else "refused"
    width = f"{row['num_heads']} x {row['value_dim']:,}"
    return width if row["fits"] else f"({width})"


def test_the_table_is_that_of_the_rows():
    cases = {}
    for row in rows():
        cases.setdefault((row["problem"], row["machines"], row["size"]), {})[row["router"]] = row
    page = PAGE.read_text()
    for (problem, machines, size), found in cases.items():
        one = next(row for row in found.values() if row["fits"])
        traffic = ", ".join(str(one[name]) for name in ("out_degree", "in_degree", "words", "interference"))
        line = (
            f"| `{problem}` | {machines}, {size} | {one['local_memory']:,} | {one['num_rounds']} | {traffic} | "
            + " | ".join(cell(found.get(router)) for router in ("sums", "hashing", "ports", "dealing"))
        )
        assert line in page, line
