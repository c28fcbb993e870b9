"""One look at every part: what kind it is, how many edges it holds, and in which pieces it will be read.

`map(work, items)` is done by whoever is there, a cluster's workers say: what comes back is names and counts.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from logdepth.errors import InputError
from logdepth.graphs.columns import choose_columns
from logdepth.graphs.dialect import Dialect, LineError, find_dialect, is_integer, is_number
from logdepth.graphs.parts.listing import PartFile, kind_of, list_parts
from logdepth.graphs.parts.reading import array_of, damaged, named_spans, scan_table, unit_text
from logdepth.graphs.parts.text_range import lay_down
from logdepth.graphs.parts.units import EdgeUnit, name_words
from logdepth.graphs.text import TextFile

ROWS = 1 << 21  # of a table read at once
TEXT_BYTES = 32 << 20
_SAMPLE = 1000  # lines that tell whether ids are names

Map = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]


@dataclass(frozen=True)
class PartsSurvey:
    """All parts as units, in order, each with the number of its first edge.

    names: whether ids are names; width: words of an id. digest: of the files' names, sizes and stamps.
    """

    units: tuple[EdgeUnit, ...]
    num_edges: int
    num_parts: int
    num_bytes: int
    names: bool
    width: int
    digest: str


@dataclass(frozen=True)
class _Look:
    """At one file. example: an id, where there is one."""

    file: PartFile
    kind: str
    columns: tuple[str, str] = ("", "")
    rows: int = 0
    dialect: Dialect | None = None
    names: bool = False
    example: str = ""


def survey(
    source: str, map: Map, *, folder: str, ids: str | None = None, rows: int = ROWS, text_bytes: int = TEXT_BYTES
) -> PartsSurvey:
    """List the parts, look at each, count their edges.

    ids: "names" or "whole" if said, else what the first ones are. folder: where standard input and compressed text are
    laid down, which all who read must see. rows, text_bytes: of a unit, at most.

    Raises `InputError` for parts that cannot be read, or differ in their columns or in the kind of their ids.
    """
    if source == "-":
        files = [lay_down("-", folder)]
    else:
        files = list_parts(source)
    looks: list[_Look] = map(partial(look_at, folder=folder), files)
    names = _agree(looks, ids)
    units = [unit for look in looks for unit in _units(look, names, rows, text_bytes)]
    counted: list[tuple[int, int, int]] = map(count_unit, units)
    found, first, line, longest, previous = [], 0, 0, 1, None
    for unit, (count, lines, most) in zip(units, counted, strict=True):
        if unit.file is not previous:
            line, previous = unit.line, unit.file
        found.append(replace(unit, rows=count, first=first, line=line))
        first, line, longest = first + count, line + lines, max(longest, most)
    shown = [[os.path.basename(file.name), file.size, file.stamp] for file in files]
    if source == "-":
        shown = [["-", files[0].size, files[0].stamp]]
    return PartsSurvey(
        units=tuple(unit for unit in found if unit.rows),
        num_edges=first,
        num_parts=len(files),
        num_bytes=sum(file.size for file in files),
        names=names,
        width=name_words(longest, source) if names else 1,
        digest=hashlib.sha256(json.dumps([shown, names]).encode()).hexdigest()[:32],
    )


def look_at(file: PartFile, *, folder: str) -> _Look:
    """Find out what a file is. Raises `InputError` where it can't be read, in the worker that cannot."""
    file.check()
    if not file.size:
        raise InputError(f"{file.name} is empty; a part without edges has a header, or is left out")
    kind = kind_of(file.name) or kind_of(file.path) or "guess"
    if kind == "parquet":
        return _look_at_table(file)
    if not file.shown and ("://" in file.path or _is_zipped(file.path)):
        file = lay_down(file.path, folder)
    if kind == "npy":
        edges = array_of(file)
        return _Look(file, "npy", rows=len(edges), example=str(edges[0, 0]) if len(edges) else "")
    text = TextFile(Path(file.path))
    try:
        dialect = find_dialect(text, kind, False)
        if not dialect.header and _starts_with_mark(file.path):
            dialect = replace(dialect, skip=3)
        names, example = _sample_ids(text, dialect)
    except InputError as error:
        raise InputError(str(error).replace(file.path, file.name)) from None
    return _Look(file, "text", dialect=dialect, names=names, example=example)


def count_unit(unit: EdgeUnit) -> tuple[int, int, int]:
    """A unit's edges, its lines, and the bytes of its longest name. A table's edges are known already."""
    if unit.kind != "text":
        return unit.stop - unit.start, 0, _longest_in_table(unit) if unit.names else 0
    import numpy as np

    from logdepth.graphs.parts.kernels import count_rows, longest_name  # compiled

    file, dialect, block = unit_text(unit)
    rows, lines = count_rows(np.frombuffer(block, np.uint8)) if block else (0, 0)
    if not unit.names or not block:
        return rows, lines, 0
    spans, rest = named_spans(unit, file, dialect, block)
    return rows, lines, max([int(longest_name(spans)), *map(len, rest)])


