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
    _refuse_identity(inspect.unwrap(function), set())


def _refuse_identity(function: types.FunctionType, seen: set[types.CodeType]) -> None:
    """`x is 1`, `flag is True`, `x is y` are false for all but one and the same word, and Python asks nobody: found in
    the bytecode of a function and of those in its file that it names. `is None` is fine."""
    code = function.__code__
    if code in seen:
        return
    seen.add(code)
    _refuse_is(code)
    cells = zip(code.co_freevars, function.__closure__ or (), strict=False)
    named = {name: function.__globals__.get(name) for name in _names(code)}
    for name, cell in cells:
        try:
            named[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    for helper in named.values():
        if isinstance(helper, types.FunctionType) and helper.__code__.co_filename == code.co_filename:
            _refuse_identity(helper, seen)


def _names(code: types.CodeType) -> set[str]:
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return {*code.co_names, *(name for each in inner for name in _names(each))}


def _refuse_is(code: types.CodeType) -> None:
    line, nothing = code.co_firstlineno, [False, False]  # whether the last two instructions load None
    for instruction in dis.get_instructions(code):
        if instruction.positions is not None:
            line = instruction.positions.lineno or line
        if instruction.opname == "IS_OP" and not any(nothing):
            where = place((code.co_filename, line))
            raise ProgramError(f"{where}: `is` asks whether two objects are one; compare with ==")
        nothing = [nothing[1], instruction.opname == "LOAD_CONST" and instruction.argval is None]
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            _refuse_is(inner)
