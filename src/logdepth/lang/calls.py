"""One program called from another: traced in line, as if its lines stood there.

A program that is being traced keeps its mask: what a causal program sees is the same wherever it is called. Called from
a bidirectional one, its look-ups leave out what stands after the token (`before_me`); a bidirectional program called
from a causal one would see the future, so its look-ups are refused.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logdepth.errors import InputError, ProgramError
from logdepth.lang.lines import here, is_own, line_in, one_line, place, shown
from logdepth.lang.own_words import own_words
from logdepth.lang.reals import Real
from logdepth.lang.refusals import Opaque
from logdepth.lang.words import _SETTING, Setting, Word, as_word, current_setting

if TYPE_CHECKING:
    from logdepth.lang.program import Program


@dataclass(frozen=True)
class Tracing:
    """A program that is being traced; where: the line of the call, if it is one."""

    program: Program
    where: str = ""


_STACK: ContextVar[tuple[Tracing, ...]] = ContextVar("programs", default=())


@contextmanager
def tracing(program: Program, where: str = "") -> Iterator[None]:
    """While the program's function runs. Raises `ProgramError` for one that runs already."""
    stack = _STACK.get()
    if any(each.program.function is program.function for each in stack):
        chain = " -> ".join([*(each.program.name for each in stack), program.name])
        raise ProgramError(
            f"{where}: program {program.name} calls itself ({chain}); tracing it would not end. Use a loop of a known "
            "number of rounds, or a plain function that stops"
        )
    token = _STACK.set((*stack, Tracing(program, where)))
    try:
        yield
    finally:
        _STACK.reset(token)


def is_masked() -> bool:
    """Whether a look-up that is made now must leave out itself what stands after a token. Raises `ProgramError` in a
    bidirectional program that is called from a causal one."""
    stack = _STACK.get()
    if not stack or stack[-1].program.causal:
        return bool(stack) and not stack[0].program.causal
    for outer in stack[:-1]:
        if outer.program.causal:
            inner = stack[-1].program
            raise ProgramError(
                f"{here()}: a look-up of {inner.name}, whose tokens see the whole sequence (causal=False), within "
                f"{outer.program.name}, whose tokens do not see what stands after them; mark {outer.program.name} "
                f"causal=False, too, or {inner.name} causal"
            )
    return False


def is_causal() -> bool:
    """Whether tokens of the program that is being traced see only what stands before them, and themselves."""
    stack = _STACK.get()
    return bool(stack) and stack[-1].program.causal


def run_function(program: Program, arguments: dict[str, Any]) -> Any:
    """What the program's function returns. Raises `ProgramError`, with the line of the program, for what it raises."""
    try:
        return program.function(**arguments)
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, AssertionError) and is_own(error):
            raise
        hint = " (a program returns a word, it does not exit)" if isinstance(error, SystemExit) else ""
        raise ProgramError(f"{line_in(error, program.where)}: {one_line(error)}{hint}") from error


def as_answer(program: Program, output: Any) -> Word | Real:
    """What a program returned, a word or a real. Raises `ProgramError` for what is none."""
    if isinstance(output, bool | int):
        return as_word(int(output))
    if not isinstance(output, Word | Real):
        hint = f" ({output.way_out})" if isinstance(output, Opaque) else ""
        raise ProgramError(
            f"{place(program.where)}: program {program.name} returned {shown(output)}; it must return one word{hint}"
        )
    return output


def call(program: Program, positional: tuple[Any, ...], named: dict[str, Any]) -> Word | Real:
    """The word that a program gives for these words and parameters; its own words that are not given are my token's.

    Raises `ProgramError`, with the line of the call (and for what is wrong in the program that line, too), for
    parameters that it does not take, and outside of a trace.
    """
    where = here()
    if _SETTING.get() is None:
        raise ProgramError(
            f"{where}: a program is called inside another one; on a text run it: {program.name}.run(text)"
        )
    try:
        arguments = _arguments(program, _named(program, positional, named), current_setting())
    except ProgramError:
        raise
    except InputError as error:
        raise ProgramError(f"{where}: {error}") from error
    with tracing(program, where):
        try:
            return as_answer(program, run_function(program, arguments))
        except InputError as error:
            raise ProgramError(f"{error} (in {program.name}, called at {where})") from error


def _named(program: Program, positional: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """All arguments by their names. Raises `InputError` for too many, or one given twice."""
    names = list(inspect.signature(program.function).parameters)
    if len(positional) > len(names):
        raise InputError(f"program {program.name} takes {', '.join(names) or 'nothing'}; {len(positional)} are given")
    found = dict(zip(names, positional, strict=False))
    for name, value in named.items():
        if name in found:
            raise InputError(f"program {program.name}: {name} is given twice")
        found[name] = value
    return found


def _arguments(program: Program, given: dict[str, Any], setting: Setting) -> dict[str, Any]:
    """Words and parameters, checked. Raises `InputError` for what the program does not serve."""
    words = program._words()
    found: dict[str, Any] = {}
    for name, kind in words.items():
        if name in given:
            found[name] = as_word(given[name])
        elif kind == "header" and not setting.header_size:
            raise InputError(f"program {program.name} reads a header, and here there is none; give {name}=")
        elif kind == "pointer" and setting.chain is None:
            raise InputError(f"program {program.name} reads pointers, and here there are none; give {name}=")
        else:
            found |= own_words(setting, {name: kind})
    hints = program.annotations
    static = {
        name: as_word(value) if hints.get(name) is Word else value for name, value in given.items() if name not in words
    }
    if program.graph:
        ids = setting.graph
        if ids is None:
            raise InputError(f"program {program.name} is about a graph, and here the sequence is none")
        for name, right in (("vertices", ids.vertices), ("edges", ids.edges)):
            if static.setdefault(name, right) != right:
                raise InputError(f"{name} is {shown(static[name])}; here it is {right}: leave it out")
    if program.thinks:
        chain = setting.chain
        if chain is None:
            raise InputError(f"program {program.name} writes a chain of thought, and here there is none")
        for name, right in (("text", chain.text), ("steps", chain.steps)):
            if static.setdefault(name, right) != right:
                raise InputError(f"{name} is {shown(static[name])}; here it is {right}: leave it out")
    headers = {name: found[name].hi for name, kind in words.items() if kind == "header"}
    return {**found, **program.checked_parameters(static, headers)}
