"""Players round a blackboard: what pointer chasing costs them, and so what hop_k costs models that they can play.

k players hold the string's k segments and write in turn, the first segment's player first, so many bits each, round
after round. Propositions E.3 and E.4 (the former of Assadi and N, 2021): with fewer than k rounds they need
Omega(N / k^6) bits each. A model whose layer they can play in one round of s bits therefore has k layers, or
s = Omega(N / k^6): Corollaries 5.2 to 5.4, and 5.6, where a round is a thought. The constant is open.

Two notes on E.4. Its q is printed as floor(N / 2k); where 2k divides N its string has no place left for the query that
ends it, so here it is floor((N - 1) / 2k). And its alphabet has 2q + 2 symbols: of a smaller one only so many count.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from logdepth.theory.asked import Asked
from logdepth.theory.statement import OURS, PAPER, Finding, Statement, at_least, constant_of, silent


def layer_size(length: int, k: int, alphabet: int | None = None) -> int:
    """Vertices a layer, q, of the pointer chasing that fits into strings of N symbols (Proposition E.4).

    >>> layer_size(100, 2), layer_size(100, 16), layer_size(100, 2, alphabet=10), layer_size(96, 2)
    (24, 3, 4, 23)
    """
    fits = max(length - 1, 0) // (2 * max(k, 1))
    return fits if alphabet is None else min(fits, max(alphabet - 2, 0) // 2)


def chase_bits(length: int, k: int, alphabet: int | None = None) -> Fraction:
    """N / k^6, bits a player writes in a round, with fewer than k rounds; times an open constant (Proposition E.4).

    With an alphabet too small for such strings, N is that of the longest that it is large enough for.

    >>> chase_bits(100, 2), chase_bits(100, 3), chase_bits(100, 2, alphabet=10)
    (Fraction(25, 16), Fraction(100, 729), Fraction(1, 4))
    """
    q = layer_size(length, k, alphabet)
    used = length if q == layer_size(length, k) else 2 * k * q
    return Fraction(used, max(k, 1) ** 6)


def layered_bits(size: int, k: int) -> Fraction:
    """q / k^5, the same for the (q, k)-layered graph itself (Proposition E.3).

    >>> layered_bits(1000, 4)
    Fraction(125, 128)
    """
    return Fraction(size, max(k, 1) ** 5)


def recurrent_bits(state_bits: int) -> int:
    """Bits a player writes in a round that plays a recurrent layer: the state at its segment's end (Corollary 5.2)."""
    return state_bits


def kernel_bits(width: int, features: int, heads: int, precision: int) -> int:
    """The same of a layer of kernel attention: a sum of m' by m for every head, and one of m' to divide by (5.3).

    >>> kernel_bits(8, 4, 2, 32)
    2304
    """
    return features * (width + 1) * heads * precision


