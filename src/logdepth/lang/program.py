"""Programs: Python functions marked `@program`, traced into a graph for given sizes."""

from __future__ import annotations

import difflib
import inspect
import operator
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, overload

import numpy as np

from logdepth.errors import InputError, ProgramError
from logdepth.graphs.tokens import GraphTokens
from logdepth.lang.calls import as_answer, call, run_function, tracing
from logdepth.lang.graph import ProgramGraph, build_graph
from logdepth.lang.lines import here, one_line, place
from logdepth.lang.loops import _LOOPS, States
from logdepth.lang.marking import refuse_unfit
from logdepth.lang.own_words import own_words
from logdepth.lang.parameters import AtLeast, AtMost, check_named_limits, checked
from logdepth.lang.reals import Real
from logdepth.lang.words import _SETTING, MAX_VALUE, Setting, Word
from logdepth.sequences.chain import ChainTokens

# Annotations of a program's parameters.
Symbol = Annotated[Word, "symbol"]  # my symbol: 0..A-1, and A at the start token (never elsewhere)
Pointer = Annotated[Word, "pointer"]  # of thinking programs: where I point to, 1..N; 0 where I am no pointer
Position = Annotated[Word, "position"]  # my position: 1..length, and 0 at the start token
Header = Annotated[Word, "header"]  # the header (0..header_size-1) at its token, 0 elsewhere: at(0).read(header)
_KINDS = ("symbol", "pointer", "position", "header")


