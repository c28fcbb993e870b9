"""Status files: what the runs of this user on this host are doing, for `logdepth top` in another terminal.

A file a process, in the system's temporary folder, replaced once a second at most; those of dead processes are removed
by whoever looks.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from logdepth.mpc.watch import Watch

EVERY = 1.0  # seconds between two writes


def status_folder() -> Path:
    """Where this user's status files are."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"logdepth-status-{user}"


@contextmanager
def status_file(about: dict[str, Any], watch: Watch) -> Iterator[None]:
    """Within the block the watch is to be seen by `running_jobs`. about: what the run is, in JSON.

    A status that cannot be written is not: the run matters more.
    """
    folder = status_folder()
    path, last, others = folder / f"{os.getpid()}.json", [0.0], watch.report

    def write(seen: Watch) -> None:
        others(seen)
        now = time.monotonic()
        if now - last[0] < EVERY:
            return
        last[0] = now
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            temporary = folder / f".{os.getpid()}"
            content = {"pid": os.getpid(), **about, **seen.to_json(), "written": time.time()}
            temporary.write_text(json.dumps(content), encoding="utf-8")
            os.replace(temporary, path)

    watch.report = write
    write(watch)
    try:
        yield
    finally:
        watch.report = others
        with suppress(OSError):
            path.unlink(missing_ok=True)


def running_jobs() -> list[dict[str, Any]]:
    """The status of each run of this user on this host, the oldest first."""
    found = []
    for path in sorted(status_folder().glob("*.json")):
        try:
            status = json.loads(path.read_text(encoding="utf-8"))
            alive = _lives(int(path.stem))
        except (OSError, ValueError):
            continue
        if alive:
            found.append(status)
        else:
            with suppress(OSError):
                path.unlink()
    return sorted(found, key=lambda status: status["began"])


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
