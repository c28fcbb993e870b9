"""Files and folders appear whole or not at all: written under a temporary name, synced, then renamed.

Everything that logdepth writes goes through `new_file` or `new_folder`, except for logs, which grow by lines. Also
here: one process at a time in a folder (`lock`), folders that go with their process (`own_folder`), and pipes where a
file is needed (`regular_file`).
"""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from logdepth.errors import InputError, WriteError

_FAILED_WRITES = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}


_OLD, _LOCKED = ".old", ".lock"  # beside a temporary folder: what it replaces; the lock of its process


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

    A link is followed: its target is replaced. Raises `InputError` if `path` exists and `force` is false, or is no
    regular file; `WriteError` if it cannot be written, the disk being full, say.
    """
    path = Path(path)
    if path.exists() and not force:
        raise InputError(f"{path} exists already; give --force to replace it")
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is not a file, so it is not replaced")
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=path.suffix, dir=target.parent)
    except OSError as error:
        raise _cannot_write(path, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        with _naming_failed_writes(path):
            yield temporary
            temporary.chmod(0o644)
            _sync(temporary)
            os.replace(temporary, target)
            _sync_folder(target.parent)
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

    What a killed process left of such a folder is removed first, and what it was about to replace put back. Raises
    `InputError` if `path` is a non-empty folder (or a file) and `force` is false; `WriteError` if it cannot be
    written. With `force`, only a folder this library wrote (it holds `logdepth.json`) is replaced: a slip cannot
    delete a home folder.
    """
    path = Path(path)
    absolute = path.absolute()
    prefix = f".{absolute.name[:100]}."
    sweep(absolute.parent, prefix, absolute)
    check_new_folder(path, force=force)
    with _naming_failed_writes(path), own_folder(absolute.parent, prefix, path) as temporary:
        old = temporary.with_name(temporary.name + _OLD)
        try:
            temporary.chmod(0o755)
            yield temporary
            _sync_tree(temporary)
            if path.exists():
                absolute.rename(old)
            try:
                temporary.rename(absolute)
            except OSError:
                if old.exists():
                    old.rename(absolute)
                raise
            _sync_folder(absolute.parent)
        finally:
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def own_folder(parent: Path, prefix: str, shown: Path | None = None) -> Iterator[Path]:
    """A new folder `parent/prefix...` for this process, removed after the block.

    If the process is killed, the next one that asks for a folder of this prefix there removes it: a lock beside the
    folder, held as long as the process lives, says whether it is still somebody's. Where the file system knows no
    locks nothing is removed. Raises `WriteError`, naming `shown` if given, if it cannot be made.

    >>> with tempfile.TemporaryDirectory() as place, own_folder(Path(place), "work-") as folder:
    ...     folder.is_dir(), folder.name.startswith("work-")
    (True, True)
    """
    import filelock

    sweep(parent, prefix)
    folder = parent / f"{prefix}{secrets.token_hex(4)}"
    held = filelock.FileLock(_lock_of(folder))
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError, NotImplementedError):
            held.acquire(timeout=0)
        folder.mkdir(mode=0o700)
    except OSError as error:
        held.release()
        with suppress(OSError):
            Path(held.lock_file).unlink(missing_ok=True)
        raise _cannot_write(shown or folder, error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            Path(held.lock_file).unlink(missing_ok=True)
        held.release()


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}{_LOCKED}")


def sweep(parent: Path, prefix: str, replaced: Path | None = None) -> None:
    """Remove what `own_folder` made here for processes that were killed. replaced: what it was to replace, put back."""
    import filelock

    for path in parent.glob(f"{glob.escape(prefix)}*{_LOCKED}") if parent.is_dir() else ():
        held = filelock.FileLock(path)
        try:
            held.acquire(timeout=0)
        except (filelock.Timeout, OSError, NotImplementedError):
            continue
        folder = path.with_name(path.name.removesuffix(_LOCKED))
        old = folder.with_name(folder.name + _OLD)
        if old.exists() and replaced is not None and not replaced.exists():
            old.rename(replaced)
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            path.unlink(missing_ok=True)
        held.release()


@contextmanager
def lock(path: Path, busy: str) -> Iterator[None]:
    """Within the block no other process holds the lock file `path`; a killed one lets go of it.

    Raises `InputError(busy)` if another does, `WriteError` if the file cannot be made.

    >>> with tempfile.TemporaryDirectory() as folder, lock(Path(folder) / ".lock", "busy"):
    ...     with lock(Path(folder) / ".lock", "another process is here"):
    ...         pass
    Traceback (most recent call last):
    logdepth.errors.InputError: another process is here
    """
    import filelock

    held = filelock.FileLock(path)
    try:
        held.acquire(timeout=0)
    except filelock.Timeout:
        raise InputError(busy) from None
    except (OSError, NotImplementedError) as error:
        raise _cannot_write(path, error) from error
    try:
        yield
    finally:
        held.release()


@contextmanager
def regular_file(path: Path) -> Iterator[Path]:
    """`path`; or, of a pipe such as bash's `<(...)`, which hands out its bytes once, a copy. Errors name `path`.

    >>> with regular_file(Path("missing")) as file:
    ...     file
    PosixPath('missing')
    """
    try:
        kind = path.stat().st_mode
    except (OSError, ValueError):
        kind = stat.S_IFREG  # whoever opens it says what is wrong
    if not stat.S_ISFIFO(kind) and not stat.S_ISSOCK(kind):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="logdepth-pipe-") as folder:
        copy = Path(folder) / path.name
        with _naming_failed_writes(copy), path.open("rb") as pipe, copy.open("wb") as file:
            shutil.copyfileobj(pipe, file, 1 << 20)
        try:
            yield copy
        except InputError as error:
            raise InputError(str(error).replace(str(copy), str(path))) from None


@contextmanager
def _naming_failed_writes(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if reason := _write_failure(error):
            raise WriteError(f"cannot write {path}: {reason}", reason=reason) from error
        raise


def _write_failure(error: BaseException | None) -> str | None:
    """The system's words if this comes of a failed write: libraries wrap the OSError, or leave only its text."""
    while error is not None:
        for code in _FAILED_WRITES:
            if getattr(error, "errno", None) == code or os.strerror(code) in str(error):
                return os.strerror(code)
        error = error.__cause__ or error.__context__
    return None


def _cannot_write(path: Path, error: Exception) -> WriteError:
    reason = str(getattr(error, "strerror", None) or error)
    return WriteError(f"cannot write {path}: {reason}", reason=reason)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:  # Windows syncs only what is open for writing
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """What was renamed in it stays so, whatever fails. Windows has no such call, and needs none."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_tree(folder: Path) -> None:
    for place, _, names in os.walk(folder):
        for name in names:
            _sync(Path(place) / name)
        _sync_folder(Path(place))
