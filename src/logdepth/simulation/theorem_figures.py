"""What Theorems 3.1 and B.3 state for a protocol, as numbers beside what was built; and the sense in which they count.

The theorems are about growing n; their constants are those of the proof. A figure here is that proof's at these
sizes, a statement that has no constant stays text.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from logdepth.simulation.routers.traffic import Traffic
from logdepth.theory.rounds import layers_of_rounds, lemma_packets


@dataclass(frozen=True)
class TheoremFigures:
    """theorem: 3.1, or B.3 where the machines are more than the input's tokens. rounds: R. packets: of Lemma 3.2's
    router, `ceil(24 s^4 ln N)` for at most s messages out of and into each of N tokens; each is a message of beta words
    and three more (Src, Dest, alpha), `value_dim` of them in all."""

    theorem: str
    rounds: int
    num_layers: int
    num_heads: str
    packets: int
    value_dim: int
    embed_dim: str
    counted: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def theorem_figures(communications: int, num_tokens: int, blank: bool, traffic: Traffic) -> TheoremFigures:
    """The theorem's figures for a protocol with so many communications.

    >>> theorem_figures(4, 64, False, Traffic(64, 4, 4, 2)).num_layers
    6
    """
    messages = max(traffic.out_degree, traffic.in_degree)
    packets = lemma_packets(messages, num_tokens)
    return TheoremFigures(
        theorem="B.3" if blank else "3.1",
        rounds=communications + 1,
        num_layers=layers_of_rounds(communications + 1),
        num_heads="O(log log n)",
        packets=packets,
        value_dim=packets * (traffic.words + 3),
        embed_dim="O(n^(4 delta) log n)",
        counted=(
            "R rounds, of which the last only computes, hold R - 1 communications; L = R + 1 attention layers, "
            f"init and final among them; value_dim: Lemma 3.2's proof at s = {messages} messages of beta = "
            f"{traffic.words} router words, one head of m dimensions"
        ),
    )
