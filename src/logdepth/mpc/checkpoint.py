"""Checkpoints: the machines' inboxes at a round boundary, on disk, complete or absent.

A folder holds `manifest.json` (version, protocol, spec, digest of the input, ledger so far, list of parts) and one
folder a saved round with a `.npz` per range of machines. Parts are written to temporary names, synced and renamed;
the manifest comes last; then the round before is removed. So whatever dies, the last good checkpoint is whole, and
since parts are by range of machines, any number of workers and any engine can go on from it.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.mpc.ledger import Ledger, Round
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.table import Table, join_tables

VERSION = 1
MANIFEST = "manifest.json"


@dataclass
class Checkpoints:
    """Where and how often a run saves itself.

    folder: made if absent; a matching checkpoint in it is taken up. every: rounds between checkpoints; without it
    one is written when that keeps the time spent on checkpoints within `overhead` of the run's. context: what a
    caller wants to find again in the manifest (the command that was run). warn: told when a checkpoint failed.
    """

    folder: Path
    every: int | None = None
    overhead: float = 0.07
    context: dict[str, Any] = field(default_factory=dict)
    warn: Callable[[str], None] = lambda message: None

    def __post_init__(self) -> None:
        self.folder = Path(self.folder)
        self.seconds = 0.0
        self._began = time.perf_counter()
        self._last_round = 0
        self._cost: float | None = None
        self._identity: dict[str, Any] = {}
        self._saved: dict[str, Any] | None = None

    def begin(self, protocol: Protocol, inputs: Mapping[str, Table], ledger: Ledger) -> bool:
        """Take up the checkpoint in the folder, if any: fill the ledger, and say whether there is a state to load.

        Raises `InputError` if the folder holds a checkpoint of another version, protocol or input, or can't be
        written.
        """
        self._began = began = time.perf_counter()
        self._identity = {
            "version": VERSION,
            "protocol": protocol.name,
            "parameters": dict(protocol.config),
            "spec": asdict(protocol.spec),
            "input": digest(inputs),
            "strict": ledger.strict,
        }
        self.seconds = time.perf_counter() - began
        if (self.folder / MANIFEST).exists():
            manifest = read_manifest(self.folder)
            for key, value in self._identity.items():
                if manifest.get(key) != value:
                    raise InputError(
                        f"{self.folder} holds a checkpoint whose {key} differs: {_short(manifest.get(key))} there, "
                        f"{_short(value)} here; give another --checkpoint folder, or what it was made with"
                    )
            if manifest["state"] is not None:
                self._saved = manifest["state"]
                self.rewind(ledger)
                return True
            return False
        if self.folder.exists() and any(self.folder.iterdir()):
            raise InputError(f"{self.folder} is not empty and holds no checkpoint; give another --checkpoint folder")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write_manifest(None)
        except OSError as error:
            raise InputError(f"cannot write checkpoints to {self.folder}: {error.strerror or error}") from error
        return False

    @property
    def has_state(self) -> bool:
        return self._saved is not None

    def rewind(self, ledger: Ledger) -> None:
        """The ledger as it was at the last checkpoint (empty if there is none)."""
        saved = self._saved or {"rounds": [], "exceeded": []}
        ledger.rounds[:] = [Round(**row) for row in saved["rounds"]]
        ledger.exceeded[:] = saved["exceeded"]
        self._last_round = len(ledger.rounds)

    def load(self, first: int, last: int) -> dict[str, Table]:
        """The saved inboxes of machines `first` to `last`. Raises `InputError` if a part is damaged."""
        assert self._saved is not None
        return load_machines(self.folder, self._saved, first, last)

    def state(self) -> dict[str, Any]:
        """What `load_machines` needs, for another process."""
        assert self._saved is not None
        return {key: self._saved[key] for key in ("folder", "parts")}

    def due(self, ledger: Ledger) -> bool:
        """Whether to save now."""
        if self.every is not None:
            return ledger.num_rounds - self._last_round >= self.every
        words = ledger.rounds[-1].words_received
        cost = self._cost if self._cost is not None else words * 8 / 3e8  # at first: 300 MB a second
        return self.seconds + cost <= self.overhead * (time.perf_counter() - self._began - self.seconds)

    def save(self, ledger: Ledger, parts: Callable[[Path], list[tuple[int, int, str, int]]]) -> bool:
        """Write a checkpoint; False, with a warning, if that fails: the last good one stays.

        `parts(folder)` writes every part into the folder and returns (first, last, file name, bytes) for each.
        """
        began = time.perf_counter()
        old = self._saved["folder"] if self._saved else None
        name = f"round-{ledger.num_rounds:06d}"
        folder = self.folder / name
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            written = parts(folder)
            state = {
                "folder": name,
                "parts": [list(part) for part in written],
                "rounds": [asdict(row) for row in ledger.rounds],
                "exceeded": list(ledger.exceeded),
            }
            self._write_manifest(state)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            kept = f"the one of round {len(self._saved['rounds'])} is kept" if self._saved else "there is none yet"
            self.warn(f"checkpoint at round {ledger.num_rounds} failed ({error.strerror or error}); {kept}")
            self._cost = 2 * max(self._cost or 0.0, time.perf_counter() - began)
            self.seconds += time.perf_counter() - began
            self._last_round = ledger.num_rounds
            return False
        self._saved = state
        if old is not None and old != name:
            shutil.rmtree(self.folder / old, ignore_errors=True)
        self._cost = time.perf_counter() - began
        self.seconds += self._cost
        self._last_round = ledger.num_rounds
        return True

    def _write_manifest(self, state: dict[str, Any] | None) -> None:
        text = json.dumps({**self._identity, "context": self.context, "state": state})
        temporary = self.folder / f".{MANIFEST}.{os.getpid()}"
        with temporary.open("w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, self.folder / MANIFEST)
        _sync_folder(self.folder)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 120 else text[:117] + "..."


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a checkpoint folder. Raises `InputError` if there is none, or it is of another version."""
    path = Path(folder) / MANIFEST
    try:
        manifest: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{folder} holds no checkpoint (no {MANIFEST})") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("version") != VERSION:
        version = manifest.get("version") if isinstance(manifest, dict) else None
        raise InputError(f"{folder} holds a checkpoint of version {version}; this logdepth reads version {VERSION}")
    return manifest


