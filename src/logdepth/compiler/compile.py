"""Program -> everything at once: schedule, exact transformer, certificate, a target's weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from logdepth.compiler.certificate import Certificate
from logdepth.compiler.floats import float_model
from logdepth.compiler.late import narrower
from logdepth.compiler.limits import check_answers, check_tables, check_weights
from logdepth.compiler.normalize import normalize
from logdepth.compiler.program_to_transformer import program_to_transformer
from logdepth.compiler.schedule import Schedule, schedule_program
from logdepth.compiler.target import Checkpoint, Shape
from logdepth.compiler.targets import find_target, target_for
from logdepth.errors import CertificateError
from logdepth.graphs.tokens import GraphTokens
from logdepth.lang.graph import ProgramGraph
from logdepth.lang.program import Program
from logdepth.lang.uniqueness import check_addresses, check_unique
from logdepth.sequences.chain import ChainTokens
from logdepth.summary import TwoLines, in_short
from logdepth.transformer import Transformer


@dataclass(frozen=True, eq=False, repr=False)
class Compilation(TwoLines):
    """A program's way down to weights, every stage kept."""

    program: Program
    parameters: dict[str, Any]
    graph: ProgramGraph
    schedule: Schedule
    transformer: Transformer
    shape: Shape
    certificate: Certificate
    target: str = "gpt2"

    def summary(self) -> tuple[str, str]:
        given = ", ".join(f"{name} = {in_short(value)}" for name, value in self.parameters.items())
        setting, proof = self.graph.setting, self.certificate
        holds = f"exact in {proof.dtype}, least logit margin {proof.margin:.6f}" if proof.holds else proof.failure
        return (
            f"{self.program.name}{f' ({given})' if given else ''}, compiled: {self.schedule.depth} layers, "
            f"width {self.shape.width}, {self.shape.inner:,} hidden units",
            f"up to {setting.length:,} symbols out of {setting.alphabet_size:,}; {holds}",
        )

    def export(self) -> Checkpoint:
        """The weights (built when asked for: they can be large)."""
        start = self.graph.vocabulary.start
        return find_target(self.target).export(self.transformer, self.schedule, self.shape, self.certificate, start)


def compile_program(
    program: Program,
    *,
    length: int,
    alphabet_size: int,
    header_size: int = 0,
    dtype: str = "float32",
    target: str = "gpt2",
    certified: bool = True,
    **parameters: Any,
) -> Compilation:
    """Trace, schedule, compile and certify. `certified=False` keeps a compilation whose proof fails (to look
    for its first error, say); nothing uncertified is ever saved.

    Raises `ProgramError` for a wrong program, `CertificateError` where the dtype cannot hold it, saying how far
    it does.
    """
    name = float_model(dtype).name
    found = _compile(program, length, alphabet_size, header_size, name, target, parameters)
    if certified and not found.certificate.holds:
        raise CertificateError(_refusal(found))
    return found


def _refusal(found: Compilation) -> str:
    """What does not hold, how far it does, and the ways out that were tried and work."""
    setting, dtype = found.graph.setting, found.certificate.dtype
    sizes = {"alphabet_size": setting.alphabet_size, "header_size": setting.header_size, **found.parameters}
    ways = []
    if dtype != "float64":
        given = (setting.length, setting.alphabet_size, setting.header_size)
        wider = _compile(found.program, *given, "float64", found.target, found.parameters)
        ways += ["use float64"] if wider.certificate.holds else []
    if (ids := setting.graph) is None:
        below = setting.length if setting.chain is None else setting.chain.text
        fits = largest_certified_length(found.program, below=below, dtype=dtype, target=found.target, **sizes)
        option, bound, none = f"--length {fits}", f"up to length {fits:,} for this program", "at any length"
    else:
        fits = _most_edges(found, ids.vertices, ids.edges)
        option, bound = f"--edges {fits}", f"up to {fits:,} edges for this program on {ids.vertices:,} vertices"
        none = f"on {ids.vertices:,} vertices"
    ways += [option] if fits else []
    limit = f"holds {bound}" if fits else f"does not hold this program {none}"
    way_out = " or ".join(ways) or "it needs narrower words or fewer layers"
    return f"{dtype} {limit}; {way_out} ({found.certificate.failure})"


