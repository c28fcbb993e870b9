"""Any program as an MPC protocol: a look-up is a join, a count a segmented sum, word arithmetic is local.

    khop_rank.trace(length=1000, alphabet_size=4, k=64)  -->  program_to_protocol(graph, spec, 1000)

Positions 1..n lie in blocks; every machine has a copy of the start token in front of its own (row 0), which computes
what the start token computes. So what stands where nothing matches is known to every machine, at no cost in rounds, and
a block is what the interpreter takes for a sequence. One look-up:
1. Each machine looks in its own block (`joins.join_blocks`). Under a causal mask the latest match up to me, if it is in
   my block, is the answer.
2. What is left to ask, once a distinct query, meets what each block has to say of a key, one fact a distinct key: its
   best match, or how many (`meeting.meet`). A key that all tokens share is one row a machine.
3. The answer is compared with, or added to, the block's own.
Order is position: machines come in order of their blocks, so under a causal mask an ask of machine i sees the facts of
machines before it.

Rounds per look-up: none on one machine; else those of `meeting.meet`, `1 + 2 D + max(1, sort + 2 D') + 1` at most; two
where conditions are more than equalities (order, sets): those meet on a grid, which takes more memory (`crossing.py`).
A header costs `2 D''` rounds more, once: machine 0 tells all. So R look-ups in a program take O(R / delta) rounds.
Memory: per token the words that are still needed, two more while a look-up goes on (of a union one for each word it
reads), and two rows of `keys + 1 + words read` words to sort.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from logdepth.errors import AmbiguousError, InputError, SpecError
from logdepth.lang.graph import Node, ProgramGraph
from logdepth.lang.lines import place
from logdepth.lang.uniqueness import with_refusals
from logdepth.mpc.protocol import Change, Local, Protocol, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import within
from logdepth.protocols.lookup import BESIDE
from logdepth.protocols.segments import fold
from logdepth.protocols.trees import all_reduce
from logdepth.simulation.keys import narrowest
from logdepth.simulation.look_up import LookUp
from logdepth.simulation.steps import Step, order_steps
from logdepth.simulation.token_words import TokenWords


def program_to_protocol(graph: ProgramGraph, spec: Spec, size: int) -> Protocol:
    """The program's answers at positions 1..size, int64, (size,). Inputs: `place_tokens`.

    Equal to the interpreter's, whatever the spec. Raises `InputError` if the graph was traced for shorter sequences,
    `SpecError`, with the least s, if that is too small.

    >>> from logdepth.mpc import LocalEngine
    >>> from logdepth.programs import khop_rank
    >>> graph = khop_rank.trace(length=12, alphabet_size=5, k=2)
    >>> protocol = program_to_protocol(graph, Spec(3, 1000, 12), 12)
    >>> baebcabebdea = np.array([1, 0, 4, 1, 2, 0, 1, 4, 1, 3, 4, 0])
    >>> LocalEngine().run(protocol, place_tokens(protocol.spec, graph, baebcabebdea)).result.tolist()
    [5, 5, 5, 5, 5, 5, 5, 0, 1, 5, 4, 2]
    """
    beyond, unique = graph.nodes[graph.output].hi, [place(n.origin) for n in graph.nodes if _is_the(n)]
    graph = with_refusals(graph)
    if size > graph.setting.length:
        raise InputError(f"a sequence of {size:,} symbols; the program was traced for {graph.setting.length:,} at most")
    try:
        stages = _look_ups(graph, spec, size)
    except SpecError:
        raise SpecError(
            f"local_memory = {spec.local_memory:,} is too small for {graph.name} on {spec.num_machines:,} machines: "
            f"give at least {_least_memory(graph, spec.num_machines, size):,} words a machine"
        ) from None
    steps, rest = order_steps(graph)

    def answer(shard: Shard) -> Change:
        words = TokenWords(graph, size, shard)
        words.compute(rest)
        return Change(keep={"tokens": Table({"answer": words[graph.output]}, shard["tokens"].offsets)})

    def collect(tables: Mapping[str, Table]) -> Array:
        tokens = tables["tokens"]
        answers = tokens["answer"][within(tokens) > 0]
        if answers.size and answers.max() > beyond:
            position = int(answers.argmax()) + 1
            raise AmbiguousError(
                f"{unique[0]}: position {position}: several tokens match where the program says that one does at most, "
                f"the(..){' or another of them' if len(unique) > 1 else ''}",
                row=0,
                position=position,
                number=2,
            )
        return answers

    digest = hashlib.sha256(repr([node.key for node in graph.nodes]).encode()).hexdigest()
    config = {"size": size, "graph": digest, "output": graph.output, "causal": graph.causal}
    theory = {"look-ups": len(steps), "look-ups in a chain": graph.depth_of_output}
    stages = [*stages, Local(answer)]
    return Protocol(graph.name, spec, stages, collect, config, theory, collects="answers, already in order")


def _is_the(node: Node) -> bool:
    return node.match is not None and node.match.kind == "the"


def _look_ups(graph: ProgramGraph, spec: Spec, size: int) -> list[Stage]:
    """The header told, and all look-ups. Raises `SpecError` if s is too small for one of them, or for the tokens."""
    steps, _ = order_steps(graph)
    most = max([1, *(max(len(step.held) + 1 + _own_columns(step), len(step.after)) for step in steps)])
    beside = most * (-(-size // spec.num_machines) + 1) + BESIDE
    if spec.local_memory < beside:
        raise SpecError(f"local_memory = {spec.local_memory:,} has no room for the tokens, {beside:,} words")
    stages = _tell_header(graph, spec)
    for number, step in enumerate(steps, 1):
        stages += LookUp(graph, spec, size, step, beside).stages(f"{number}. {step.match.kind}")
    return stages


def _own_columns(step: Step) -> int:
    """What a token keeps of its own block's answer meanwhile: of a union what every read found, else one word."""
    return len(step.reads) if step.match.kind == "union" else 1


