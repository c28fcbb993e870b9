"""Chains of thought: how many tokens are enough, and how many hard attention needs."""

from __future__ import annotations

from fractions import Fraction

from logdepth.theory.asked import Asked
from logdepth.theory.statement import OURS, Finding, Statement, at_least, constant_of, enough_if_wide


def width_of_thoughts(length: int, alphabet: int, thoughts: int) -> int:
    """Coordinates of `khop_cot`, compiled: `2 p + q + 4 t + 2 h + 2 a + b + 3` at most, with the bit lengths p of
    N + k + 2 positions, q of N + 2k + 2, t of A + N tokens, h of k, a of A and b of N.

    >>> width_of_thoughts(128, 4, 64)
    88
    """
    p, q = (length + thoughts + 2).bit_length(), (length + 2 * thoughts + 2).bit_length()
    tokens, k, a, b = (size.bit_length() for size in (alphabet + length, thoughts, alphabet, length))
    return 2 * p + q + 4 * tokens + 2 * k + 2 * a + b + 3


def _a_hop_a_thought(asked: Asked) -> Finding:
    k, length = asked.needed("k"), asked.needed("length")
    if asked.thoughts is not None and asked.thoughts < k:
        return Finding(3, "layers", None, f"it takes {k} thoughts, the model has {asked.thoughts}")
    if asked.heads < 3:
        return Finding(3, "layers", None, f"its first layer has three heads, the model has {asked.heads}")
    width = width_of_thoughts(length, asked.symbols, k)
    return enough_if_wide(3, asked, f"khop_cot, compiled, {k} thoughts of one hop each", width)


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
        condition="thoughts are positions, then comes a symbol: N tokens more than the alphabet has; three heads; as "
        "compiled, m <= 2 p + q + 4 t + 2 h + 2 a + b + 3 with the bit lengths p, q of N + k + 2 and N + 2k + 2, t of "
        "A + N, and h, a, b of k, A, N",
        ask=_a_hop_a_thought,
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
