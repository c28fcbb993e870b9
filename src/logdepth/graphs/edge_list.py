"""Edge lists in text: SNAP's, CSV and TSV. Reads whole files; what a line says is `dialect.py`'s.

Ids are whole numbers (int64) throughout, or names throughout: a file with one id that is no number is read
again as names, every id kept as written ("007" and "7" then differ). A file of numbers only, one of which is
not an int64 (1.0, 1e5, nan, 2**63), is refused.
"""

from __future__ import annotations

from array import array

import numpy as np

from logdepth.graphs.decimals import Texts
from logdepth.graphs.dialect import Dialect, LineError, find_dialect, is_integer, parse_weight
from logdepth.graphs.graph import Graph, graph_from_edges
from logdepth.graphs.named_edges import NotIntegersError, read_named_edges
from logdepth.graphs.scan import INT64, scan
from logdepth.graphs.text import BLOCK_BYTES, TextFile
from logdepth.graphs.weights import check_weights


def read_edge_list(
    file: TextFile,
    kind: str,
    *,
    weighted: bool = False,
    num_vertices: int | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Graph:
    """The graph of an edge list; `kind` as in `find_dialect`. Raises `InputError` naming file and line.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.csv"
    ...     _ = path.write_text("source,target\\n7,5\\n5,9\\n")
    ...     read_edge_list(TextFile(path), "csv").ids.tolist()
    [5, 7, 9]
    """
    dialect = find_dialect(file, kind, weighted)
    bounds = INT64 if num_vertices is None else (0, num_vertices - 1)
    try:
        tail, head, weight = read_integer_rows(file, dialect, bounds, block_bytes=block_bytes)
    except NotIntegersError as odd:
        if num_vertices is not None:
            raise odd.outside(file, bounds) from None
        return read_named_edges(file, dialect, odd, block_bytes)
    return graph_from_edges(tail, head, weight, None if num_vertices is None else np.arange(num_vertices))


def read_integer_rows(
    file: TextFile, dialect: Dialect, bounds: tuple[int, int], *, line: int = 0, block_bytes: int = BLOCK_BYTES
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Tails, heads (int64) and weights of a file whose ids are whole numbers within `bounds`.

    `line`: the lines before byte `dialect.skip`, where there is no header. Raises `InputError`, or
    `NotIntegersError` at an id that is no int64.
    """
    line = dialect.header or line
    first_line, texts = line, Texts()
    tails, heads, weights = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
    for block in file.blocks(block_bytes, dialect.skip):
        plain = scan(file, dialect, line, block, bounds)
        texts.add(len(plain.weights), plain.long_rows, plain.long_texts)
        parts = [(plain.tails, plain.heads, plain.weights)]
        if plain.stop < len(block):
            parts.append(parse_integer_lines(file, dialect, bounds, line + plain.lines, block[plain.stop :], texts))
        for part in parts:
            tails.append(part[0])
            heads.append(part[1])
            weights.append(part[2])
        line += block.count(b"\n")
    weight = np.concatenate(weights) if dialect.weight >= 0 else None
    if weight is not None:
        check_weights(file, dialect, first_line, weight, texts)
    return np.concatenate(tails), np.concatenate(heads), weight


def parse_integer_lines(
    file: TextFile, dialect: Dialect, bounds: tuple[int, int], line: int, text: bytes, texts: Texts
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(tails, heads, weights) by the definition of a line, in Python."""
    tails, heads, weights = array("q"), array("q"), array("d")
    written: list[bytes] = []
    for number, content in enumerate(text.split(b"\n"), line + 1):
        try:
            row = dialect.cut(content)
            weight = parse_weight(row[2]) if row and row[2] is not None else 0.0
        except LineError as error:
            raise file.error(number, str(error), content) from None
        if row is None:
            continue
        for word, column in ((row[0], tails), (row[1], heads)):
            value = int(word) if is_integer(word) and len(word) < 1000 else None
            if value is None or not INT64[0] <= value <= INT64[1]:
                raise NotIntegersError(number, word, content)
            if not bounds[0] <= value <= bounds[1]:
                raise file.error(number, f"the vertex {value} is not in {bounds[0]}..{bounds[1]}", content)
            column.append(value)
        weights.append(weight)
        written.append(row[2] or b"")
    found = np.array(weights, np.float64)
    if dialect.weight >= 0:
        texts.add_all(found, written)
    return np.array(tails, np.int64), np.array(heads, np.int64), found