@lru_cache(maxsize=64)  # asked for again whenever somebody else looks for the least s
def _least_memory(graph: ProgramGraph, num_machines: int, size: int) -> int:
    """The least s at which all look-ups fit. More memory never turns one down."""

    def fits(memory: int) -> bool:
        try:
            _look_ups(graph, Spec(num_machines, memory, size), size)
        except SpecError:
            return False
        return True

    low, high = 0, 64
    while not fits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def place_tokens(spec: Spec, graph: ProgramGraph, tokens: Array, header: int | None = None) -> dict[str, Table]:
    """The input on the machines: symbols in blocks behind a start token each, the header on machine 0.

    >>> from logdepth.programs import khop_rank
    >>> graph = khop_rank.trace(length=3, alphabet_size=2, k=1)
    >>> place_tokens(Spec(2, 100, 3), graph, np.array([1, 0, 1]))["tokens"]["token"].tolist()
    [2, 1, 2, 0, 1]
    """
    alphabet_size, machines = graph.setting.alphabet_size, spec.num_machines
    blocks = np.arange(machines + 1) * len(tokens) // machines
    column = np.insert(tokens.astype(narrowest(0, alphabet_size)), blocks[:-1], alphabet_size)
    placed = {"tokens": Table({"token": column}, blocks + np.arange(machines + 1))}
    if header is not None:
        one = np.concatenate([[0], np.ones(machines, np.int64)])
        placed["header"] = Table({"value": np.array([header], np.int64)}, one)
    return placed


def _tell_header(graph: ProgramGraph, spec: Spec) -> list[Stage]:
    """Everybody learns the header, if it is asked for."""
    if graph.setting.header_size == 0:
        return []
    if all(node.op != "header" for node in graph.nodes):
        return [Local(lambda shard: Change(drop=("header",)))]
    return all_reduce(
        spec, "first", lambda shard: {"value": fold(np.add, shard["header"]["value"], shard["header"].offsets, 0)},
        "sum", drop=("header",), what="header",
    )  # fmt: skip
