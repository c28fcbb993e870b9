"""Chains of thought: how many tokens are enough, and how many hard attention needs."""

from __future__ import annotations

from fractions import Fraction

from logdepth.theory.asked import Asked
from logdepth.theory.statement import OURS, Finding, Statement, at_least, constant_of, enough_if_wide


def _a_hop_a_thought(asked: Asked) -> Finding:
    k = asked.needed("k")
    found = enough_if_wide(3, asked, f"{k} thoughts of one hop each", constant_of(asked, "a hop a thought"))
    if asked.thoughts is not None and asked.thoughts < k:
        return Finding(3, "layers", None, f"it takes {k} thoughts, the model has {asked.thoughts}")
    return found


def _by_thoughts(asked: Asked) -> Finding:
    width = constant_of(asked, "thoughts by loops")
    return enough_if_wide(max(asked.needed("thoughts"), 1), asked, "a loop a thought", width)


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
        condition="thoughts are positions, the last one a symbol: N tokens more than the alphabet has; the constant is "
        "a width that is enough",
        ask=_a_hop_a_thought,
        open_constant=True,
    ),
    Statement(
        name="thoughts by loops",
        source="arXiv 2502.17416",
        task="chain-of-thought",
        archs=("looped",),
        says="a looped transformer does in T loops what T thoughts do",
        figure="T loops",
        condition="the constant is a width that is enough",
        ask=_by_thoughts,
        open_constant=True,
    ),
    _hard("parity", "N_CoT = Omega(N)"),
    _hard("median", "N_CoT = Omega(N)"),
    _hard("multiplication", "N_CoT = Omega(N)"),
    _hard("reachability", "N_CoT = Omega(|E| log |V|)", graph=True),
)
