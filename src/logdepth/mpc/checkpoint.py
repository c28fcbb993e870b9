"""Checkpoints: the machines' inboxes at a round boundary, on disk, complete or absent.

A folder holds `manifest.json` (version, protocol, spec, digest of the input, ledger so far, list of parts) and one
folder a saved round with a `.npz` per range of machines. Parts are written to temporary names, synced and renamed;
the manifest comes last; then the round before is removed. So whatever dies, the last good checkpoint is whole, and
since parts are by range of machines, any number of workers and any engine can go on from it. The manifest holds the
SHA-256 of every part, and its own: what was damaged or edited is refused. `Checkpoints.lock` keeps a second run out.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Any

import numpy as np

from logdepth.errors import InputError, WriteError
from logdepth.files import lock, new_file, sha256, write_text_atomically
from logdepth.mpc.ledger import Ledger, Round
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.table import Table, join_tables

if TYPE_CHECKING:
    from logdepth.mpc.placing import Inputs

VERSION = 2
MANIFEST = "manifest.json"
_LOCK = ".lock"

Part = tuple[int, int, str, str]  # first machine, last machine + 1, file name, SHA-256


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

    def begin(self, protocol: Protocol, inputs: Inputs, ledger: Ledger) -> bool:
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
            "input": inputs.digest(),
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
            self._sweep()
            return self.has_state
        self._check_empty()
        self._make_folder()
        try:
            self._write_manifest(None)
        except WriteError as error:
            raise self._not_here(error.reason) from error
        return False

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Within the block no other run saves itself here. Raises `InputError` if one does.

        What is left of the folder if nothing was saved in it goes again.
        """
        if not (self.folder / MANIFEST).exists():
            self._check_empty()
        self._make_folder()
        path = self.folder / _LOCK
        with ExitStack() as held:
            held.callback(self._remove_empty, path)
            busy = f"another run is saving itself in {self.folder}; let it end, or give another folder"
            try:
                held.enter_context(lock(path, busy))
            except WriteError as error:
                raise self._not_here(error.reason) from error
            yield

    def _remove_empty(self, lock_file: Path) -> None:
        if not (self.folder / MANIFEST).exists():
            with suppress(OSError):
                lock_file.unlink(missing_ok=True)
                self.folder.rmdir()

    def _check_empty(self) -> None:
        if self.folder.is_dir() and any(path.name != _LOCK for path in self.folder.iterdir()):
            raise InputError(f"{self.folder} is not empty and holds no checkpoint; give another --checkpoint folder")

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._not_here(error.strerror or str(error)) from error

    def _not_here(self, reason: str) -> InputError:
        return InputError(f"cannot write checkpoints to {self.folder}: {reason}")

    @property
    def has_state(self) -> bool:
        return self._saved is not None

    def rewind(self, ledger: Ledger) -> None:
        """The ledger as it was at the last checkpoint (empty if there is none)."""
        saved = self._saved or {"rounds": [], "exceeded": []}
        try:
            ledger.rounds[:] = [Round(**row) for row in saved["rounds"]]
        except TypeError:
            raise InputError(f"{self.folder} was written by another version of logdepth: its rounds differ") from None
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

    def _sweep(self) -> None:
        """Remove what a kill left: rounds that the manifest does not name, and files half written."""
        kept = self._saved["folder"] if self._saved else None
        for path in self.folder.iterdir():
            if path.name.startswith("round-") and path.name != kept:
                shutil.rmtree(path, ignore_errors=True)
            elif path.name.startswith(f".{MANIFEST}."):
                path.unlink(missing_ok=True)

    def due(self, ledger: Ledger) -> bool:
        """Whether to save now."""
        if self.every is not None:
            return ledger.num_rounds - self._last_round >= self.every
        words = ledger.rounds[-1].words_received
        cost = self._cost if self._cost is not None else words * 8 / 3e8  # at first: 300 MB a second
        return self.seconds + cost <= self.overhead * (time.perf_counter() - self._began - self.seconds)

    def save(self, ledger: Ledger, parts: Callable[[Path], list[Part]]) -> bool:
        """Write a checkpoint; False, with a warning, if that fails: the last good one stays.

        `parts(folder)` writes every part into the folder, by `write_part`.
        """
        began = time.perf_counter()
        old = self._saved["folder"] if self._saved else None
        name = f"round-{ledger.num_rounds:06d}"
        folder = self.folder / name
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            written = parts(folder)
            for _, _, part, _ in written:
                if not (folder / part).is_file():
                    reason = f"{folder / part} was written by a worker and is not to be seen on host {gethostname()}"
                    shared = f"{reason}: a checkpoint's folder must be one that all nodes share"
                    raise WriteError(shared, reason=shared)
            state = {
                "folder": name,
                "parts": [list(part) for part in written],
                "rounds": [asdict(row) for row in ledger.rounds],
                "exceeded": list(ledger.exceeded),
            }
            self._write_manifest(state)
        except (OSError, WriteError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            reason = error.reason if isinstance(error, WriteError) else error.strerror or error
            kept = f"the one of round {len(self._saved['rounds'])} is kept" if self._saved else "there is none yet"
            self.warn(f"checkpoint at round {ledger.num_rounds} failed ({reason}); {kept}")
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
        content = {**self._identity, "context": self.context, "state": state}
        write_text_atomically(self.folder / MANIFEST, json.dumps({**content, "sha256": _sha256_of(content)}))


def _sha256_of(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 120 else text[:117] + "..."


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a checkpoint folder.

    Raises `InputError` if there is none, it is of another version, or not as it was written.
    """
    path = Path(folder) / MANIFEST
    try:
        manifest: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{folder} holds no checkpoint (no {MANIFEST}): nothing was saved; run again") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not isinstance(manifest, dict) or manifest.get("version") != VERSION:
        version = manifest.get("version") if isinstance(manifest, dict) else None
        raise InputError(f"{folder} holds a checkpoint of version {version}; this logdepth reads version {VERSION}")
    if manifest.pop("sha256", None) != _sha256_of(manifest):
        raise InputError(f"{path} was damaged or edited: its content does not have the SHA-256 that it names")
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


def write_part(path: Path, tables: Mapping[str, Table]) -> str:
    """Write the tables of some machines to `path`, whole or not at all; its SHA-256."""
    arrays: dict[str, np.ndarray] = {}
    for name, table in tables.items():
        arrays |= {f"{name}|{column}": values for column, values in table.columns.items()}
        arrays[f"{name}|"] = table.offsets
    with new_file(path, force=True) as temporary, temporary.open("wb") as handle:
        np.savez(handle, **arrays)  # pyright: ignore[reportArgumentType]
    return sha256(path)


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
    for low, high, name, digest_there in state["parts"]:
        if high <= first or low >= last:
            continue
        path = Path(folder) / state["folder"] / name
        if not path.is_file() or sha256(path) != digest_there:
            raise InputError(f"checkpoint part {path} is missing or damaged: its SHA-256 is not {digest_there[:12]}...")
        tables = read_part(path)
        begin, end = max(first, low) - low, min(last, high) - low
        found.append({key: table.part(begin, end) for key, table in tables.items()})
    return {key: join_tables([tables[key] for tables in found]) for key in found[0]}
