"""Protocols as transformers and transformers as protocols: the counts of Theorems 3.1, B.3, 3.4 and C.1."""

from __future__ import annotations

import math

from logdepth.theory.asked import Asked
from logdepth.theory.statement import PAPER, Finding, Statement, enough


def layers_of_rounds(rounds: int) -> int:
    """Theorem 3.1: a protocol of R rounds is a transformer of R + 1 layers.

    >>> layers_of_rounds(3)
    4
    """
    return rounds + 1


def lemma_packets(num_messages: int, num_tokens: int) -> int:
    """Columns of the proof of Lemma 3.2: `ceil(24 s^4 ln N)`, the logarithm in floating point.

    >>> lemma_packets(4, 64)
    25553
    """
    return math.ceil(24 * num_messages**4 * math.log(max(num_tokens, 2)))


def tree_depth(tokens: int, memory: int, width: int, heads: int) -> int | None:
    """D = ceil(log_b N) of Theorem C.1's trees, with b = floor(s / (4 m H)); None if b is less than 2.

    >>> tree_depth(1000, memory=5120, width=128, heads=1), tree_depth(1000, memory=5120, width=128, heads=8)
    (3, None)
    """
    branching = memory // (4 * width * heads)
    if branching < 2:
        return None
    depth, reached = 0, 1
    while reached < tokens:
        depth, reached = depth + 1, reached * branching
    return depth


def rounds_of_layers(layers: int, depth: int) -> int:
    """Theorem C.1: 2 D + 3 rounds a layer, as the paper counts them.

    >>> rounds_of_layers(6, 3)
    54
    """
    return layers * (2 * depth + 3)


def _as_transformer(asked: Asked) -> Finding:
    return enough(layers_of_rounds(asked.needed("rounds")), asked, "each round's mail by one layer")


def _as_protocol(asked: Asked) -> Finding:
    layers, tokens = asked.needed("layers"), asked.needed("length")
    depth = tree_depth(tokens, asked.needed("memory"), asked.width, asked.heads)
    if depth is None:
        least = 8 * asked.width * asked.heads
        return Finding(None, "rounds", None, f"machines of {least:,} words or more are needed, 8 m H")
    rounds = rounds_of_layers(layers, depth)
    if asked.rounds is not None and asked.rounds < rounds:
        return Finding(rounds, "rounds", None, f"it takes {rounds} rounds, there are {asked.rounds}")
    return Finding(rounds, "rounds", "suffices", f"trees of depth {depth}, in {rounds} rounds", depth=layers)


STATEMENTS = (
    Statement(
        name="Theorem 3.1",
        source=PAPER,
        task="protocol",
        archs=("transformer",),
        says="a transformer does what R rounds of a protocol do (with blank tokens, more machines than inputs: B.3)",
        figure="L = R + 1, H = O(log log n), m = O(n^(4 delta) log n)",
        condition="machines of s = O(n^delta) words; 3.1: no more machines than inputs, delta < 1/4 to be useful",
        ask=_as_transformer,
        construction="protocol_to_transformer",
    ),
    Statement(
        name="Theorem 3.4",
        source=PAPER,
        task="transformer",
        archs=("mpc",),
        says="a protocol does what a transformer of L layers does (C.1)",
        figure="R = L (2 D + 3), D = ceil(log_b N), b = floor(s / (4 m H))",
        condition="q = O(N^2) machines of s words",
        ask=_as_protocol,
        construction="transformer_to_protocol",
    ),
)
