"""The examples of docs/chain_of_thought.md do what it says, and its table is that of the rows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from logdepth.records import read_rows

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "chain_of_thought.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^(\w.*?)  # (\[.*\])$", re.MULTILINE)
WAYS = {
    "depth: doubling": "doubling",
    "depth: rank": "rank",
    "loops of one block": "loops",
    "blanks": "blanks",
    "a chain of thought": "chain",
    "the same, no cache": "chain, no cache",
    "a wide chain (float64)": "chain, wide",
}


@pytest.mark.parametrize("block", BLOCKS)
def test_an_example(block: str, tmp_path: Path) -> None:
    file = tmp_path / "example.py"
    file.write_text(block)
    names: dict = {}
    exec(compile(SHOWN.sub("", block), str(file), "exec"), names)
    said = SHOWN.findall(block)
    assert len(said) == 3
    for expression, chain in said:
        assert eval(expression, names) == ast.literal_eval(chain), expression


def test_the_table_is_that_of_the_rows() -> None:
    rows = read_rows(ROOT / "benchmarks" / "rows" / "depth_against_steps.jsonl")
    assert all(row["wrong"] == 0 and row["certified"] for row in rows)
    at_64 = {row["way"]: row for row in rows if row["k"] == 64}
    lines = re.findall(r"^\| ([a-z(][^|]*) \| ([\d, |]+) \|$", PAGE, re.MULTILINE)
    assert [WAYS[way] for way, _ in lines] == list(WAYS.values())
    for way, cells in lines:
        row = at_64[WAYS[way]]
        shown = [int(cell.replace(",", "")) for cell in cells.split("|")]
        assert shown == [row[n] for n in ("layers", "passes", "in_a_row", "tokens", "width", "parameters")], way
