"""A measured row with an id that hashes what determines it: the only thing between running and drawing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logdepth.files import write_text_atomically


@dataclass(frozen=True)
class Record:
    """One row: `config` determines it, `values` were measured.

    >>> Record("sampler", {"length": 98}, {"strings_per_second": 1.0}).id
    'c3e2abb6'
    """

    experiment: str
    config: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        text = json.dumps([self.experiment, self.config], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def row(self) -> dict[str, Any]:
        """The row as one flat mapping, id first."""
        return {"id": self.id, "experiment": self.experiment, **self.config, **self.values}


def write_records(path: Path, records: list[Record]) -> None:
    """Write rows as JSONL, to a temporary name and then renamed."""
    write_text_atomically(path, "".join(json.dumps(record.row()) + "\n" for record in records))


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read rows written by `write_records`."""
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
