"""METIS files (.graph, .metis): line i lists the neighbours of vertex i. Nothing else lives here."""

from __future__ import annotations

import re

import numpy as np

from logdepth.graphs import scan
from logdepth.graphs.dialect import is_integer
from logdepth.graphs.graph import Graph, graph_from_edges
from logdepth.graphs.scan import INT64
from logdepth.graphs.text import BLOCK_BYTES, TextFile, clip


def read_metis(file: TextFile, *, weighted: bool = False, block_bytes: int = BLOCK_BYTES) -> Graph:
    """The graph of a METIS file: vertices 1..n, isolated ones are blank lines; each edge once, tail < head.

    The file lists an edge at both its ends, with the same weight: checked, as are the header's counts. Sizes
    and weights of vertices are passed over. Raises `InputError` naming file and line.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.graph"
    ...     _ = path.write_text("4 2\\n2\\n1 3\\n2\\n\\n")
    ...     graph = read_metis(TextFile(path))
    >>> graph, graph.tail.tolist(), graph.head.tolist()
    (Graph(4 vertices, 2 edges, ids are whole numbers), [0, 1], [1, 2])
    """
    for number, position, text in file.lines():  # noqa: B007
        if text.strip() and not text.lstrip().startswith(b"%"):
            break
    else:
        raise file.error(1, "only comments; a METIS header is: vertices edges [format [vertex weights]]")
    size, edges, skipped, step = _read_header(file, number, text)
    if weighted and step == 1:
        raise file.error(number, "the header's format says that edges have no weights", text)
    counts, values = _read_lines(file, number, position, block_bytes)
    where = np.flatnonzero(counts >= 0)  # the lines of the vertices, and perhaps blank ones after them
    counts = counts[where]
    where += number + 1
    _refuse(file, where[size:], counts[size:] > 0, f"a line after those of the {size} vertices")
    if len(where) < size:
        end = f"the file ends after the lines of {len(where)} vertices; the header says {size}"
        raise file.error(int(where[-1]) if len(where) else number, end)
    where, counts = where[:size], counts[:size]
    odd = (counts > 0) & ((counts < skipped) | ((counts - skipped) % step != 0))
    _refuse(file, where, odd, f"the line should have {skipped} numbers and then {step} for each neighbour")
    tail = np.repeat(np.arange(1, size + 1), counts)
    weight = None
    if skipped or step == 2:
        place = np.arange(len(values)) - np.repeat(np.cumsum(counts) - counts, counts) - skipped
        tail, head = tail[(place >= 0) & (place % step == 0)], values[(place >= 0) & (place % step == 0)]
        weight = values[(place >= 0) & (place % step == 1)] if step == 2 else None
    else:
        head = values
    _refuse(file, where[tail - 1], (head < 1) | (head > size), f"a neighbour that is not in 1..{size}")
    _refuse(file, where[tail - 1], tail == head, "a vertex that lists itself, which METIS does not allow")
    if weight is not None:
        _refuse(file, where[tail - 1], weight <= 0, "edge weights must be above 0")
        large = np.abs(weight) > 2**53
        large[large] = weight[large].astype(np.float64).astype(object) != weight[large].astype(object)
        _refuse(file, where[tail - 1], large, f"an edge weight that no float64 is; up to 2^53 = {2**53} all are")
    _check_both_ends(file, where, tail, head, weight, size)
    once = tail < head
    if (found := int(once.sum())) != edges:
        raise file.error(number, f"the header announces {edges} edges; the file has {found}", text)
    chosen = weight[once].astype(np.float64) if weighted and weight is not None else None
    return graph_from_edges(tail[once], head[once], chosen, np.arange(1, size + 1))


