"""The words of a machine's tokens, by node of the program: held in columns, computed, or known from their place."""

from __future__ import annotations

import numpy as np

from logdepth.lang.graph import Node, ProgramGraph
from logdepth.lang.local import evaluate_local
from logdepth.mpc.table import Array, Shard
from logdepth.protocols.arrays import block_starts, within
from logdepth.simulation.keys import narrowest
from logdepth.simulation.steps import FREE


class TokenWords:
    """The words of a shard's tokens, by node: held in columns, computed here, or known from their place. int64."""

    def __init__(self, graph: ProgramGraph, size: int, shard: Shard) -> None:
        self.graph, self.size, self.shard = graph, size, shard
        self.tokens = shard["tokens"]
        self.row = within(self.tokens)
        self.made: dict[int, Array] = {}

    def __getitem__(self, index: int) -> Array:
        node = self.graph.nodes[index]
        if index not in self.made:
            known = node.op in FREE
            self.made[index] = self._known(node) if known else self.tokens[column_name(self.graph, index)].astype(int)
        return self.made[index]

    def compute(self, nodes: tuple[int, ...]) -> None:
        """Local words, in order."""
        for index in nodes:
            node = self.graph.nodes[index]
            self.made[index] = evaluate_local(node, [self[arg] for arg in node.args])

    @property
    def position(self) -> Array:
        return np.where(self.row > 0, self.tokens.spread(block_starts(self.shard, self.size)) + self.row, 0)

    def _known(self, node: Node) -> Array:
        match node.op:
            case "position":
                return self.position
            case "real":
                return (self.row > 0).astype(np.int64)
            case "constant":
                return np.full(len(self.row), node.lo)
        return np.where(self.row > 0, 0, self.tokens.spread(self.shard["first"]["value"]))

    def columns(self, nodes: tuple[int, ...]) -> dict[str, Array]:
        """Words as columns to hold."""
        return {
            column_name(self.graph, index): self[index].astype(
                narrowest(self.graph.nodes[index].lo, self.graph.nodes[index].hi)
            )
            for index in nodes
        }


def column_name(graph: ProgramGraph, index: int) -> str:
    return "token" if graph.nodes[index].op == "symbol" else f"word{index}"
