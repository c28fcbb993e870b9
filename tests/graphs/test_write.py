"""Tables of answers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from logdepth.errors import InputError
from logdepth.graphs import write_table

COLUMNS = {"vertex": np.array(["a", "é,\t"], object), "n": np.array([1, -(2**63)]), "x": np.array([0.1, np.inf])}


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".npz", ".CSV"])
def test_round_trip(tmp_path, suffix):
    path = tmp_path / "new" / f"a{suffix}"
    for _ in range(2):  # the second replaces the first
        write_table(path, COLUMNS)
    if suffix == ".npz":
        table = dict(np.load(path))
    elif suffix == ".parquet":
        table = pl.read_parquet(path).to_dict()
    else:
        table = pl.read_csv(path, separator="\t" if suffix == ".tsv" else ",").to_dict()
    assert list(table) == list(COLUMNS)
    assert all(list(table[name]) == COLUMNS[name].tolist() for name in COLUMNS)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_other_columns(tmp_path):
    for values in ([True, False], np.array(["x", "yy"]), np.array([1, 2], np.uint8), []):
        write_table(tmp_path / "a.parquet", {"c": np.array(values)})
        assert pl.read_parquet(tmp_path / "a.parquet")["c"].to_list() == list(values)


@pytest.mark.parametrize(
    ("name", "columns", "message"),
    [
        ("a.xls", COLUMNS, r"a\.xls: unknown suffix; a table is written as \.parquet, \.csv, \.tsv, \.npz"),
        ("a.csv", {}, "one length .none"),
        ("a.csv", {"a": np.arange(2), "b": np.arange(3)}, "one length .a: 2, b: 3"),
        ("a.csv", {"a": np.zeros((2, 2))}, "column 'a' is float64"),
        ("a.npz", {"a": np.array([None])}, "column 'a' is object"),
        ("a.npz", {"a": np.array([1j])}, "column 'a' is complex128"),
        ("a.npz", {"file": np.arange(2)}, "cannot store a column called 'file'"),
    ],
)
def test_refused(tmp_path, name, columns, message):
    with pytest.raises(InputError, match=message):
        write_table(tmp_path / name, columns)
    assert not list(tmp_path.iterdir())
