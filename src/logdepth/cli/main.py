"""`logdepth`: the parser, and what every command shares: exit codes, errors in one line, no tracebacks.

Exit status: 0 done; 1 a verification failed; 2 bad input; 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from logdepth import __version__
from logdepth.cli import compiling, inspecting, khop, planning, running
from logdepth.errors import InputError


def build_parser() -> argparse.ArgumentParser:
    """The whole command line. Nothing heavy is imported here: `--help` must be quick."""
    parser = argparse.ArgumentParser(
        prog="logdepth",
        description="Parallel algorithms on simulated machines; programs compiled exactly into stock transformers.",
    )
    parser.add_argument("--version", action="version", version=f"logdepth {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    compiling.add_commands(commands)
    inspecting.add_commands(commands)
    khop.add_commands(commands)
    running.add_commands(commands)
    planning.add_commands(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    args = build_parser().parse_args(arguments)
    try:
        status = args.run(args)
        sys.stdout.flush()
        return status or 0
    except InputError as error:
        print(f"logdepth: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("logdepth: interrupted; nothing was left half-written", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `| head`: the reader has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def run() -> None:
    """The console script."""
    sys.exit(main())
