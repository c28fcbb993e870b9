"""When a loop of a program's graph may be left: its rounds are one function, and one of them has changed nothing.

A loop is known as the nodes of its state after every round. Let rounds i and j be *alike* if what computes a word of
the state in the one is, node by node, what computes it in the other: the same operations on words that are one node in
both, or the same words of the state before. Then equal states before give equal states after. So if all rounds from i
on are alike, and round i left every word of the state as it was, then all later states are that state, by induction.

Dead words have no node: a word of the state that nobody needs after round j is not there. What is compared is what is
there after round i; nobody may need more of later rounds, but for the last, whose other words are computed as ever.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from logdepth.lang.graph import Node, ProgramGraph

State = dict[int, int]  # of the words that are there: place in the state -> node


@dataclass(frozen=True)
class Exit:
    """Where a loop may be left: if `before` and `after` are equal, `later` (a node, and which of `after` it equals)
    need not be computed."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    later: tuple[tuple[int, int], ...]


def exits(graph: ProgramGraph) -> list[Exit]:
    """Where the loops of a graph may be left, by the rule above."""
    found = []
    for loop in graph.loops:
        states = [{place: node for place, node in enumerate(state) if node is not None} for state in loop]
        last = len(states) - 1
        needed: set[int] = set()  # of the states after round i but for the last
        for i in range(last - 1, 0, -1):
            if not _alike(graph.nodes, states[i - 1 : i + 1], states[i : i + 2]):
                break
            here = states[i].keys()
            if here and needed <= here <= states[i - 1].keys():
                places = sorted(here)
                later = {s[p]: states[i][p] for s in states[i + 1 :] for p in places if p in s}
                later = {node: equal for node, equal in later.items() if node != equal}
                before, after = (tuple(s[p] for p in places) for s in (states[i - 1], states[i]))
                found.append(Exit(before, after, tuple(later.items())))
            needed |= here
    return [each for each in found if each.later]


def _alike(nodes: tuple[Node, ...], one: list[State], other: list[State]) -> bool:
    """Whether two rounds, given as the states before and after, compute what both have in the same way."""
    before = set[tuple[int, int]]()
    for place in one[0].keys() & other[0].keys():
        pair = one[0][place], other[0][place]
        before.add(pair)
        while all(nodes[i].op in ("shift", "not") for i in pair) and _same_operation(nodes[pair[0]], nodes[pair[1]]):
            pair = nodes[pair[0]].args[0], nodes[pair[1]].args[0]  # reversible: equal if their values are
            before.add(pair)
    stack = [(one[1][place], other[1][place]) for place in one[1].keys() & other[1].keys()]
    seen: set[tuple[int, int]] = set()
    while stack:
        pair = stack.pop()
        if pair[0] == pair[1] or pair in before or pair in seen:
            continue
        seen.add(pair)
        a, b = (nodes[index] for index in pair)
        if not _same_operation(a, b):
            return False
        stack += zip(a.uses, b.uses, strict=True)
    return True


def _same_operation(a: Node, b: Node) -> bool:
    """Whether two nodes are one function of their arguments, wherever both are defined."""
    if a.op != b.op or len(a.uses) != len(b.uses) or len(a.args) != len(b.args):
        return False
    if a.op in ("constant", "quotient") and (a.lo, a.hi) != (b.lo, b.hi):  # a quotient is clamped to its range
        return False
    if (a.match is None) != (b.match is None):
        return False
    if a.match is not None and b.match is not None:
        shapes = [
            (m.kind, len(m.keys), m.by is None, [(r.kind, len(r.theirs), r.size) for r in m.relations])
            for m in (a.match, b.match)
        ]
        if shapes[0] != shapes[1]:
            return False
    if a.op == "table":
        return _same_table(a, b)
    return a.info == b.info


