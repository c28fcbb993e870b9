"""Labels written by those who hold them: a file a range of machines, columns vertex and label, with the input's ids."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.files import sha256
from logdepth.graphs.parts.units import unpack_names
from logdepth.graphs.write import write_table
from logdepth.mpc.table import Array, Table
from logdepth.protocols.dense_ids import id_columns
from logdepth.protocols.parted import AnswerPlace


@dataclass(frozen=True)
class PartedLabels:
    """What the driver learns: counts, the files written, and the columns themselves where they were asked for."""

    vertices: int
    components: int
    parts: tuple[dict[str, Any], ...]
    columns: dict[str, Array] | None


@dataclass(frozen=True)
class LabelParts:
    """A run's outputs. width: words of an id; 0 if vertices are their own ids. names: whether ids are names.

    most_rows: of a file, and of what a worker puts in order at a time.
    """

    num_machines: int
    width: int
    names: bool
    place: AnswerPlace
    most_rows: int = 1 << 21

    @property
    def does(self) -> str:
        where = "written by the workers" if self.place.folder else "counted by the workers"
        return f"labels {where}" + (", put in order" if self.place.rows else "")

    def take(self, first: int, last: int, tables: Mapping[str, Table]) -> dict[str, Any]:
        labels, folder = tables["labels"], self.place.folder
        each = max(1, self.most_rows // (last - first))
        starts = range(0, max(int(labels.counts.max()), 1), each)
        found: dict[str, Any] = {"first": first, "vertices": labels.num_rows, "components": 0, "parts": []}
        pieces = []
        for place, start in enumerate(starts):
            vertex, order = self._in_order(first, last, labels, start, start + each)
            found["components"] += int(np.count_nonzero(labels["label"][order] == vertex))
            if folder is None and not self.place.rows:
                continue
            columns = {name: self._ids(name, tables, vertex, order) for name in ("vertex", "label")}
            if folder is not None:
                name = f"part-{first:07d}-{last:07d}" + (f"-{place:04d}" if len(starts) > 1 else "")
                found["parts"].append(self._write(folder, name, columns))
            if self.place.rows:
                pieces.append({"number": vertex, **columns})
        if self.place.rows:
            found["columns"] = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
        return found

    def _in_order(self, first: int, last: int, labels: Table, start: int, stop: int) -> tuple[Array, Array]:
        """Of rows `start` to `stop` of each machine the vertices, in order, and which rows of the table these are."""
        row = np.arange(start, min(stop, max(int(labels.counts.max()), start)))[:, None]
        there = row < labels.counts
        vertex = (row * self.num_machines + np.arange(first, last))[there]
        return vertex, (row + labels.offsets[:-1])[there]

    def gather(self, taken: Sequence[dict[str, Any]]) -> PartedLabels:
        columns = None
        if self.place.rows:
            order = np.argsort(np.concatenate([part["columns"]["number"] for part in taken]))
            columns = {
                name: np.concatenate([part["columns"][name] for part in taken])[order] for name in ("vertex", "label")
            }
        vertices, components = (sum(part[name] for part in taken) for name in ("vertices", "components"))
        return PartedLabels(vertices, components, tuple(part for each in taken for part in each["parts"]), columns)

    def _ids(self, name: str, tables: Mapping[str, Table], vertex: Array, order: Array) -> Array:
        """The column as the input has it, rows in `order`."""
        if not self.width:
            return vertex if name == "vertex" else tables["labels"]["label"][order].astype(np.int64)
        table, columns = (tables["ids"], "id") if name == "vertex" else (tables["named"], "label")
        words = [table[column][order] for column in id_columns(columns, self.width)]
        if not self.names:
            return words[0]
        found = np.empty(len(order), object)
        found[:] = unpack_names(np.stack(words))
        return found

    def _write(self, folder: str, name: str, columns: dict[str, Array]) -> dict[str, Any]:
        if not os.path.isdir(folder):
            raise InputError(
                f"{folder}: no such folder on host {socket.gethostname()}; the workers write the result themselves, "
                "so all of them must see the same --out (a file system that the nodes share)"
            )
        path = Path(folder) / f"{name}.parquet"
        write_table(path, columns)
        return {"name": path.name, "rows": len(columns["vertex"]), "bytes": path.stat().st_size, "sha256": sha256(path)}
