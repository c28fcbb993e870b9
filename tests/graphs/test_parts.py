"""Parts of a graph: the same edges as the one-file readers give, whatever the pieces; and what is refused."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace

import numpy as np
import pytest

from logdepth.errors import InputError
from logdepth.graphs import read_graph
from logdepth.graphs.parts import is_partitioned, list_parts, read_unit, survey
from logdepth.graphs.parts.listing import file_system
from logdepth.graphs.parts.units import pack_names, unpack_names

NAMES = ["Berlin", "x", "Zürich", "q-a-very-long-name", "0", "éa", "~"]


def serial(work, items):
    return [work(item) for item in items]


def look(source, tmp_path, **options):
    down = tmp_path / "laid down"
    down.mkdir(exist_ok=True)
    return survey(str(source), serial, folder=str(down), **options)


def edges_of(found):
    """Tails and heads of all units, as ids."""
    ends = []
    for end in (0, 1):
        words = np.concatenate([read_unit(unit, found.width)[end] for unit in found.units], axis=1)
        ends.append(unpack_names(words) if found.names else words[0].tolist())
    return ends


@pytest.fixture
def edges():
    return np.random.default_rng(3).integers(-(2**62), 2**62, (200, 2))


TEXT = "# a comment\n\n  \t\n{}// another\n% and another"


@pytest.mark.parametrize("text_bytes", [1, 7, 64, 1000, 1 << 20])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_byte_ranges_hold_every_line_once(tmp_path, edges, text_bytes, end):
    rows = "".join(f"{tail}\t {head} more\n" for tail, head in edges[:40])
    (tmp_path / "a.txt").write_bytes(TEXT.format(rows).replace("\n", end).encode())
    found = look(tmp_path / "a.txt", tmp_path, text_bytes=text_bytes)
    assert found.num_edges == 40 == sum(unit.rows for unit in found.units)
    assert [unit.first for unit in found.units] == np.cumsum([0, *(unit.rows for unit in found.units)])[:-1].tolist()
    assert edges_of(found) == edges[:40].T.tolist()


def test_byte_ranges_through_the_compiled_parser(tmp_path):
    edges = np.random.default_rng(1).integers(0, 10**6, (60_000, 2))
    (tmp_path / "a.txt").write_text("".join(f"{tail} {head}\n" for tail, head in edges))
    found = look(tmp_path / "a.txt", tmp_path, text_bytes=300_001)
    assert len(found.units) > 2 and edges_of(found) == edges.T.tolist()


@pytest.mark.parametrize("head", ["source,target\n", "\ufefftarget,source\n", "\ufeff", ""])
@pytest.mark.parametrize("text_bytes", [1, 50, 1000])
def test_headers_marks_and_names(tmp_path, head, text_bytes):
    rng = np.random.default_rng(5)
    rows = [(NAMES[a], NAMES[b]) for a, b in rng.integers(0, len(NAMES), (30, 2))]
    (tmp_path / "a.csv").write_text(head + "".join(f'{tail},"{head}"\n' for tail, head in rows), encoding="utf-8")
    found, graph = look(tmp_path / "a.csv", tmp_path, text_bytes=text_bytes), read_graph(tmp_path / "a.csv")
    assert found.names and found.width == 3
    assert edges_of(found) == [graph.ids[graph.tail].tolist(), graph.ids[graph.head].tolist()]


def test_names_are_ordered_by_code_point():
    names = sorted({name + more for name in NAMES for more in ("", "a", "ab" * 5, "\U0001f600")})
    text = "".join(names).encode()
    ends = np.cumsum([len(name.encode()) for name in names])
    words = pack_names("here", np.frombuffer(text, np.uint8), np.concatenate([[0], ends[:-1]]), ends, 4)
    assert unpack_names(words) == names
    assert [tuple(column) for column in words.T.tolist()] == sorted(tuple(column) for column in words.T.tolist())
    long = np.frombuffer(b"x" * 32, np.uint8)
    with pytest.raises(InputError, match=r"here: the name '.*' has 32 bytes; names have 8 at most"):
        pack_names("here", long, np.array([0]), np.array([32]), 1)
    with pytest.raises(InputError, match="zero byte"):
        pack_names("here", np.frombuffer(b"a\0b", np.uint8), np.array([0]), np.array([3]), 1)


def test_kinds_mix(tmp_path, edges):
    polars = pytest.importorskip("polars")
    polars.DataFrame({"x": edges[:50, 0], "target": edges[:50, 1], "source": edges[:50, 0]}).write_parquet(
        tmp_path / "a.parquet", row_group_size=7
    )
    np.save(tmp_path / "b.npy", edges[50:90])
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress("".join(f"{a} {b}\n" for a, b in edges[90:150]).encode()))
    (tmp_path / "d.tsv").write_text("from\tto\n" + "".join(f"{a}\t{b}\n" for a, b in edges[150:]))
    (tmp_path / "notes.md").write_text("no edges")
    for rows in (1, 11, 1000):
        found = look(tmp_path, tmp_path, rows=rows, text_bytes=200)
        assert found.num_parts == 4 and edges_of(found) == edges.T.tolist()


def test_names_in_parquet(tmp_path):
    polars = pytest.importorskip("polars")
    tails, heads = NAMES, NAMES[::-1]
    polars.DataFrame({"u": tails, "v": heads}).write_parquet(tmp_path / "a.parquet")
    found = look(tmp_path / "a.parquet", tmp_path, rows=3)
    assert found.names and edges_of(found) == [tails, heads]


def test_through_fsspec(tmp_path, edges):
    pytest.importorskip("fsspec")
    (tmp_path / "a.txt").write_text("".join(f"{a} {b}\n" for a, b in edges))
    found = look(f"file://{tmp_path}/*.txt", tmp_path)
    assert edges_of(found) == edges.T.tolist()
    with pytest.raises(InputError, match="nowhere://x"):
        file_system("nowhere://x")


def test_arrays_and_manifests_through_fsspec(tmp_path, edges):
    """What is not read in place is laid down; a part that is missing is missed there too."""
    fsspec = pytest.importorskip("fsspec")
    from logdepth.graphs.generating import Recipe, generate_parts

    memory = fsspec.filesystem("memory")
    for name, rows in (("a.npy", edges[:90]), ("_b.npy", edges)):
        with memory.open(f"/arrays/{name}", "wb") as file:
            np.save(file, rows)
    with memory.open("/arrays/c.txt.gz", "wb") as file:
        file.write(gzip.compress("".join(f"{a} {b}\n" for a, b in edges[90:]).encode()))
    found = look("memory://arrays", tmp_path)
    assert found.num_parts == 2 and edges_of(found) == edges.T.tolist()
    with memory.open("/arrays/c.txt.gz", "wb") as file:
        file.write(gzip.compress(b"1 2\n" * 99)[:-9])
    refused("memory://arrays", tmp_path, r"memory:///?arrays/c\.txt\.gz is truncated: the gzip stream ends")

    generate_parts(Recipe("path", 30), tmp_path / "e", parts=3, format="npy")
    assert look(f"file://{tmp_path}/e", tmp_path).num_edges == 29
    (tmp_path / "e" / "part-00001.npy").unlink()
    for source in (f"file://{tmp_path}/e", f"file://{tmp_path}/e/*.npy"):
        refused(
            source, tmp_path, r"^file://\S+part-00001\.npy is missing: file://\S+logdepth.json names it among 3 parts"
        )


def test_arrays_are_mapped_and_may_be_packed(tmp_path, edges, monkeypatch):
    np.save(tmp_path / "a.npy", edges)
    load = np.load

    def mapped(*given, mmap_mode=None, **options):
        assert mmap_mode == "r"  # a look takes no memory, however long the array
        return load(*given, mmap_mode=mmap_mode, **options)

    with monkeypatch.context() as patch:
        patch.setattr(np, "load", mapped)
        assert edges_of(look(tmp_path / "a.npy", tmp_path, rows=7)) == edges.T.tolist()
    packed = tmp_path / "packed" / "a.npy.gz"
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress((tmp_path / "a.npy").read_bytes()))
    assert edges_of(look(packed.parent, tmp_path, rows=7)) == edges.T.tolist()
    packed.write_bytes(packed.read_bytes()[:-20])
    refused(packed.parent, tmp_path, "^cannot read .*packed/a.npy.gz: Compressed file ended")
    (tmp_path / "b.txt").write_text("a b\n")
    told = r"a\.npy has whole numbers \(-?\d+\), .*b\.txt has names \(a\); write .*a\.npy as text or Parquet, and give"
    refused(tmp_path / "*.*", tmp_path, told)


def test_standard_input_is_called_that(tmp_path, monkeypatch):
    for text, told in ((gzip.compress(b"1 2\n" * 99)[:-9], "standard input is truncated: the gzip"), (b"", "is empty")):
        (tmp_path / "in").write_bytes(text)
        with open(tmp_path / "in") as file, monkeypatch.context() as patch:
            patch.setattr("sys.stdin", file)
            refused("-", tmp_path, f"^standard input.*{told[-9:]}")
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".gz")]


def test_what_is_partitioned(tmp_path):
    (tmp_path / "a[1].txt").write_text("1 2\n")
    assert not is_partitioned(str(tmp_path / "a[1].txt"))
    assert is_partitioned(str(tmp_path)) and is_partitioned(str(tmp_path / "*.txt"))


def refused(source, tmp_path, message, **options):
    def read():
        found = look(source, tmp_path, **options)
        return [read_unit(unit, found.width) for unit in found.units]

    with pytest.raises(InputError, match=message) as caught:
        read()
    assert "\n" not in str(caught.value)


def test_refusals(tmp_path):
    polars = pytest.importorskip("polars")
    refused(tmp_path / "*.parquet", tmp_path, r"\*.parquet matches no file of edges")
    refused(tmp_path / "none.txt", tmp_path, "none.txt: No such file")
    polars.DataFrame({"u": [1, 2], "v": [3, 4]}).write_parquet(tmp_path / "a.parquet")
    polars.DataFrame({"from": [1, 2], "to": [3, 4]}).write_parquet(tmp_path / "b.parquet")
    refused(tmp_path / "*.parquet", tmp_path, "b.parquet has another schema: its edges are columns from, to, those of")
    polars.DataFrame({"u": ["1"], "v": ["x"]}).write_parquet(tmp_path / "b.parquet")
    refused(
        tmp_path / "*.parquet", tmp_path, "different kinds: .*a.parquet has whole numbers .1., .*b.parquet has names"
    )
    assert look(tmp_path / "*.parquet", tmp_path, ids="names").num_edges == 3
    polars.DataFrame({"u": [1.5], "v": [2.5]}).write_parquet(tmp_path / "b.parquet")
    refused(tmp_path / "*.parquet", tmp_path, "b.parquet: 'u' is Float64; ids are whole numbers or strings")
    polars.DataFrame({"u": [1, None], "v": [2, 3]}).write_parquet(tmp_path / "b.parquet")
    refused(tmp_path / "b.parquet", tmp_path, "b.parquet: row 1: 'u' is missing")
    polars.DataFrame({"u": np.array([2**63], np.uint64), "v": [2]}).write_parquet(tmp_path / "b.parquet")
    refused(tmp_path / "b.parquet", tmp_path, "does not fit 64 bits")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "b.parquet").write_bytes(whole[:-20])
    refused(tmp_path / "b.parquet", tmp_path, "cannot read .*b.parquet, which may be truncated or damaged")
    (tmp_path / "c.txt").write_text("1 2\n3 4\n5 x\n")
    refused(tmp_path / "c.txt", tmp_path, r"c.txt:3: .*'x' is no whole number", ids="whole")
    (tmp_path / "d.txt").write_text("1 2\n" * 2000 + "5 x\n")
    refused(tmp_path / "d.txt", tmp_path, r"d.txt:2001: .*'x' is no whole number .*--ids names", text_bytes=999)
    (tmp_path / "e.txt.gz").write_bytes(gzip.compress(b"1 2\n" * 999)[:-12])
    refused(tmp_path / "e.txt.gz", tmp_path, "e.txt.gz is truncated")


def test_a_part_that_changes(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1 2\n3 4\n")
    unit = look(path, tmp_path).units[0]
    path.write_text("1 2\n3 4\n5 6\n")
    with pytest.raises(InputError, match=r"a.txt was changed while it was being read: 8 bytes .* 12 now"):
        read_unit(unit)
    os.unlink(path)
    with pytest.raises(InputError, match=r"a.txt: no such file on host \S+, though it was there"):
        read_unit(unit)
    path.write_text("1 2\n3 4\n")
    other = replace(unit, file=list_parts(str(path))[0], rows=3)
    with pytest.raises(InputError, match="3 edges were counted"):
        read_unit(other)


def test_a_part_that_the_manifest_names(tmp_path):
    from logdepth.graphs.generating import Recipe, generate_parts

    generate_parts(Recipe("path", 30), tmp_path / "e", parts=3, format="text")
    assert look(tmp_path / "e", tmp_path).num_edges == 29
    cut = tmp_path / "e" / "part-00001.txt"
    cut.write_bytes(cut.read_bytes()[:-5])
    refused(tmp_path / "e", tmp_path, "part-00001.txt is truncated or was changed")
    cut.unlink()
    missing = "part-00001.txt is missing: .*logdepth.json names it among 3 parts"
    for source in ("e/*.txt", "e/", "e*/*.txt", "**/part*.txt"):
        refused(tmp_path / source, tmp_path, missing)
    for source in ("e/part-00000.txt", "e/*0.txt"):  # it is not among what is asked for
        assert look(tmp_path / source, tmp_path).num_edges == 9
    for path in (tmp_path / "e").glob("*.txt"):
        path.unlink()
    refused(tmp_path / "e", tmp_path, "part-00000.txt is missing")
