"""One run of a sweep, in a process: `python -m logdepth.train.worker REQUEST.json RUN DEVICE THREADS PARENT`."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from logdepth.errors import InputError
from logdepth.train.config import TrainConfig
from logdepth.train.folder import RunFolder
from logdepth.train.loop import train

PATIENCE = 10.0  # seconds for the worker of a sweep killed just now to let go of the folder


def main(request: str, run: str, device: str, threads: str, parent: str) -> int:
    """Train; the exit status. Ends when the parent, a process id, has gone, at the next step."""

    def look_up(done: int, total: int) -> None:
        if os.getppid() != int(parent):  # told, not asked for: it may have gone before this process could ask
            raise SystemExit("the sweep has gone")

    config = TrainConfig.from_json(json.loads(Path(request).read_text(encoding="utf-8")))
    try:
        _wait_for(RunFolder(run, config))
        train(config, run, device=device, threads=int(threads), progress=look_up)
    except InputError as error:
        print(error)
        return 1
    Path(request).unlink(missing_ok=True)
    return 0


def _wait_for(folder: RunFolder) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with folder.lock():
                return
        except InputError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
