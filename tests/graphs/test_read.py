"""The same graph through every format, and the door's own refusals."""

from __future__ import annotations

import gzip
import subprocess
import sys

import networkx as nx
import numpy as np
import polars as pl
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from logdepth.errors import InputError
from logdepth.graphs import read_graph, write_table
from logdepth.graphs.read import FORMATS, SUFFIXES

weights = st.floats(allow_nan=False, allow_infinity=False)


def same(graph, edges, weighted) -> bool:
    tail, head = graph.ids[graph.tail].tolist(), graph.ids[graph.head].tolist()
    found = list(zip(tail, head, graph.weight.tolist() if weighted else [None] * len(tail), strict=True))
    return found == [(a, b, w if weighted else None) for a, b, w in edges]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edges=st.one_of(
        st.lists(st.tuples(st.integers(-5, 9), st.integers(-(2**63), 2**63 - 1), weights), min_size=1),
        st.lists(st.tuples(*2 * [st.text('aé☃"', min_size=1)], weights), min_size=1),
        st.lists(st.tuples(*2 * [st.text('a 0,;"\t#', min_size=1).map(lambda s: f"x{s}y")], weights), min_size=1),
    ),
    weighted=st.booleans(),
)
def test_tables_round_trip(tmp_path, edges, weighted):
    tail, head, weight = ([edge[i] for edge in edges] for i in range(3))
    strings = isinstance(tail[0], str)
    columns = {
        name: np.array(values, dtype=object if strings and name != "weight" else None)
        for name, values in (("source", tail), ("target", head), ("weight", weight))
    }
    for suffix in (".csv", ".tsv", ".parquet"):
        write_table(tmp_path / f"a{suffix}", columns)
        assert same(read_graph(tmp_path / f"a{suffix}", weighted=weighted), edges, weighted), suffix
    renamed = {"tail": columns["source"], "head": columns["target"], "weight": columns["weight"]}
    write_table(tmp_path / "a.npz", renamed)
    assert same(read_graph(tmp_path / "a.npz", weighted=weighted), edges, weighted)
    if not any(letter in word for word in map(str, [*tail, *head]) for letter in ' \t,"'):
        text = "".join(f"{a} \t{b}\t {w!r}\r\n" for a, b, w in edges)
        (tmp_path / "a.txt.gz").write_bytes(gzip.compress(text.encode()))
        assert same(read_graph(tmp_path / "a.txt.gz", weighted=weighted), edges, weighted)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 7), data=st.data())
def test_one_graph_in_every_format(tmp_path, size, data):
    """A simple undirected graph, weighted, with isolated vertices; 1-based where the format says so."""
    pairs = [(a, b) for a in range(size) for b in range(a + 1, size)]
    edges = data.draw(st.lists(st.sampled_from(pairs), unique=True) if pairs else st.just([]))
    edges = [(a, b, float(data.draw(st.integers(1, 9)))) for a, b in sorted(edges)]
    tail, head, weight = (np.array([edge[i] for edge in edges], kind) for i, kind in enumerate((int, int, float)))
    lists = [[] for _ in range(size)]
    for a, b, w in edges:
        lists[a].append(f"{b + 1} {w:.0f}")
        lists[b].append(f"{a + 1} {w:.0f}")
    (tmp_path / "a.graph").write_text(f"{size} {len(edges)} 1\n" + "".join(" ".join(near) + "\n" for near in lists))
    matrix = sparse.coo_array((weight, (tail, head)), shape=(size, size))
    scipy.io.mmwrite(tmp_path / "a.mtx", matrix)
    sparse.save_npz(tmp_path / "a.npz", matrix)
    for suffix, mark in ((".txt", " "), (".el", "\t"), (".edges", ","), (".csv", ","), (".tsv", "\t")):
        text = "# a comment\n" + "".join(f"{a}{mark}{b}{mark}{w}\n" for a, b, w in edges)
        (tmp_path / f"a{suffix}").write_text(text)
    pl.DataFrame({"u": tail, "v": head, "w": weight}).write_parquet(tmp_path / "a.parquet")
    networkx = nx.Graph()
    networkx.add_nodes_from(range(size))
    networkx.add_weighted_edges_from(edges)
    sources = [tmp_path / "a.graph", tmp_path / "a.mtx", tmp_path / "a.npz", matrix, networkx]
    graphs = [read_graph(source, weighted=True) for source in sources]
    for suffix in (".txt", ".el", ".edges", ".csv", ".tsv", ".parquet"):
        graphs.append(read_graph(tmp_path / f"a{suffix}", weighted=True, num_vertices=size))
    for number, graph in enumerate(graphs):
        assert graph.ids.tolist() == list(range(number < 2, size + (number < 2)))
        found = sorted(zip(graph.tail.tolist(), graph.head.tolist(), graph.weight.tolist(), strict=True))
        assert found == edges, number


def test_refused(tmp_path):
    (tmp_path / "a.xyz").touch()
    with pytest.raises(InputError, match=r"a\.xyz: unknown suffix; known are \.txt .* \.parquet"):
        read_graph(tmp_path / "a.xyz")
    (tmp_path / "edges.gz").touch()
    with pytest.raises(InputError, match="unknown suffix"):
        read_graph(tmp_path / "edges.gz")
    with pytest.raises(InputError, match="missing: no such file"):
        read_graph(tmp_path / "missing")
    with pytest.raises(InputError, match="format='xls' is not one of txt, edges, el, tsv, csv, mtx"):
        read_graph(tmp_path / "a.txt", format="xls")
    with pytest.raises(InputError, match="npy files are not read compressed"):
        read_graph(tmp_path / "a.npy.gz")
    with pytest.raises(InputError, match="cannot read a graph from a list"):
        read_graph([(1, 2)])
    with pytest.raises(InputError, match="format='csv' is for files; the source is a ndarray"):
        read_graph(np.array([[1, 2]]), format="csv")
    for number in (-1, 2.0, "3"):
        with pytest.raises(InputError, match="num_vertices is"):
            read_graph(tmp_path / "a.txt", num_vertices=number)
    assert set(FORMATS) == {suffix[1:] for suffix in SUFFIXES}


def test_suffixes_in_capitals_and_formats(tmp_path):
    (tmp_path / "A.TXT").write_text("1 2\n")
    assert read_graph(str(tmp_path / "A.TXT")).num_edges == 1
    for format in ("txt", "edges", "el"):
        assert read_graph(tmp_path / "A.TXT", format=format).num_edges == 1


def test_importing_is_light():
    code = "import sys, logdepth.graphs; print({'polars', 'scipy', 'networkx', 'numba'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


def test_without_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(InputError, match=r"pip install 'logdepth\[graph\]'"):
        read_graph(tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"pip install 'logdepth\[graph\]'"):
        write_table(tmp_path / "a.csv", {"a": np.array([1])})
    sparse.save_npz(tmp_path / "a.npz", sparse.coo_array((2, 2)))
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(InputError, match=r"pip install 'logdepth\[graph\]'"):
        read_graph(tmp_path / "a.npz")
    (tmp_path / "a.csv").write_text("1,2\n")
    assert read_graph(tmp_path / "a.csv").num_edges == 1  # text needs neither