def _read_header(file: TextFile, number: int, text: bytes) -> tuple[int, int, int, int]:
    """(vertices, edges, numbers before the neighbours on a line, numbers a neighbour)."""
    words = text.split()
    fmt = words[2].decode("ascii", "replace").zfill(3) if len(words) > 2 else "000"
    counts = words[:2] + words[3:]
    if not 2 <= len(words) <= 4 or not all(word.isdigit() and len(word) < 19 for word in counts):
        raise file.error(number, "a METIS header is: vertices edges [format [vertex weights]]", text)
    if len(fmt) != 3 or set(fmt) - {"0", "1"}:
        raise file.error(number, f"the format {clip(words[2])} is not up to three digits, each 0 or 1", text)
    vertex_weights = int(words[3]) if len(words) > 3 else int(fmt[1])
    if (fmt[1] == "1") != (vertex_weights > 0):
        raise file.error(number, f"{vertex_weights} vertex weights do not go with the format {fmt}", text)
    if int(words[0]) >= 2**31:
        raise file.error(number, "METIS files are read below 2**31 vertices", text)
    return int(words[0]), int(words[1]), int(fmt[0]) + vertex_weights, 1 + int(fmt[2])


def _read_lines(file: TextFile, line: int, position: int, block_bytes: int) -> tuple[np.ndarray, np.ndarray]:
    """How many numbers stand on each line after the header (-1: a comment), and all the numbers."""
    counts, values = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for block in file.blocks(block_bytes, position):
        count, value = np.empty(block.count(b"\n"), np.int64), np.empty(len(block) // 2 + 1, np.int64)
        if len(block) < scan.SMALL_BYTES:
            lines, found = _parse_slowly(block, count, value)
        else:
            from logdepth.graphs.rows import parse_integers  # compiled: loaded when there is much to parse

            lines, found = parse_integers(np.frombuffer(block, np.uint8), count, value)
        line += lines
        if lines < len(count):
            text = block.split(b"\n", lines + 1)[lines]
            raise file.error(line + 1, "only whole numbers (int64) separated by spaces belong here", text)
        counts.append(count)
        values.append(value[:found].copy())
    return np.concatenate(counts), np.concatenate(values)


def _parse_slowly(block: bytes, counts: np.ndarray, values: np.ndarray) -> tuple[int, int]:
    """`rows.parse_integers` in Python."""
    found = 0
    for line, text in enumerate(block.split(b"\n")[:-1]):
        comment = text.lstrip(b" \t\v\f").startswith(b"%")
        words = [] if comment else re.split(rb"[ \t\v\f]+", text.removesuffix(b"\r").strip(b" \t\v\f"))
        row = [int(word) for word in words if is_integer(word) and len(word) < 1000] if words != [b""] else []
        if len(row) < len(words) - (words == [b""]) or not all(INT64[0] <= value <= INT64[1] for value in row):
            return line, found
        counts[line] = -1 if comment else len(row)
        values[found : found + len(row)] = row
        found += len(row)
    return len(counts), found


def _refuse(file: TextFile, lines: np.ndarray, odd: np.ndarray, message: str) -> None:
    """Raise if any is odd, showing the first one's line."""
    if odd.any():
        number = int(lines[np.argmax(odd)])
        text = next(text for found, _, text in file.lines() if found == number)
        raise file.error(number, message, text)


def _check_both_ends(
    file: TextFile, where: np.ndarray, tail: np.ndarray, head: np.ndarray, weight: np.ndarray | None, size: int
) -> None:
    """Raise unless the entries (i, j, weight) with i < j are those (j, i, weight), as often."""
    up, down = tail < head, tail > head
    there, back = tail[up] * size + head[up], head[down] * size + tail[down]  # below 2**63: size is below 2**31
    if weight is None:
        there.sort()
        back.sort()
        extra = np.zeros(min(len(there), len(back)), bool)
    else:
        weights = []
        for key, chosen in ((there, weight[up]), (back, weight[down])):
            order = np.lexsort((chosen, key))
            key[:] = key[order]
            weights.append(chosen[order])
        extra = weights[0][: len(back)] != weights[1][: len(there)]
    same = min(len(there), len(back))
    extra |= there[:same] != back[:same]
    if len(there) == len(back) and not extra.any():
        return
    at = int(np.argmax(extra)) if extra.any() else same
    key = min(keys[at] for keys in (there, back) if at < len(keys))  # the lesser is the one without its other
    one, other = int(key - 1) // size, int(key - 1) % size + 1
    message = f"the edge {one} - {other} is not listed at both its ends, as often and with the same weight"
    raise file.error(int(where[one - 1]), message)
