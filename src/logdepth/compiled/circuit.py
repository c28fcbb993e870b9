"""A compiled model's circuit as data: the edges between its heads, hidden units and fields, and what hangs on what.

`layout` (`explain.py`) lists for every head the fields that its query, key and value read and what it copies into
which, and for every group of hidden units the fields it reads and the bits it writes: all read off the weights. Here
that becomes a graph. Constants are no edges: every linear form may read them off the coordinates START and REST.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from logdepth.compiler.schedule import Field, Schedule
from logdepth.transformer import Circuit, Purpose

_RANGE = re.compile(r"(-?\d+)(?:\.\.(-?\d+)(?::(-?\d+))?)?")


class Edge(NamedTuple):
    """`source` and `target` are ids; part is where it enters: `query`, `key` or `value` of a head, `in` of a group of
    hidden units, `out` into a field or the logits."""

    source: str
    target: str
    part: str


def edges(layout: dict[str, Any]) -> Iterator[Edge]:
    """Every edge of a layout (`explain --json`), from the embedding to the logits.

    >>> from logdepth import compile
    >>> from logdepth.compiled.explain import layout
    >>> from logdepth.programs import khop_doubling
    >>> model = compile(khop_doubling, length=9, alphabet=3, k=1)
    >>> found = list(edges(layout(model.schedule, model.transformer)))
    >>> [edge.source for edge in found if edge.target == "layer2.head1" and edge.part == "key"]
    ['before', 'position']
    """
    for source in ("tokens", "positions"):
        yield from (Edge(source, name, "out") for name in layout["embedding"][source])
    for layer in layout["layers"]:
        for head in layer["heads"]:
            for part in ("query", "key", "value"):
                yield from (Edge(name, head["id"], part) for name in head[part])
            yield from (Edge(head["id"], name, "out") for name in head["copies"])
        for group in layer["hidden"]:
            yield from (Edge(name, group["id"], "in") for name in group["reads"])
            yield Edge(group["id"], group["field"], "out")
    yield from (Edge(name, "logits", "out") for name in layout["readout"])


def downstream(layout: dict[str, Any], source: str) -> set[str]:
    """Every id that hangs on `source`: what may go wrong without it.

    A word that a head copies hangs on its source and on where the head looks; taking away (`drain`, `clear`) hands
    nothing on.

    >>> example = {"embedding": {"tokens": ["x"], "positions": []}, "layers": [], "readout": ["x"]}
    >>> sorted(downstream(example, "tokens"))
    ['logits', 'x']
    """
    after: dict[str, list[str]] = {}
    ends = {group["id"] for layer in layout["layers"] for group in layer["hidden"] if group["does"] in _TAKES_AWAY}
    for edge in edges(layout):
        if edge.part != "value" and edge.source not in ends:
            after.setdefault(edge.source, []).append(edge.target)
    for head in (head for layer in layout["layers"] for head in layer["heads"]):
        for written, sources in head["copies"].items():
            for name in sources:
                after.setdefault(name, []).append(written)
    found: set[str] = set()
    waiting = [source]
    while waiting:
        new = set(after.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found


_TAKES_AWAY = ("drain", "clear")


def broken_look_ups(layout: dict[str, Any], source: str) -> set[str]:
    """The heads that look elsewhere once `source` (a head, a group of hidden units, a field) is taken out: those whose
    query or key hangs on it. A head that only carries its value on still looks where it did."""
    affected = downstream(layout, source) | {source}
    return {edge.target for edge in edges(layout) if edge.part in ("query", "key") and edge.source in affected}


def hidden_groups(schedule: Schedule, circuit: Circuit, layer: int, ids: dict[tuple[str, int], str]) -> list[dict]:
    """What a layer's hidden units are for, word by word: id, what they do, the field they write into, the units of each
    of its bits and their thresholds, the fields they read.

    Every unit listed has a weight into its bit, but where a new word takes over a bit of the one that is cleared from
    its coordinate: `clear` and `compute` name the same unit then, and what it writes adds up to nothing.
    """
    standing = fields_standing(schedule, layer, "arithmetic")
    reads = circuit.read != 0
    words: dict[tuple[str, int], list[Purpose]] = {}
    for purpose in circuit.purposes:
        words.setdefault((purpose.kind, purpose.node), []).append(purpose)
    groups = []
    for (kind, node), found in words.items():
        field = schedule.homes[node] if kind != "drain" else schedule.scratch.get(node) or schedule.unions[node]
        units, thresholds = [""] * len(field.coordinates), [""] * len(field.coordinates)
        read = np.zeros(reads.shape[1], bool)
        for purpose in found:
            read |= reads[list(purpose.units)].any(0)
            units[purpose.bit], thresholds[purpose.bit] = spans(purpose.units), spans(purpose.thresholds)
        name = ids[field.kind, node]
        group = {"id": f"layer{layer}.{kind}.{name}", "does": kind, "field": name, "units": units}
        if kind == "compute":
            group["thresholds"] = thresholds
        groups.append({**group, "reads": fields_read(np.flatnonzero(read), standing, ids)})
    return groups


def fields_standing(schedule: Schedule, layer: int, when: str) -> dict[int, Field]:
    """The field that stands in each coordinate as a layer's `attention` or its `arithmetic` reads it."""
    standing = [f for f in schedule.homes.values() if f.born < layer <= f.dies]
    if when == "arithmetic":
        written = (*schedule.scratch.values(), *schedule.counts.values(), *schedule.unions.values())
        standing += [f for f in written if f.born == layer]
    found = {coordinate: f for f in standing for coordinate in f.coordinates}
    assert len(found) == sum(len(f.coordinates) for f in standing), "two words in one coordinate"
    return found


def fields_read(coordinates: Iterable[int], standing: dict[int, Field], ids: dict[tuple[str, int], str]) -> list[str]:
    """The ids of the fields that stand in these coordinates; START and REST are constants, not fields."""
    constants = (Schedule.START, Schedule.REST)
    fields = [standing[coordinate] for coordinate in map(int, coordinates) if coordinate not in constants]
    return sorted({ids[f.kind, f.node] for f in fields})


def spans(numbers: Sequence[int]) -> str:
    """Whole numbers in their order, steady runs of three or more as `first..last` or `first..last:step`.

    >>> spans([0, 1, 2, 3, 9, -4, -2, 0]), numbers_of("0..3,9,-4..0:2")
    ('0..3,9,-4..0:2', [0, 1, 2, 3, 9, -4, -2, 0])
    """
    found, start = [], 0
    while start < len(numbers):
        end = start + 1
        step = numbers[end] - numbers[start] if end < len(numbers) else 0
        while step and end < len(numbers) and numbers[end] - numbers[end - 1] == step:
            end += 1
        if end - start < 3:
            end = start + 1
        suffix = "" if end - start == 1 else f"..{numbers[end - 1]}" + (f":{step}" if step != 1 else "")
        found.append(f"{numbers[start]}{suffix}")
        start = end
    return ",".join(found)


def numbers_of(text: str) -> list[int]:
    """The numbers that `spans` wrote. Raises `ValueError` for other text."""
    found: list[int] = []
    for part in text.split(",") if text else ():
        match = _RANGE.fullmatch(part)
        if match is None or match[3] == "0":
            raise ValueError(f"{part!r} is no span of whole numbers: first, first..last or first..last:step")
        first, last, step = int(match[1]), int(match[2] or match[1]), int(match[3] or 1)
        found += range(first, last + (1 if step > 0 else -1), step)
    return found
