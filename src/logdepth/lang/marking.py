"""What may be marked `@program`: a plain function that leaves no decision about words to Python."""

from __future__ import annotations

import dis
import inspect
import types
from typing import Any

from logdepth.errors import ProgramError
from logdepth.lang.lines import here, place, shown


def refuse_unfit(function: Any) -> None:
    """Raises `ProgramError`, with the user's line, for what is not a plain function (a class, a lambda, a method, a
    generator, ..), and for `is` in one."""
    wrong, name = "", getattr(function, "__name__", shown(function))
    if isinstance(function, type):
        wrong = "is a class"
    elif not isinstance(function, types.FunctionType):
        wrong = f"is a {type(function).__name__}"
    elif name == "<lambda>":
        wrong = "is a lambda, which has no name and no annotations"
    elif inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        wrong = "is async"
    elif inspect.isgeneratorfunction(function):
        wrong = "is a generator: return one word, do not yield"
    else:
        for parameter in inspect.signature(function).parameters.values():
            if parameter.name in ("self", "cls") and parameter.annotation is parameter.empty:
                wrong = f"is a method ({parameter.name})"
            elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                wrong = f"takes {parameter}, which has no name to be given by"
    if wrong:
        raise ProgramError(f"{here()}: @program marks a plain function (def), but {name} {wrong}")
    _refuse_identity(inspect.unwrap(function).__code__)


def _refuse_identity(code: types.CodeType) -> None:
    """`x is 1` and `flag is True` are always false for a word, and Python asks nobody: found in the bytecode."""
    line, literals = code.co_firstlineno, [False, False]  # of the last two instructions
    for instruction in dis.get_instructions(code):
        if instruction.positions is not None:
            line = instruction.positions.lineno or line
        if instruction.opname == "IS_OP" and any(literals):
            where = place((code.co_filename, line))
            raise ProgramError(f"{where}: `is` asks whether two objects are one; compare with ==")
        loads = instruction.opname in ("LOAD_CONST", "LOAD_SMALL_INT")
        literals = [literals[1], loads and instruction.argval not in (None, Ellipsis)]
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            _refuse_identity(inner)