def _most_edges(found: Compilation, vertices: int, below: int) -> int:
    """The most edges under `below` with which a program on graphs is certified (0: none), by bisection."""

    def holds(edges: int) -> bool:
        ids, parameters = GraphTokens(vertices, edges), {**found.parameters, "edges": edges}
        sizes = (ids.length, ids.alphabet_size, 0)
        return _compile(found.program, *sizes, found.certificate.dtype, found.target, parameters).certificate.holds

    return _largest(holds, below)


def _largest(holds: Callable[[int], bool], below: int) -> int:
    low, high = 0, below  # holds(low) (vacuously at 0), not holds(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def largest_certified_length(
    program: Program,
    *,
    below: int,
    alphabet_size: int,
    header_size: int = 0,
    dtype: str = "float32",
    target: str = "gpt2",
    **parameters: Any,
) -> int:
    """The largest length under `below` whose certificate holds (0: none), by bisection.

    In bfloat16 whether a length holds also hangs on how its gains happen to be stored, so there it is a length
    that holds, with others above it that may, too. Of a program that thinks the length is the text's.
    """

    def holds(length: int) -> bool:
        whole, size, given = length, alphabet_size, parameters
        if program.thinks:
            given = {**parameters, "text": length}
            ids = ChainTokens(alphabet_size - parameters["text"], length, parameters["steps"])
            whole, size = ids.length, ids.alphabet_size
        return _compile(program, whole, size, header_size, dtype, target, given).certificate.holds

    return _largest(holds, below)


def _compile(
    program: Program,
    length: int,
    alphabet_size: int,
    header_size: int,
    dtype: str,
    target: str,
    parameters: dict[str, Any],
) -> Compilation:
    graph = program.trace(length, alphabet_size, header_size, **parameters)
    return compile_graph(program, parameters, graph, dtype, target)


def compile_graph(
    program: Program, parameters: dict[str, Any], graph: ProgramGraph, dtype: str, target: str = "gpt2"
) -> Compilation:
    """A traced graph's way down. Raises `InputError` for what is too large, `ProgramError` for what the target cannot
    hold; whether the certificate holds is the caller's to ask."""
    chosen = target_for(target, graph)
    check_tables(graph)
    check_addresses(graph)
    check_unique(graph)
    normal = normalize(graph)
    schedule = schedule_program(normal)
    check_weights(schedule)
    check_answers(graph, schedule)

    def made(schedule: Schedule, *, plain_tables: bool = False) -> Compilation:
        model = program_to_transformer(graph, schedule, plain_tables=plain_tables)
        shape = chosen.shape(schedule, model, dtype)
        certificate = chosen.certify(schedule, model, shape, dtype)
        return Compilation(program, parameters, graph, schedule, model, shape, certificate, target)

    found = made(schedule)
    if (other := narrower(normal)) is not None:
        alike = made(schedule_program(*other))
        if alike.certificate.holds and _num_weights(alike) < _num_weights(found):
            found = alike
    if not found.certificate.holds and any(node.op in ("table", "masked") for node in schedule.nodes):
        found = made(schedule, plain_tables=True)  # by their index their weights are smallest: bfloat16 may need that
    return found


def _num_weights(found: Compilation) -> int:
    """How many weights the blocks, the embeddings and the answers of either target have, but for its norms."""
    width, model = found.shape.width, found.transformer
    rows = len(model.embedding.tokens) + len(model.embedding.positions) + len(model.readout.map.weight)
    return width * (rows + model.depth * (4 * width + 2 * found.shape.inner))
