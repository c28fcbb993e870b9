"""The program a command names: built in, or `FILE.py:program`, with its parameters from `--set`."""

from __future__ import annotations

import difflib
import re
import sys
import types
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logdepth.errors import InputError, ProgramError

if TYPE_CHECKING:
    from logdepth.lang import Program


def find_program(name: str) -> Program:
    """A built-in program, or `FILE.py:program`. Raises `InputError` (with near names) or `ProgramError`."""
    own = re.fullmatch(r"(.+\.py)(?::(.*))?", name, re.DOTALL)
    if own:
        return _program_of(own[1], own[2] or "")
    from logdepth.programs import BUILT_IN

    if name in BUILT_IN:
        return BUILT_IN[name]
    near = difflib.get_close_matches(name, ["khop", *BUILT_IN], 3, 0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else "`logdepth list` names the built-in ones"
    raise InputError(f"there is no program {name!r}; {hint} (a program of your own: FILE.py:program)")


def _program_of(file: str, attribute: str) -> Program:
    from logdepth.lang import Program

    found = _run(file)
    programs = {name: value for name, value in found.items() if isinstance(value, Program)}
    own = {name: value for name, value in programs.items() if value.where[0] == file} or programs
    there = ", ".join(own) or "none; mark a function with @program"
    if not attribute:
        if len(own) == 1:
            return next(iter(own.values()))
        raise InputError(f"{file}: say which program, {file}:NAME (there: {there})")
    if attribute not in programs:
        if callable(found.get(attribute)):
            raise InputError(
                f"{file}:{attribute}: {attribute} is not a program; mark it with @program (from logdepth.lang)"
            )
        near = difflib.get_close_matches(attribute, programs, 1)
        hint = f"did you mean {near[0]}? (there: {there})" if near else f"there: {there}"
        raise InputError(f"{file} has no program {attribute!r}; {hint}")
    return programs[attribute]


def _run(file: str) -> dict[str, Any]:
    """The names that a user's file defines. What it prints goes to standard error, as the answer is ours.

    Raises `InputError` where there is no such file, `ProgramError` (with the line) for whatever goes wrong in it.
    """
    from logdepth.lang.lines import one_line

    path = Path(file)
    if not path.is_file():
        raise InputError(f"{file}: {'a folder, not a file' if path.is_dir() else 'no such file'}")
    # a name of its own: the file may be called random.py; its folder importable, as for `python FILE.py`
    module = types.ModuleType(f"logdepth_program_{path.stem}")
    module.__file__ = str(path.absolute())
    sys.modules[module.__name__] = module
    folder = str(path.parent.absolute())
    sys.path.insert(0, folder)
    try:
        with redirect_stdout(sys.stderr):
            exec(compile(path.read_bytes(), file, "exec", dont_inherit=True), module.__dict__)
    except ProgramError:
        raise  # names its line already
    except (Exception, SystemExit) as error:
        line, trace = "", error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == file:
                line = f":{trace.tb_lineno}"
            trace = trace.tb_next
        if isinstance(error, SyntaxError) and error.filename == file and error.lineno:
            line = f":{error.lineno}"
        hint = ""
        if isinstance(error, SystemExit):
            hint = ' (the file ends Python while it is read; put that under `if __name__ == "__main__":`)'
        raise ProgramError(f"{file}{line}: {one_line(error)}{hint}") from error
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
    return vars(module)


def parse_parameters(pairs: list[str], program: Program) -> dict[str, Any]:
    """`NAME=VALUE` options: whole numbers in plain digits, true and false, else text; what is annotated as text or as
    a decimal number is that."""
    found: dict[str, Any] = {}
    kinds = program.annotations
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InputError(f"--set {pair}: write NAME=VALUE")
        if name in found:
            raise InputError(f"--set {pair}: {name} is given twice")
        if kinds.get(name) is str:
            found[name] = value
        elif re.fullmatch(r"[+-]?[0-9]{1,1000}", value):
            found[name] = int(value)
        elif kinds.get(name) is float and re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", value):
            found[name] = float(value)
        else:
            found[name] = {"true": True, "false": False}.get(value.lower(), value)
    return found
