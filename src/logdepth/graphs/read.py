"""One door for graphs: picks the reader by the source's type or the file's suffix. The readers live beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.files import regular_file
from logdepth.graphs.graph import Graph, check_vertices
from logdepth.graphs.text import check_there

# Edge lists named .txt, .edges or .el are looked at for commas; the same as a `format` means white space.
SUFFIXES = {
    ".txt": "guess",
    ".edges": "guess",
    ".el": "guess",
    ".tsv": "tsv",
    ".csv": "csv",
    ".mtx": "mtx",
    ".graph": "metis",
    ".metis": "metis",
    ".npy": "npy",
    ".npz": "npz",
    ".parquet": "parquet",
}
FORMATS = {suffix[1:]: "txt" if kind == "guess" else kind for suffix, kind in SUFFIXES.items()}
_BINARY = ("npy", "npz", "parquet")


def read_graph(
    source: Any, *, format: str | None = None, weighted: bool = False, num_vertices: int | None = None
) -> Graph:
    """Read a graph: every edge of the source, as it stands there.

    `source`: a path; a square SciPy sparse matrix or array; a networkx graph; or an (m, 2) integer array.

    `format` (default: by the file's suffix, `.gz` aside):

    * txt, edges, el: an edge a line, two ids separated by white space, further columns ignored; lines starting
      with `#`, `%` or `//` and blank lines are skipped. A .txt, .edges or .el file may use commas.
    * csv, tsv: the same with commas (or semicolons, or tabs), quotes, and perhaps a header: a first line with a
      known pair of names (source,target; from,to; src,dst; ...: `columns.PAIRS`), or whose ids are not numbers
      while those of the second line are. A header chooses the columns; else they are the first two, and the
      third is the weight.
    * mtx (Matrix Market), graph or metis: the vertices are 1..n, as in the file.
    * npy: (m, 2) integers. npz: `edges`, or `tail`, `head` (`weight`), or SciPy's `save_npz`. parquet.

    Ids are all whole numbers (int64) or all strings. `weighted` asks for weights, and refuses an edge without
    one, NaN, and numbers that float64 would change (whole ones) or not tell apart. `num_vertices` (edge lists,
    arrays, Parquet) makes the vertices 0..num_vertices-1, isolated ones included, and refuses any other id. Text
    may be compressed with gzip. A pipe (`<(...)`) without a suffix is read as txt.

    Raises `InputError`: one line that names the file, the line or row, and its text.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.txt"
    ...     _ = path.write_text("# a comment\\n10 30\\n30\\t20\\n")
    ...     graph = read_graph(path)
    >>> graph, graph.ids[graph.head].tolist()
    (Graph(3 vertices, 2 edges, ids are whole numbers), [30, 20])
    """
    if num_vertices is not None and (not isinstance(num_vertices, int | np.integer) or num_vertices < 0):
        raise InputError(f"num_vertices is {num_vertices!r}; a whole number from 0 on is needed")
    if num_vertices is not None:
        check_vertices("num_vertices", int(num_vertices))
    if isinstance(source, str | Path):
        path = Path(source)
        kind = _find_kind(path, format)
        with regular_file(path) as file:
            return _read_file(file, kind, weighted, num_vertices)
    if format is not None:
        raise InputError(f"format={format!r} is for files; the source is a {type(source).__name__}")
    from logdepth.graphs import arrays, objects

    if isinstance(source, np.ndarray):
        return arrays.graph_from_pairs("the array", source, weighted, num_vertices)
    if not objects.is_sparse(source) and not objects.is_networkx(source):
        raise InputError(
            f"cannot read a graph from a {type(source).__name__}; a path, a SciPy sparse matrix, "
            "a networkx graph or an (m, 2) integer array is needed"
        )
    if num_vertices is not None:
        raise InputError(f"a {type(source).__name__} has all its vertices, so num_vertices cannot be given")
    return (
        objects.read_sparse(source, weighted) if objects.is_sparse(source) else objects.read_networkx(source, weighted)
    )


def _find_kind(path: Path, format: str | None) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    zipped = suffixes[-1:] == [".gz"]
    if format is not None:
        if format not in FORMATS:
            raise InputError(f"format={format!r} is not one of {', '.join(FORMATS)}")
        kind = FORMATS[format]
    else:
        suffix = (suffixes[:-1] if zipped else suffixes)[-1:]
        if not suffix or suffix[0] not in SUFFIXES:
            known = " ".join(SUFFIXES)
            check_there(path)
            if not path.is_file():  # a pipe, which has no suffix
                return "guess"
            raise InputError(f"{path}: unknown suffix; known are {known} (text also with .gz), or give the format")
        kind = SUFFIXES[suffix[0]]
    if zipped and kind in _BINARY:
        raise InputError(f"{path}: {kind} files are not read compressed; unpack it first")
    return kind


def _read_file(path: Path, kind: str, weighted: bool, num_vertices: int | None) -> Graph:
    if kind in _BINARY:
        from logdepth.graphs import arrays

        reader = {"npy": arrays.read_npy, "npz": arrays.read_npz, "parquet": arrays.read_parquet}[kind]
        return reader(path, weighted=weighted, num_vertices=num_vertices)
    from logdepth.graphs.edge_list import read_edge_list
    from logdepth.graphs.matrix_market import read_matrix_market
    from logdepth.graphs.metis import read_metis
    from logdepth.graphs.text import TextFile

    file = TextFile(path)
    if kind not in ("mtx", "metis"):
        return read_edge_list(file, kind, weighted=weighted, num_vertices=num_vertices)
    if num_vertices is not None:
        raise InputError(f"{path}: its header says how many vertices there are, so num_vertices cannot be given")
    return (read_matrix_market if kind == "mtx" else read_metis)(file, weighted=weighted)
