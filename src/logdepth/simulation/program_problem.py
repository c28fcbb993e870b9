"""A program as a problem: what `run`, `resume` and `plan` take, on a sequence from a file."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs import read_graph
from logdepth.graphs.tokens import GraphTokens
from logdepth.lang import Program, ProgramGraph
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Table
from logdepth.protocols.inputs.input import Input, Size, Source
from logdepth.protocols.inputs.sequences import Symbols, check_symbols, read_symbols
from logdepth.protocols.inputs.whole_numbers import whole_numbers
from logdepth.protocols.problem import Problem
from logdepth.simulation.program_to_protocol import place_tokens, program_to_protocol


def program_problem(program: Program, *, header: int | None = None, header_size: int = 0, **parameters: Any) -> Problem:
    """The problem that a program solves, for these parameters of it. Its input: `Symbols`, one sequence.

    `header`: for programs that take one and where the input doesn't state it; `header_size`:
    how many values it might have (default: up to that one). Raises `InputError` for parameters that the program does
    not serve.

    >>> from logdepth.programs import khop_rank
    >>> khop2 = program_problem(khop_rank, k=2)
    >>> run = khop2.run(Symbols(np.array([1, 0, 4, 1, 2, 0, 1, 4, 1, 3, 4, 0]), 5, tuple("abcde")))
    >>> run.result[-5:].tolist(), run.ledger.num_rounds
    ([0, 1, 5, 4, 2], 20)
    """
    if not program.takes_header and (header is not None or header_size):
        raise InputError(f"program {program.name} takes no header; leave it (--header, --headers) out")
    if header_size and header is not None and header >= header_size:
        raise InputError(f"the header is {header}; of {header_size} it is one of 0..{header_size - 1}")
    least = 0 if not program.takes_header else 1 if header is None else header + 1
    own = program.own_symbols(parameters)
    ids = None
    if program.graph:
        length, _ = program.sizes(None, None, parameters)
        ids = GraphTokens(parameters["vertices"], parameters["edges"])
        program.check(length, ids.alphabet_size, header_size or least, parameters)
    else:
        program.check(1, len(own or "1"), header_size or least, parameters)

    def read(source: Source) -> Symbols:
        """With the program's own symbols, if it has any. Raises `InputError` for others."""
        if own is None:
            return read_symbols(source)
        program.sizes(None, source.symbols if source.symbols is not None else source.alphabet, parameters)
        found = read_symbols(replace(source, symbols=own, alphabet=len(own)))
        return replace(found, names=own)

    def first_of(data: Symbols) -> int | None:
        """The header; the input's own comes first. Raises `InputError` where the program has no such."""
        first = data.header if data.header is not None else header
        if first is None and program.takes_header:
            raise InputError(f"program {program.name} takes a header; give it (header, --header)")
        if first is not None and not program.takes_header:
            raise InputError(f"program {program.name} takes no header, and one is given: {first}")
        if first is not None and not 0 <= first < (header_size or first + 1):
            raise InputError(f"the header is {first}; of {header_size} it is one of 0..{header_size - 1}")
        return first

    def values_of(first: int | None) -> int:
        return 0 if first is None else header_size or first + 1

    @lru_cache(maxsize=4)  # asked for again by every search for the least s
    def traced(size: int, alphabet_size: int, headers: int) -> ProgramGraph:
        return program.trace(max(size, 1), max(alphabet_size, 1), headers, **parameters)

    def config(data: Symbols) -> dict[str, Any]:
        size = len(whole_numbers("tokens", data.tokens))
        return {"size": size, "alphabet_size": data.alphabet_size, "header_size": values_of(first_of(data))}

    def graph_of(data: Symbols) -> ProgramGraph:
        return traced(*config(data).values())

    def protocol(spec: Spec, size: int, alphabet_size: int, header_size: int) -> Protocol:
        return program_to_protocol(traced(size, alphabet_size, header_size), spec, size)

    def place(spec: Spec, data: Symbols) -> dict[str, Table]:
        tokens = check_symbols(data.tokens, data.alphabet_size)
        return place_tokens(spec, graph_of(data), tokens, first_of(data))

    def sample(rng: np.random.Generator, size: Size) -> Symbols:
        if ids:
            tail, head = rng.integers(0, ids.vertices, (2, ids.edges))
            return Symbols(ids.symbols(tail, head), ids.alphabet_size)
        first = 0 if program.takes_header and header is None else None
        return Symbols(rng.integers(0, num_symbols, size.rows), num_symbols, header=first)

    def named(data: Symbols, answers: Array) -> Array:
        """Answers that are symbols by their names ("" where nothing was found), those on a grid as numbers."""
        if grid := graph_of(data).grid:
            return answers / grid
        if data.names and graph_of(data).output_is_symbol:
            return np.array([*data.names, ""], dtype=object)[answers]
        return answers

    def facts(data: Symbols, answers: Array) -> dict[str, Any]:
        found: dict[str, Any] = {"positions": len(answers)}
        if graph_of(data).output_is_symbol:
            found["defined"] = int((answers < data.alphabet_size).sum())
        return found | ({"last": str(named(data, answers[-1:])[0])} if len(answers) else {})

    def read_graph_tokens(source: Source) -> Symbols:
        assert ids is not None
        try:
            symbols, _ = ids.encode(read_graph(source.path, format=source.format))
        except InputError as error:
            raise InputError(f"{source.path}: {error}".replace(f"{source.path}: {source.path}", source.path)) from None
        return Symbols(symbols, ids.alphabet_size)

    headers, num_symbols = header_size or least, len(own or "abcd")
    return Problem(
        name=program.name,
        input=Input(
            name="graph's tokens" if ids else "sequence",
            option="graph" if ids else "input",
            measures=() if ids else ("size",),
            read=read_graph_tokens if ids else read,
            sample=sample,
            config=config,
            sized=lambda size: {
                "size": ids.length if ids else size.rows,
                "alphabet_size": ids.alphabet_size if ids else num_symbols,
                "header_size": headers,
            },
            words=lambda config: config["size"],
        ),
        summary=f"the program {program.name}: a word at every position",
        slack=64,
        protocol=protocol,
        place=place,
        columns=("index", "answer"),
        table=lambda data, answers: {"index": np.arange(len(answers)), "answer": named(data, answers)},
        facts=facts,
        driver={
            "place": "symbols checked, in blocks behind a start token each",
            "table": "symbols' names put back",
            "facts": "answers that are defined counted",
        },
    )