def _look_at_table(file: PartFile) -> _Look:
    try:
        import polars
    except ImportError as error:
        raise InputError("reading Parquet needs polars: pip install 'logdepth[graph]'") from error
    try:
        lazy = scan_table(file)
        schema = lazy.collect_schema()
        names = list(schema)
        tail, head, _ = choose_columns(names, False)
        rows = int(lazy.select(polars.len()).collect().item())
        first = lazy.select(names[tail]).head(1).collect()
    except InputError as error:
        raise InputError(f"{file.name}: {error}") from None
    except (polars.exceptions.PolarsError, OSError) as error:
        raise damaged(file, error) from None
    kinds = []
    for name in (names[tail], names[head]):
        kind = schema[name]
        text = kind == polars.String or isinstance(kind, polars.Categorical | polars.Enum)
        if not text and not kind.is_integer():
            raise InputError(f"{file.name}: {name!r} is {kind}; ids are whole numbers or strings")
        kinds.append(text)
    if kinds[0] != kinds[1]:
        raise InputError(f"{file.name}: {names[tail]!r} and {names[head]!r} are numbers and strings")
    example = str(first.item()) if len(first) else ""
    return _Look(file, "parquet", (names[tail], names[head]), rows, None, kinds[0], example)


def _longest_in_table(unit: EdgeUnit) -> int:
    import polars

    lengths = [polars.col(name).cast(polars.String).str.len_bytes().max() for name in unit.columns]
    try:
        found = scan_table(unit.file).slice(unit.start, unit.stop - unit.start).select(lengths).collect()
    except (polars.exceptions.PolarsError, OSError) as error:
        raise damaged(unit.file, error) from None
    return max((value or 0 for value in found.row(0)), default=0)


def _agree(looks: list[_Look], ids: str | None) -> bool:
    """Whether ids are names. Raises `InputError`, naming two parts, where columns or ids differ."""
    tables = [look for look in looks if look.kind == "parquet"]
    for look in tables:
        if look.columns != tables[0].columns:
            raise InputError(
                f"{look.file.name} has another schema: its edges are columns {', '.join(look.columns)}, those of "
                f"{tables[0].file.name} {', '.join(tables[0].columns)}"
            )
    if ids is not None:
        if ids == "whole" and (odd := next((look for look in tables if look.names), None)):
            raise InputError(f"{odd.file.name} holds strings, not whole numbers (--ids whole)")
        if ids == "names" and (odd := next((look for look in looks if look.kind == "npy"), None)):
            raise InputError(f"{odd.file.name} holds whole numbers, not names (--ids names)")
        return ids == "names"
    known = [look for look in looks if look.example]
    for look in known:
        if look.names != known[0].names:
            whole, named = (look, known[0]) if known[0].names else (known[0], look)
            array = next((each.file.name for each in looks if each.kind == "npy"), None)
            raise InputError(
                f"ids of different kinds: {whole.file.name} has whole numbers ({whole.example}), {named.file.name} has "
                f"names ({named.example[:40]}); "
                + (f"write {array} as text or Parquet, and " if array else "")
                + "give --ids names to read all of them as names"
            )
    return bool(known) and known[0].names


def _units(look: _Look, names: bool, rows: int, text_bytes: int) -> list[EdgeUnit]:
    if look.kind != "text":
        each, total, begin = rows, look.rows, 0
    else:
        assert look.dialect is not None
        each, total, begin = text_bytes, look.file.size, look.dialect.skip
    line = look.dialect.header if look.dialect else 0
    cuts = [*range(begin, total, each), total]
    unit = EdgeUnit(look.file, look.kind, 0, 0, 0, line, look.columns, look.dialect, names)
    return [replace(unit, start=low, stop=high) for low, high in pairwise(cuts)]


def _is_zipped(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _starts_with_mark(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(3) == b"\xef\xbb\xbf"


def _sample_ids(text: TextFile, dialect: Dialect) -> tuple[bool, str]:
    """Whether one of the first ids is a name, and an id."""
    example = ""
    for number, position, line in text.lines():
        if number > _SAMPLE:
            break
        if position <= dialect.skip and dialect.header:
            continue
        try:
            row = dialect.row(line)
        except LineError as error:
            raise text.error(number, str(error), line) from None
        for word in row[:2] if row else ():
            if not is_integer(word) and not is_number(word):
                return True, word.decode("utf-8", "replace")
            example = example or word.decode()
    return False, example
