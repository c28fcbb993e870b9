"""Files and folders appear whole or not at all: written under a temporary name, then renamed."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from logdepth.errors import InputError


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text_atomically(path: Path, text: str) -> None:
    """Replace `path` by `text`, or leave it as it was."""
    with new_file(path, force=True) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def new_file(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds, else remove it.

    Raises `InputError` if `path` exists and `force` is false, or cannot be written.
    """
    path = Path(path)
    if path.exists() and not force:
        raise InputError(f"{path} exists already; give --force to replace it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def check_new_folder(path: Path, *, force: bool = False) -> None:
    """Raise `InputError` if `new_folder` would refuse the path. For finding out before long work."""
    occupied = path.exists() and (not path.is_dir() or any(path.iterdir()))
    if occupied and not force:
        raise InputError(f"{path} exists and is not empty; give --force to replace it, or another --out")
    if occupied and not (path / "logdepth.json").is_file():
        raise InputError(f"{path} was not written by logdepth (no logdepth.json), so --force does not replace it")


@contextmanager
def new_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; rename it to `path` if the block succeeds, else remove it.

    Raises `InputError` if `path` is a non-empty folder (or a file) and `force` is false. With `force`, only
    a folder this library wrote (it holds `logdepth.json`) is replaced: a slip cannot delete a home folder.
    """
    path = Path(path)
    check_new_folder(path, force=force)
    absolute = path.absolute()
    try:
        absolute.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{absolute.name}.", dir=absolute.parent))
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    old = temporary.with_name(temporary.name + ".old")
    try:
        temporary.chmod(0o755)
        yield temporary
        if path.exists():
            absolute.rename(old)
        try:
            temporary.rename(absolute)
        except OSError:
            if old.exists():
                old.rename(absolute)
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
