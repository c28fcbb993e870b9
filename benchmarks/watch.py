"""Memory of a command and all that it starts, watched from outside (Linux): each process's peak, and all together.

`hwm` is the kernel's high-water mark of what is resident (VmHWM), with mapped files and shared memory. `own` is what
the process alone has and could not give back (RssAnon), as sampled. `all`: own memory of all processes, and shared
memory once; pages of files, which the kernel takes back when it wants them, are not in it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Peaks:
    """Greatest bytes. names, hwm, own: by process id; all: of all at one moment."""

    names: dict[int, str] = field(default_factory=dict)
    hwm: dict[int, int] = field(default_factory=dict)
    own: dict[int, int] = field(default_factory=dict)
    all: int = 0

    def of(self, name: str) -> list[tuple[int, int]]:
        """(hwm, own) of the processes whose command holds the name, the largest first."""
        found = [(self.hwm[pid], self.own[pid]) for pid, command in self.names.items() if name in command]
        return sorted(found, reverse=True)


@contextmanager
def watched(pid: int, every: float = 0.25) -> Iterator[Peaks]:
    """Within the block the process and what it starts are watched."""
    peaks, done = Peaks(), threading.Event()

    def watch() -> None:
        while not done.wait(every):
            _look(pid, peaks)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        done.set()
        thread.join()


def _look(root: int, peaks: Peaks) -> None:
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended meanwhile
    own, shared = 0, 0
    for pid in parents:
        if not _below(pid, root, parents):
            continue
        try:
            if "ray::" not in peaks.names.get(pid, ""):  # a process's name may change once, when an actor moves in
                peaks.names[pid] = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()[:200]
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            continue
        sizes = {name: int(value.split()[0]) << 10 for name, _, value in (line.partition(":") for line in lines)
                 if name in ("VmHWM", "RssAnon", "RssShmem")}  # fmt: skip
        if not sizes:
            continue
        peaks.hwm[pid] = max(peaks.hwm.get(pid, 0), sizes["VmHWM"])
        peaks.own[pid] = max(peaks.own.get(pid, 0), sizes["RssAnon"])
        own, shared = own + sizes["RssAnon"], max(shared, sizes["RssShmem"])
    peaks.all = max(peaks.all, own + shared)


def _below(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != root:
        pid = parents[pid]
    return pid == root
