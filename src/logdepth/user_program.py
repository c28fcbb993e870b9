"""The program a command names: built in, or `FILE.py:program`, with its parameters from `--set`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logdepth.errors import InputError
from logdepth.user_file import in_file, run_file

if TYPE_CHECKING:
    from logdepth.lang import Program
    from logdepth.tasks.checked import Checked


def find_program(name: str) -> Program:
    """A built-in program, or `FILE.py:program`. Raises `InputError` (with near names) or `ProgramError`."""
    if own := in_file(name):
        return _program_of(*own)
    from logdepth.programs import BUILT_IN, STATED

    if name in BUILT_IN:
        return BUILT_IN[name]
    near = difflib.get_close_matches(name, [*tasks_with_programs(), *STATED, *BUILT_IN], 3, 0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else "`logdepth list` names the built-in ones"
    raise InputError(f"there is no program {name!r}; {hint} (a program of your own: FILE.py:program)")


def tasks_with_programs() -> dict[str, list[str]]:
    """The tasks that built-in programs compute, each with its programs' constructions, the first one the default."""
    from logdepth.tasks.registry import CHAIN_TASKS, GRAPH_TASKS, TASKS

    tasks = {**TASKS, **GRAPH_TASKS, **CHAIN_TASKS}
    return {name: list(dict.fromkeys(task.programs.values())) for name, task in tasks.items() if task.programs}


def program_of_task(task: type[Checked], construction: str | None, *, headers: bool) -> str:
    """The built-in program that computes a task, for one k or for the k that its header says. Raises `InputError`."""
    from logdepth.programs import BUILT_IN

    there = tasks_with_programs().get(task.name)
    if there is None:
        raise InputError(f"no built-in program computes {task.name}; compile one of your own: FILE.py:program")
    if construction is not None and construction not in there:
        raise InputError(f"--construction is {construction!r}; {task.name} has: {', '.join(there)}")
    wanted = there[0] if construction is None else construction
    for name, of in task.programs.items():
        if of == wanted and BUILT_IN[name].takes_header == headers:
            return name
    raise InputError(f"{task.name} by {wanted} takes {'--k' if headers else '--max-k'}")


def _program_of(file: str, attribute: str) -> Program:
    from logdepth.lang import Program

    found = run_file(file)
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


def text_of(file: str) -> str:
    """What a file says, as the value of a parameter. Raises `InputError` where it cannot be read."""
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not text (byte {error.start})") from error
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}") from error


def parse_parameters(pairs: Iterable[str], program: Program) -> dict[str, Any]:
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
