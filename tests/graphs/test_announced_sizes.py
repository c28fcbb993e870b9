"""Headers that announce what is not there, or what no machine holds: refused before anything is allocated."""

from __future__ import annotations

import io
import resource
import zipfile

import numpy as np
import pytest
from scipy import sparse

from logdepth.errors import InputError
from logdepth.graphs import read_graph
from logdepth.graphs.numpy_files import load_array
from logdepth.protocols.inputs.number_files import read_numbers


@pytest.fixture(autouse=True)
def little_memory():
    """What would be allocated after all ends in a MemoryError, not in the death of the tests."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (64 << 30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def npy(shape, data=b"", dtype="<i8", version=(1, 0)) -> bytes:
    header = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    length = 2 if version == (1, 0) else 4
    header += b" " * (-(8 + length + len(header) + 1) % 64) + b"\n"
    return b"\x93NUMPY" + bytes(version) + len(header).to_bytes(length, "little") + header + data


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("shape", ["(10**12, 2)", "(99999999999999999999, 2)", "(3, 2)", "(2**62, 4)"])
def test_npy_that_announces_more_than_it_holds(tmp_path, shape, version):
    path = tmp_path / "a.npy"
    path.write_bytes(npy(str(eval(shape)), b"12345678", version=version))
    for read in (read_graph, load_array, lambda path: read_numbers(str(path))):
        with pytest.raises(
            InputError, match=r"a\.npy: its header announces int64 of shape .* bytes; the file has 8 more"
        ):
            read(path)


@pytest.mark.parametrize(
    "content",
    [
        npy("(-1, 2)"),
        npy("(True, 2)"),
        npy("(1.5, 2)"),
        npy("'x'"),
        npy("(2, 2)", dtype="|O"),
        npy("(2, 2)", dtype="nonsense"),
        npy("(2, 2)", version=(9, 9)),
        npy("(" * 500 + ")" * 500),
        npy("(1, 2)")[:40],
        b"\x93NUMPY",
        b"PK\x03\x04",
        b"PK\x05\x06" + bytes(18),
        b"not NumPy at all",
    ],
)
def test_broken_headers(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    for read in (read_graph, lambda path: read_numbers(str(path))):
        with pytest.raises(InputError, match=r"a\.npy"):
            read(tmp_path / "a.npy")


def archive(path, arrays, lie=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in arrays.items():
            file.writestr(f"{name}.npy", data)
    if lie is not None:
        data = bytearray(path.read_bytes())
        at = data.index(b"PK\x01\x02") + 24  # the unpacked size in the directory
        data[at : at + 4] = lie.to_bytes(4, "little")
        path.write_bytes(data)


def test_npz_that_lies(tmp_path):
    path = tmp_path / "a.npz"
    archive(path, {"edges": npy("(10**11, 2)".replace("10**11", str(10**11)), b"12345678")})
    with pytest.raises(InputError, match=r"a\.npz: edges: its header announces .* 1,600,000,000,000 bytes"):
        read_graph(path)
    archive(path, {"edges": npy("(1, 2)", bytes(16))}, lie=2**32 - 2)
    with pytest.raises(InputError, match=r"a\.npz: 'edges\.npy' announces 4,294,967,294 bytes out of"):
        read_graph(path)


def test_npz_that_unpacks_beyond_memory(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((1 << 20, 2), np.int64))
    archive(tmp_path / "a.npz", {"edges": buffer.getvalue()})
    assert (tmp_path / "a.npz").stat().st_size < 1 << 16
    monkeypatch.setattr("logdepth.memory.total_memory", lambda: 1 << 20)
    with pytest.raises(InputError, match=r"a\.npz .*, unpacked, needs 0\.0 GiB of memory"):
        read_graph(tmp_path / "a.npz")


def test_more_vertices_than_memory(tmp_path):
    path = tmp_path / "a.mtx"
    path.write_text("%%MatrixMarket matrix coordinate pattern general\n99999999999 99999999999 1\n1 2\n")
    with pytest.raises(InputError, match=r"a\.mtx:2: a graph of 99,999,999,999 vertices needs 2,700\.8 GiB of memory"):
        read_graph(path)
    (tmp_path / "a.txt").write_text("1 2\n")
    with pytest.raises(InputError, match="num_vertices: a graph of 1,000,000,000,000 vertices needs"):
        read_graph(tmp_path / "a.txt", num_vertices=10**12)
    huge = sparse.coo_array(([1.0], ([0], [1])), shape=(10**11, 10**11))
    with pytest.raises(InputError, match="the matrix: a graph of 100,000,000,000 vertices needs"):
        read_graph(huge)
    for header in ("99999999999 1", "2000000000 1", "4 99999999999"):
        (tmp_path / "a.graph").write_text(f"{header}\n2\n1\n\n\n")
        with pytest.raises(InputError, match=r"a\.graph:\d"):
            read_graph(tmp_path / "a.graph")


@pytest.mark.parametrize(
    "change",
    [
        {"indptr": np.array([0, 10**9, 2])},
        {"indptr": np.array([0, 2, 1])},
        {"indices": np.array([0, 99])},
        {"indices": np.array([0, -5])},
        {"shape": np.array([10**9, 10**9])},
        {"format": np.array(b"nonsense")},
        {"data": np.array([1.0])},
    ],
)
def test_scipy_arrays_that_point_outside(tmp_path, change):
    sparse.save_npz(tmp_path / "good.npz", sparse.csr_array(np.array([[0, 1.0], [2.0, 0]])))
    with np.load(tmp_path / "good.npz") as arrays:
        found = dict(arrays)
    np.savez(tmp_path / "a.npz", **{**found, **change})
    with pytest.raises(InputError, match=r"a\.npz"):
        read_graph(tmp_path / "a.npz", weighted=True)


def test_a_line_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("logdepth.graphs.text.LINE_BYTES", 1 << 20)
    (tmp_path / "a.txt").write_bytes(b"1 2\n" + b"1" * (4 << 20))
    with pytest.raises(InputError, match=r"a\.txt:\d+: a line of more than 1,048,576 bytes"):
        read_graph(tmp_path / "a.txt")
