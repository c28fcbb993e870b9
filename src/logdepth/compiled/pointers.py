"""Which power of its task's pointer a look-up of a program follows: known of the program, whatever text it is shown on.

That look-ups follow some power is the program's construction (k-hop: `programs/khop.py`). Which one is read off strings
that tell the powers apart (`Task.telling_strings`), at the positions where the task asks something. Where the model is
too short for two powers to differ at all, there is no name.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from logdepth.compiler.schedule import Schedule, ScheduledHead
from logdepth.lang.graph import MatchSpec, Node, ProgramGraph
from logdepth.lang.interpreter import interpret
from logdepth.tasks.task import Task

_LONGEST = 4096


def pointer_powers(graph: ProgramGraph, task: Task) -> dict[MatchSpec, int]:
    """For every look-up of a program's graph that follows power j of the task's pointer: j.

    >>> from logdepth.programs import khop_rank
    >>> from logdepth.tasks.khop import Khop
    >>> graph = khop_rank.trace(length=100, alphabet_size=4, k=16)
    >>> sorted(pointer_powers(graph, Khop(100, 4, k=16)).values())
    [1, 2, 4, 8, 16]
    """
    setting = graph.setting
    if setting.length < task.shortest:
        return {}
    task = task.with_length(min(setting.length, max(_LONGEST, task.shortest)))
    strings = task.telling_strings()
    header = np.arange(len(strings)) % setting.header_size if setting.header_size else None
    slots = {match: found[:, 1:][:, task.asked] for match, found in _slots_found(graph, strings, header).items()}
    following = {match: set[int]() for match in slots}
    pointer = power = task.pointers(strings, 1)[1]
    for j in range(1, task.length + 1):  # of a pointer that only leads back, no more than these differ
        for match, found in slots.items():
            if np.array_equal(found, power[:, 1:][:, task.asked]):
                following[match].add(j)
        power = np.take_along_axis(pointer, power, 1)
    return {match: powers.pop() for match, powers in following.items() if len(powers) == 1}


def head_powers(graph: ProgramGraph, schedule: Schedule, task: Task) -> dict[ScheduledHead, int]:
    """For every head of a compiled program that follows power j of the task's pointer: j."""
    powers = pointer_powers(graph, task)
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
