"""Which files a name stands for: a glob, a folder, a file, or a URL where fsspec is installed."""

from __future__ import annotations

import fnmatch
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

    Where a manifest of `logdepth generate` lies beside them, none that it names, and the source means, may be missing,
    or of another size.
    """
    names = _names(source)
    parts = []
    for name in names:
        try:
            parts.append(PartFile(name, *stamp_of(name)))
        except OSError as error:
            raise InputError(f"{name}: {error.strerror or 'no such file'}") from None
    _check_manifests(source, parts)
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
        seen = (name for name in found if not os.path.basename(name).startswith((".", "_")))
        return [f"{scheme}://{name}" for name in sorted(seen) if kind_of(name)]
    if os.path.isdir(source):
        found = [os.path.join(source, name) for name in os.listdir(source) if not name.startswith((".", "_"))]
    elif os.path.exists(source) or not glob.has_magic(source):
        found = [source]
    else:
        found = glob.glob(source, recursive=True)
    files = [name for name in found if not os.path.isdir(name)]
    return sorted(name for name in files if kind_of(name) or name == source)


def _check_manifests(source: str, parts: list[PartFile]) -> None:
    """Against the manifest beside the parts, in each of their folders."""
    there = {part.path: part.size for part in parts}
    folders = {os.path.dirname(part.path) for part in parts}
    if not parts and not glob.has_magic(source):
        folders.add(source.rstrip("/"))
    for folder in sorted(folders):
        for name, size, count in _announced(folder):
            path = os.path.join(folder, name)
            if path in there and there[path] != size:
                raise InputError(f"{path} is truncated or was changed: it has {there[path]:,} bytes, and had {size:,}")
            if path not in there and _means(source, path) and not _exists(path):
                raise InputError(f"{path} is missing: {os.path.join(folder, MANIFEST)} names it among {count:,} parts")


def _announced(folder: str) -> list[tuple[str, int, int]]:
    """Name and bytes of each part that the folder's manifest of edges has, and how many; none without one."""
    path = os.path.join(folder, MANIFEST)
    try:
        if "://" in folder:
            system, inside = file_system(path)
            text = system.cat_file(inside)
        else:
            text = Path(path).read_bytes()
        manifest = json.loads(text)
        parts = manifest["parts"] if manifest["kind"] == "edges" else []
        return [(str(part["name"]), int(part["bytes"]), len(parts)) for part in parts]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _means(source: str, path: str) -> bool:
    """Whether the source would have the path among its files: in that folder, or as the glob says."""
    if not glob.has_magic(source):
        return os.path.basename(source.rstrip("/")) == os.path.basename(os.path.dirname(path))
    return fnmatch.fnmatchcase(os.path.basename(path), os.path.basename(source))


def _exists(path: str) -> bool:
    if "://" not in path:
        return os.path.exists(path)
    system, inside = file_system(path)
    return bool(system.exists(inside))
