"""A user's own Python file, run for what it defines: programs and problems, and the line of what goes wrong."""

from __future__ import annotations

import re
import sys
import types
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from logdepth.errors import InputError, ProgramError


def in_file(name: str) -> tuple[str, str] | None:
    """File and attribute of `FILE.py:NAME` (or `FILE.py`), else None.

    >>> in_file("a.py:MAXIMUM"), in_file("a.py"), in_file("sort")
    (('a.py', 'MAXIMUM'), ('a.py', ''), None)
    """
    own = re.fullmatch(r"(.+\.py)(?::(.*))?", name, re.DOTALL)
    return (own[1], own[2] or "") if own else None


def run_file(file: str) -> dict[str, Any]:
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
        where = line_of(error, file)
        hint = ""
        if isinstance(error, SystemExit):
            hint = ' (the file ends Python while it is read; put that under `if __name__ == "__main__":`)'
        raise ProgramError(f"{where}: {one_line(error)}{hint}") from error
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
    return vars(module)


def line_of(error: BaseException, file: str) -> str:
    """`file:line` of the innermost line of that file that raised an error, or what it stems from; else the file."""
    if isinstance(error, SyntaxError) and error.filename == file and error.lineno:
        return f"{file}:{error.lineno}"
    where, trace = file, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            where = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    if where == file and error.__context__ is not None:
        return line_of(error.__context__, file)
    return where
