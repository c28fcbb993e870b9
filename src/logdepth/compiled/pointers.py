"""Which power of `find` a look-up of a k-hop program follows: known of the program, whatever text it is shown on.

That each of them follows some find^j is the construction (`programs/khop.py`). Which j is read off a string that tells
all powers apart: with two symbols in turn, find^j(i) = i - j as long as that is a position. Random strings check it.
Where the model is too short for two powers to differ at all, there is no name.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from logdepth.compiler.schedule import Schedule, ScheduledHead
from logdepth.lang.graph import MatchSpec, Node, ProgramGraph
from logdepth.lang.interpreter import interpret
from logdepth.rng import rng_for
from logdepth.tasks.khop import find

_LONGEST = 4096
_RANDOM = 6


def find_powers(graph: ProgramGraph) -> dict[MatchSpec, int]:
    """For every look-up of a k-hop program's graph that follows find^j: j.

    >>> from logdepth.programs import khop_rank
    >>> sorted(find_powers(khop_rank.trace(length=100, alphabet_size=4, k=16)).values())
    [1, 2, 4, 8, 16]
    """
    setting = graph.setting
    size, length = setting.alphabet_size, min(setting.length, _LONGEST)
    rng = rng_for(0, "pointers")
    strings = rng.integers(0, size, (1 + _RANDOM, length))
    strings[0] = np.arange(length) % min(2, size)
    header = np.arange(len(strings)) % setting.header_size if setting.header_size else None
    slots = _slots_found(graph, strings, header)
    following = {match: set[int]() for match in slots}
    pointer = power = find(strings, size)
    for j in range(1, length + 1):  # beyond it, nothing is found anywhere
        for match, found in slots.items():
            if np.array_equal(found, power):
                following[match].add(j)
        power = np.take_along_axis(pointer, power, 1)
    return {match: powers.pop() for match, powers in following.items() if len(powers) == 1}


def head_powers(graph: ProgramGraph, schedule: Schedule) -> dict[ScheduledHead, int]:
    """For every head of a compiled k-hop program that follows find^j: j."""
    powers = find_powers(graph)
    match_of = {node.name: node.match for node in graph.nodes if node.op == "read"}  # names are unique in a graph
    found = {}
    for layer in schedule.layers:
        for head in layer.heads:
            matches = {match_of.get(schedule.nodes[read].name) for read in head.reads}
            named = {powers.get(match) for match in matches if match is not None}
            if len(named) == 1 and None not in named:
                found[head] = named.pop()
    return found


def _slots_found(graph: ProgramGraph, strings: np.ndarray, header: np.ndarray | None) -> dict[MatchSpec, np.ndarray]:
    """For every look-up the slot it finds, `(strings, slots)`: what it would read of the position."""
    nodes = list(graph.nodes)
    position = len(nodes)
    nodes.append(Node("position", (), 0, graph.setting.length))
    matches = list(dict.fromkeys(node.match for node in graph.nodes if node.op == "read" and node.match is not None))
    nodes += [Node("read", (position,), 0, graph.setting.length, match=match) for match in matches]
    keep = list(range(position + 1, len(nodes)))
    found = interpret(replace(graph, nodes=tuple(nodes)), strings, header=header, keep=keep)
    return dict(zip(matches, found, strict=True))
