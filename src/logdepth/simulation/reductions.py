"""Depth bounds made runnable: one cycle or two, asked of connectivity (Corollary 3.5) and of hop_k (Corollary 4.3).

The conjecture (section 2.4): telling one cycle of n vertices from two of n/2 takes Omega(log n) rounds. So whatever
answers connectivity, or hop_k, tells it, and takes as many: a transformer of L layers, which is a protocol of O(L)
rounds (Theorem 3.4), has L = Omega(log n). Here are the two maps, and the argument as a function that counts rounds.

**hop_k.** Every edge {u, v} is a block of nine tokens, `* u + v u + v * _`, and all blocks are written once a copy.
What do two hops do from a token u? The last u before it stands in the block of one of u's two edges:
- as its first vertex, in `* u + v [u] + v *`: `+` follows, and the `+` before that one is followed by v;
- or as its second, in `* v + u v + [u] *`: `*` follows, and the `*` before that one is followed by v.
Either way two hops walk along the edge, to the first v of that block. The last v before it stands in an earlier block,
that of v's *other* edge, since in the list, copy after copy, the blocks of v's two edges alternate. So the walk never
turns back, and every step goes back by less than one copy. From a vertex s written at the end, k = n hops are n/2
steps, for which n/2 copies are enough: with one cycle they lead to the vertex opposite, with two, back to s. The
string has N = 9 n n/2 + 1 tokens, so k = n is Theta(sqrt N); it may be longer (blanks in front), for k = N^xi with any
xi up to 1/2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs.graph import Graph
from logdepth.mpc.engine import Engine
from logdepth.mpc.ledger import Ledger
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array
from logdepth.programs import khop_rank
from logdepth.protocols.inputs.sequences import Symbols
from logdepth.rng import rng_for
from logdepth.simulation.layers import SimulatedModel
from logdepth.simulation.program_problem import program_problem
from logdepth.simulation.transformer_to_protocol import transformer_to_protocol
from logdepth.vocabulary import Vocabulary


def cycle_instance(num_vertices: int, num_cycles: int, *, seed: int = 0) -> Graph:
    """One cycle, or two of equal length: vertices, edges and their directions in random order.

    Raises `InputError` unless there are one or two, and vertices for them.

    >>> cycle_lengths(cycle_instance(8, 2))
    [4, 4]
    """
    if num_cycles not in (1, 2) or num_vertices < 2 or num_vertices % 2:
        raise InputError(
            f"{num_cycles} cycles of {num_vertices} vertices: give 1 or 2 cycles, and an even number of vertices from 2"
        )
    rng = rng_for(seed, "simulation", "cycles", num_vertices, num_cycles)
    cycles = rng.permutation(num_vertices).reshape(num_cycles, -1)
    edges = np.stack([cycles, np.roll(cycles, -1, axis=1)], axis=-1).reshape(-1, 2)
    edges = rng.permuted(rng.permutation(edges), axis=1)
    return Graph(np.arange(num_vertices), edges[:, 0], edges[:, 1])


def cycle_lengths(graph: Graph) -> list[int]:
    """The lengths of the cycles that a graph is a union of, longest first; by walking them, one vertex at a time.

    Raises `InputError`, naming a vertex, unless every degree is 2 (a self-loop counts twice).
    """
    ends = np.concatenate([graph.tail, graph.head]).astype(np.int64)
    degree = np.bincount(ends, minlength=graph.num_vertices)
    if (degree != 2).any():
        vertex = int(np.argmax(degree != 2))
        raise InputError(f"vertex {graph.ids[vertex]} has degree {degree[vertex]}; in a union of cycles all have 2")
    edge_of = np.argsort(ends, kind="stable").reshape(-1, 2) % max(graph.num_edges, 1)  # of each vertex its two edges
    left, lengths = set(range(graph.num_vertices)), []
    while left:
        start = vertex = next(iter(left))
        edge, length = int(edge_of[vertex, 0]), 0
        while True:
            left.discard(vertex)
            length += 1
            vertex = int(graph.tail[edge] + graph.head[edge] - vertex)
            edge = int(edge_of[vertex].sum() - edge)
            if vertex == start:
                break
        lengths.append(length)
    return sorted(lengths, reverse=True)


def check_promise(graph: Graph) -> int:
    """How many cycles, one or two. Raises `InputError` for what the conjecture does not speak of: an odd number of
    vertices, or cycles that are more than two or unequal."""
    lengths = cycle_lengths(graph)
    if lengths in ([graph.num_vertices], [graph.num_vertices // 2] * 2) and graph.num_vertices % 2 == 0:
        return len(lengths)
    shown = f"{len(lengths)} cycles, of lengths {', '.join(map(str, lengths[:5]))}{', ..' if len(lengths) > 5 else ''}"
    raise InputError(f"the graph has {shown}; one cycle of even length or two of the same are told apart")


def cycles_to_connectivity(graph: Graph, copies: int = 1) -> Graph:
    """Corollary 3.5: connected if and only if the graph is one cycle; of as many vertices as `copies` makes them.

    Copies of the graph, each joined to the first by a single edge between their first vertices: every component has
    diameter at most n + 2, however many copies, so the size N and the diameter D of the instance are free of each
    other. With two cycles there are copies + 1 components: the joined ones, and each copy's other cycle.
    Raises `InputError` unless there is a copy.

    >>> graph = cycles_to_connectivity(cycle_instance(6, 2), copies=3)
    >>> graph.num_vertices, graph.num_edges
    (18, 20)
    """
    if copies < 1:
        raise InputError(f"copies is {copies}; it must be at least 1")
    n = graph.num_vertices
    shift = n * np.arange(copies)[:, None]
    tail = np.concatenate([(graph.tail + shift).ravel(), np.zeros(copies - 1, np.int64)])
    head = np.concatenate([(graph.head + shift).ravel(), n * np.arange(1, copies)])
    return Graph(np.arange(n * copies), tail, head)


@dataclass(frozen=True, eq=False)
class HopInstance:
    """A string and a k: what is asked is hop_k at its last position. `start`: the symbol that stands there."""

    tokens: Array
    alphabet_size: int
    k: int
    start: int


def cycles_to_hops(graph: Graph, *, start: int = 0, length: int | None = None) -> HopInstance:
    """Corollary 4.3: hop_k at the last position is `start` if and only if the graph is two cycles; k = n.

    Symbols are the n vertices, then `* + _`; see the module for the string and why. An edge's nine tokens depend on the
    edge alone, so whoever holds it writes them: the map takes no rounds beside those that place the string. `length`:
    of the whole string, with blanks in front. Raises `InputError` for graphs without the promise, or if it's too short.

    >>> instance = cycles_to_hops(Graph(np.arange(2), np.array([0, 1]), np.array([1, 0])))
    >>> "".join("uv*+_"[token] for token in instance.tokens), instance.k
    ('*u+vu+v*_*v+uv+u*_u', 2)
    """
    check_promise(graph)
    n = graph.num_vertices
    if not 0 <= start < n:
        raise InputError(f"start is {start}; vertices are 0..{n - 1}")
    star, plus, blank = n, n + 1, n + 2
    block = np.empty((graph.num_edges, 9), np.int64)
    for place, token in enumerate((star, graph.tail, plus, graph.head, graph.tail, plus, graph.head, star, blank)):
        block[:, place] = token
    tokens = np.append(np.tile(block.ravel(), n // 2), start)
    if length is not None and length < len(tokens):
        raise InputError(f"length is {length:,}; the string of {n} vertices has {len(tokens):,} tokens")
    padding = np.full(0 if length is None else length - len(tokens), blank)
    return HopInstance(np.concatenate([padding, tokens]), n + 3, n, start)


HopSolver = Callable[[HopInstance], tuple[Array, Ledger | None]]
"""Anything that answers hop_k: the answers at all positions (or the last), and the ledger of how, if there is one."""


def cycle_count_by_hops(graph: Graph, solve: HopSolver, *, start: int = 0) -> tuple[int, Ledger | None]:
    """One cycle or two, by whatever solves hop_k, with its ledger: the argument of Corollary 4.3, run.

    A solver that is an L-layer transformer turned into a protocol (`by_transformer`) thereby tells them apart in O(L)
    rounds, which the conjecture says are Omega(log n). Raises `InputError` for graphs without the promise.

    >>> count, ledger = cycle_count_by_hops(cycle_instance(16, 2), by_program(machines=8))
    >>> count, ledger.num_rounds
    (2, 35)
    """
    instance = cycles_to_hops(graph, start=start)
    answers, ledger = solve(instance)
    return (2 if int(answers[-1]) == instance.start else 1), ledger


def by_program(*, machines: int | None = None, engine: Engine | None = None) -> HopSolver:
    """The solver that is the program `khop_rank` as a protocol: `floor(log2 k) + 3` look-ups, O(log k) rounds.

    `machines`: how many (default: as delta = 1/2 gives).
    """

    def solve(instance: HopInstance) -> tuple[Array, Ledger | None]:
        problem = program_problem(khop_rank, k=instance.k)
        size = len(instance.tokens)
        spec = None if machines is None else Spec(machines, 64 * max(64, -(-size // machines)), size)
        run = problem.run(Symbols(instance.tokens, instance.alphabet_size), spec, engine)
        return run.result, run.ledger

    return solve


HopTransformer = Callable[[HopInstance], tuple[SimulatedModel, Vocabulary]]
"""Any transformer that solves hop_k at an instance's sizes, and what its token ids mean."""


