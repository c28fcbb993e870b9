"""Program -> exact transformer and nothing more: no target, so no number format to certify, and any length that
fits."""

from __future__ import annotations

from typing import Any

from logdepth.compiler.limits import check_exact, check_tables
from logdepth.compiler.normalize import normalize
from logdepth.compiler.program_to_transformer import program_to_transformer
from logdepth.compiler.schedule import schedule_program
from logdepth.lang.graph import ProgramGraph
from logdepth.lang.program import Program
from logdepth.lang.uniqueness import check_unique
from logdepth.transformer import Transformer


def compile_exact(
    program: Program, *, length: int, alphabet_size: int, header_size: int = 0, **parameters: Any
) -> tuple[ProgramGraph, Transformer]:
    """A program's graph and its exact transformer, with tables in int8. Its residual holds bits, so float64 runs it
    without rounding (but for a count's average, which a gate tells apart with an eighth of a gap): there is nothing to
    certify.

    Raises `ProgramError` for a wrong program, `InputError` for sizes that do not fit.

    >>> import numpy as np
    >>> from logdepth.programs import khop_doubling
    >>> graph, model = compile_exact(khop_doubling, length=12, alphabet_size=5, k=2)
    >>> tokens = graph.vocabulary.encode(np.array([[1, 0, 4, 1, 2, 0, 1, 4, 1, 3, 4, 0]]))
    >>> int(model.run(tokens, "hash")[0, -1])
    2
    """
    graph = program.trace(length, alphabet_size, header_size, **parameters)
    return graph, exact_transformer(graph)


def exact_transformer(graph: ProgramGraph) -> Transformer:
    """The exact transformer of a traced graph, with tables in int8."""
    check_tables(graph)
    check_unique(graph)
    schedule = schedule_program(normalize(graph))
    check_exact(schedule)
    return program_to_transformer(graph, schedule, compact=True)
