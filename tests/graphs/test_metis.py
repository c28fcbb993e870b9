"""METIS files: the variants of the format, and what is refused."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.graphs import read_graph
from logdepth.graphs.metis import _parse_slowly, read_metis
from logdepth.graphs.rows import parse_integers
from logdepth.graphs.text import TextFile


@pytest.mark.parametrize(
    ("text", "edges", "weights"),
    [
        ("3 2\n2\n1 3\n2\n", [(1, 2), (2, 3)], None),
        ("% c\n4 1 0\n% c\n\n 3\r\n\t2\n\n\n\n", [(2, 3)], None),
        ("2 1 1\n2 7\n1 7", [(1, 2)], [7]),
        ("2 1 10\n9 2\n9 1\n", [(1, 2)], None),
        ("2 1 011 2\n9 9 2 4\n8 8 1 4\n", [(1, 2)], [4]),
        ("3 1 110\n1 9 2\n1 9 1\n1 9\n", [(1, 2)], None),
        ("2 2\n2 2\n1 1\n", [(1, 2), (1, 2)], None),
        ("2 2 1\n2 5 2 3\n1 3 1 5\n", [(1, 2), (1, 2)], [5, 3]),
        ("0 0\n", [], None),
    ],
)
@pytest.mark.parametrize("block_bytes", [1, 1 << 20])
def test_read(tmp_path, text, edges, weights, block_bytes):
    path = tmp_path / "a.graph"
    path.write_text(text, newline="")
    graph = read_metis(TextFile(path), weighted=weights is not None, block_bytes=block_bytes)
    assert list(zip(graph.ids[graph.tail].tolist(), graph.ids[graph.head].tolist(), strict=True)) == edges
    assert (graph.weight is None) if weights is None else (graph.weight.tolist() == weights)
    assert graph.ids.tolist() == list(range(1, int(text.lstrip("% c\n").split()[0]) + 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("% c\n", "a.graph:1: only comments"),
        ("3\n", "a.graph:1: a METIS header is"),
        ("3 x\n", "a.graph:1: a METIS header is"),
        ("3 2 2\n", "a.graph:1: the format '2' is not"),
        ("3 2 1111\n", "a.graph:1: the format '1111' is not"),
        ("3 2 1 4\n", "a.graph:1: 4 vertex weights do not go with the format 001"),
        (f"{2**31} 0\n", r"a.graph:1: .* below 2\*\*31"),
        ("% c\n2 1\n2\n", "a.graph:3: the file ends after the lines of 1 vertices; the header says 2"),
        ("2 1\n", "a.graph:1: the file ends after the lines of 0"),
        ("2 1\n2\n1\n\n2\n", "a.graph:5: a line after those of the 2 vertices: '2'"),
        ("2 1\n3\n% c\n1\n", r"a.graph:2: a neighbour that is not in 1\.\.2: '3'"),
        ("2 1\n2\n% c\n0\n", "a.graph:4: a neighbour that is not in"),
        ("2 1\n2\n1 x\n", "a.graph:3: only whole numbers .*: '1 x'"),
        ("2 1\n2\n1.0\n", "a.graph:3: only whole numbers"),
        ("2 1\n2\r1\n", "a.graph:2: only whole numbers"),
        (f"2 1\n{2**63}\n1\n", "a.graph:2: only whole numbers"),
        ("2 1\n1 2\n1\n", "a.graph:2: a vertex that lists itself"),
        ("2 1 1\n2\n1 1\n", "a.graph:2: the line should have 0 numbers and then 2 for each"),
        ("2 1 10 2\n1\n1 1 1\n", "a.graph:2: the line should have 2 numbers and then 1"),
        ("2 1 1\n2 0\n1 0\n", "a.graph:2: edge weights must be above 0"),
        ("2 2\n2\n1\n", "a.graph:1: the header announces 2 edges; the file has 1"),
        ("3 2\n2 3\n1\n\n", "a.graph:2: the edge 1 - 3 is not listed at both"),
        ("3 2\n2\n1\n2\n", "a.graph:3: the edge 2 - 3 is not listed at both"),
        ("3 2\n2 2\n1\n\n", "a.graph:2: the edge 1 - 2 is not listed at both"),
        ("2 1 1\n2 5\n1 6\n", "a.graph:2: the edge 1 - 2 .* same weight"),
    ],
)
def test_refused(tmp_path, text, message):
    path = tmp_path / "a.graph"
    path.write_text(text, newline="")
    with pytest.raises(InputError, match=message) as caught:
        read_graph(path)
    with pytest.raises(InputError, match=re.escape(str(caught.value))):
        read_metis(TextFile(path), block_bytes=1)


def test_options_refused(tmp_path):
    path = tmp_path / "a.metis"
    path.write_text("2 1\n2\n1\n")
    with pytest.raises(InputError, match=r"a\.metis:1: the header's format says that edges have no weights"):
        read_graph(path, weighted=True)
    with pytest.raises(InputError, match="num_vertices cannot be given"):
        read_graph(path, num_vertices=2)


@given(st.lists(st.sampled_from([*"0179-+ \t\v\r\n%x", "9223372036854775807", "9223372036854775808", "\r\n"])))
def test_both_readers_of_numbers_are_one(words):
    block = ("".join(words) + "\n").encode()
    found = []
    for parse in (lambda *given: parse_integers(np.frombuffer(block, np.uint8), *given), partial(_parse_slowly, block)):
        counts, values = np.zeros(block.count(b"\n"), np.int64), np.zeros(len(block), np.int64)
        lines, numbers = parse(counts, values)
        found.append((lines, numbers, counts[:lines].tolist(), values[:numbers].tolist()))
    assert found[0] == found[1]
