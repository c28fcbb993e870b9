from __future__ import annotations

from pathlib import Path

import pytest

from logdepth import theory
from logdepth.errors import InputError
from logdepth.files import new_file
from logdepth.records import Record, read_rows, write_records


def test_rows_come_back_and_ids_hash_what_determines_them(tmp_path: Path) -> None:
    records = [Record("a", {"n": 1}, {"seconds": 0.5}), Record("a", {"n": 2}, {"seconds": 0.5})]
    write_records(tmp_path / "rows.jsonl", records)
    assert read_rows(tmp_path / "rows.jsonl") == [record.row() for record in records]
    assert records[0].id == Record("a", {"n": 1}, {"seconds": 9.0}).id != records[1].id


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(InputError, match="exists already"), new_file(path):
        pass

    def half() -> None:
        with new_file(path, force=True) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["file.txt"]


def test_depth_and_reach_are_inverse() -> None:
    for layers in range(2, 12):
        assert theory.khop_depth_rank(theory.khop_reach_rank(layers)) == layers
        assert theory.khop_depth_rank(theory.khop_reach_rank(layers) + 1) == layers + 1
        assert theory.khop_depth_doubling(theory.khop_reach_doubling(layers)) == layers
        assert theory.khop_depth_doubling(theory.khop_reach_doubling(layers) + 1) == layers + 1