def by_transformer(
    build: HopTransformer,
    *,
    form: str = "blocked",
    memory: int | None = None,
    branching: int | None = None,
    fused: bool = False,
    engine: Engine | None = None,
) -> HopSolver:
    """The solver that is a transformer turned into a protocol (Theorem 3.4): of L layers, O(L) rounds.

    In the faithful form on trees of depth D exactly L (2 D + 2) communications, fused 2 D L + 2; in the blocked one, on
    G machines that each hear from F others in a round, at most L ceil((G - 1) / F). The options are those of
    `transformer_to_protocol`, and so is what is raised.

    >>> from logdepth.compiler.compile import compile_program
    >>> from logdepth.simulation.from_library import from_transformer
    >>> def compiled(instance):  # floor(log2 k) + 2 layers: 4
    ...     sizes = {"length": len(instance.tokens), "alphabet_size": instance.alphabet_size}
    ...     made = compile_program(khop_rank, **sizes, k=instance.k)
    ...     return from_transformer(made.transformer), made.graph.vocabulary
    >>> count, ledger = cycle_count_by_hops(cycle_instance(4, 2), by_transformer(compiled))
    >>> count, ledger.num_rounds
    (2, 4)
    """

    def solve(instance: HopInstance) -> tuple[Array, Ledger | None]:
        model, vocabulary = build(instance)
        tokens = vocabulary.encode(instance.tokens[None])[0]
        made = transformer_to_protocol(model, len(tokens), form=form, memory=memory, branching=branching, fused=fused)
        run = made.run(tokens, engine=engine)
        return vocabulary.answers(run.result.argmax(-1)[1:]), run.ledger

    return solve
