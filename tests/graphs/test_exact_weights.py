"""Weights are float64, and two different ones never become one: exact or refused, in every format."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import networkx as nx
import numpy as np
import polars as pl
import pytest
from scipy import sparse

from logdepth.errors import InputError
from logdepth.graphs import graph_from_edges, read_graph
from logdepth.graphs.edge_list import read_edge_list
from logdepth.graphs.text import TextFile

HARD = ["0.1", "0.1000000000000000055", "9007199254740993.0", "9007199254740992", "1", "1.00000000000000000", "1e-400"]


@pytest.mark.parametrize("style", ["1 2 {}", "a 2 {}", '"a",2,{}', "1,2,{}\r"])
def test_merged_weights_are_refused_with_both_lines(tmp_path, style):
    path = tmp_path / ("a.csv" if "," in style else "a.txt")

    def read(*weights):
        path.write_text("".join(style.format(weight) + "\n" for weight in ("7", *weights, "8")))
        return read_graph(path, weighted=True).weight

    assert read("0.1", "0.10", "1e-1").tolist() == [7, 0.1, 0.1, 0.1, 8]
    assert read("0.10000000000000001", "0.10000000000000001").tolist() == [7, 0.1, 0.1, 8]
    assert read("9007199254740992", "9007199254740994").tolist() == [7, 2.0**53, 2.0**53 + 2, 8]
    with pytest.raises(InputError, match=r":3: the weights '0\.1000000000000000055' and \(line 2\) '0\.1' differ"):
        read("0.1", "0.1000000000000000055")
    with pytest.raises(InputError, match=r":4: the weights '0(\.0)?' and \(line 2\) '1e-400' differ"):
        read("1e-400", "5", "0.0")
    with pytest.raises(InputError, match=r":2: the weight '9007199254740993' is not exactly a float64"):
        read("9007199254740993")
    for odd in ("1_000", "１２", "0x10", "nan", "1e400", "--1"):
        with pytest.raises(InputError, match=r":2: the weight .* is not"):
            read(odd)


@pytest.mark.parametrize("block_bytes", [16, 200, 1 << 20])
def test_as_exact_arithmetic_says(tmp_path, block_bytes):
    """Random weights that crowd: read if and only if float64 keeps all different ones apart."""
    rng, path, refused = random.Random(block_bytes), tmp_path / "a.txt", 0
    for _ in range(60):
        near = Decimal(rng.choice(["0.1", "1", "123.25"]))
        words = [format(near + rng.randrange(4) * Decimal(rng.choice(["0.25", "1e-17"])), "f") for _ in range(5)]
        path.write_text("".join(f"{index} 9 {word}\n" for index, word in enumerate(words)))
        apart = len({Fraction(word) for word in words}) == len({float(word) for word in words})
        try:
            graph = read_edge_list(TextFile(path), "txt", weighted=True, block_bytes=block_bytes)
        except InputError:
            assert not apart
            refused += 1
        else:
            assert apart and graph.weight is not None and graph.weight.tolist() == [float(word) for word in words]
    assert 5 < refused < 55


BEYOND = 2**53 + 1


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_integers_of_binary_formats(tmp_path, dtype):
    good = np.array([2**53, 2**60, 3], dtype)
    bad = np.array([1, BEYOND, 3], dtype)
    ends = np.array([1, 2, 3]), np.array([2, 3, 4])
    for weight, fits in ((good, True), (bad, False), (np.array([np.iinfo(dtype).max] * 3, dtype), False)):
        np.savez(tmp_path / "a.npz", tail=ends[0], head=ends[1], weight=weight)
        pl.DataFrame({"a": ends[0], "b": ends[1], "c": weight}).write_parquet(tmp_path / "a.parquet")
        for name in ("a.npz", "a.parquet"):
            if fits:
                assert read_graph(tmp_path / name, weighted=True).weight.tolist() == weight.tolist()
            else:
                with pytest.raises(InputError, match=rf"{name}: the weight of edge \d is {weight[1]}|edge 0"):
                    read_graph(tmp_path / name, weighted=True)
    assert graph_from_edges([1], [2], np.array([2**63], np.uint64)).weight.tolist() == [2.0**63]
    with pytest.raises(InputError, match=r"integers and floats of 64 bits"):
        graph_from_edges([1], [2], np.array([1], np.longdouble))


def test_integers_elsewhere(tmp_path):
    (tmp_path / "a.graph").write_text(f"2 1 1\n2 {BEYOND}\n1 {BEYOND}\n")
    with pytest.raises(InputError, match=r"a\.graph:2: an edge weight that no float64 is"):
        read_graph(tmp_path / "a.graph", weighted=True)
    (tmp_path / "a.graph").write_text("2 1 1\n2 9007199254740994\n1 9007199254740994\n")
    assert read_graph(tmp_path / "a.graph", weighted=True).weight.tolist() == [2.0**53 + 2]
    (tmp_path / "a.mtx").write_text(f"%%MatrixMarket matrix coordinate integer general\n2 2 1\n1 2 {BEYOND}\n")
    with pytest.raises(InputError, match=r"a\.mtx:3: the weight .* is not exactly a float64"):
        read_graph(tmp_path / "a.mtx", weighted=True)
    graph = nx.Graph()
    for weight in (BEYOND, 10**400):
        graph.add_edge(1, 2, weight=weight)
        with pytest.raises(InputError, match="a weight that no float64 is"):
            read_graph(graph, weighted=True)
    with pytest.raises(InputError, match=f"is {BEYOND}, which is not exactly a float64"):
        read_graph(sparse.coo_array((np.array([BEYOND]), ([0], [1])), shape=(2, 2)), weighted=True)