@dataclass(frozen=True)
class Program:
    """A traced function: `trace` gives its graph, the compiler and the interpreter take it from there.

    alphabet: of a program whose symbols are its own, what they are called, a function of some of its parameters."""

    function: Callable[..., Any]
    name: str
    causal: bool = True
    graph: bool = False
    alphabet: Callable[..., Sequence[str]] | None = None
    thinks: bool = False

    def sizes(self, length: Any, alphabet: Any, parameters: dict[str, Any]) -> tuple[Any, Any]:
        """Length and alphabet, which a graph's `vertices` and `edges` determine, or (the alphabet) the program itself.
        Raises `InputError` if they are not said, or said otherwise."""
        if self.alphabet is not None:
            return length, self._own_symbols(alphabet, parameters)
        if not self.graph:
            return length, alphabet
        wanted = [checked(name, parameters.get(name), Annotated[int, AtLeast(0)]) for name in ("vertices", "edges")]
        ids = GraphTokens(*wanted)
        for name, given, right in (("length", length, ids.length), ("alphabet", alphabet, ids.alphabet_size)):
            given = len(given) if isinstance(given, str | list | tuple) else given
            if given not in (None, right):
                raise InputError(
                    f"{name} is {given}; of a graph of {ids.vertices} vertices and {ids.edges} edges it is {right}: "
                    "leave it out"
                )
        return ids.length, ids.names if not isinstance(alphabet, int) else alphabet

    def chain(
        self, length: Any, alphabet_size: Any, header_size: Any, parameters: dict[str, Any]
    ) -> tuple[ChainTokens, int, dict[str, Any]]:
        """For texts of at most `length` letters out of `alphabet_size`: the tokens of a thinking program, how many
        headers, and its parameters with `text` and `steps` filled in (as many thoughts as there are letters)."""
        for name, value in (("length", length), ("alphabet", alphabet_size)):
            checked(name, value, Annotated[int, AtLeast(1), AtMost(MAX_VALUE)])
        found = {"text": length, "steps": length, **parameters}
        steps = checked("steps", found["steps"], Annotated[int, AtLeast(0), AtMost(MAX_VALUE)])
        if found["text"] != length:
            raise InputError(f"text is {found['text']}; it is the length, {length}: leave it out")
        return ChainTokens(alphabet_size, length, steps), header_size or (steps + 1) * self.takes_header, found

    def _check_chain(self, length: int, alphabet_size: int, parameters: dict[str, Any]) -> None:
        wanted = [checked(name, parameters.get(name), Annotated[int, AtLeast(0)]) for name in ("text", "steps")]
        ids = ChainTokens(alphabet_size - wanted[0], *wanted)
        if length != ids.length:
            raise InputError(f"length is {length}; of texts of {ids.text} and {ids.steps} thoughts it is {ids.length}")

    def own_symbols(self, parameters: dict[str, Any]) -> tuple[str, ...] | None:
        """The symbols that the program itself determines, if it does."""
        return None if self.alphabet is None else self._own_symbols(None, parameters)

    def _own_symbols(self, given: Any, parameters: dict[str, Any]) -> tuple[str, ...]:
        """The same. Raises `InputError` for others that are given."""
        assert self.alphabet is not None
        known, static, hints = {}, self.parameters, self.annotations
        for name in inspect.signature(self.alphabet).parameters:
            if name in parameters:
                known[name] = checked(name, parameters[name], hints.get(name, object))
            elif static[name].default is not inspect.Parameter.empty:
                known[name] = static[name].default
            else:
                raise InputError(f"program {self.name} needs the parameter {name}")
        symbols = tuple(self.alphabet(**known))
        said = len(symbols) if isinstance(given, int) else symbols
        if given is not None and (given if isinstance(given, int) else tuple(given)) != said:
            listed = " ".join(symbols) if len(symbols) <= 12 else f"{symbols[0]} .. {symbols[-1]}"
            other = given if isinstance(given, int) else " ".join(map(str, given))[:60]
            raise InputError(
                f"alphabet is {other}; the {len(symbols)} symbols of program {self.name} are {listed}: leave it out"
            )
        return symbols

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
        """The parameters that are words, and which: symbol, pointer, position or header."""
        found = {}
        for name, hint in self.annotations.items():
            kinds = [each for each in getattr(hint, "__metadata__", ()) if isinstance(each, str) and each in _KINDS]
            if kinds and typing.get_args(hint)[0] is Word:
                found[name] = kinds[0]
        return found

    @property
    def annotations(self) -> dict[str, Any]:
        """The annotations of all parameters, by name. Raises `ProgramError` for one that means nothing."""
        try:
            hints = typing.get_type_hints(self.function, include_extras=True)
        except Exception as error:
            raise ProgramError(f"{place(self.where)}: {one_line(error)}") from error
        return {name: hint for name, hint in hints.items() if name != "return"}

    @property
    def where(self) -> tuple[str, int]:
        code = inspect.unwrap(self.function).__code__
        return code.co_filename, code.co_firstlineno

    def check(self, length: int, alphabet_size: int, header_size: int, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters, checked against their annotations and the sizes; defaults filled in.

        Raises `InputError` for sizes and parameters that are unknown, missing or not what the program serves.
        """
        self.sizes(length, alphabet_size, parameters)
        sizes = (("length", length, 1), ("alphabet", alphabet_size, 1), ("header_size", header_size, 0))
        for name, value, least in sizes:
            checked(name, value, Annotated[int, AtLeast(least), AtMost(MAX_VALUE)])
        if self.thinks:
            self._check_chain(length, alphabet_size, parameters)
        elif "pointer" in self._words().values():
            raise InputError(f"program {self.name} reads pointers; mark it @program(thinks=True)")
        if self.takes_header and header_size < 1:
            raise InputError(f"program {self.name} reads a header; give header_size (at least 1)")
        if not self.takes_header and header_size:
            raise InputError(f"program {self.name} reads no header; leave header_size at 0")
        most = {name: header_size - 1 for name, kind in self._words().items() if kind == "header"}
        return self.checked_parameters(parameters, most)

    def checked_parameters(self, parameters: dict[str, Any], headers: dict[str, int]) -> dict[str, Any]:
        """The parameters, checked against their annotations, defaults filled in; `headers`: the largest value of each
        word that is a header. Raises `InputError` as `check` does."""
        static, hints = self.parameters, self.annotations
        for name in parameters:
            if name not in static:
                near = difflib.get_close_matches(name, static, 1)
                hint = f"; did you mean {near[0]}?" if near else f"; it takes {', '.join(static) or 'none'}"
                raise InputError(f"program {self.name} has no parameter {name}{hint}")
        found = {}
        for name, parameter in static.items():
            if name in parameters:
                found[name] = checked(name, parameters[name], hints.get(name, object))
            elif parameter.default is not parameter.empty:
                found[name] = parameter.default
            else:
                hint = "" if name in hints else f" (the token's own are annotated: {name}: Symbol, Position or Header)"
                raise InputError(f"program {self.name} needs the parameter {name}{hint}")
        for name, most in headers.items():
            check_named_limits(self.name, name, most, hints[name], found, header=True)
        for name in parameters:
            check_named_limits(self.name, name, found[name], hints.get(name), found, header=False)
        return found

    def trace(self, length: int, alphabet_size: int, header_size: int = 0, **parameters: Any) -> ProgramGraph:
        """The graph of the program for sequences of at most `length` symbols out of `alphabet_size`.

        `parameters` are the function's own (k, say). Raises `InputError` as `check` does, `ProgramError` (with the
        user's line) for a wrong program.

        >>> @program
        ... def mine(x: Symbol):
        ...     return x
        >>> mine.trace(length=5, alphabet_size=3).output_is_symbol
        True
        """
        static = self.check(length, alphabet_size, header_size, parameters)
        sizes = tuple(operator.index(size) for size in (length, alphabet_size, header_size))
        setting = Setting(
            *sizes,
            num_edges=operator.index(parameters["edges"]) if self.graph else None,
            num_letters=sizes[1] - operator.index(parameters["text"]) if self.thinks else None,
        )
        token, loops = _SETTING.set(setting), list[States]()
        kept = _LOOPS.set(loops)
        try:
            words = own_words(setting, self._words())
            with tracing(self):
                output = as_answer(self, run_function(self, {**static, **words}))
                answer = output.word if isinstance(output, Real) else output
                if self.graph and isinstance(output, Real):
                    raise ProgramError(
                        f"{place(self.where)}: program {self.name} is about a graph, whose answers are classes, and "
                        "returned a real; return its .word, which counts multiples of its grid"
                    )
        finally:
            _SETTING.reset(token)
            _LOOPS.reset(kept)
        if self.thinks and not 0 <= answer.lo <= answer.hi <= setting.alphabet_size:
            raise ProgramError(
                f"{place(self.where)}: program {self.name} thinks, so it must return a token, but returned {answer!r}; "
                "point(position) is a pointer, say(letter) a letter"
            )
        graph = build_graph(answer, setting, causal=self.causal, title=self.name, loops=loops)
        return replace(graph, grid=output.grid, error=output.error) if isinstance(output, Real) else graph

    def __call__(self, *positional: Any, **named: Any) -> Any:
        """Inside another program: the word that this one gives, traced in line. Its own words (`x: Symbol`) may be
        given, any words of mine; those that are not are my token's own. Parameters are checked as `trace` does.

        Raises `ProgramError` outside of a program, and for programs that call themselves.

        >>> from logdepth.lang import at
        >>> @program
        ... def before(x: Symbol, position: Position):
        ...     return at(position - 1).read(x)
        >>> @program
        ... def before_that(x: Symbol):
        ...     return before(x=before(x))
        >>> before_that.run("banana")
        '__bana'
        """
        return call(self, positional, named)

    def run(
        self,
        text: str,
        *,
        symbols: str | None = None,
        header: int | None = None,
        header_size: int | None = None,
        **parameters: Any,
    ) -> str | list[int] | list[float]:
        """The program's answers at every position of a text, by the interpreter: what a compiled model would say.

        `symbols` are the alphabet in order (default: the text's own characters, sorted). Answers that are symbols
        come as a string, "_" where nothing was found, numbers as a list. Raises what `trace` and `interpret` do.

        >>> @program
        ... def mine(x: Symbol):
        ...     return x
        >>> mine.run("banana")
        'banana'
        """
        from logdepth.lang.interpreter import interpret

        if self.thinks:
            raise InputError(f"program {self.name} thinks: what it writes is read again; {self.name}.think(text) does")
        if not isinstance(text, str):
            raise InputError(f"text is a {type(text).__name__}; it must be a string")
        if self.alphabet is not None:
            return self._run_on_own(text, {**parameters, **({} if symbols is None else {"symbols": symbols})})
        alphabet = "".join(sorted(set(text))) if symbols is None else symbols
        for column, symbol in enumerate(text, 1):
            if symbol not in alphabet:
                raise InputError(f"text, column {column}: {symbol!r} is not in the alphabet {alphabet}")
        size = header_size if header_size is not None else 0 if header is None else header + 1
        graph = self.trace(len(text), len(alphabet), size, **parameters)
        first = None if header is None else np.array([header])
        answers = interpret(graph, np.array([[alphabet.index(symbol) for symbol in text]]), header=first)
        assert isinstance(answers, np.ndarray)
        found = answers[0, 1:].tolist()
        if graph.grid is not None:
            return [answer / graph.grid for answer in found]
        return "".join((alphabet + "_")[answer] for answer in found) if graph.output_is_symbol else found

    def think(
        self,
        text: str,
        *,
        at: int | None = None,
        header: int | None = None,
        symbols: str | None = None,
        **parameters: Any,
    ) -> list[str]:
        """What a thinking program writes after a text and the question for position `at` (default: the last one), by
        the interpreter, token by token, up to the end: thoughts as @position, then the answer if there is one.

        `header`: what the header token says. Raises `InputError` for a program that does not think, a text or position
        that cannot be.

        >>> from logdepth.programs import khop_cot
        >>> khop_cot.think("baebcabebdea", header=2)
        ['@7', '@5', 'c']
        """
        from logdepth.lang.thinking import think
        from logdepth.sequences import Alphabet

        if not self.thinks:
            raise InputError(f"program {self.name} does not think; {self.name}.run(text) runs it")
        alphabet = Alphabet.of("".join(sorted(set(text))) if symbols is None else symbols)
        parameters = {"steps": max(len(text), header or 0), **parameters}
        ids, header_size, parameters = self.chain(len(text), alphabet.size, 0, parameters)
        names = ids.alphabet(alphabet).symbols
        string = ids.prompt(alphabet.parse(text, "text"), len(text) if at is None else at)
        graph = self.trace(ids.length, ids.alphabet_size, header_size, **parameters)
        written = think(graph, [string], None if header is None else [header])[0]
        return [names[symbol] for symbol in written]

    def _run_on_own(self, text: str, parameters: dict[str, Any]) -> str | list[int]:
        """`run` of a program whose symbols are its own; names of several characters stand between spaces."""
        from logdepth.lang.interpreter import interpret
        from logdepth.sequences import Alphabet

        alphabet = Alphabet.of(self._own_symbols(None, parameters))
        string = alphabet.parse(text, "text")
        graph = self.trace(max(1, len(string)), alphabet.size, **parameters)
        answers = interpret(graph, np.array([string], np.int64).reshape(1, -1))
        assert isinstance(answers, np.ndarray)
        found = answers[0, 1:].tolist()
        return alphabet.text(found) if graph.output_is_symbol else found


@overload
def program(function: Callable[..., Any], /) -> Program: ...
@overload
def program(
    *,
    causal: bool = True,
    graph: bool = False,
    alphabet: Callable[..., Sequence[str]] | None = None,
    thinks: bool = False,
) -> Callable[[Callable[..., Any]], Program]: ...


def program(
    function: Callable[..., Any] | None = None,
    /,
    *,
    causal: bool = True,
    graph: bool = False,
    alphabet: Callable[..., Sequence[str]] | None = None,
    thinks: bool = False,
) -> Any:
    """Mark a function as a program. `causal=False`: tokens see the whole sequence. `graph=True`: the sequence is a
    graph's (`graphs/tokens.py`); the parameters `vertices` and `edges` are its largest sizes, and answers are classes.
    `alphabet`: the symbols' names, where they are the program's own: a function of those of its parameters that it
    takes.
    `thinks=True`: it returns the next token, and reads what it has written so far (`sequences/chain.py`); the
    parameters `text` and `steps` are the longest text and the most thoughts.

    >>> @program
    ... def previous(x: Symbol, position: Position):
    ...     from logdepth.lang import at
    ...     return at(position - 1).read(x)
    >>> previous.name, previous.causal
    ('previous', True)
    """
    if function is None:
        return lambda f: _marked(f, causal, graph, alphabet, thinks)
    return _marked(function, causal, graph, alphabet, thinks)


def _marked(
    function: Callable[..., Any],
    causal: bool,
    graph: bool,
    alphabet: Callable[..., Sequence[str]] | None,
    thinks: bool,
) -> Program:
    """Raises `ProgramError` for what cannot be a program."""
    if isinstance(function, Program):
        raise ProgramError(f"{here()}: {function.name} is marked @program already")
    refuse_unfit(function)
    if thinks and (graph or alphabet or not causal):
        raise ProgramError(f"{here()}: {function.__name__} thinks, so it is causal, and what it reads is a text")
    return Program(function, function.__name__, causal, graph, alphabet, thinks)
