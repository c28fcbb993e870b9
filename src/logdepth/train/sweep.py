"""Many runs: several at once, what is done is skipped, what was broken off goes on.

Each run is a process of its own (`worker.py`) and a folder named by its config's id, so runs that two sweeps share are
run once. A worker ends when its parent has gone, so a killed sweep leaves nothing running; the folder's lock keeps two
from training in one place.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from logdepth.errors import InputError
from logdepth.files import write_text_atomically
from logdepth.train.config import TrainConfig
from logdepth.train.folder import read_records, read_state
from logdepth.train.names import first_id

Progress = Callable[[int, int], None]
RUNS_PER_GPU = 4


def num_cores() -> int:
    """Cores that this process may use (all of the machine's where the system does not say)."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def default_workers() -> int:
    """A run a core, or `RUNS_PER_GPU` a GPU: these models are far too small to fill one."""
    gpus = torch.cuda.device_count()
    return RUNS_PER_GPU * gpus if gpus else num_cores()


def run_folder(out: Path, config: TrainConfig) -> Path:
    """`out/<id>`, or where the run is already, named by its first id (`names.py`).

    >>> from logdepth.train.recipes import fast
    >>> run_folder(Path("runs"), fast()).name == fast().id
    True
    """
    former = first_id(config)
    if former and not (out / config.id).exists() and (out / former).exists():
        return out / former
    return out / config.id


def sweep(
    configs: Sequence[TrainConfig],
    out: str | Path,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Path]:
    """Train every config into `run_folder(out, config)`; the folder of each, by id.

    Raises `InputError` with a run's last line if it fails, when the others that are running have ended. Interrupted or
    killed, it goes on where it was when called again.

    >>> import tempfile
    >>> sweep([], tempfile.mkdtemp())
    {}
    """
    out = Path(out)
    todo = {config.id: config for config in configs}
    folders = {name: run_folder(out, config) for name, config in todo.items()}
    total = sum(config.steps for config in todo.values())
    waiting = [name for name in todo if read_state(folders[name]).step < todo[name].steps]
    at_once = min(workers or default_workers(), max(len(waiting), 1))
    threads = max(1, num_cores() // at_once)
    running: dict[str, subprocess.Popen] = {}
    failed: list[str] = []
    try:
        while waiting or running:
            while waiting and len(running) < at_once and not failed:
                name = waiting.pop(0)
                running[name] = _start(todo[name], folders[name], threads, len(running))
            for name in [name for name, process in running.items() if process.poll() is not None]:
                if running.pop(name).returncode:
                    failed.append(name)
            if failed and not running:
                raise InputError(f"run {failed[0]}: {_last_line(_log(folders[failed[0]]))}")
            if progress is not None:
                progress(sum(_steps_done(folders[name]) for name in todo), total)
            if running:
                time.sleep(0.2)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()
    return folders


def _start(config: TrainConfig, folder: Path, threads: int, place: int) -> subprocess.Popen:
    request = folder.with_suffix(".request.json")
    write_text_atomically(request, json.dumps(config.to_json()))
    gpus = torch.cuda.device_count()
    device = f"cuda:{place % gpus}" if gpus else "cpu"
    threads = read_state(folder).threads or threads  # a broken-off run goes on with its own, to the bit
    given = [str(request), str(folder), device, str(threads), str(os.getpid())]
    command = [sys.executable, "-m", "logdepth.train.worker", *given]
    with _log(folder).open("w") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)


def _log(folder: Path) -> Path:
    return folder.with_suffix(".log")


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines() if path.exists() else []
    return lines[-1] if lines else "ended without a word (killed?)"


def _steps_done(folder: Path) -> int:
    rows = read_records(folder)
    return max(read_state(folder).step, rows[-1]["step"] if rows else 0)
