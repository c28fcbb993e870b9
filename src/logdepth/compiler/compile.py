"""Program -> everything at once: schedule, exact transformer, certificate, GPT-2 weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from logdepth.compiler.certificate import Certificate, certify
from logdepth.compiler.floats import float_model
from logdepth.compiler.gpt2_shape import Gpt2Shape, gpt2_shape
from logdepth.compiler.limits import check_tables, check_weights
from logdepth.compiler.normalize import normalize
from logdepth.compiler.program_to_transformer import program_to_transformer
from logdepth.compiler.schedule import Schedule, schedule
from logdepth.compiler.transformer_to_gpt2 import Gpt2, transformer_to_gpt2
from logdepth.errors import CertificateError
from logdepth.lang.graph import Graph
from logdepth.lang.program import Program
from logdepth.transformer import Transformer


@dataclass(frozen=True, eq=False)
class Compilation:
    """A program's way down to weights, every stage kept."""

    program: Program
    parameters: dict[str, Any]
    graph: Graph
    plan: Schedule
    transformer: Transformer
    shape: Gpt2Shape
    certificate: Certificate

    @property
    def start_id(self) -> int:
        """The id of the start token, or of BOT where a header comes first."""
        return self.graph.setting.header_size + self.graph.setting.alphabet_size

    def to_gpt2(self) -> Gpt2:
        """The weights (built when asked for: they can be large)."""
        return transformer_to_gpt2(self.transformer, self.plan, self.shape, self.certificate, self.start_id)


def compile_program(
    program: Program,
    *,
    length: int,
    alphabet_size: int,
    header_size: int = 0,
    dtype: str = "float32",
    certified: bool = True,
    **parameters: Any,
) -> Compilation:
    """Trace, schedule, compile and certify. `certified=False` keeps a compilation whose proof fails (to look
    for its first error, say); nothing uncertified is ever saved.

    Raises `ProgramError` for a wrong program, `CertificateError` where the dtype cannot hold it, saying how far
    it does.
    """
    model = float_model(dtype)
    found = _compile(program, length, alphabet_size, header_size, model.name, parameters)
    if certified and not found.certificate.holds:
        fits = largest_certified_length(
            program,
            below=length,
            alphabet_size=alphabet_size,
            header_size=header_size,
            dtype=dtype,
            **parameters,
        )
        limit = f"holds up to length {fits:,} for this program" if fits else "does not hold this program"
        other = "float64" if dtype != "float64" else "a shorter length"
        way_out = f"use {other} or --length {fits}" if fits and dtype != "float64" else f"use {other}"
        raise CertificateError(f"{dtype} {limit}; {way_out} ({found.certificate.failure})")
    return found


def largest_certified_length(
    program: Program,
    *,
    below: int,
    alphabet_size: int,
    header_size: int = 0,
    dtype: str = "float32",
    **parameters: Any,
) -> int:
    """The largest length under `below` whose certificate holds (0: none), by bisection.

    In bfloat16 whether a length holds also hangs on how its gains happen to be stored, so there it is a length
    that holds, with others above it that may, too.
    """

    def holds(length: int) -> bool:
        return _compile(program, length, alphabet_size, header_size, dtype, parameters).certificate.holds

    low, high = 0, below  # holds(low) (vacuously at 0), not holds(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _compile(
    program: Program,
    length: int,
    alphabet_size: int,
    header_size: int,
    dtype: str,
    parameters: dict[str, Any],
) -> Compilation:
    graph = program.trace(length, alphabet_size, header_size, **parameters)
    check_tables(graph)
    plan = schedule(normalize(graph))
    check_weights(plan)
    model = program_to_transformer(graph, plan)
    shape = gpt2_shape(plan, model, dtype)
    return Compilation(program, parameters, graph, plan, model, shape, certify(plan, model, shape, dtype))
