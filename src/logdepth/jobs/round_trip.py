"""A program in every form that this library gives it, on one sequence: do they all say the same?

program -> exact transformer -> stock checkpoint -> protocol (Theorem 3.4), and
program -> protocol -> transformer of the protocol (Theorem 3.1), by every router. The interpreter is what all are held
against; where the program computes a task, the interpreter itself is held against the task's own solver.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from logdepth.compiled.folder import read_folder
from logdepth.compiled.model import CompiledModel, compile
from logdepth.compiled.task import pointer_task_of
from logdepth.errors import InputError
from logdepth.jobs.forms import FormRow, Forms
from logdepth.jobs.job import build_protocol
from logdepth.lang import Program
from logdepth.mpc import Engine, LocalEngine, Protocol, Spec
from logdepth.protocols import Problem
from logdepth.protocols.inputs.sequences import Symbols
from logdepth.rng import rng_for
from logdepth.simulation.program_problem import program_problem
from logdepth.tasks.task import Task


@dataclass(frozen=True, eq=False)
class RoundTrip:
    """All forms of a program, on one sequence. answers: the interpreter's, a word a position."""

    program: str
    parameters: dict[str, Any]
    tokens: Int[np.ndarray, " n"]
    header: int | None
    answers: Int[np.ndarray, " n"]
    rows: tuple[FormRow, ...]

    @property
    def equal(self) -> bool:
        """Whether every form that was run says what the interpreter says."""
        return all(row.equal is not False for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        return {
            "program": self.program,
            "parameters": self.parameters,
            "header": self.header,
            "tokens": self.tokens.tolist(),
            "answers": self.answers.tolist(),
            "equal": self.equal,
            "rows": [asdict(row) for row in self.rows],
        }


def round_trip(
    program: Program,
    *,
    length: int,
    alphabet: int | str,
    header_size: int = 0,
    target: str | None = None,
    data: Symbols | None = None,
    header: int | None = None,
    seed: int = 0,
    machines: int = 4,
    memory: int | None = None,
    engines: Mapping[str, Callable[[], Engine]] | None = None,
    progress: Callable[[int, int], None] | None = None,
    **parameters: Any,
) -> RoundTrip:
    """Run a program in all its forms, on `data` or a random sequence of `length` symbols, and compare.

    target: the stock architecture (default: GPT-2, or BERT for programs that see the whole sequence). header: the first
    token's value, for programs that read one (default: the largest). machines, memory: of the program's protocol
    (default: the least words for which it can be put together). engines: by name, for that protocol and those of the
    models (default: the local one); the first one's run is the one that becomes a transformer.
    Raises `InputError` for input that can't be, and what `compile` raises for a program that can't be compiled.

    >>> from logdepth.programs import khop_rank
    >>> found = round_trip(khop_rank, length=12, alphabet=3, k=2)
    >>> found.equal, len(found.rows)
    (True, 14)
    """
    if machines < 1:
        raise InputError(f"machines is {machines}; it must be at least 1")
    compiled = compile(
        program,
        length=length,
        alphabet=alphabet,
        header_size=header_size,
        target=target or ("gpt2" if program.causal else "bert"),
        **parameters,
    )
    header = _header(program, header_size, header if data is None or data.header is None else data.header)
    with ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="logdepth-"))
        folder = compiled.save(Path(temporary) / "model")
        task = pointer_task_of(read_folder(folder))
        tokens = _tokens(compiled, task, data, seed)
        problem = program_problem(program, header=header, header_size=header_size, **parameters)
        forms = Forms(compiled, folder, task, problem, tokens, header)
        protocol = _protocol(problem, forms.symbols, machines, memory)
        opened = {name: make() for name, make in (engines or {"local": LocalEngine}).items()}
        for engine in opened.values():
            stack.callback(engine.close)
        steps = [*forms.of_the_program(), *forms.of_its_protocol(protocol, opened), *forms.of_its_models(opened)]
        rows: list[FormRow] = []
        for step in steps:
            if progress:
                progress(len(rows), len(steps))
            rows.append(step())
    return RoundTrip(program.name, compiled.compilation.parameters, tokens, header, forms.answers, tuple(rows))


def _header(program: Program, header_size: int, header: int | None) -> int | None:
    if not program.takes_header:
        if header is not None:
            raise InputError(f"program {program.name} reads no first token, and one is given: {header}")
        return None
    header = header_size - 1 if header is None else header
    if not 0 <= header < header_size:
        raise InputError(
            f"the first token's value is {header}; of {header_size} values it is one of 0..{header_size - 1}"
        )
    return header


def _tokens(compiled: CompiledModel, task: Task | None, data: Symbols | None, seed: int) -> np.ndarray:
    """What is given, or a random sequence: the task's own, or uniform."""
    setting = compiled.compilation.graph.setting
    if data is None:
        if task is not None:
            return task.strings(1, seed)[0]
        return rng_for(seed, "jobs", "round trip").integers(0, setting.alphabet_size, setting.length)
    tokens = np.asarray(data.tokens, np.int64)
    if not 1 <= len(tokens) <= setting.length:
        raise InputError(
            f"the input has {len(tokens):,} symbols; the length is {setting.length:,}: give from 1 to that"
        )
    if tokens.min() < 0 or tokens.max() >= setting.alphabet_size:
        raise InputError(
            f"the input's symbols are {tokens.min()}..{tokens.max()}; there are 0..{setting.alphabet_size - 1}"
        )
    return tokens


def _protocol(problem: Problem, data: Symbols, machines: int, memory: int | None) -> Protocol:
    """On the least memory for which it can be put together, unless something else is said."""
    config, size = problem.config(data), len(data.tokens)
    if memory is None:
        memory = problem.least_memory(Spec(machines, 1, size), config)
    return build_protocol(problem.name, problem, Spec(machines, memory, size), config)
