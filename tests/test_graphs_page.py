"""docs/graphs.md: its examples run, its table is that of the rows, its depths are the programs'."""

import doctest
import re
from pathlib import Path

import pytest

from logdepth.records import read_rows
from logdepth.tasks.registry import GRAPH_TASKS
from tests.graph_programs import compiled

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "graphs.md"


def test_the_examples_run() -> None:
    failures, examples = doctest.testfile(str(PAGE), module_relative=False)
    assert examples > 12 and not failures


def test_the_table_of_sizes_is_that_of_the_rows() -> None:
    rows = read_rows(ROOT / "benchmarks" / "rows" / "graph_sizes.jsonl")
    by = {(row["program"], row["vertices"], row["diameter"]): row for row in rows}
    lines = re.findall(r"^\| (\d+) \| (.*) \| (\d+) \|$", PAGE.read_text(), re.M)
    assert [int(vertices) for vertices, _, _ in lines] == [8, 16, 32, 64]
    for vertices, cells, levels in lines:
        columns = [("connectivity_hooking", 0), *(("connectivity_squaring", promise) for promise in (0, 3, 7))]
        found = [by[program, int(vertices), promise] for program, promise in columns]
        assert cells == " | ".join(f"{row['layers']} / {row['width']} / {row['parameters']:,}" for row in found)
        assert int(levels) == (int(vertices) - 1).bit_length()


FORMULA = re.compile(r"^\| (?:`([a-z-]+)`[^|]*)?\|[^|]*\| `(\w+)` \| (?:3 floor|ceil)\(log2 V\) \+ (\d+) \|$", re.M)


@pytest.mark.parametrize("vertices", [5, 8])
def test_the_table_of_depths(vertices: int) -> None:
    lines, task, seen = FORMULA.findall(PAGE.read_text()), "", set()
    for name, construction, constant in lines:
        task = name or task
        program = next(of for of, by in GRAPH_TASKS[task].programs.items() if by == construction)
        log = 3 * (vertices.bit_length() - 1) if construction == "hooking" else (vertices - 1).bit_length()
        assert compiled(program, vertices, 3).schedule.depth == log + int(constant), program
        seen.add(program)
    assert seen == {of for task in GRAPH_TASKS.values() for of in task.programs}


def test_the_table_of_answers_is_that_of_the_rows() -> None:
    rows = read_rows(ROOT / "benchmarks" / "rows" / "graph_exactness.jsonl")
    lines = re.findall(
        r"^\| `(\w+)`(, D = 1 and 3)? \| ([\d,]+) \| (\d+) \| ([\d,]+) \| (\d+|-) \| (\d+) \|$", PAGE.read_text(), re.M
    )
    assert {name for name, *_ in lines} == {row["program"] for row in rows} and len(lines) == len(set(lines))
    for name, promise, small, large, answers, nothing, wrong in lines:
        mine = [row for row in rows if row["program"] == name and (row["diameter"] > 0) == bool(promise)]
        every = [row for row in mine if row["family"] == "every graph"]
        assert small == f"{sum(row['graphs'] for row in every):,}"
        assert int(large) == sum(row["graphs"] for row in mine if row not in every)
        assert answers == f"{sum(row['answers'] for row in mine):,}"
        assert not promise or int(nothing) == sum(row["nothing"] for row in mine)
        assert int(wrong) == sum(row["wrong"] for row in mine)
    assert all(row["least_margin"] is None or row["least_margin"] >= row["certified_margin"] for row in rows)
