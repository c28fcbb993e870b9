"""Calls the compiled parser on a block of an edge list, and has Python read the weights it leaves out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from logdepth.graphs.decimals import SHORT
from logdepth.graphs.dialect import Dialect, LineError, parse_weight
from logdepth.graphs.text import TextFile

INT64 = (-(2**63), 2**63 - 1)
SMALL_BYTES = 200_000  # in less, Python reads every line before the compiled parser is loaded


@dataclass(frozen=True, eq=False)
class PlainRows:
    """What the compiled parser read of a block: (rows,) each; or where names stand, in `spans` (rows, 4).

    `long_rows`, `long_texts`: the weights that `Texts` wants to see. It read `lines` lines, and stopped at byte `stop`:
    what follows is for the definition of a line.
    """

    tails: np.ndarray
    heads: np.ndarray
    weights: np.ndarray
    long_rows: np.ndarray
    long_texts: list[bytes]
    spans: np.ndarray
    lines: int
    stop: int


def scan(
    file: TextFile, dialect: Dialect, line: int, block: bytes, bounds: tuple[int, int] = INT64, named: bool = False
) -> PlainRows:
    """Parse the plain lines at the start of `block`, before which the file has `line` lines; of a small block none.

    Raises `InputError` naming file and line at a weight that is none.

    >>> from pathlib import Path
    >>> rows = scan(TextFile(Path("a.txt")), Dialect(), 0, b"# a comment\\n3 4\\n5 x\\n" + b"\\n" * SMALL_BYTES)
    >>> rows.tails.tolist(), rows.heads.tolist(), rows.lines, rows.stop
    ([3], [4], 2, 16)
    """
    if len(block) < SMALL_BYTES:
        none = np.empty(0, np.int64)
        return PlainRows(none, none, np.empty(0), none, [], np.empty((0, 4), np.int64), 0, 0)
    from logdepth.graphs.rows import parse_rows  # compiled: loaded when there is something to parse

    size, weighted = block.count(b"\n"), dialect.weight >= 0
    tails, heads = (np.empty(0 if named else size, np.int64) for _ in range(2))
    weights, fields = np.empty(size if weighted else 0), np.empty((size, 6 if named else 2), np.int64)
    columns = (dialect.tail, dialect.head, dialect.weight)
    separator = dialect.separator[0] if dialect.separator else 0
    text = np.frombuffer(block, np.uint8)
    rows, lines, stop = parse_rows(text, separator, columns, bounds, named, tails, heads, weights, fields)
    weights = weights[:rows].copy()
    odd = np.isnan(weights)
    for row in np.flatnonzero(odd):
        start, end = fields[row, :2].tolist()
        try:
            weights[row] = parse_weight(block[start:end])
        except LineError as error:
            content = block[block.rfind(b"\n", 0, start) + 1 : block.index(b"\n", start)]
            raise file.error(line + block.count(b"\n", 0, start) + 1, str(error), content) from None
    long_rows = (
        np.flatnonzero(odd | (fields[:rows, 1] - fields[:rows, 0] > SHORT)) if weighted else np.empty(0, np.int64)
    )
    starts, ends = fields[long_rows, 0].tolist(), fields[long_rows, 1].tolist()
    long_texts = [block[start:end] for start, end in zip(starts, ends, strict=True)]
    return PlainRows(
        tails[:rows].copy(), heads[:rows].copy(), weights, long_rows, long_texts, fields[:rows, 2:], lines, stop
    )
