"""A run's status as text: what `run --progress` shows while it goes on, and `logdepth top`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any


def status_lines(status: Mapping[str, Any], now: float | None = None) -> list[str]:
    """A few lines of text: the run, where it is, its rates, what is left, and each worker.

    >>> from logdepth.mpc.watch import Watch
    >>> seen = {"problem": "connectivity", "source": "edges/", **Watch(began=0, since=0).to_json()}
    >>> status_lines(seen, now=75)
    ['connectivity on edges/, for 1 min 15 s', 'phase     look: the parts are looked at and counted, for 1 min 15 s']
    """
    now = time.time() if now is None else now
    what = {
        "look": "the parts are looked at and counted",
        "read": "every worker reads its machines' rows",
        "rounds": f"{status['label']}",
        "write": "the result is written",
    }[status["phase"]]
    pid = f", process {status['pid']}" if "pid" in status else ""
    lines = [
        f"{status['problem']} on {status['source']}, for {_span(now - status['began'])}{pid}",
        f"phase     {status['phase']}: {what}, for {_span(now - status['since'])}",
    ]
    if status["rounds"]:
        lines.append(f"rounds    {status['rounds']:,} (at most {status['bound']:,}, the proved bound)")
    if status["rounds"] and status["input_words"]:
        input_words, held = status["input_words"], status["held"]
        each = status["moved"] / input_words
        rate = f"{status['rate'] / 1e6:,.1f} million a second of late"
        lines.append(f"words     {status['moved']:,} moved, {each:,.2f} for each of the input's, {rate}")
        lines.append(f"held      {held:,} words on the machines now; the input had {input_words:,}")
    for worker in status["workers"]:
        peak = f", {worker['peak'] / 2**20:,.0f} MiB at most" if worker["peak"] else ""
        did = f"{worker['seconds']:.2f} s and {worker['moved']:,} words"
        lines.append(f"worker    {worker['name']}: {did}{peak}")
    return lines


def _span(seconds: float) -> str:
    seconds = max(int(seconds), 0)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"
