"""Graph networks: messages travel along edges, one a layer."""

from __future__ import annotations

from fractions import Fraction

from logdepth.theory.asked import Asked
from logdepth.theory.statement import OURS, Finding, Statement, at_least, constant_of, enough


def reach_depth(diameter: int) -> int:
    """Layers within which a vertex hears of another at distance D, and before which it cannot: D.

    >>> reach_depth(15)
    15
    """
    return diameter


def subgraph_power(layers: int, width: int) -> int:
    """L^4 m^2, which Theorem 5.1 bounds below by N, up to factors of log N: its L sqrt(m), to the fourth power.

    >>> subgraph_power(2, 16)
    4096
    """
    return layers**4 * width**2


def _subgraph(asked: Asked) -> Finding:
    edges = asked.needed("edges")
    constant = constant_of(asked, "Theorem 5.1")
    if asked.layers is None:
        return Finding(edges, "L^4 m^2", None, "any width has its depth: say how many layers")
    return at_least(Fraction(edges), subgraph_power(asked.layers, asked.width), "L^4 m^2", constant)


def _too_near(asked: Asked) -> Finding:
    diameter = asked.needed("diameter")
    if asked.layers is None:
        return Finding(diameter, "layers", None, f"{diameter} layers or more")
    return at_least(diameter, asked.layers, "layers")


def _flood(asked: Asked) -> Finding:
    return enough(reach_depth(asked.needed("diameter")), asked, "the least name heard of, passed on")


STATEMENTS = (
    Statement(
        name="Theorem 5.1",
        source="arXiv 2402.09268; Loukas, arXiv 1907.03199 (Corollary 4.2)",
        task="subgraph-connectivity",
        archs=("gnn",),
        says="messages along the edges of a graph of N edges decide whether a subgraph is connected (or a spanning "
        "tree) only if the network is deep or wide",
        figure="L sqrt(m) = Omega~(N^(1/4))",
        condition="there is such a graph; logarithms are in the constant, too",
        ask=_subgraph,
        open_constant=True,
    ),
    Statement(
        name="locality",
        source=OURS,
        task="connectivity",
        archs=("gnn",),
        says="a vertex knows nothing of what is farther off than there are layers",
        figure="L >= D",
        condition="every vertex is asked, for itself, whether it is connected to a source; no global readout",
        ask=_too_near,
    ),
    Statement(
        name="flooding",
        source=OURS,
        task="connectivity",
        archs=("gnn",),
        says="every vertex passes on the least name it has heard of",
        figure="L = D, m = 1 word",
        condition="none",
        ask=_flood,
    ),
)
