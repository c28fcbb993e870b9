"""Edge lists: what is read, what is refused (with file and line), and the compiled parser against the definition."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.graphs import read_graph
from logdepth.graphs.dialect import Dialect, LineError, is_integer
from logdepth.graphs.edge_list import read_edge_list
from logdepth.graphs.rows import _decimal
from logdepth.graphs.scan import INT64, scan
from logdepth.graphs.text import TextFile


def edges_of(graph) -> list[tuple]:
    ends = list(zip(graph.ids[graph.tail].tolist(), graph.ids[graph.head].tolist(), strict=True))
    return ends if graph.weight is None else [(*e, w) for e, w in zip(ends, graph.weight.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("name", "text", "edges"),
    [
        ("a.txt", "1 2\n2 3", [(1, 2), (2, 3)]),
        ("a.txt", "# c\n% c\n// c\n\n  \n 1\t 2 \r\n3 4 0.5 x \"y\r\n", [(1, 2), (3, 4)]),
        ("a.el", "\ufeff5 5\n-1 +7\n007 7\n", [(5, 5), (-1, 7), (7, 7)]),
        ("a.txt", "\ufeff# c\n5 6\n", [(5, 6)]),
        ("a.edges", "1,2\n2, 3\n", [(1, 2), (2, 3)]),
        ("a.txt", "1, 2\n3,4,5\n", [(1, 2), (3, 4)]),
        ("a.txt", "from to\n1 2\n", [(1, 2)]),
        ("a.txt", "this that\n1 2\n", [(1, 2)]),
        ("a.txt", "a b\n1 b\n", [("a", "b"), ("1", "b")]),
        ("a.txt", "1 2 a,b\n", [(1, 2)]),
        ("a.txt", f"{-(2**63)} {2**63 - 1}\n", [(-(2**63), 2**63 - 1)]),
        ("a.txt", f"1 2\n3 x\n{2**63} 007\n", [("1", "2"), ("3", "x"), (str(2**63), "007")]),
        ("a.txt", "é 日本\n", [("é", "日本")]),
        ("a.txt", "a \t b\n", [("a", "b")]),
        ("a.txt", "# only comments\n\n", []),
        ("a.txt", "\n", []),
        ("a.csv", "Source,Target\n", []),
        ("a.csv", "1,2\n3,4\n", [(1, 2), (3, 4)]),
        ("a.csv", "1;2;0,5\n", [(1, 2)]),
        ("a.csv", "1,2,a;b\n", [(1, 2)]),
        ("a.csv", "p;q\n1;2\n", [(1, 2)]),
        ("a.csv", "Id,Source,Target,Type\n0,5,6,Undirected\n", [(5, 6)]),
        ("a.csv", "id,dst,src\n0,5,6\n", [(6, 5)]),
        ("a.csv", 'source,target\n"Paris, France", "a ""b"" c" \nRome,x y\n',
            [("Paris, France", 'a "b" c'), ("Rome", "x y")]),
        ("a.csv", '"1","2"\n3,4\n', [(1, 2), (3, 4)]),
        ("a.csv", '1,2\n"3",4,"x, y"\n5,6\n', [(1, 2), (3, 4), (5, 6)]),
        ("a.csv", '" a",5" pipe\n', [(" a", '5" pipe')]),
        ("a.csv", "source,target\nalice,bob\n", [("alice", "bob")]),
        ("a.csv", "alice,bob\ncarol,dan\n", [("alice", "bob"), ("carol", "dan")]),
        ("a.tsv", "New York\tBoston\n", [("New York", "Boston")]),
        ("a.tsv", '"a\tb"\tc\n', [("a\tb", "c")]),
        ("a.tsv", "1\t 2 \tx\n\t\n", [(1, 2)]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("block_bytes", [1, 7, 1 << 20])
def test_read(tmp_path, name, text, edges, zipped, block_bytes):
    path = tmp_path / (name + ".gz" * zipped)
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    assert edges_of(read_graph(path)) == edges
    kind = {"csv": "csv", "tsv": "tsv"}.get(name[2:], "guess")
    assert edges_of(read_edge_list(TextFile(path), kind, block_bytes=block_bytes)) == edges


@pytest.mark.parametrize(
    ("name", "text", "edges"),
    [
        ("a.txt", "1 2 0.5\n3 4 -1e3 x\n", [(1, 2, 0.5), (3, 4, -1000.0)]),
        ("a.txt", "1 2 0.1234567890123456789\n3 4 inf\n5 6 1e-300\n",
            [(1, 2, 0.1234567890123456789), (3, 4, float("inf")), (5, 6, 1e-300)]),
        ("a.txt", "a 2 .5\n", [("a", "2", 0.5)]),
        ("a.csv", "source,target,weight\n1,2,3\n", [(1, 2, 3.0)]),
        ("a.csv", "Weight,Source,Target\n.5,1,2\n", [(1, 2, 0.5)]),
        ("a.csv", "p,q,cost\n1,2,3\n", [(1, 2, 3.0)]),
        ("a.csv", 'source,target,weight\n"x","y","3"\nz,z,4\n', [("x", "y", 3.0), ("z", "z", 4.0)]),
    ],
)  # fmt: skip
def test_weights(tmp_path, name, text, edges):
    path = tmp_path / name
    path.write_text(text)
    assert edges_of(read_graph(path, weighted=True)) == edges
    for block_bytes in (1, 9):
        file = TextFile(path)
        assert edges_of(read_edge_list(file, name[2:], weighted=True, block_bytes=block_bytes)) == edges
    assert read_graph(path).weight is None


@pytest.mark.parametrize(
    ("name", "text", "options", "message"),
    [
        ("a.txt", "1 2\n# c\n3\n4 5\n", {}, "a.txt:3: one field only.* white space: '3'"),
        ("a.txt", "1;2\n", {}, "a.txt:1: one field only"),
        ("a.csv", "1,2\n3\n", {}, "a.csv:2: one field only.*a comma"),
        ("a.csv", "1 2\n", {}, "a.csv:1: one field only"),
        ("a.tsv", "1 2\n", {}, "a.tsv:1: one field only.*a tab"),
        ("a.csv", "id,source,target\n1,2\n", {}, "a.csv:2: 2 fields; the ids are in fields 2 and 3"),
        ("a.csv", "a,\n", {}, "a.csv:1: an empty vertex id"),
        ("a.csv", '1,2\n"",2\n', {}, "a.csv:2: an empty vertex id"),
        ("a.txt", "1 2\n1.0 3\n", {}, "a.txt:2: the vertex id '1.0' is a number but not an int64.*: '1.0 3'"),
        ("a.txt", "1.0 2.0\n", {}, "a.txt:1: the vertex id '1.0'"),
        ("a.csv", "a,b\n1.5,2\n", {}, "a.csv:2: the vertex id '1.5'"),
        ("a.csv", "a,b\n1,2\n1,nan\n", {}, "a.csv:3: the vertex id 'nan'"),
        ("a.txt", f"1 {2**63}\n", {}, f"a.txt:1: the vertex id '{2**63}' is a number but not an int64"),
        ("a.txt", f"1 {-(2**63) - 1}\n", {}, "a.txt:1: the vertex id .* not an int64"),
        ("a.txt", "1 2\n1 2 3\n", {"weighted": True}, "a.txt:1: no weight: '1 2'"),
        ("a.txt", "1 2 3\n1 2 x\n", {"weighted": True}, "a.txt:2: the weight 'x' is not a number: '1 2 x'"),
        ("a.txt", "1 2 3\n1 2 nan\n1 q 5\n", {"weighted": True}, "a.txt:2: the weight 'nan'"),
        ("a.txt", "1 2 1_0\n", {"weighted": True}, "a.txt:1: the weight '1_0'"),
        ("a.txt", "1 2 1e999\n", {"weighted": True}, "a.txt:1: the weight '1e999'"),
        ("a.csv", "1,2,1\n1,2,\n", {"weighted": True}, "a.csv:2: no weight"),
        ("a.csv", "weight,u,v\n,1,2\n", {"weighted": True}, "a.csv:2: no weight"),
        ("a.csv", "q,b,1\n1,b,\n", {"weighted": True}, "a.csv:2: no weight"),
        ("a.csv", "q,b,1\n1,b,nan\n", {"weighted": True}, "a.csv:2: the weight 'nan'"),
        ("a.csv", "source,target\n1,2\n", {"weighted": True}, "a.csv:1: columns .* none is the weight"),
        ("a.csv", "source,target,from,to\n", {}, "a.csv:1: .*more than one pair"),
        ("a.txt", "1 2\n1 5\n", {"num_vertices": 5}, r"a.txt:2: the vertex 5 is not in 0\.\.4: '1 5'"),
        ("a.txt", "-1 2\n", {"num_vertices": 5}, "a.txt:1: the vertex -1 is not in"),
        ("a.txt", "1 2\n1 x\n", {"num_vertices": 5}, "a.txt:2: the vertex 'x' is not in"),
        ("a.txt", "1 2\r3 4\r", {}, "a.txt:1: a carriage return inside"),
        ("a.txt", "# c\r3 4\r", {}, "a.txt:1: a carriage return inside"),
        ("a.txt", "1 2\n# c\r3 4\n", {}, "a.txt:2: a carriage return inside"),
        ("a.txt", "1 b\n# c\r3 4\n", {}, "a.txt:2: a carriage return inside"),
        ("a.txt", 'x "New York"\n', {}, "a.txt:1: quotes are read in .csv"),
        ("a.csv", 'x,"New\nYork",1\n', {}, "a.csv:1: quotes that do not enclose"),
        ("a.csv", 'x, "y\n', {}, "a.csv:1: quotes that do not enclose"),
        ("a.csv", '1,2\n3,4,"x\n', {}, "a.csv:2: quotes that do not enclose"),
        ("a.csv", 'x,y\n"x"z,y\n', {}, "a.csv:2: quotes that do not enclose"),
        ("a.txt", "New York\tBoston\n", {}, "a.txt:1: tabs and spaces both"),
        ("a.txt", "Smith,J Doe,A\n", {}, "a.txt:1: commas and white space both"),
        ("a.txt", "a b\nx\0y z\n", {}, "a.txt:2: a zero byte"),
        ("a.txt", "source target\nalice bob\n", {}, "a.txt:1: a header or an edge"),
        ("a.txt", "alice bob\n1 2\n3 carol\n", {}, "a.txt:1: a header or an edge.* Line 3 has a name"),
        ("a.csv", "u,v\nv,w\n", {}, "a.csv:1: a header or an edge"),
        ("a.csv", "", {}, "a.csv is empty"),
        ("a.txt", "1 2\nx" + "y" * 200 + "\n", {}, "a.txt:2: one field.*'xy{79}\\.\\.\\.'$"),
    ],
)  # fmt: skip
def test_refused(tmp_path, name, text, options, message):
    path = tmp_path / name
    path.write_bytes(text.encode())
    with pytest.raises(InputError, match=message) as caught:
        read_graph(path, **options)
    assert "\n" not in str(caught.value)
    if text:
        kind = {"csv": "csv", "tsv": "tsv"}.get(name[2:], "guess")
        with pytest.raises(InputError, match=re.escape(str(caught.value))):
            read_edge_list(TextFile(path), kind, block_bytes=1, **options)


def test_bytes_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("1 é\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"a\.txt:1: not UTF-8"):
        read_graph(path)
    path.write_bytes("1 2 é\n".encode("latin-1"))  # a column nobody reads
    assert edges_of(read_graph(path)) == [(1, 2)]
    path.write_bytes("1 2\n".encode("utf-16"))
    with pytest.raises(InputError, match="UTF-16"):
        read_graph(path)


def test_num_vertices(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1 2\n")
    graph = read_graph(path, num_vertices=4)
    assert graph.ids.tolist() == [0, 1, 2, 3] and edges_of(graph) == [(1, 2)]
    path.write_text("# none\n")
    assert read_graph(path, num_vertices=2).num_vertices == 2


def test_a_format_given(tmp_path):
    path = tmp_path / "edges"
    path.write_text("a,x b,y\n")
    assert edges_of(read_graph(path, format="txt")) == [("a,x", "b,y")]
    assert edges_of(read_graph(path, format="csv")) == [("a", "x b")]


WORDS = "1 22 -3 +4 9223372036854775807 -9223372036854775808 9223372036854775808 # % // x 1.0 é 0.25 1e5 nan - 00 1_0"
pieces = st.sampled_from([*WORDS.split(" "), *' \t\r\n\v\f\0\n,;"', "  ", "", "\r\n", "inf", "+"])


def definition(dialect: Dialect, text: bytes):
    """Rows of the lines before the first that raises or has an id that is no int64."""
    rows, count = [], 0
    for line in text.split(b"\n")[:-1]:
        try:
            row = dialect.row(line)
        except LineError:
            break
        if row and not all(is_integer(w) and INT64[0] <= int(w) <= INT64[1] for w in row[:2]):
            break
        count += 1
        rows += [(int(row[0]), int(row[1]), row[2])] if row else []
    return rows, count


@pytest.mark.parametrize("reader", ["compiled"], indirect=True)
@given(
    st.lists(pieces, max_size=40),
    st.sampled_from([None, b",", b"\t"]),
    st.sampled_from([(0, 1), (2, 1)]),
    st.booleans(),
)
@example(["\r", "#"], None, (0, 1), False)
@example(["\r", "\v"], None, (0, 1), False)
@example(["1", " ", "2", " ", "0.25", "\r\n", "3", " ", "22", " ", "1e5"], None, (0, 1), True)
def test_the_compiled_parser_is_the_definition(reader, words, separator, ends, weighted):
    """Up to where it stops, and it does not stop before a line it could read, quotes aside."""
    text = ("".join(words) + "\n").encode()
    dialect = Dialect(separator, *ends, weight=(2 if ends == (0, 1) else 0) if weighted else -1)
    rows, count = definition(dialect, text)
    try:
        plain = scan(TextFile(Path("t")), dialect, 0, text)
    except InputError as refused:
        message = str(refused)
        assert message.startswith(f"t:{count + 1}: ")
        return
    assert plain.lines <= count and text[: plain.stop].count(b"\n") == plain.lines
    weights = plain.weights.tolist() if weighted else [None] * len(plain.tails)
    read = list(zip(plain.tails.tolist(), plain.heads.tolist(), weights, strict=True))
    assert read == rows[: len(read)]
    if plain.lines < count:
        line = text.split(b"\n")[plain.lines]
        assert b'"' in line or b"\r\r" in line + b"\r", line


@given(st.lists(pieces, max_size=40), st.sampled_from([None, b",", b"\t"]))
def test_names_by_the_compiled_parser(words, separator):
    text, dialect = ("".join(words) + "\n").encode(), Dialect(separator)
    plain = scan(TextFile(Path("t")), dialect, 0, text, named=True)
    rows = filter(None, (dialect.row(line) for line in text[: plain.stop].split(b"\n")))
    assert [(text[a:b], text[c:d], None) for a, b, c, d in plain.spans.tolist()] == list(rows)


@given(
    st.one_of(
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
        st.from_regex(r"[+-]?[0-9]{1,20}(\.[0-9]{0,20})?(e[+-]?[0-9]{1,2})?", fullmatch=True),
    )
)
@example("9007199254740993")
@example("0.500000000000000166")
@example("5e22")
@example("9.300000000000000000")
def test_decimals_are_rounded_correctly(text):
    exact, value = _decimal(np.frombuffer(text.encode(), np.uint8), 0, len(text))
    assert not exact or (value == float(text) and np.signbit(value) == np.signbit(float(text)))


def test_most_decimals_are_fast():
    values = [repr(value).encode() for value in np.random.default_rng(0).random(1000).tolist()]
    assert sum(_decimal(np.frombuffer(value, np.uint8), 0, len(value))[0] for value in values) > 950
