"""Chains of thought: how many tokens are enough, and how many hard attention needs."""

from __future__ import annotations

from fractions import Fraction

from logdepth.theory.asked import Asked
from logdepth.theory.statement import OURS, Finding, Statement, at_least, constant_of, enough


def _a_hop_a_thought(asked: Asked) -> Finding:
    k = asked.needed("k")
    found = enough(3, asked, f"{k} thoughts of one hop each")
    if asked.thoughts is not None and asked.thoughts < k:
        return Finding(3, "layers", None, f"it takes {k} thoughts, the model has {asked.thoughts}")
    return found


def reachability_steps(vertices: int, edges: int) -> int:
    """|E| ceil(log2 |V|): steps of thought for reachability in a directed graph without cycles, times a constant.

    >>> reachability_steps(16, 20)
    80
    """
    return edges * (vertices - 1).bit_length()


def _steps(name: str, graph: bool = False):
    def ask(asked: Asked) -> Finding:
        if graph:
            value = reachability_steps(asked.needed("vertices"), asked.needed("edges"))
        else:
            value = asked.needed("length")
        if asked.thoughts is None:
            return Finding(value, "thoughts", None, "times a constant that the source leaves open")
        return at_least(Fraction(value), asked.thoughts, "thoughts", constant_of(asked, name))

    return ask


def _hard(task: str, figure: str, graph: bool = False) -> Statement:
    name = f"steps for {task}"
    return Statement(
        name=name,
        source="arXiv 2502.02393",
        task=task,
        archs=("cot",),
        says=f"{task} by hard attention takes long chains of thought",
        figure=figure,
        condition="unique hard attention, layers and heads constant",
        ask=_steps(name, graph),
        open_constant=True,
    )


STATEMENTS = (
    Statement(
        name="a hop a thought",
        source=OURS,
        task="khop",
        archs=("cot",),
        says="two layers find every position's first hop, a third looks up that of the position last thought of",
        figure="L = 3, N_CoT = k",
        condition="thoughts are positions, the last one a symbol: N tokens more than the alphabet has",
        ask=_a_hop_a_thought,
    ),
    _hard("parity", "N_CoT = Omega(N)"),
    _hard("median", "N_CoT = Omega(N)"),
    _hard("multiplication", "N_CoT = Omega(N)"),
    _hard("reachability", "N_CoT = Omega(|E| log |V|)", graph=True),
)
