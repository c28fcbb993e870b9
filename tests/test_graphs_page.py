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
