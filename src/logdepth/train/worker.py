"""One run of a sweep, in a process of its own: `python -m logdepth.train.worker REQUEST.json RUN DEVICE THREADS`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from logdepth.errors import InputError
from logdepth.train.config import TrainConfig
from logdepth.train.loop import train


def main(request: str, run: str, device: str, threads: str) -> int:
    """Train; the exit status. Ends when the parent has gone, at the next step."""
    parent = os.getppid()

    def look_up(done: int, total: int) -> None:
        if os.getppid() != parent:
            raise SystemExit("the sweep has gone")

    config = TrainConfig.from_json(json.loads(Path(request).read_text(encoding="utf-8")))
    try:
        train(config, run, device=device, threads=int(threads), progress=look_up)
    except InputError as error:
        print(error)
        return 1
    Path(request).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
