"""Look-ups that say they find one token at most, `the(where=..)`: when that is proved, and what is done where not.

Proved, whatever the input: a condition on a word that every position has for itself (a function of the position that
takes no value twice), or on a word together with its rank, how often it has occurred so far (`count(where=theirs(x) ==
x)` in a causal program): of two tokens with the same word the later has the greater rank. Of few inputs all are
tried. The interpreter and machines look at every input, and refuse one with two matches; a compiled model cannot, so
what is not proved is not compiled.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from logdepth.errors import AmbiguousError, ProgramError
from logdepth.lang.graph import GraphBuilder, MatchSpec, Node, ProgramGraph
from logdepth.lang.interpreter import describe_match, interpret
from logdepth.lang.lines import place
from logdepth.lang.local import evaluate_local
from logdepth.rng import rng_for

_ALL = 1 << 12  # inputs that are all tried
_TRIED, _MOST = 32, 1 << 21  # sequences, and their symbols


def check_unique(graph: ProgramGraph) -> None:
    """Raises `ProgramError`, with the line, for a look-up by `the` that is not proved to find one token at most."""
    for node in graph.nodes:
        match = node.match
        if match is None or match.kind != "the" or is_unique(graph, match):
            continue
        found = _tried(graph)
        if found == "":
            return  # all inputs were tried
        said = f"{place(node.origin)}: the look-up `{describe_match(graph.nodes, match)}` says it finds one, but "
        way_out = "use last(..) or first(..), or one more condition (on the position, or on the word's rank so far)"
        if found is None:
            raise ProgramError(f"{said}nothing shows that no input has two such tokens; {way_out}")
        raise ProgramError(f"{said}{found}; {way_out}")


def check_addresses(graph: ProgramGraph) -> None:
    """Raises `ProgramError`, with the line, for an address that is outside of every sequence."""
    for node in graph.nodes:
        if node.match is None or node.match.kind != "at":
            continue
        address, length = graph.nodes[node.match.queries[0]], graph.setting.length
        if address.lo > length or address.hi < 0:
            span = f"{address.lo}" if address.lo == address.hi else f"{address.lo}..{address.hi}"
            raise ProgramError(
                f"{place(node.origin)}: the address at({address.name}) is {span}, outside of every sequence: positions "
                f"are 1..{length}, and 0 is the start token; give --length {address.lo} or more, or another address"
                if address.lo > length
                else f"{place(node.origin)}: the address at({address.name}) is {span}, before the start token of every "
                "sequence, which is 0; give another address"
            )


def is_unique(graph: ProgramGraph, match: MatchSpec) -> bool:
    """Whether no two tokens can ever match, by one of the two rules above.

    >>> from logdepth.lang import Position, Symbol, program, the, theirs
    >>> @program
    ... def there(x: Symbol, position: Position):
    ...     return the(where=theirs(position - 3) == x).read(x)
    >>> graph = there.trace(length=5, alphabet_size=3)
    >>> is_unique(graph, graph.nodes[graph.output].match)
    True
    """
    nodes, positions = graph.nodes, _of_position(graph)
    for key in match.keys:
        if key in positions and len(np.unique(positions[key][1:])) == graph.setting.length:
            return True
        rank = nodes[nodes[key].args[0]] if nodes[key].op == "shift" else nodes[key]
        counted = rank.match
        if rank.op == "count" and counted is not None and graph.causal and not counted.relations:
            same = counted.keys == counted.queries and set(counted.keys) <= set(match.keys)
            if same and counted.keys:
                return True
    return False


def _of_position(graph: ProgramGraph) -> dict[int, np.ndarray]:
    """The values of all words that hang on the position alone, at positions 0..length."""
    positions = np.arange(graph.setting.length + 1)
    found: dict[int, np.ndarray] = {}
    for index, node in enumerate(graph.nodes):
        if node.op == "position":
            found[index] = positions
        elif node.op == "constant":
            found[index] = np.full_like(positions, node.lo)
        elif node.args and node.match is None and all(arg in found for arg in node.args):
            found[index] = evaluate_local(node, [found[arg] for arg in node.args])
    return found


def _tried(graph: ProgramGraph) -> str | None:
    """An input with two matches, in words; "" if all inputs were tried and none has; None if none was found."""
    setting = graph.setting
    headers = range(max(1, setting.header_size))
    everything = setting.alphabet_size**setting.length * len(headers) <= _ALL and setting.graph is None
    if everything:
        strings = np.array(list(itertools.product(range(setting.alphabet_size), repeat=setting.length)))
    else:
        rows = max(2, min(_TRIED, _MOST // setting.length))
        strings = rng_for(0, "unique").integers(0, setting.alphabet_size, (rows, setting.length))
        strings[0], strings[1] = 0, np.arange(setting.length) % setting.alphabet_size
    for header in headers if everything else (0, headers[-1]):
        try:
            interpret(graph, strings, header=np.full(len(strings), header) if setting.header_size else None)
        except AmbiguousError as error:
            symbols = " ".join(map(str, strings[error.row][:40]))
            return (
                f"of the sequence {symbols} (symbols by number) position {error.position} finds {error.number} tokens"
            )
    return "" if everything else None


def with_refusals(graph: ProgramGraph) -> ProgramGraph:
    """A graph without `the`, whose output is one more than it could be wherever several tokens match on the way."""
    nodes, flags = GraphBuilder(), dict[MatchSpec, int]()
    if all(node.match is None or node.match.kind != "the" for node in graph.nodes):
        return graph
    new: list[int] = []
    one = nodes.add(Node("constant", (), 1, 1, name="1"))
    for node in graph.nodes:
        match = None if node.match is None else node.match.renumbered(new.__getitem__)
        if match is not None and match.kind == "the":
            counted = replace(match, kind="count")
            count = nodes.add(Node("count", (), 0, graph.setting.length, None, counted, "several", node.origin))
            flags[match] = nodes.add(Node("less", (one, count), 0, 1, name="several", origin=node.origin))
            match = replace(match, kind="last")
        new.append(nodes.add(replace(node, args=tuple(new[arg] for arg in node.args), match=match)))
    output = graph.nodes[graph.output]
    several = next(iter(flags.values()))
    for flag in list(flags.values())[1:]:
        several = nodes.add(Node("maximum", (several, flag), 0, 1, name="several"))
    beyond = nodes.add(Node("constant", (), output.hi + 1, output.hi + 1))
    answer = Node("select", (several, beyond, new[graph.output]), output.lo, output.hi + 1, name=output.name)
    return replace(graph, nodes=(*nodes.nodes, answer), output=len(nodes.nodes), loops=())
