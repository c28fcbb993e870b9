"""Blocks of whole lines, and files that cannot be read."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.graphs import read_graph
from logdepth.graphs.text import TextFile, clip


@given(
    text=st.binary(min_size=1, max_size=60).map(lambda b: b"x" + b.replace(b"a", b"\n")),
    size=st.integers(1, 20),
    skip=st.integers(0, 9),
)
def test_blocks_are_the_file(tmp_path_factory, text, size, skip):
    path = tmp_path_factory.getbasetemp() / "blocks.txt"
    path.write_bytes(text)
    blocks = list(TextFile(path).blocks(size, skip))
    rest = text[skip:]
    assert b"".join(blocks) == (rest if rest.endswith(b"\n") or not rest else rest + b"\n")
    assert all(block.endswith(b"\n") for block in blocks)
    lines = list(TextFile(path).lines())
    assert b"".join(line for _, _, line in lines) == text
    assert [number for number, _, _ in lines] == list(range(1, len(lines) + 1)) and lines[-1][1] == len(text)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match=r"none\.txt: no such file"):
        read_graph(tmp_path / "none.txt")
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(InputError, match=r"folder\.txt is a folder"):
        read_graph(str(tmp_path / "folder.txt"))
    for name in ("a.txt", "a.mtx", "a.graph", "a.npy", "a.npz", "a.parquet"):
        (tmp_path / name).touch()
        with pytest.raises(InputError, match=f"{name} is empty"):
            read_graph(tmp_path / name)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(InputError, match="is empty"):
        read_graph(tmp_path / "a.txt.gz")


def test_damaged_gzip(tmp_path: Path):
    path = tmp_path / "a.txt.gz"
    text = b"".join(b"%d %d\n" % (i, i * i % 9973) for i in range(20000))
    whole = gzip.compress(text)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"a\.txt\.gz is truncated: the gzip stream ends after (\d+) lines") as caught:
        read_graph(path)
    assert 5000 < int(str(caught.value).split()[-2]) < 15000
    path.write_bytes(whole[:-4])
    with pytest.raises(InputError, match=r"truncated.* after 20000 lines"):
        read_graph(path)
    path.write_bytes(whole[:5000] + bytes(50) + whole[5050:])
    with pytest.raises(InputError, match="damaged gzip"):
        read_graph(path)
    path.write_bytes(gzip.compress(b"1 2\n") + gzip.compress(b"3 4\n"))  # members follow each other
    assert read_graph(path).num_edges == 2
    path.write_bytes(b"1 2\n")  # a browser unpacked it and kept the name
    assert read_graph(path).num_edges == 1


def test_clip():
    assert clip(b" a\xff\n") == repr("a\\xff") and clip("x" * 90) == repr("x" * 80 + "...")
