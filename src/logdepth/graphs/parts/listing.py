"""Which files a name stands for: a glob, a folder, a file, or a URL where fsspec is installed."""

from __future__ import annotations

import glob
import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logdepth.errors import InputError

MANIFEST = "logdepth.json"  # of a folder that `logdepth generate` made: it names the parts that must be there
KINDS = {".parquet": "parquet", ".npy": "npy", ".txt": "guess", ".edges": "guess", ".el": "guess", ".csv": "csv",
         ".tsv": "tsv"}  # fmt: skip


@dataclass(frozen=True)
class PartFile:
    """One file as it was when it was listed: its path or URL, bytes, and what tells that it was changed since.

    shown: how errors call it, where that is not its path (what is unpacked lies elsewhere).
    """

    path: str
    size: int
    stamp: str
    shown: str = ""

    @property
    def name(self) -> str:
        return self.shown or self.path

    def check(self) -> None:
        """Raise `InputError` if the file is gone, or not as it was listed; says on which host."""
        try:
            now = stamp_of(self.path)
        except FileNotFoundError:
            raise InputError(
                f"{self.name}: no such file on host {socket.gethostname()}, though it was there when the parts were "
                "listed; all workers must see the same paths (a file system that the nodes share)"
            ) from None
        except OSError as error:
            raise InputError(
                f"cannot read {self.name} on host {socket.gethostname()}: {error.strerror or error}"
            ) from None
        if now != (self.size, self.stamp):
            raise InputError(
                f"{self.name} was changed while it was being read: {self.size:,} bytes when the parts were listed, "
                f"{now[0]:,} now; let nothing write to it and run again"
            )


def is_partitioned(source: str) -> bool:
    """Whether a name stands for parts: a glob, a folder, a URL, or `-`, standard input.

    >>> [is_partitioned(name) for name in ("edges.txt", "edges/*.parquet", "-", "s3://bucket/edges")]
    [False, True, True, True]
    """
    if source == "-" or "://" in source:
        return True
    path = Path(source)
    return path.is_dir() or (not path.exists() and glob.has_magic(source))


def stamp_of(path: str) -> tuple[int, str]:
    """Size and stamp of a file now. Raises `OSError`."""
    if "://" in path:
        info = file_system(path)[0].info(path)
        when = next((info[key] for key in ("ETag", "mtime", "LastModified", "created") if key in info), "")
        return int(info["size"] or 0), str(when)
    found = os.stat(path)
    return found.st_size, str(found.st_mtime_ns)


def file_system(url: str) -> tuple[Any, str]:
    """fsspec's file system for a URL, and the path in it. Raises `InputError` where there is none."""
    try:
        import fsspec
    except ImportError:
        raise InputError(f"{url}: reading a URL needs fsspec, and what it needs for this kind") from None
    try:
        return fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise InputError(f"{url}: {' '.join(str(error).split())[:200]}") from None


def list_parts(source: str) -> list[PartFile]:
    """The files that a glob, a folder, a file or a URL stands for, by name. Raises `InputError` if there are none.

    Where a manifest of `logdepth generate` lies beside them, none that it names may be missing or of another size.
    """
    names = _names(source)
    parts = []
    for name in names:
        try:
            parts.append(PartFile(name, *stamp_of(name)))
        except OSError as error:
            raise InputError(f"{name}: {error.strerror or 'no such file'}") from None
    if "://" not in source:
        _check_manifest(source, {os.path.abspath(part.path): part for part in parts})
    if not parts:
        raise InputError(f"{source} matches no file of edges ({', '.join(KINDS)}, text also with .gz)")
    return parts


def kind_of(path: str) -> str | None:
    """parquet, npy, guess (text), csv or tsv, by the suffix; None for another.

    >>> kind_of("a/edges.txt.gz"), kind_of("a.md")
    ('guess', None)
    """
    name = path.lower().removesuffix(".gz")
    return KINDS.get(os.path.splitext(name)[1])


def _names(source: str) -> list[str]:
    if "://" in source:
        system, path = file_system(source)
        scheme = source.split("://", 1)[0]
        found = system.glob(path) if glob.has_magic(path) else (
            system.find(path, maxdepth=1) if system.isdir(path) else [path]
        )  # fmt: skip
        return [f"{scheme}://{name}" for name in sorted(found) if kind_of(name)]
    if os.path.isdir(source):
        found = [os.path.join(source, name) for name in os.listdir(source) if not name.startswith((".", "_"))]
    elif os.path.exists(source) or not glob.has_magic(source):
        found = [source]
    else:
        found = glob.glob(source, recursive=True)
    files = [name for name in found if not os.path.isdir(name)]
    return sorted(name for name in files if kind_of(name) or name == source)


def _check_manifest(source: str, there: dict[str, PartFile]) -> None:
    """Against the manifest beside the parts, if there is one: for what the source would match."""
    folder = source if os.path.isdir(source) else os.path.dirname(source)
    try:
        manifest = json.loads(Path(folder, MANIFEST).read_text(encoding="utf-8"))
        parts = [(str(part["name"]), int(part["bytes"])) for part in manifest["parts"] if manifest["kind"] == "edges"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name, size in parts:
        path = os.path.join(folder, name)
        part = there.get(os.path.abspath(path))
        if part is None and not os.path.exists(path) and (source == folder or glob.has_magic(source)):
            raise InputError(f"{path} is missing: {os.path.join(folder, MANIFEST)} names it among {len(parts)} parts")
        if part is not None and part.size != size:
            raise InputError(f"{path} is truncated or was changed: it has {part.size:,} bytes, and had {size:,}")
