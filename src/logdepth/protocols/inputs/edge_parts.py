"""Edges in parts as a protocol's input: each machine's block of them, read by whoever holds the machine."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from logdepth.graphs.parts.reading import read_unit
from logdepth.graphs.parts.survey import PartsSurvey
from logdepth.graphs.scan import INT64
from logdepth.mpc.table import Array, Table
from logdepth.protocols.arrays import own_part
from logdepth.protocols.dense_ids import id_columns
from logdepth.protocols.labels import vertex_word


@dataclass(frozen=True, eq=False)
class EdgeParts:
    """Edge e of m lies on machine i with `i m // q <= e < (i + 1) m // q`, wherever the borders of parts are.

    vertices: the ids are 0..vertices-1, so that nothing needs numbering: tables input and labels, as `place_graph`'s.
    Else table raw, columns tail0, .., head0, ..: the ids' words.
    """

    found: PartsSurvey
    num_machines: int
    vertices: int | None = None

    def digest(self) -> str:
        return f"{self.found.digest}-{self.vertices}"

    def part(self, first: int, last: int) -> dict[str, Table]:
        """Raises `InputError` where a part cannot be read, or was changed since it was looked at."""
        edges, machines = self.found.num_edges, self.num_machines
        starts = np.arange(first, last + 1) * edges // machines
        tails, heads = self._rows(int(starts[0]), int(starts[-1]))
        offsets = starts - starts[0]
        if self.vertices is None:
            names = [*id_columns("tail", len(tails)), *id_columns("head", len(heads))]
            return {"raw": Table(dict(zip(names, [*tails, *heads], strict=True)), offsets)}
        word = vertex_word(self.vertices)
        labels = own_part(machines, self.vertices, word, first, last - first)
        return {"input": Table({"tail": tails[0], "head": heads[0]}, offsets), "labels": labels}

    def _rows(self, low: int, high: int) -> tuple[list[Array], list[Array]]:
        """Edges `low` to `high`, a word an array; one unit is in memory at a time beside them."""
        units, width = self.found.units, self.found.width
        word = np.int64 if self.vertices is None else vertex_word(self.vertices)
        bounds = INT64 if self.vertices is None else (0, self.vertices - 1)
        ends = [[np.empty(high - low, word) for _ in range(width)] for _ in range(2)]
        place = max(bisect_right(units, low, key=lambda unit: unit.first) - 1, 0)
        while place < len(units) and units[place].first < high:
            unit = units[place]
            begin, end = max(low, unit.first), min(high, unit.first + unit.rows)
            if begin < end:
                for into, words in zip(ends, read_unit(unit, width, bounds), strict=True):
                    for column, values in zip(into, words, strict=True):
                        column[begin - low : end - low] = values[begin - unit.first : end - unit.first]
            place += 1
        return ends[0], ends[1]
