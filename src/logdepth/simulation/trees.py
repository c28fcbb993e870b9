"""The machines of the faithful form (Theorem C.1): tokens, two trees a token, and one machine a pair of tokens.

Every token has a tree that carries its query to the machines of its row and folds their answers on the way back,
and a tree that carries its key and value to the machines of its column. Level 0 is the root, level D are the N
inner-product machines; node c of level d + 1 is a child of node `c // b` of level d, so level d has
`ceil(N / b^(D - d))` nodes, and D, the least with `b^D >= N`, is at least 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int

from logdepth.protocols.trees import tree_depth

Array = np.ndarray

QUERY, KEY = 0, 1  # the two trees of a token


@dataclass(frozen=True)
class Machines:
    """Who is who among the machines. fused: a token's two trees share their root.

    >>> machines = Machines(num_tokens=99, branching=4, fused=True)
    >>> machines.depth, machines.nodes, machines.num_machines
    (4, (1, 2, 7, 25, 99), 16731)
    """

    num_tokens: int
    branching: int
    fused: bool

    @cached_property
    def depth(self) -> int:
        """D: hops from a root to the inner-product machines."""
        return max(1, tree_depth(self.num_tokens, self.branching))

    @cached_property
    def nodes(self) -> tuple[int, ...]:
        """Nodes of a tree at levels 0 to D; those of level D belong to both trees of the pair."""
        counts = [self.num_tokens]
        for _ in range(self.depth):
            counts.append(-(-counts[-1] // self.branching))
        assert counts[-1] == 1
        return tuple(reversed(counts))

    @cached_property
    def num_machines(self) -> int:
        """N tokens, their roots, the inner nodes of 2 N trees, and N^2 pairs."""
        return self._pairs + self.num_tokens**2

    def root(self, tree: int, token: Int[Array, " n"]) -> Int[Array, " n"]:
        """The root of a token's tree (QUERY or KEY)."""
        return token + self.num_tokens * (1 if self.fused else 1 + tree)

    def node(self, tree: int, token: Int[Array, " n"], level: int, index: Int[Array, " n"]) -> Int[Array, " n"]:
        """Node `index` of a level of a token's tree. At level D that is the machine of the pair (query, key)."""
        if level == 0:
            return self.root(tree, token)
        if level == self.depth:
            query, key = (token, index) if tree == QUERY else (index, token)
            return self._pairs + query * self.num_tokens + key
        return self._inner(tree) + token * self._inner_nodes + self._before(level) + index

    def place(self, tree: int, level: int, machine: Int[Array, " n"]) -> tuple[Array, Array]:
        """The inverse of `node` for machines of this tree and level: (token, index)."""
        if level == 0:
            return machine - self.root(tree, np.zeros_like(machine)), np.zeros_like(machine)
        if level == self.depth:
            query, key = np.divmod(machine - self._pairs, self.num_tokens)
            return (query, key) if tree == QUERY else (key, query)
        token, index = np.divmod(machine - self._inner(tree), max(1, self._inner_nodes))
        return token, index - self._before(level)

    def children(
        self, level: int, index: Int[Array, " n"], first: Int[Array, " #n"], last: Int[Array, " #n"]
    ) -> tuple[Array, Array]:
        """The children of nodes of a level, a range of level + 1, as far as leaves `first <= leaf < last` lie below."""
        below = self.branching ** (self.depth - level - 1)
        low = np.maximum(index * self.branching, first // below)
        high = np.minimum(np.minimum((index + 1) * self.branching, self.nodes[level + 1]), -(-last // below))
        return low, high

    def most_children(self, level: int) -> int:
        """Of a node of this level."""
        return min(self.branching, self.nodes[level + 1])

    @cached_property
    def _inner_nodes(self) -> int:
        return sum(self.nodes[1 : self.depth])

    def _before(self, level: int) -> int:
        return sum(self.nodes[1:level])

    def _inner(self, tree: int) -> int:
        return self.num_tokens * ((2 if self.fused else 3) + tree * self._inner_nodes)

    @cached_property
    def _pairs(self) -> int:
        return self._inner(2)
