"""Binary files and arrays in memory."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from logdepth.errors import InputError
from logdepth.graphs import read_graph

EDGES = np.array([[5, 7], [7, 9], [7, 9]])


def save(path, value) -> None:
    if path.suffix == ".npy":
        np.save(path, value)
    elif path.suffix == ".npz":
        np.savez(path, **value)
    else:
        pl.DataFrame(value).write_parquet(path)


@pytest.mark.parametrize(
    ("name", "value", "weights"),
    [
        ("a.npy", EDGES, None),
        ("a.npy", np.asfortranarray(EDGES.astype(np.uint16)), None),
        ("a.npz", {"edges": EDGES}, None),
        ("a.npz", {"edges": EDGES, "weight": [1, 2, 3], "more": [0]}, [1, 2, 3]),
        ("a.npz", {"tail": EDGES[:, 0], "head": EDGES[:, 1], "weight": [0.5, 2, 3]}, [0.5, 2, 3]),
        ("a.parquet", {"x": EDGES[:, 0], "y": EDGES[:, 1], "z": [1, 2, 3]}, [1, 2, 3]),
        ("a.parquet", {"weight": [1, 2, 3], "dst": EDGES[:, 1], "src": EDGES[:, 0]}, [1, 2, 3]),
    ],
)
def test_read(tmp_path, name, value, weights):
    save(tmp_path / name, value)
    graph = read_graph(tmp_path / name, weighted=weights is not None)
    assert graph.ids.tolist() == [5, 7, 9] and graph.tail.tolist() == [0, 1, 1] and graph.head.tolist() == [1, 2, 2]
    assert (None if graph.weight is None else graph.weight.tolist()) == weights
    assert read_graph(tmp_path / name, num_vertices=12).num_vertices == 12
    with pytest.raises(InputError, match=rf"{name}.*: row 1: the vertex 9 is not in 0\.\.8"):
        read_graph(tmp_path / name, num_vertices=9)


def test_names(tmp_path):
    table = pl.DataFrame({"a": ["x", "é"], "b": ["é", "x"]})
    for column in (table, table.cast(pl.Categorical)):
        column.write_parquet(tmp_path / "a.parquet")
        assert read_graph(tmp_path / "a.parquet").ids.tolist() == ["x", "é"]
    with pytest.raises(InputError, match="not whole numbers, which num_vertices needs"):
        read_graph(tmp_path / "a.parquet", num_vertices=5)
    np.savez(tmp_path / "a.npz", tail=np.array(["x"]), head=np.array(["b"]))
    assert read_graph(tmp_path / "a.npz").ids.tolist() == ["b", "x"]


def test_sparse_file(tmp_path):
    matrix = sparse.coo_array(([0.5, 0.0], ([2, 0], [1, 0])), shape=(4, 4))
    sparse.save_npz(tmp_path / "a.npz", matrix)
    graph = read_graph(tmp_path / "a.npz", weighted=True)
    assert graph.num_vertices == 4 and graph.weight.tolist() == [0.5, 0.0] and graph.tail.tolist() == [2, 0]
    with pytest.raises(InputError, match="num_vertices cannot be given"):
        read_graph(tmp_path / "a.npz", num_vertices=4)
    sparse.save_npz(tmp_path / "a.npz", sparse.coo_array((2, 3)))
    with pytest.raises(InputError, match=r"a\.npz has shape \(2, 3\)"):
        read_graph(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("name", "value", "weighted", "message"),
    [
        ("a.npy", EDGES.T.copy()[:, :2].reshape(1, 4), False, r"a\.npy has shape \(1, 4\); edges are \(m, 2\)"),
        ("a.npy", np.zeros((3, 3), int), False, r"shape \(3, 3\)"),
        ("a.npy", EDGES * 1.0, False, r"a\.npy holds float64; edges are whole numbers"),
        ("a.npy", EDGES, True, r"a\.npy has no weights; use an \.npz"),
        ("a.npy", np.array([[1, 2**64 - 1]], np.uint64), False, r"a\.npy: .*does not fit 64 bits"),
        ("a.npy", np.array([[1, "x"]], object), False, r"a\.npy .*pickle"),
        ("a.npz", {"edges": np.array([[1, "x"]], object)}, False, r"a\.npz .*pickle"),
        ("a.npz", {"x": EDGES}, False, r"a\.npz holds x; needed: edges, or tail and head"),
        ("a.npz", {"tail": [1]}, False, r"a\.npz holds tail; needed"),
        ("a.npz", {"tail": [1], "head": [1, 2]}, False, r"a\.npz: tail_ids has 1 entries"),
        ("a.npz", {"edges": EDGES}, True, r"a\.npz has no array called weight"),
        ("a.npz", {"edges": EDGES, "weight": [1, np.nan, 2]}, True, r"a\.npz: the weight of edge 1 is NaN"),
        ("a.parquet", {"a": [1.0], "b": [2.0]}, False, r"a\.parquet: tail_ids: .*not float64"),
        ("a.parquet", {"a": [1, None], "b": [2, 3]}, False, r"a\.parquet: row 1: 'a' is missing"),
        ("a.parquet", {"a": [1], "b": ["x"]}, False, r"a\.parquet: .*not both"),
        ("a.parquet", {"a": [True], "b": [False]}, False, r"a\.parquet: 'a' is Boolean"),
        ("a.parquet", {"a": [1]}, False, r"a\.parquet: columns 'a': an edge needs two"),
        ("a.parquet", {"a": [1], "b": [2]}, True, r"a\.parquet: columns 'a', 'b': none is the weight"),
        ("a.parquet", {"a": [1], "b": [2], "weight": ["x"]}, True, r"a\.parquet: weights are numbers"),
        ("a.parquet", {"u": [1], "v": [2], "from": [1], "to": [2]}, False, r"a\.parquet: .*more than one pair"),
    ],
)
def test_refused(tmp_path, name, value, weighted, message):
    save(tmp_path / name, value)
    with pytest.raises(InputError, match=message) as caught:
        read_graph(tmp_path / name, weighted=weighted)
    assert "\n" not in str(caught.value)


def test_files_of_other_kinds(tmp_path):
    for name in ("a.npy", "a.npz", "a.parquet"):
        (tmp_path / name).write_text("1 2\n" * 50)
        with pytest.raises(InputError, match=name):
            read_graph(tmp_path / name)
    np.save(tmp_path / "b.npy", EDGES)
    np.savez(tmp_path / "b.npz", edges=EDGES)
    with pytest.raises(InputError, match=r"is an \.npy file"):
        read_graph(tmp_path / "b.npy", format="npz")
    with pytest.raises(InputError, match=r"is an \.npz file"):
        read_graph(tmp_path / "b.npz", format="npy")
    (tmp_path / "b.npz").write_bytes((tmp_path / "b.npz").read_bytes()[:100])  # cut short
    with pytest.raises(InputError, match=r"b\.npz"):
        read_graph(tmp_path / "b.npz")


def test_in_memory():
    assert read_graph(EDGES, num_vertices=10).num_vertices == 10
    assert read_graph(np.empty((0, 2), int)).num_edges == 0
    with pytest.raises(InputError, match=r"the array has shape \(2, 3\)"):
        read_graph(EDGES.T)
    with pytest.raises(InputError, match="the array: row 0: the vertex -1 is not in"):
        read_graph(-EDGES // 5, num_vertices=3)
