"""The parser of the command line: argparse with errors of one line, strict numbers, and completion for shells."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from logdepth.errors import InputError

SHELLS = ("bash", "zsh", "tcsh")


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that raises `InputError` instead of printing its usage and leaving.

    Numbers are ASCII digits, and finite: Python's own int and float would take 1_0, full-width digits and nan.

    >>> Parser(prog="logdepth").parse_args(["--k"])
    Traceback (most recent call last):
    logdepth.errors.InputError: unrecognized arguments: --k; `logdepth --help` says more
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.register("type", int, _int)
        self.register("type", float, _float)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # pyright: ignore
        found, rest = super().parse_known_args(args, namespace)
        for action in self._actions:  # argparse makes an empty list of the value "--"
            if isinstance(action, argparse._StoreAction) and action.nargs is None and getattr(found, action.dest) == []:
                self.error(f"{'/'.join(action.option_strings) or action.metavar}: '--' is no value")
        return found, rest

    def error(self, message: str) -> NoReturn:
        line = " ".join(re.sub(r"^argument ", "", message).split())
        line = re.sub(r"^(\S+): is ", r"\1 is ", line)
        raise InputError(f"{line if len(line) <= 300 else line[:300] + '...'}; `{self.prog} --help` says more")


def count(text: str) -> int:
    """A whole number from 0 on; 5e6 and 5_000_000 too."""
    from logdepth.jobs.quantities import parse_count

    try:
        return parse_count(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _int(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,100}", text):
        raise argparse.ArgumentTypeError(f"{text!r:.60} is not a whole number")
    return int(text)


def _float(text: str) -> float:
    plain = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", text, re.IGNORECASE)
    if not plain or not math.isfinite(value := float(text)):
        raise argparse.ArgumentTypeError(f"{text!r:.60} is not a finite number")
    return value


class PrintCompletion(argparse.Action):
    """`--print-completion SHELL`: the script that completes this command line, by shtab."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        import shtab

        from logdepth.programs import BUILT_IN as PROGRAMS
        from logdepth.protocols import BUILT_IN

        for each in _with_subparsers(parser):
            for action in each._actions:
                kind = {"FILE": shtab.FILE, "DIR": shtab.DIR}.get(str(action.metavar))
                if kind is not None:
                    action.complete = kind  # pyright: ignore[reportAttributeAccessIssue]
                if action.dest == "problem":
                    action.choices = [*BUILT_IN, *PROGRAMS]
        print(shtab.complete(parser, values))
        parser.exit()


def _with_subparsers(parser: argparse.ArgumentParser) -> Sequence[argparse.ArgumentParser]:
    found = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += action.choices.values()
    return found
