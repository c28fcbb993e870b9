"""What a recurrent model has to hand on, and what is enough: hop_k from left to right. With all constants.

**Enough.** Layer after layer, or level after level inside one, keep for every symbol v what stood at the slot after its
last occurrence, one hop further: `hop_j(i) = hop_(j-1)(find(i))`, and find(i) is that slot. A level is a table of A
entries, a symbol or "nothing" each; all of a layer's levels share the previous symbol. So a layer with l levels keeps
`l A b + b` bits, `b = ceil(log2(A + 1))`, and L layers make `l L` hops. The exact model is
`communication.hop_tables`. Linear state updates (state-space models) do one level a layer: a gate of 0 or 1 chosen by
the previous symbol, which a short convolution knows, writes an entry; a second level would read what is being written.

**Needed.** Write q pairs (v, f(v)), v out of q symbols, f(v) out of a others; then a suffix that does not depend on f:
with k - 1 further symbols c, the pairs (c_1, v), (c_2, c_1), .. and at last c_(k-1) (if k = 1, just v). Its k hops go
c_(k-1), .., c_1, v, f(v): the answer is f(v), for whichever v the suffix names. So two different f leave different
states, taken over all layers together: `L m >= q log2 a` bits (the one-way cost of INDEX, by counting; in symbols of
one task or another arXiv 2402.18510 and 2406.09347 have it). Thoughts after the string do not help: they see the state
and the suffix only. For every q and a with q + a + k - 1 <= A and 2 q + 2 k - 1 <= N.
"""

from __future__ import annotations

from math import log2

from logdepth.theory.asked import Asked
from logdepth.theory.statement import OURS, Finding, Statement, at_least, enough, silent


def entry_bits(alphabet: int) -> int:
    """Bits of a symbol or "nothing": `ceil(log2(A + 1))`.

    >>> [entry_bits(alphabet) for alphabet in (1, 3, 4)]
    [1, 2, 3]
    """
    return alphabet.bit_length()


def table_bits(alphabet: int, levels: int) -> int:
    """State of a layer that makes so many hops at once.

    >>> table_bits(4, 1), table_bits(4, 16)
    (15, 195)
    """
    bits = entry_bits(alphabet)
    return levels * alphabet * bits + bits


def table_levels(alphabet: int, state_bits: int) -> int:
    """The most hops that a layer of so many bits makes.

    >>> table_levels(4, 195), table_levels(4, 194), table_levels(4, 14)
    (16, 15, 0)
    """
    bits = entry_bits(alphabet)
    return max(state_bits - bits, 0) // (alphabet * bits)


def index_bits(length: int, alphabet: int, k: int = 1) -> int:
    """The least state, all layers together, in bits: ceil(q log2 a) of the best q that fits.

    >>> index_bits(100, 4), index_bits(100, 52), index_bits(100, 100, k=16)
    (2, 145, 193)
    """
    if k < 1:
        return 0
    left = alphabet - (k - 1)
    pairs = range(1, min((length - 2 * k + 1) // 2, left - 2) + 1)
    if not pairs:
        return 0
    q = max(pairs, key=lambda q: q * log2(left - q))  # any q is a bound; rounding may miss the best
    return ((left - q) ** q - 1).bit_length()


def _needed(asked: Asked) -> Finding:
    length, k = asked.needed("length"), asked.needed("k")
    if asked.layers is None:
        return silent("bits of state", "it speaks of all layers together: say how many")
    have = asked.layers * (asked.state if asked.arch in ("rnn", "ssm") else _kernel_state(asked))
    return at_least(index_bits(min(length, MOST), min(asked.symbols, MOST), k), have, "bits of state")


MOST = 1 << 15  # what longer strings need beyond that is not counted: its logarithm alone takes long


def _kernel_state(asked: Asked) -> int:
    return (asked.features or asked.width) * (asked.width + 1) * asked.heads * asked.precision


def _tables(asked: Asked) -> Finding:
    k = asked.needed("k")
    levels = table_levels(asked.symbols, asked.state)
    if asked.arch == "ssm":
        levels = min(levels, 1)
    if levels == 0:
        least = table_bits(asked.symbols, 1)
        return Finding(None, "layers", None, f"one level takes {least:,} bits of state, a layer has {asked.state:,}")
    return enough(max(-(-k // levels), 1), asked, f"tables of {levels} level{'s' * (levels > 1)} a layer")


STATEMENTS = (
    Statement(
        name="hop tables",
        source=OURS,
        task="khop",
        archs=("rnn", "ssm"),
        says="a recurrent model keeps what stood after each symbol's last occurrence, level by level",
        figure="L = ceil(k / l), with l levels: l A b + b bits of state a layer, b = ceil(log2(A + 1)); ssm: l = 1",
        condition="state updates are arbitrary (ssm: selective gates, and a convolution over two symbols)",
        ask=_tables,
        construction="hop_tables",
    ),
    Statement(
        name="INDEX by counting",
        source=OURS,
        task="khop",
        archs=("rnn", "ssm", "performer"),
        says="what is read from left to right hands on all that may be asked, thoughts or not",
        figure="L m >= q log2 a bits, q + a + k - 1 <= A, 2 q + 2 k - 1 <= N",
        condition="causal; always right",
        ask=_needed,
    ),
)
