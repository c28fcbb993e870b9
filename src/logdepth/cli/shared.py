"""What commands share: common options, JSON, progress on a terminal, finding a program by name or file."""

from __future__ import annotations

import argparse
import difflib
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logdepth.errors import InputError, ProgramError

if TYPE_CHECKING:
    from logdepth.lang import Program


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def print_json(data: Any) -> None:
    print(json.dumps(data, indent=1, default=lambda value: value.item()))


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on a terminal (standard error), nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def find_program(name: str) -> Program:
    """A built-in program, or `FILE.py:program`. Raises `InputError` (with near names) or `ProgramError`."""
    if ".py" in name:
        return _program_from_file(name)
    from logdepth.programs import BUILT_IN

    if name in BUILT_IN:
        return BUILT_IN[name]
    near = difflib.get_close_matches(name, ["khop", *BUILT_IN], 3, 0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else "`logdepth list` names the built-in ones"
    raise InputError(f"there is no program {name!r}; {hint} (a program of your own: FILE.py:program)")


def _program_from_file(name: str) -> Program:
    file, _, attribute = name.partition(":")
    path = Path(file)
    if not path.is_file():
        raise InputError(f"{file}: no such file")
    # a name of its own: the file may be called random.py; its folder importable, as for `python FILE.py`
    name_of_module = f"logdepth_program_{path.stem}"
    spec = importlib.util.spec_from_file_location(name_of_module, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name_of_module] = module
    sys.path.insert(0, str(path.parent.absolute()))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        line, trace = "", error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == str(path):
                line = f":{trace.tb_lineno}"
            trace = trace.tb_next
        if isinstance(error, SyntaxError) and error.filename == str(path):
            line = f":{error.lineno}"
        raise ProgramError(f"{file}{line}: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(path.parent.absolute()))
    from logdepth.lang import Program

    programs = {key: value for key, value in vars(module).items() if isinstance(value, Program)}
    own = {key: value for key, value in programs.items() if value.where[0] == str(path)}
    if not attribute:
        if len(own) == 1:
            return next(iter(own.values()))
        names = ", ".join(own) or "none; mark a function with @program"
        raise InputError(f"{file}: say which program, {file}:NAME (there: {names})")
    if attribute not in programs:
        if callable(getattr(module, attribute, None)):
            raise InputError(f"{name}: {attribute} is not a program; mark it with @program (from logdepth.lang)")
        near = difflib.get_close_matches(attribute, programs, 1)
        hint = f"did you mean {near[0]}?" if near else f"there: {', '.join(own) or 'no programs'}"
        raise InputError(f"{file} has no program {attribute!r}; {hint}")
    return programs[attribute]


def parse_parameters(pairs: list[str]) -> dict[str, Any]:
    """`NAME=VALUE` options: integers where they look like it, true and false, else text."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InputError(f"--set {pair}: write NAME=VALUE")
        try:
            found[name] = int(value)
        except ValueError:
            found[name] = {"true": True, "false": False}.get(value.lower(), value)
    return found