def sparse_bits(width: int, window: int, stride: int, segment: int, precision: int) -> int:
    """The same of a layer with a window w and every g-th token global: the rows that others may look at (5.4).

    Those are w at either end of a segment, and the global ones between; written once, whatever the heads.

    >>> sparse_bits(8, window=2, stride=5, segment=20, precision=32)
    2048
    """
    ends = min(2 * window, segment)
    inner = segment - ends
    return (ends + -(-inner // stride)) * width * precision


def thought_bits(width: int, heads: int, precision: int) -> int:
    """The same for one thought of a one-layer transformer: a weighted sum of values and of weights a head (5.6).

    >>> thought_bits(8, 2, 32)
    576
    """
    return (width + 1) * heads * precision


def _corollary(name: str, bits: Callable[[Asked], int], what: str) -> Callable[[Asked], Finding]:
    def ask(asked: Asked) -> Finding:
        k = asked.needed("k")
        rounds = asked.layers if what == "layers" else None if asked.thoughts is None else asked.thoughts
        unit = "bits a round"
        if what == "thoughts" and asked.layers not in (None, 1):
            return silent(unit, "it speaks of one layer")
        if k == 0 or (rounds is not None and rounds >= k):
            return silent(unit, f"it allows k = {k} {what} and more")
        if rounds is None and what == "layers":
            found = at_least(chase_bits(asked.needed("length"), k, asked.symbols), bits(asked), unit, None)
            return found if found.vacuous else Finding(found.value, unit, None, f"it allows k = {k} layers")
        figure = chase_bits(asked.needed("length"), k, asked.symbols)
        return at_least(figure, bits(asked), unit, constant_of(asked, name))

    return ask


def _kernel(asked: Asked) -> int:
    return kernel_bits(asked.width, asked.features or asked.width, asked.heads, asked.precision)


def _sparse(asked: Asked) -> int:
    length, k = asked.needed("length"), max(asked.needed("k"), 1)
    window = min(asked.needed("window"), length)
    return sparse_bits(asked.width, window, asked.stride or length, -(-length // k), asked.precision)


def _thought(asked: Asked) -> int:
    return thought_bits(asked.width, asked.heads, asked.precision)


def _row(
    name: str, archs: tuple[str, ...], who: str, bits: Callable[[Asked], int], cost: str, what: str = "layers"
) -> Statement:
    return Statement(
        name=name,
        source=PAPER,
        task="khop",
        archs=archs,
        says=f"{who} computes hop_k only with k {what} or more, or many bits a round",
        figure=f"{'L' if what == 'layers' else 'N_CoT'} >= k, or {cost} = Omega(N / k^6)",
        condition="alphabet of 2q + 2 symbols, q = floor((N - 1) / 2k)",
        ask=_corollary(name, bits, what),
        open_constant=True,
    )


def _layered(asked: Asked) -> Finding:
    k, size = asked.needed("k"), asked.needed("vertices")
    if asked.layers is not None and asked.layers >= k:
        return silent("bits a round", f"it allows k = {k} rounds and more")
    constant = None if asked.layers is None else constant_of(asked, "Proposition E.3")
    return at_least(layered_bits(size, k), asked.state, "bits a round", constant)


def _walk(asked: Asked) -> Finding:
    k = asked.needed("k")
    bits = (asked.needed("vertices") - 1).bit_length()
    if asked.state < bits:
        return Finding(k, "layers", None, f"a vertex is {bits} bits, the state has {asked.state}")
    if asked.layers is None or asked.layers >= k:
        return Finding(k, "layers", "suffices", f"one step of the chase a round, {k} rounds", depth=k)
    return Finding(k, "layers", None, f"one step of the chase a round takes {k} rounds", depth=k)


STATEMENTS = (
    _row("Corollary 5.2", ("rnn", "ssm"), "a recurrent model", lambda asked: asked.state, "m"),
    _row("Corollary 5.3", ("performer",), "kernel attention", _kernel, "m m' H p"),
    _row("Corollary 5.4", ("longformer",), "sparsely masked attention", _sparse, "(w + N / (g k)) m H p"),
    _row("Corollary 5.6", ("cot",), "one layer with a chain of thought", _thought, "m H p", "thoughts"),
    Statement(
        name="Proposition E.3",
        source="Assadi and N (2021), as in arXiv 2402.09268",
        task="pointer-chasing",
        archs=("blackboard",),
        says="k players chase a pointer through k matchings of q vertices only in k rounds, or with many bits a round",
        figure="R >= k, or s = Omega(q / k^5)",
        condition="right with probability 2/3; players write in the order P_k .. P_1, P_1 holds the first matching",
        ask=_layered,
        open_constant=True,
    ),
    Statement(
        name="one step a round",
        source=OURS,
        task="pointer-chasing",
        archs=("blackboard",),
        says="the player whose matching is next writes where it leads",
        figure="R = k, s = ceil(log2 q)",
        condition="none",
        ask=_walk,
        construction="layered_chase",
    ),
)
