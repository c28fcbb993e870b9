"""The edges of one unit, as words: what a worker reads. Errors name the file, and the line or row."""

from __future__ import annotations

from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs.decimals import Texts
from logdepth.graphs.dialect import Dialect
from logdepth.graphs.edge_list import parse_integer_lines
from logdepth.graphs.named_edges import NotIntegersError, check_utf8, parse_named_lines
from logdepth.graphs.numpy_files import map_array
from logdepth.graphs.parts.listing import PartFile
from logdepth.graphs.parts.text_range import open_part, read_lines
from logdepth.graphs.parts.units import EdgeUnit, pack_names
from logdepth.graphs.scan import INT64, scan
from logdepth.graphs.text import TextFile, clip

Ends = tuple[np.ndarray, np.ndarray]  # of tails and heads: words, int64 (width, rows) each


def read_unit(unit: EdgeUnit, width: int = 1, bounds: tuple[int, int] = INT64) -> Ends:
    """Tails and heads of a unit's edges, int64 (width, rows) each: whole numbers within `bounds`, or packed names.

    Raises `InputError` if the file is gone, damaged, changed, or holds an edge that is none.
    """
    match unit.kind:
        case "parquet":
            tails, heads = _read_table(unit, width)
        case "npy":
            tails, heads = _read_array(unit)
        case _:
            tails, heads = _read_text(unit, width, bounds)
    if tails.shape[1] != unit.rows:
        raise InputError(
            f"{unit.file.name} was changed while it was being read: {unit.rows:,} edges were counted in it at "
            f"{unit.start:,}, and {tails.shape[1]:,} are there now"
        )
    if bounds != INT64 and unit.kind != "text":
        for ends in (tails, heads):
            if ((ends < bounds[0]) | (ends > bounds[1])).any():
                row = int(np.argmax((ends[0] < bounds[0]) | (ends[0] > bounds[1])))
                raise InputError(
                    f"{unit.file.name}: row {unit.start + row}: the vertex {ends[0, row]} is not in "
                    f"{bounds[0]}..{bounds[1]}"
                )
    return tails, heads


def scan_table(file: PartFile) -> Any:
    """A Parquet file as a lazy table of polars. Raises `InputError` without polars, or if it was changed."""
    try:
        import polars
    except ImportError as error:
        raise InputError("reading Parquet needs polars: pip install 'logdepth[graph]'") from error
    if "://" in file.path:
        with open_part(file) as handle:
            return polars.read_parquet(handle).lazy()
    file.check()
    return polars.scan_parquet(file.path)


def damaged(file: PartFile, error: Exception) -> InputError:
    """What a library says of a file that it cannot read, in one line."""
    return InputError(
        f"cannot read {file.name}, which may be truncated or damaged: {' '.join(str(error).split())[:200]}"
    )


def _read_table(unit: EdgeUnit, width: int) -> Ends:
    import polars

    try:
        table = scan_table(unit.file).select(unit.columns).slice(unit.start, unit.stop - unit.start).collect()
    except (polars.exceptions.PolarsError, OSError) as error:
        raise damaged(unit.file, error) from None
    unit.file.check()
    found = []
    for name in unit.columns:
        column = table[name]
        if column.null_count():
            raise InputError(f"{unit.file.name}: row {unit.start + column.is_null().arg_max()}: {name!r} is missing")
        where = f"{unit.file.name}: {name!r}"
        if unit.names:
            text = column.cast(polars.String)
            ends = np.cumsum(text.str.len_bytes().to_numpy().astype(np.int64))
            joined = (text.str.join("").item() or "").encode()
            starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
            found.append(pack_names(where, np.frombuffer(joined, np.uint8), starts, ends, width))
        else:
            found.append(_as_int64(where, unit.start, column.to_numpy())[None])
    return found[0], found[1]


def _as_int64(where: str, first: int, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "u" and len(values) and values.max() >= 2**63:
        row = int(values.argmax())
        raise InputError(f"{where}: row {first + row}: the id {values[row]} does not fit 64 bits (int64)")
    return values.astype(np.int64)


def _read_array(unit: EdgeUnit) -> Ends:
    unit.file.check()
    edges = array_of(unit.file)[unit.start : unit.stop]
    where = f"{unit.file.name}: edges"
    return tuple(_as_int64(where, unit.start, np.ascontiguousarray(edges[:, end]))[None] for end in (0, 1))  # pyright: ignore


def array_of(file: PartFile) -> np.ndarray:
    """A .npy file of whole numbers, (m, 2), mapped into memory. Raises `InputError` for another."""
    from pathlib import Path

    try:
        edges = map_array(Path(file.path))
    except InputError as error:
        raise InputError(str(error).replace(file.path, file.name)) from None
    if edges.ndim != 2 or edges.shape[1] != 2 or edges.dtype.kind not in "iu":
        raise InputError(f"{file.name}: edges are (m, 2) whole numbers, a row an edge")
    return edges


def unit_text(unit: EdgeUnit) -> tuple[TextFile, Dialect, bytes]:
    """A text unit's file (for errors), its dialect and its lines."""
    from pathlib import Path

    dialect = unit.dialect
    assert dialect is not None
    block = read_lines(unit.file, max(unit.start, dialect.skip), unit.stop, dialect.skip)
    return TextFile(Path(unit.file.name)), dialect, block


def _read_text(unit: EdgeUnit, width: int, bounds: tuple[int, int]) -> Ends:
    file, dialect, block = unit_text(unit)
    unit.file.check()
    if not block:
        return np.empty((width, 0), np.int64), np.empty((width, 0), np.int64)
    if unit.names:
        return _read_names(unit, file, dialect, block, width)
    plain = scan(file, dialect, unit.line, block, bounds)
    tails, heads = plain.tails, plain.heads
    if plain.stop < len(block):
        try:
            rest = parse_integer_lines(file, dialect, bounds, unit.line + plain.lines, block[plain.stop :], Texts())
        except NotIntegersError as odd:
            raise file.error(
                odd.line,
                f"the vertex id {clip(odd.word)} is no whole number of 64 bits, and the first ids of the parts are: "
                "give --ids names to read all of them as names",
                odd.text,
            ) from None
        tails, heads = np.concatenate([tails, rest[0]]), np.concatenate([heads, rest[1]])
    return tails[None], heads[None]


def named_spans(unit: EdgeUnit, file: TextFile, dialect: Dialect, block: bytes) -> tuple[np.ndarray, list[bytes]]:
    """Where the names of the plain lines stand in the block, (rows, 4), and the names of the others, tail and head."""
    check_utf8(file, unit.line, block)
    plain = scan(file, dialect, unit.line, block, named=True)
    rest: list[bytes] = []
    if plain.stop < len(block):
        for row in parse_named_lines(file, dialect, unit.line + plain.lines, block[plain.stop :]):
            rest += row[:2]
    return plain.spans, rest


def _read_names(unit: EdgeUnit, file: TextFile, dialect: Dialect, block: bytes, width: int) -> Ends:
    spans, rest = named_spans(unit, file, dialect, block)
    where, text = unit.file.name, np.frombuffer(block, np.uint8)
    ends = np.cumsum([len(word) for word in rest], dtype=np.int64)
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64) if len(ends) else ends
    joined = np.frombuffer(b"".join(rest), np.uint8)
    found = []
    for end in (0, 1):
        plain = pack_names(where, text, spans[:, 2 * end].copy(), spans[:, 2 * end + 1].copy(), width)
        other = pack_names(where, joined, starts[end::2].copy(), ends[end::2].copy(), width)
        found.append(np.concatenate([plain, other], axis=1))
    return found[0], found[1]
