"""Matrix Market against SciPy's reader, and what is refused."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
import scipy.io
from scipy import sparse

from logdepth.errors import InputError
from logdepth.graphs import read_graph

HEAD = "%%MatrixMarket matrix coordinate"


@pytest.mark.parametrize("symmetry", ["general", "symmetric"])
@pytest.mark.parametrize("field", ["pattern", "integer", "real"])
@pytest.mark.parametrize("suffix", [".mtx", ".mtx.gz"])
def test_as_scipy_reads_it(tmp_path, symmetry, field, suffix):
    random = np.random.default_rng(0)
    dense = random.integers(1, 9, (12, 12)) * (random.random((12, 12)) < 0.3)
    matrix = sparse.coo_array(dense + dense.T if symmetry == "symmetric" else dense)
    path = tmp_path / f"a{suffix}"
    plain = tmp_path / "plain.mtx"
    scipy.io.mmwrite(plain, matrix, comment="a\nb", field=field, symmetry=symmetry)
    path.write_bytes(gzip.compress(plain.read_bytes()) if suffix.endswith(".gz") else plain.read_bytes())
    graph = read_graph(path, weighted=field != "pattern")
    assert graph.ids.tolist() == list(range(1, 13))
    weight = np.ones(graph.num_edges) if graph.weight is None else graph.weight
    built = sparse.coo_array((weight, (graph.tail, graph.head)), shape=(12, 12)).toarray()
    if symmetry == "symmetric":
        built = built + built.T - np.diag(np.diag(built))
    assert (built == scipy.io.mmread(path).toarray()).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2\n", "a.mtx:1: not Matrix Market"),
        ("%%MatrixMarket matrix array real general\n2 2\n", "a.mtx:1: the layout 'array' is not read"),
        (f"{HEAD} complex general\n", "a.mtx:1: the field 'complex' is not read"),
        (f"{HEAD} real skew-symmetric\n", "a.mtx:1: the symmetry 'skew-symmetric' is not read"),
        (f"{HEAD} pattern general\n% c\n", "a.mtx:2: the file ends before the line with the sizes"),
        (f"{HEAD} pattern general\n2 2\n", "a.mtx:2: the sizes are three"),
        (f"{HEAD} pattern general\n2 3 0\n", "a.mtx:2: a graph is a square matrix, not 2 by 3"),
        (f"{HEAD} pattern general\n% c\n2 2 2\n1 1\n", "a.mtx:3: the header announces 2 entries; the file has 1"),
        (f"{HEAD} pattern general\n2 2 1\n\n1 3\n", r"a.mtx:4: the vertex 3 is not in 1\.\.2: '1 3'"),
        (f"{HEAD} pattern general\n2 2 1\n0 1\n", r"a.mtx:3: the vertex 0 is not in 1\.\.2"),
        (f"{HEAD} pattern general\n2 2 1\n1 x\n", "a.mtx:3: the vertex 'x' is not in"),
        (f"{HEAD} pattern general\n2 2 1\n1\n", "a.mtx:3: one field only"),
        (f"{HEAD} real general\n2 2 1\n1 2\n", "a.mtx:3: no weight"),
        (f"{HEAD} pattern symmetric\n2 2 2\n1 2\n2 1\n", "a.mtx:1: a symmetric matrix with entries on both sides"),
    ],
)
def test_refused(tmp_path, text, message):
    path = tmp_path / "a.mtx"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_graph(path)


def test_options_refused(tmp_path):
    path = tmp_path / "a.mtx"
    path.write_text(f"{HEAD} pattern general\n2 2 1\n1 2\n")
    with pytest.raises(InputError, match=r"a\.mtx:1: a pattern matrix has no weights"):
        read_graph(path, weighted=True)
    with pytest.raises(InputError, match="num_vertices cannot be given"):
        read_graph(path, num_vertices=2)
