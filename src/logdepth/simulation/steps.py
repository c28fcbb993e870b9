"""The order of a program's look-ups on machines: what is computed before each, and which words a token holds.

Words are computed when they are first needed, and forgotten after their last use. Reads of one match share a look-up,
as they share a head, unless some wait for others: a look-up whose reads are all ready goes first.
"""

from __future__ import annotations

from dataclasses import dataclass

from logdepth.lang.graph import MatchSpec, ProgramGraph

FREE = frozenset({"position", "real", "constant", "header"})  # a machine knows these of its tokens without holding them


@dataclass(frozen=True)
class Step:
    """One look-up. All are indices of nodes.

    compute: local words made before it, in order. reads: what it brings. held: words that a token holds while it goes
    on; after: once it is done.
    """

    compute: tuple[int, ...]
    match: MatchSpec
    reads: tuple[int, ...]
    held: tuple[int, ...]
    after: tuple[int, ...]


def order_steps(graph: ProgramGraph) -> tuple[list[Step], tuple[int, ...]]:
    """The look-ups one after another, and the local words that are computed after the last.

    >>> from logdepth.programs import khop_rank
    >>> steps, _ = order_steps(khop_rank.trace(length=12, alphabet_size=5, k=2))
    >>> [step.match.kind for step in steps]
    ['count', 'at', 'last', 'last']
    """
    nodes, parts = graph.nodes, []
    done = {index for index, node in enumerate(nodes) if node.op in FREE or node.op == "symbol"}
    left: dict[MatchSpec, list[int]] = {}  # reads not done, by match
    for index, node in enumerate(nodes):
        if node.match is not None:
            left.setdefault(node.match, []).append(index)
    while left:
        ready = set(done)  # what needs no further look-up
        for index, node in enumerate(nodes):
            if node.match is None and ready.issuperset(node.args):
                ready.add(index)
        able = [match for match in left if ready.issuperset(match.uses)]
        able = [match for match in able if any(ready.issuperset(nodes[read].args) for read in left[match])]
        whole = [match for match in able if all(ready.issuperset(nodes[read].args) for read in left[match])]
        match = (whole or able)[0]  # one whose reads needn't come in two goes
        reads = [read for read in left[match] if ready.issuperset(nodes[read].args)]
        left[match] = [read for read in left[match] if read not in reads]
        if not left[match]:
            del left[match]
        compute = _missing(graph, [*match.uses, *(arg for read in reads for arg in nodes[read].args)], done)
        done.update(compute, reads)
        parts.append((compute, match, tuple(reads)))
    compute = _missing(graph, [graph.output], done)

    needed = {graph.output}
    for index in reversed(compute):
        needed = (needed - {index}) | set(nodes[index].args)
    steps = []
    for before, match, reads in reversed(parts):
        after = needed
        held = (after - set(reads)) | {arg for read in reads for arg in nodes[read].args}
        held |= set() if match.by is None else {match.by}
        needed = held | set(match.uses)
        for index in reversed(before):
            needed = (needed - {index}) | set(nodes[index].args)
        steps.append(Step(before, match, reads, _columns(graph, held), _columns(graph, after)))
    return steps[::-1], compute


def _columns(graph: ProgramGraph, words: set[int]) -> tuple[int, ...]:
    return tuple(sorted(index for index in words if graph.nodes[index].op not in FREE))


def _missing(graph: ProgramGraph, wanted: list[int], done: set[int]) -> tuple[int, ...]:
    """The local words that `wanted` still lack, in order."""
    missing: set[int] = set()
    stack = [index for index in wanted if index not in done]
    while stack:
        index = stack.pop()
        if index not in missing:
            missing.add(index)
            stack += [arg for arg in graph.nodes[index].args if arg not in done]
    return tuple(sorted(missing))
