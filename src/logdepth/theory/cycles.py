"""One cycle or two: what depends on the conjecture that it takes Omega(log n) rounds (section 2.4 of the paper).

Corollaries 3.5 and 4.3 turn a transformer into a protocol (Theorem 3.4) that tells one cycle from two, and so bound its
depth. Their instances have to fit: k-hop's has 9 n n/2 + 1 symbols for k = n (`simulation.reductions`), which caps k at
about sqrt(2 N)/3, and heads times width have to stay below k. Both are checked here; the constant is open.
"""

from __future__ import annotations

from fractions import Fraction

from logdepth.theory.asked import Asked
from logdepth.theory.statement import CYCLES, PAPER, Finding, Statement, at_least, constant_of, silent


def hop_string_length(k: int) -> int:
    """Symbols of Corollary 4.3's string for a graph of n = k vertices, k even: `9 k k/2 + 1`.

    >>> hop_string_length(16), hop_string_length(4)
    (1153, 73)
    """
    return 9 * k * (k // 2) + 1


def binary_log(value: int) -> int:
    """floor(log2 v).

    >>> [binary_log(value) for value in (1, 2, 3, 4, 16)]
    [0, 1, 1, 2, 4]
    """
    return max(value.bit_length() - 1, 0)


def _depth(value: int, size: int, asked: Asked, name: str) -> Finding:
    """L >= c log2(size), for heads times width below the size."""
    if asked.heads * asked.width >= size:
        return silent("layers", f"it speaks of heads x width below {size:,}, not {asked.heads * asked.width:,}")
    constant = constant_of(asked, name)
    if asked.layers is None:
        if constant is None:
            return Finding(value, "layers", None, "times a constant that the source leaves open")
        return Finding(value, "layers", None, f"{float(constant * value):.3g} layers or more")
    return at_least(Fraction(value), asked.layers, "layers", constant)


def _hops(asked: Asked) -> Finding:
    k = asked.needed("k") & ~1  # an even k; hop_k with an odd one is no easier, but the corollary does not say so
    need = hop_string_length(k)
    if k < 2 or need > asked.needed("length") or k + 3 > asked.symbols:
        return silent("layers", f"its string has {need:,} symbols, {k + 3} different ones")
    return _depth(binary_log(k), k, asked, "Corollary 4.3")


def _connectivity(asked: Asked) -> Finding:
    diameter = asked.needed("diameter")
    return _depth(binary_log(diameter), diameter, asked, "Corollary 3.5")


def _rounds(asked: Asked) -> Finding:
    value = binary_log(asked.needed("vertices"))
    if asked.arch == "transformer":
        return _depth(value, asked.needed("vertices"), asked, "one cycle or two, by layers")
    constant = constant_of(asked, "Conjecture 2.4")
    if asked.rounds is None:
        return Finding(value, "rounds", None, "times a constant that the source leaves open")
    return at_least(Fraction(value), asked.rounds, "rounds", constant)


STATEMENTS = (
    Statement(
        name="Corollary 4.3",
        source=PAPER,
        task="khop",
        archs=("transformer",),
        says="a causal transformer computes hop_k only in Omega(log k) layers",
        figure="L = Omega(log k)",
        condition="k even, k = Theta(N^xi), xi <= 1/2: 9 k k/2 + 1 <= N; k + 3 symbols; m H = O(k^(1 - eps))",
        ask=_hops,
        conjecture=CYCLES,
        open_constant=True,
    ),
    Statement(
        name="Corollary 3.5",
        source=PAPER,
        task="connectivity",
        archs=("transformer",),
        says="a transformer decides whether a graph of diameter D is connected only in Omega(log D) layers",
        figure="L = Omega(log D)",
        condition="D >= N^eps; m H = O(D^(1 - eps))",
        ask=_connectivity,
        conjecture=CYCLES,
        open_constant=True,
    ),
    Statement(
        name="one cycle or two, by layers",
        source=PAPER,
        task="one-vs-two-cycle",
        archs=("transformer",),
        says="a transformer tells one cycle of n vertices from two only in Omega(log n) layers",
        figure="L = Omega(log n)",
        condition="m H = O(n^(1 - eps)) (Theorem 3.4)",
        ask=_rounds,
        conjecture=CYCLES,
        open_constant=True,
    ),
    Statement(
        name="Conjecture 2.4",
        source=PAPER,
        task="one-vs-two-cycle",
        archs=("mpc",),
        says="a protocol tells one cycle of n vertices from two only in Omega(log n) rounds",
        figure="R = Omega(log n)",
        condition="machines of O(n^delta) words, delta < 1, polynomially many",
        ask=_rounds,
        conjecture=CYCLES,
        open_constant=True,
    ),
)
