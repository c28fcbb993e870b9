"""Why a program's depth is what it is: a longest chain of steps, each of which waits for the one before it.

A step that waits for attention or arithmetic of one layer is in the next, but for one case: arithmetic on what a
look-up has just read is in the look-up's own layer. So a chain by itself proves that no schedule has fewer layers, and
`num_layers` counts them from nothing but the chain.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from logdepth.compiler.normalize import VIEWS, Normal
from logdepth.compiler.placing import behind_views
from logdepth.compiler.schedule import Schedule
from logdepth.lang.graph import Node


@dataclass(frozen=True)
class ChainStep:
    """A word of the chain, the layer that makes it, and how: "attention", "union" (attention, and arithmetic to decode
    what it gives) or "arithmetic"."""

    node: int
    layer: int
    how: str


def longest_chain(schedule: Schedule) -> tuple[ChainStep, ...]:
    """A chain that takes as many layers as the program, the output's last; empty if the output is embedded.

    >>> from logdepth import compile
    >>> from logdepth.programs import khop_doubling
    >>> schedule = compile(khop_doubling, length=9, alphabet=3, k=2).schedule
    >>> [(schedule.nodes[step.node].name, step.layer) for step in longest_chain(schedule)]
    [('before', 1), ('found', 2), ('answer', 3)]
    """
    normal, nodes = schedule.normal, schedule.nodes
    made: list[ChainStep | None] = []  # of each word the step that makes it, behind views; None: embedded
    before: dict[int, ChainStep] = {}  # the step that a step waits for
    for index, node in enumerate(nodes):
        how = _how(normal, node, index)
        steps = [] if how == "embedding" else [step for use in node.uses if (step := made[use])]
        if how in ("embedding", "view"):
            made.append(steps[0] if steps else None)
            continue
        held_up = max(steps, key=lambda step: _after(step, how), default=None)
        made.append(ChainStep(index, 1 if held_up is None else _after(held_up, how), how))
        if held_up is not None:
            before[index] = held_up
    chain, step = [], made[normal.graph.output]
    while step is not None:
        chain.append(step)
        step = before.get(step.node)
    return tuple(reversed(chain))


def num_layers(chain: tuple[ChainStep, ...]) -> int:
    """How many layers a chain of steps takes, whatever else the program does."""
    layers, before = 0, ""
    for step in chain:
        layers += not (step.how == "arithmetic" and before == "attention")
        before = step.how
    return layers


def check_chain(schedule: Schedule, chain: tuple[ChainStep, ...]) -> None:
    """Raises `AssertionError` unless every step uses the one before it, the last is the output, and the chain takes all
    the layers that the schedule has."""
    nodes, output = schedule.nodes, schedule.normal.graph.output
    for before, step in itertools.pairwise(chain):
        used = {behind_views(nodes, use) for use in nodes[step.node].uses}
        assert before.node in used, f"{nodes[step.node].name} does not use {nodes[before.node].name}"
    for step in chain:
        assert step.how == _how(schedule.normal, nodes[step.node], step.node), "another kind of step"
    if chain:
        assert chain[-1].node == behind_views(nodes, output), "the chain does not end in the output"
    assert max(1, num_layers(chain)) == schedule.depth, "the schedule is deeper than the longest chain"


def _how(normal: Normal, node: Node, index: int) -> str:
    if index in normal.tables or node.op == "constant":
        return "embedding"
    if node.op in VIEWS:
        return "view"
    if node.match is None:
        return "arithmetic"
    return "attention" if node.op == "read" else "union"


def _after(step: ChainStep, how: str) -> int:
    """The layer of a step that waits for another."""
    return step.layer + (how != "arithmetic" or step.how != "attention")
