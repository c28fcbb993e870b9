"""Edge lists whose vertices have names, every one kept as written. Whole numbers are `edge_list.py`'s."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs.decimals import Texts
from logdepth.graphs.dialect import Dialect, LineError, is_number, parse_weight
from logdepth.graphs.graph import Graph, order_names
from logdepth.graphs.scan import scan
from logdepth.graphs.text import TextFile, clip
from logdepth.graphs.weights import check_weights

_BLOCK_BYTES = 4 << 20  # a block's words are Python objects for a while


@dataclass
class NotIntegersError(Exception):
    """An id that is no int64, though it might be a name: where, which, and its line."""

    line: int
    word: bytes
    text: bytes

    def outside(self, file: TextFile, bounds: tuple[int, int]) -> InputError:
        """The error where a name is not to be had."""
        return file.error(self.line, f"the vertex {clip(self.word)} is not in {bounds[0]}..{bounds[1]}", self.text)


def read_named_edges(file: TextFile, dialect: Dialect, odd: NotIntegersError, block_bytes: int) -> Graph:
    """The file read with its ids as text; `odd` is the first id that is no int64.

    Raises `InputError` if all ids are numbers after all, so that `odd` is a mistake; if a header may be an edge;
    and on text that is not UTF-8.
    """
    index: dict[bytes, int] = {}
    codes, weights, line, texts = array("q"), [np.empty(0)], dialect.header, Texts()
    for block in file.blocks(min(block_bytes, _BLOCK_BYTES), dialect.skip):
        check_utf8(file, line, block)
        plain = scan(file, dialect, line, block, named=True)
        weights.append(plain.weights)
        texts.add(len(plain.weights), plain.long_rows, plain.long_texts)
        for start, end, second, last in plain.spans.tolist():
            codes.append(index.setdefault(block[start:end], len(index)))
            codes.append(index.setdefault(block[second:last], len(index)))
        if plain.stop < len(block):
            rows = parse_named_lines(file, dialect, line + plain.lines, block[plain.stop :])
            codes.extend(index.setdefault(word, len(index)) for row in rows for word in row[:2])
            if dialect.weight >= 0:
                written = [row[2] or b"" for row in rows]
                weights.append(np.array([parse_weight(text) for text in written], np.float64))
                texts.add_all(weights[-1], written)
        line += block.count(b"\n")
    if all(map(is_number, index)):
        message = f"the vertex id {clip(odd.word)} is a number but not an int64; ids are whole numbers or names"
        raise file.error(odd.line, message, odd.text)
    if dialect.header and (not dialect.known_header or not index.keys().isdisjoint(dialect.header_ids)):
        message = f"a header or an edge? Line {odd.line} has a name too. Put # before a header, or an edge further down"
        raise file.error(dialect.header, message, b" ".join(dialect.header_ids))
    ids, (ends,) = order_names([word.decode("utf-8") for word in index], np.array(codes, np.int64))
    weight = np.concatenate(weights) if dialect.weight >= 0 else None
    if weight is not None:
        check_weights(file, dialect, dialect.header, weight, texts)
    return Graph(ids, ends[::2].copy(), ends[1::2].copy(), weight)


def parse_named_lines(
    file: TextFile, dialect: Dialect, line: int, text: bytes
) -> list[tuple[bytes, bytes, bytes | None]]:
    """The rows of lines by the definition, in Python."""
    rows = []
    for number, content in enumerate(text.split(b"\n"), line + 1):
        try:
            if (row := dialect.cut(content)) is None:
                continue
            if row[2] is not None:
                parse_weight(row[2])
            dialect.check_name_cut(content)
            if b"\0" in content:
                raise LineError("a zero byte; this is not a text file")
        except LineError as error:
            raise file.error(number, str(error), content) from None
        rows.append(row)
    return rows


def check_utf8(file: TextFile, line: int, block: bytes) -> None:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        start = block.rfind(b"\n", 0, error.start) + 1
        text = block[start : block.index(b"\n", start)]
        raise file.error(line + block.count(b"\n", 0, start) + 1, f"not UTF-8 ({error.reason})", text) from None
