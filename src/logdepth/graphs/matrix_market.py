"""Matrix Market files: a square coordinate matrix is a graph, an entry an edge. Dense and complex ones are refused.

After the header the format is an edge list, so the edge list's parser reads it: in blocks, and with its errors.
"""

from __future__ import annotations

import numpy as np

from logdepth.graphs.dialect import Dialect
from logdepth.graphs.edge_list import NotIntegersError, read_integer_rows
from logdepth.graphs.graph import Graph, check_vertices, graph_from_edges
from logdepth.graphs.text import BLOCK_BYTES, TextFile


def read_matrix_market(file: TextFile, *, weighted: bool = False, block_bytes: int = BLOCK_BYTES) -> Graph:
    """The graph of an n by n matrix: vertices 1..n (the file's ids), an edge `row - column` an entry of the file.

    An entry of a symmetric matrix is one edge, as it stands (not mirrored); an explicit zero is an edge too.
    Raises `InputError` naming file and line, also if the number of entries is not the header's.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.mtx"
    ...     _ = path.write_text("%%MatrixMarket matrix coordinate pattern symmetric\\n3 3 1\\n2 1\\n")
    ...     read_matrix_market(TextFile(path))
    Graph(3 vertices, 1 edges, ids are whole numbers)
    """
    number, position, size, entries, has_weight, symmetric = _read_header(file)
    if weighted and not has_weight:
        raise file.error(1, "a pattern matrix has no weights")
    dialect = Dialect(weight=2 if has_weight else -1, skip=position)
    try:
        tail, head, weight = read_integer_rows(file, dialect, (1, size), line=number, block_bytes=block_bytes)
    except NotIntegersError as odd:
        raise odd.outside(file, (1, size)) from None
    if len(tail) != entries:
        raise file.error(number, f"the header announces {entries} entries; the file has {len(tail)}")
    if symmetric and (tail < head).any() and (tail > head).any():
        raise file.error(1, "a symmetric matrix with entries on both sides of the diagonal: one triangle is stored")
    return graph_from_edges(tail, head, weight if weighted else None, np.arange(1, size + 1))


def _read_header(file: TextFile) -> tuple[int, int, int, int, bool, bool]:
    """(line of the sizes, byte after it, n, entries, are there weights, symmetric?)."""
    banner: list[str] = []
    number = 0
    for number, position, line in file.lines():
        if number == 1:
            banner = line.decode("utf-8", "replace").lower().split()
            if len(banner) != 5 or banner[:2] != ["%%matrixmarket", "matrix"]:
                raise file.error(1, "not Matrix Market: it starts %%MatrixMarket matrix coordinate ...", line)
            _check_banner(file, banner, line)
        elif line.strip() and not line.lstrip().startswith(b"%"):
            words = line.split()
            if len(words) != 3 or not all(word.isdigit() and len(word) < 19 for word in words):
                raise file.error(number, "the sizes are three whole numbers: rows, columns, entries", line)
            rows, columns, entries = map(int, words)
            if rows != columns:
                raise file.error(number, f"a graph is a square matrix, not {rows} by {columns}", line)
            check_vertices(f"{file.path}:{number}", rows)
            return number, position, rows, entries, banner[3] != "pattern", banner[4] == "symmetric"
    raise file.error(number, "the file ends before the line with the sizes")


def _check_banner(file: TextFile, banner: list[str], line: bytes) -> None:
    for name, word, known in (
        ("layout", banner[2], ("coordinate",)),
        ("field", banner[3], ("pattern", "integer", "real", "double")),
        ("symmetry", banner[4], ("general", "symmetric")),
    ):
        if word not in known:
            raise file.error(1, f"the {name} {word!r} is not read; {' or '.join(known)} is", line)
