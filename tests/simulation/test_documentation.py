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
    layers = {"sums": 1, "hashing": 1, "ports": 1}
    assert len(rows()) >= 72
    for row in rows():
        assert row["fits"] or row["why"]
        if row["fits"]:
            assert row["equal"]
            assert row["router"] not in layers or row["num_layers"] == row["num_rounds"] + 2


def test_the_table_is_that_of_the_rows():
    widths = {}
    for row in rows():
        cell = f"{row['num_heads']} x {row['value_dim']:,}" if row["fits"] else "-"
        widths[row["problem"], row["machines"], row["size"], row["router"]] = row, cell
    page = PAGE.read_text()
    for (problem, machines, size, router), (row, _) in widths.items():
        if router == "sums":
            cells = [widths[problem, machines, size, name][1] for name in ("sums", "hashing", "ports", "dealing")]
            known = [
                r for r, _ in widths.values() if (r["problem"], r["machines"], r["size"]) == (problem, machines, size)
            ]
            rounds = next((r["num_rounds"] for r in known if r["fits"]), "-")
            line = (
                f"| `{problem}` | {machines}, {size} | {row['local_memory']:,} | {rounds} | {row['out_degree']}, "
                f"{row['in_degree']}, {row['words']}, {row['interference']} | {' | '.join(cells)} |"
            )
            assert line in page, line
