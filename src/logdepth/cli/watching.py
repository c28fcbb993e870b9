"""Command `top`: what the runs on this host are doing."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

from logdepth.cli.shared import add_json, print_json
from logdepth.errors import InputError


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "top",
        help="what runs are doing",
        description="Look at the runs of this user on this host: phase, rounds, words, rates, what is left, workers. "
        "On a terminal live, until they have ended; in a pipe once.",
    )
    parser.add_argument("place", nargs="?", metavar="DIR", help="only the run with this --out or --checkpoint")
    parser.add_argument("--once", action="store_true", help="print it once, on a terminal too")
    add_json(parser)
    parser.set_defaults(run=_top)


def _top(args: argparse.Namespace) -> int:
    if args.json or args.once or not sys.stdout.isatty():
        found = _found(args.place)
        if args.json:
            print_json(found)
        elif not found:
            print("nothing is running here")
        else:
            print("\n\n".join("\n".join(_lines(status)) for status in found))
        return 0
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(), refresh_per_second=2, transient=True) as live:
        while found := _found(args.place):
            live.update(Text("\n\n".join("\n".join(_lines(status)) for status in found)))
            time.sleep(0.5)
    print("nothing is running here")
    return 0


def _lines(status: dict[str, Any]) -> list[str]:
    from logdepth.report.status import status_lines

    return status_lines(status)


def _found(place: str | None) -> list[dict[str, Any]]:
    from logdepth.jobs.status import running_jobs

    found = running_jobs()
    if place is None:
        return found
    mine = [status for status in found if os.path.abspath(place) in (status["out"], status["checkpoint"])]
    if not mine and not os.path.exists(place):
        raise InputError(f"{place}: no run here has this as its --out or --checkpoint")
    return mine
