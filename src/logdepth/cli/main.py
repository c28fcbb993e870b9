"""`logdepth`: the parser, and what every command shares: exit codes, errors in one line, no tracebacks.

Exit status: 0 done; 1 a verification failed; 2 bad input; 130 interrupted.
"""

from __future__ import annotations

import _thread
import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from logdepth import __version__
from logdepth.cli import (
    analyzing,
    bounding,
    communicating,
    compiling,
    exact,
    generating,
    hard_instances,
    inspecting,
    planning,
    reproducing,
    round_trip,
    running,
    tasks,
    to_protocol,
    to_transformer,
    training,
    watching,
)
from logdepth.cli.parser import SHELLS, Parser, PrintCompletion
from logdepth.errors import InputError


def build_parser() -> argparse.ArgumentParser:
    """The whole command line. Nothing heavy is imported here: `--help` must be quick."""
    parser = Parser(
        prog="logdepth",
        description="Parallel algorithms on simulated machines; programs compiled exactly into stock transformers.",
    )
    parser.add_argument("--version", action="version", version=f"logdepth {__version__}")
    parser.add_argument(
        "--print-completion", choices=SHELLS, action=PrintCompletion, help="print the script that completes commands"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    compiling.add_commands(commands)
    exact.add_commands(commands)
    inspecting.add_commands(commands)
    tasks.add_commands(commands)
    generating.add_commands(commands)
    running.add_commands(commands)
    watching.add_commands(commands)
    planning.add_commands(commands)
    to_transformer.add_commands(commands)
    training.add_commands(commands)
    analyzing.add_commands(commands)
    reproducing.add_commands(commands)
    to_protocol.add_commands(commands)
    round_trip.add_commands(commands)
    bounding.add_commands(commands)
    hard_instances.add_commands(commands)
    communicating.add_commands(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. `--help` and the like raise `SystemExit`, as argparse does."""
    args = None
    with _noting_interrupts() as interrupts:
        try:
            args = build_parser().parse_args(arguments)
            status = args.run(args)
            sys.stdout.flush()
            return status or 0
        except InputError as error:
            return _fail(str(error))
        except BrokenPipeError:  # `| head`: the reader has what it wanted
            _mute()
            return 0
        except MemoryError as error:
            return _fail(f"out of memory: {error or 'nothing more could be allocated'}; give smaller numbers or inputs")
        except OSError as error:  # a disk that is full, also under standard output
            _mute()
            where = f"{error.filename}: " if error.filename else ""
            return _fail(f"{where}{error.strerror or error}")
        except BaseException as error:
            if not interrupts and not isinstance(error, KeyboardInterrupt):
                raise
            print(f"logdepth: interrupted; nothing was left half-written{_way_on(args)}", file=sys.stderr)
            return 130


def _way_on(args: argparse.Namespace | None) -> str:
    """How to go on with a run that has saved something."""
    folder = getattr(args, "checkpoint", None) or (args and args.command == "resume" and args.folder)
    saved = folder and os.path.exists(os.path.join(folder, "manifest.json"))
    return f"; logdepth resume {folder} goes on with it" if saved else ""


def prepare_streams() -> None:
    """Output that cannot go wrong: to nowhere if a stream is closed (`>&-`), escaped if its encoding is narrow."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
        else:
            stream.reconfigure(errors="backslashreplace")


def _fail(message: str) -> int:
    """Say what was wrong, in one line whatever the message; the exit status."""
    print("logdepth:", " ".join(message.splitlines()), file=sys.stderr)
    return 2


def _mute() -> None:
    """What standard output still holds must not fail again when the interpreter ends."""
    with suppress(OSError, ValueError):  # captured: there is no such file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupt_main_thread() -> None:
    if sys.platform != "win32":  # a signal ends a wait in C, which interrupt_main does not
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


@contextmanager
def _noting_interrupts() -> Iterator[list[int]]:
    """Interrupts received meanwhile: a library may turn the KeyboardInterrupt into an error of its own.

    One that comes where Python can only ignore it (a callback of LLVM's, while Numba compiles) comes again.
    """
    seen: list[int] = []
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield seen
        return

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        signal.default_int_handler(number, frame)

    def again(ignored: sys.UnraisableHookArgs) -> None:
        if not issubclass(ignored.exc_type, KeyboardInterrupt):
            hook(ignored)
            return
        timers.append(threading.Timer(0.05, _interrupt_main_thread))
        timers[-1].start()

    hook = sys.unraisablehook
    timers: list[threading.Timer] = []
    try:
        signal.signal(signal.SIGINT, note)
    except ValueError:  # not in the main thread
        yield seen
        return
    sys.unraisablehook = again
    try:
        yield seen
    finally:
        sys.unraisablehook = hook
        for timer in timers:
            timer.cancel()
        signal.signal(signal.SIGINT, signal.default_int_handler)