def _same_table(a: Node, b: Node) -> bool:
    """Tables over ranges that may differ: equal where both are defined."""
    parts = []
    for node, other in ((a, b), (b, a)):
        axes, values = node.info
        table = np.asarray(values).reshape([size for _, size in axes])
        for axis, ((low, size), (low2, size2)) in enumerate(zip(axes, other.info[0], strict=True)):
            first, after = max(low, low2), min(low + size, low2 + size2)
            table = table.take(range(first - low, max(first, after) - low), axis)
        parts.append(table)
    return bool((parts[0] == parts[1]).all())


class Leaving:
    """In which order an interpreter computes a graph's nodes, round after round, and what is left of it once loops are
    left early. `order`: the nodes; `needed`: whether one still is."""

    def __init__(self, graph: ProgramGraph, wanted: list[int]) -> None:
        self.graph, self.wanted = graph, wanted
        self.exits = exits(graph)
        self.order = by_rounds(graph) if self.exits else list(range(len(graph.nodes)))
        self.rank = np.argsort(self.order)
        self.known: dict[int, list[Exit]] = {}  # by the node after which both states are known
        for each in self.exits:
            last = max((*each.before, *each.after), key=self.rank.__getitem__)
            self.known.setdefault(last, []).append(each)
        self.needed = np.ones(len(graph.nodes), bool)
        self.equal: set[int] = set()  # nodes that are known to be equal to others
        self.last_use = self._last_uses()

    def _last_uses(self) -> dict[int, int]:
        found = {use: i for i in self.order if self.needed[i] for use in self.graph.nodes[i].uses}
        for known, there in self.known.items():
            for index in (index for each in there for index in (*each.before, *each.after)):
                found[index] = max(found.get(index, known), known, key=self.rank.__getitem__)
        return found

    def drop(self, values: dict[int, np.ndarray], done: int) -> None:
        """Forget what no node after `done` uses: a million positions times fifty words would be half a gigabyte."""
        ending = {index for each in self.known.get(done, ()) for index in (*each.before, *each.after)}
        for use in {*self.graph.nodes[done].uses, *ending}:
            if self.last_use.get(use) == done and use not in self.wanted:
                values.pop(use, None)

    def leave(self, values: dict[int, np.ndarray], done: int, inside: np.ndarray) -> None:
        """After node `done`: leave the loops whose last round changed nothing at the slots that are `inside`."""
        for each in self.known.get(done, ()):
            if not all(index in values for index in (*each.before, *each.after)):
                continue
            pairs = zip(each.before, each.after, strict=True)
            if not all(np.array_equal(values[a][inside], values[b][inside]) for a, b in pairs):
                continue
            for index, equal in each.later:
                if index not in values and self.needed[index]:
                    values[index] = values[equal]
                    self.equal.add(index)
            self._again(values, done)

    def _again(self, values: dict[int, np.ndarray], done: int) -> None:
        """What is still needed, going back from what is wanted and not through what is known."""
        needed = np.zeros(len(self.graph.nodes), bool)
        needed[self.wanted] = True
        first = int(self.rank[done]) + 1
        for index in reversed(self.order[first:]):
            if index in self.equal:
                needed[index] = False
            elif needed[index]:
                needed[list(self.graph.nodes[index].uses)] = True
        needed[self.order[:first]] = False  # done
        self.needed = needed
        self.last_use = self._last_uses()
        for index in list(values):
            if index not in self.last_use and index not in self.wanted:
                del values[index]


def by_rounds(graph: ProgramGraph) -> list[int]:
    """The nodes in an order in which every loop's rounds come one after the other, each node after those it uses."""
    found: dict[int, None] = {}
    states = [[node for node in state if node is not None] for loop in graph.loops for state in loop]
    for wanted in [*states, range(len(graph.nodes))]:
        stack = [*wanted][::-1]
        while stack:
            index = stack[-1]
            missing = [use for use in graph.nodes[index].uses if use not in found]
            if missing and index not in found:
                stack += missing
            else:
                found.setdefault(index)
                stack.pop()
    return list(found)