def digest(tables: Mapping[str, Table]) -> str:
    """A checksum of an input: names, types and contents.

    >>> a = {"x": Table({"v": np.arange(3)}, np.array([0, 3]))}
    >>> digest(a) == digest(a), len(digest(a))
    (True, 16)
    """
    code, other = 0, 1
    for name in sorted(tables):
        table = tables[name]
        for column, values in [*table.columns.items(), ("offsets", table.offsets)]:
            header = f"{name}.{column}:{values.dtype.str}:{values.shape}".encode()
            view = np.ascontiguousarray(values).view(np.uint8).data
            code, other = (zlib.crc32(view, zlib.crc32(header, code)), zlib.adler32(view, other))
    return f"{code:08x}{other:08x}"


def write_part(path: Path, tables: Mapping[str, Table]) -> int:
    """Write the tables of some machines to `path`, synced, under a temporary name first; its bytes."""
    arrays: dict[str, np.ndarray] = {}
    for name, table in tables.items():
        arrays |= {f"{name}|{column}": values for column, values in table.columns.items()}
        arrays[f"{name}|"] = table.offsets
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as handle:
        np.savez(handle, **arrays)  # pyright: ignore[reportArgumentType]
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(temporary, path)
    return path.stat().st_size


def read_part(path: Path) -> dict[str, Table]:
    """What `write_part` wrote. Raises `InputError` if the file is missing or damaged."""
    columns: dict[str, dict[str, np.ndarray]] = {}
    offsets: dict[str, np.ndarray] = {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            for key in arrays.files:
                name, _, column = key.partition("|")
                if column:
                    columns.setdefault(name, {})[column] = arrays[key]
                else:
                    offsets[name] = arrays[key]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"checkpoint part {path} is missing or damaged: {error}") from error
    return {name: Table(columns.get(name, {}), starts) for name, starts in offsets.items()}


def load_machines(folder: Path, state: Mapping[str, Any], first: int, last: int) -> dict[str, Table]:
    """Inboxes of machines `first` to `last` from the parts of a saved round."""
    found: list[dict[str, Table]] = []
    for low, high, name, size in state["parts"]:
        if high <= first or low >= last:
            continue
        path = Path(folder) / state["folder"] / name
        if not path.is_file() or path.stat().st_size != size:
            raise InputError(f"checkpoint part {path} is missing or damaged; it should have {size} bytes")
        tables = read_part(path)
        begin, end = max(first, low) - low, min(last, high) - low
        found.append({key: table.part(begin, end) for key, table in tables.items()})
    return {key: join_tables([tables[key] for tables in found]) for key in found[0]}
