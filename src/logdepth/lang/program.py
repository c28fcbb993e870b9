"""Programs: Python functions marked `@program`, traced into a graph for given sizes."""

from __future__ import annotations

import difflib
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, overload

from logdepth.errors import InputError, ProgramError
from logdepth.lang.graph import Graph, build_graph
from logdepth.lang.words import _SETTING, Setting, Word, place

# Annotations of a program's parameters. Aliases, not subclasses: Python asks a subclass first in `a == b`, which
# would swap key and query.
Symbol = Annotated[Word, "symbol"]  # my symbol: 0..A-1, and A at the start token (never elsewhere)
Position = Annotated[Word, "position"]  # my position: 1..length, and 0 at the start token
Header = Annotated[Word, "header"]  # the first token's value (0..header_size-1), 0 elsewhere: at(0).read(header)


@dataclass(frozen=True)
class Program:
    """A traced function: `trace` gives its graph, the compiler and the interpreter take it from there."""

    function: Callable[..., Any]
    name: str
    causal: bool = True

    @property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """The static parameters (all but Symbol, Position and Header) by name."""
        words = self._words()
        signature = inspect.signature(self.function)
        return {name: p for name, p in signature.parameters.items() if name not in words}

    @property
    def takes_header(self) -> bool:
        return "header" in self._words().values()

    def _words(self) -> dict[str, str]:
        """The parameters that are words, and which: symbol, position or header."""
        try:
            hints = typing.get_type_hints(self.function, include_extras=True)
        except NameError as error:
            raise ProgramError(f"{place(self.where)}: {error}") from error
        kinds = {Symbol: "symbol", Position: "position", Header: "header"}
        return {name: kinds[hint] for name, hint in hints.items() if hint in kinds and name != "return"}

    @property
    def where(self) -> tuple[str, int]:
        code = self.function.__code__
        return code.co_filename, code.co_firstlineno

    def trace(self, length: int, alphabet_size: int, header_size: int = 0, **parameters: Any) -> Graph:
        """The graph of the program for sequences of at most `length` symbols out of `alphabet_size`.

        `parameters` are the function's own (k, say). Raises `InputError` for sizes below their least and
        unknown or missing parameters, `ProgramError` (with the user's line) for a wrong program.

        >>> @program
        ... def mine(x: Symbol):
        ...     return x
        >>> mine.trace(length=5, alphabet_size=3).depth_of_output
        0
        """
        for name, value, least in (("length", length, 1), ("alphabet", alphabet_size, 1)):
            if value < least:
                raise InputError(f"{name} is {value}; it must be at least {least}")
        if self.takes_header and header_size < 1:
            raise InputError(f"program {self.name} reads a header; give header_size (at least 1)")
        if not self.takes_header and header_size:
            raise InputError(f"program {self.name} reads no header; leave header_size at 0")
        static = self.parameters
        for name in parameters:
            if name not in static:
                near = difflib.get_close_matches(name, static, 1)
                hint = f"; did you mean {near[0]}?" if near else f"; it takes {', '.join(static) or 'none'}"
                raise InputError(f"program {self.name} has no parameter {name}{hint}")
        for name, parameter in static.items():
            if parameter.default is parameter.empty and name not in parameters:
                raise InputError(f"program {self.name} needs the parameter {name}")
        setting = Setting(length, alphabet_size, header_size)
        highs = {"symbol": alphabet_size, "position": length, "header": header_size - 1}
        token = _SETTING.set(setting)
        try:
            arguments: dict[str, Any] = dict(parameters)
            for name, kind in self._words().items():
                arguments[name] = Word(kind, (), 0, highs[kind])
            output = self.function(**arguments)
        except (InputError, AssertionError):
            raise
        except Exception as error:
            raise ProgramError(f"{_line_of(error, self)}: {type(error).__name__}: {error}") from error
        finally:
            _SETTING.reset(token)
        if isinstance(output, bool | int):
            output = Word("constant", (), int(output), int(output))
        if not isinstance(output, Word):
            raise ProgramError(f"{place(self.where)}: program {self.name} returned {output!r}; it must return one word")
        return build_graph(output, setting, causal=self.causal, title=self.name)


@overload
def program(function: Callable[..., Any], /) -> Program: ...
@overload
def program(*, causal: bool = True) -> Callable[[Callable[..., Any]], Program]: ...


def program(function: Callable[..., Any] | None = None, /, *, causal: bool = True) -> Any:
    """Mark a function as a program. `causal=False`: tokens see the whole sequence.

    >>> @program
    ... def previous(x: Symbol, position: Position):
    ...     from logdepth.lang import at
    ...     return at(position - 1).read(x)
    >>> previous.name, previous.causal
    ('previous', True)
    """
    if function is None:
        return lambda f: Program(f, f.__name__, causal)
    return Program(function, function.__name__, causal)


def _line_of(error: Exception, marked: Program) -> str:
    """The line of the program's own file where an error came from."""
    line, trace = place(marked.where), error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == marked.where[0]:
            line = f"{marked.where[0]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return line
