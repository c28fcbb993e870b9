"""Which layer each look-up and operation goes to: the least depth first, then, within that, the least width.

`earliest` puts every word where it is ready; the depth is then that of the longest chain. Words off that chain have
slack. One that is looked up late need not be kept early, but what it is looked up by must be kept till then, so neither
the earliest nor the latest is best for all: `narrowed` moves one after another, the last first, to where the model's
width is least, then the bits that are kept from layer to layer, as long as either shrinks.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from logdepth.compiler.normalize import VIEWS, Normal
from logdepth.lang.graph import MatchSpec, Node

When = tuple[int, str]  # the layer that makes a word, and how: "embedding", "attention" or "arithmetic"
_PASSES = 4
_WORK = 4_000_000  # words looked at in all trials


def earliest(normal: Normal) -> list[When]:
    """For each node the first layer that can make it."""
    when: list[When] = []
    for index, node in enumerate(normal.nodes):
        if index in normal.tables or node.op == "constant":
            when.append((0, "embedding"))
        elif node.op in VIEWS:
            when.append(when[node.args[0]])
        elif node.match is not None:
            layer = 1 + max((when[use][0] for use in node.uses), default=0)
            when.append((layer, "attention" if node.op == "read" else "arithmetic"))
        else:
            when.append((max(_after(when[arg], attends=False) for arg in node.args), "arithmetic"))
    return when


def _after(when: When, *, attends: bool) -> int:
    """The first layer at which a word can be used: arithmetic has what its own layer's attention read."""
    layer, how = when
    return layer + (attends or how != "attention")


def behind_views(nodes: tuple[Node, ...], index: int) -> int:
    while nodes[index].op in VIEWS:
        index = nodes[index].args[0]
    return index


def comparison_bits(nodes: tuple[Node, ...], key: int, query: int) -> int:
    """How many bits a comparison of two words takes; one more where a constant is out of the other's range."""
    sides = [nodes[key], nodes[query]]
    words = [side for side in sides if side.op != "constant"]
    if not words:
        return 1  # two different constants: never equal
    bits = max(word.num_bits for word in words)
    if len(words) == 1:
        value = next(side.lo for side in sides if side.op == "constant")
        return bits + (not words[0].lo <= value <= words[0].hi)
    return bits


def query_dim(nodes: tuple[Node, ...], match: MatchSpec) -> int:
    """The dimension of a head's queries and keys."""
    pairs = zip(match.keys, match.queries, strict=True)
    found = sum(comparison_bits(nodes, key, query) for key, query in pairs) + 2
    found += sum(relation.size + 1 for relation in match.relations)
    return found + (match.kind not in ("at", "count", "union"))


class PlacedSize(NamedTuple):
    """What is made small: the model's width, coordinates, and bits of homes over all layers."""

    width: int
    coordinates: int
    kept: int


class Placing:
    """Words, who uses whom, and where each is made; `size` of it."""

    def __init__(self, normal: Normal) -> None:
        nodes = self.nodes = normal.nodes
        self.query_dims = {i: query_dim(nodes, n.match) for i, n in enumerate(nodes) if n.match is not None}
        self.when = earliest(normal)
        self.output = behind_views(nodes, normal.graph.output)
        self.depth = max(1, self.when[self.output][0])
        self.bits = np.array([node.num_bits for node in nodes])
        self.uses: list[list[int]] = [[] for _ in nodes]  # behind views
        self.users: list[list[int]] = [[] for _ in nodes]
        self.steps = [i for i, node in enumerate(nodes) if node.op not in VIEWS and self.when[i][1] != "embedding"]
        for index, node in enumerate(nodes):
            if node.op not in VIEWS and (self.when[index][1] != "embedding"):
                self.uses[index] = sorted({behind_views(nodes, use) for use in node.uses})
                for use in self.uses[index]:
                    self.users[use].append(index)
        self.matches = {i: nodes[i].match for i in self.steps if nodes[i].match is not None}

    def size(self) -> PlacedSize:
        nodes, depth = self.nodes, self.depth
        change = np.zeros(depth + 3, np.int64)
        scratch, united = np.zeros(depth + 2, np.int64), np.zeros(depth + 2, np.int64)
        heads: dict[tuple[int, object], list[int]] = {}
        counts = set()
        for index in range(len(nodes)):
            layer, how = self.when[index]
            node = nodes[index]
            if node.match is not None:
                key = (layer, node.match)
                bits = int(self.bits[index])
                if node.op == "decode":
                    counts.add(node.match)
                    heads.setdefault(key, [self.query_dims[index], 1])
                elif bits:
                    heads.setdefault(key, [self.query_dims[index], 0])[1] += bits
                    (united if node.op == "union" else scratch)[layer] += bits
            if not self.bits[index] or node.op in VIEWS:
                continue
            last = max((self.when[user][0] for user in self.users[index]), default=-1)
            last = depth + 1 if index == self.output else last
            if last < 0 or (how == "attention" and last == layer):
                continue
            change[layer] += self.bits[index]
            change[max(last, layer + 1)] -= self.bits[index]
        live = np.cumsum(change)[: depth + 1]
        coordinates = 2 + int(live.max() + scratch.max() + united.max()) + len(counts)
        most = max([1, *Counter(layer for layer, _ in heads).values()])
        head_dim = max([-(-2 * coordinates // most), *(max(each) for each in heads.values())])
        return PlacedSize(most * head_dim, coordinates, int(live.sum()))

    def window(self, group: list[int]) -> range:
        """The layers that a step may move to while all others stay."""
        attends = self.nodes[group[0]].match is not None
        first = max((_after(self.when[use], attends=attends) for i in group for use in self.uses[i]), default=1)
        last = self.depth
        for index in group:
            how = self.when[index][1]
            for user in self.users[index]:
                same = self.nodes[user].match is None and how == "attention"
                last = min(last, self.when[user][0] - (not same))
        return range(max(1, first), last + 1)

    def groups(self) -> list[list[int]]:
        """Steps that move alone, and those of one count together; the last first."""
        counts: dict[object, list[int]] = {}
        found: list[list[int]] = []
        for index in self.steps:
            if self.nodes[index].op == "decode":
                group = counts.setdefault(self.nodes[index].match, [])
                if not group:
                    found.append(group)
                group.append(index)
            else:
                found.append([index])
        return found[::-1]

    def move(self, group: list[int], layer: int) -> None:
        for index in group:
            self.when[index] = (layer, self.when[index][1])

    def narrow(self) -> PlacedSize:
        """The smallest placing found from the earliest and from the latest; the earliest unless another is smaller."""
        found = [(self.size(), 0, list(self.when))]
        for number in (1, 2):
            self.when = list(found[0][2])
            if number == 2:
                for group in self.groups():
                    self.move(group, self.window(group)[-1])
            self.descend()
            found.append((self.size(), number, self.when))
        size, _, self.when = min(found, key=lambda each: each[:2])
        for index, node in enumerate(self.nodes):
            if node.op in VIEWS:
                self.when[index] = self.when[node.args[0]]
        return size

    def descend(self) -> None:
        """Move steps to where the size is least, one after another, as long as it shrinks."""
        groups, best, work = self.groups(), self.size(), _WORK
        for _ in range(_PASSES):
            before = best
            for group in groups:
                window = self.window(group)
                here = self.when[group[0]][0]
                found = here
                for layer in reversed(window):
                    if layer == here or work < 0:
                        continue
                    work -= len(self.nodes)
                    self.move(group, layer)
                    size = self.size()
                    if size < best:
                        best, found = size, layer
                self.move(group, found)
            if best == before:
                return
