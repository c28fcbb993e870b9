"""Retrieval: one layer looks a thing up, or counts; a recurrent model has to carry all that may be asked."""

from __future__ import annotations

from logdepth.theory.asked import Asked
from logdepth.theory.recurrent import most_index_bits
from logdepth.theory.statement import Finding, Statement, at_least, constant_of, enough_if_wide, silent


def lookup_bits(length: int, alphabet: int) -> int:
    """State that tells all strings of N symbols apart, as index look-up asks: `ceil(N log2 A)`.

    >>> lookup_bits(100, 4), lookup_bits(3, 3)
    (200, 5)
    """
    return (alphabet**length - 1).bit_length()


def _lookup(asked: Asked) -> Finding:
    if asked.layers is None:
        return silent("bits of state", "it speaks of all layers together: say how many")
    length = min(asked.needed("length"), LONGEST)
    return at_least(lookup_bits(length, min(asked.symbols, LONGEST)), asked.layers * asked.state, "bits of state")


LONGEST = 1 << 14  # what longer strings need beyond that is not counted


def _recall(asked: Asked) -> Finding:
    if asked.layers is None:
        return silent("bits of state", "it speaks of all layers together: say how many")
    need = most_index_bits(asked.needed("length"), asked.symbols, 1)
    return at_least(need, asked.layers * asked.state, "bits of state")


def _one_layer(name: str):
    def ask(asked: Asked) -> Finding:
        constant = constant_of(asked, name)
        size = asked.length or asked.vertices
        width = None if constant is None or size is None else constant * size.bit_length()
        return enough_if_wide(1, asked, "one head, to what is asked for", width)

    return ask


def _two_layers(asked: Asked) -> Finding:
    length, bits = asked.needed("length"), asked.symbols.bit_length()
    width = 3 * length.bit_length() + 2 * bits + 3  # the compiled induction head's, at most
    return enough_if_wide(2, asked, "an induction head", width, length.bit_length() + bits)


STATEMENTS = (
    Statement(
        name="index look-up, attention",
        source="arXiv 2406.09347",
        task="index-lookup",
        archs=("transformer",),
        says="one layer of logarithmic width says which symbol stands at a position that is asked for at the end",
        figure="L = 1, m = O(log N)",
        condition="none",
        ask=_one_layer("index look-up, attention"),
        open_constant=True,
    ),
    Statement(
        name="index look-up, state",
        source="arXiv 2406.09347 (Omega(N)); the constant is ours",
        task="index-lookup",
        archs=("rnn", "ssm"),
        says="what is read before the question has to tell all strings apart",
        figure="L m >= N log2 A bits",
        condition="the position is asked for after the string; always right",
        ask=_lookup,
    ),
    Statement(
        name="associative recall, attention",
        source="arXiv 2402.09268 (Theorem 4.2 at k = 1)",
        task="associative-recall",
        archs=("transformer",),
        says="two layers find what followed a symbol",
        figure="L = 2, m = O(1)",
        condition="causal",
        ask=_two_layers,
    ),
    Statement(
        name="associative recall, state",
        source="arXiv 2402.18510 (Omega(N), thoughts or not); the constant is ours",
        task="associative-recall",
        archs=("rnn", "ssm"),
        says="what is read before the question has to carry every pair, and thoughts after it do not help",
        figure="L m >= q log2 a bits, q + a <= A, 2 q + 1 <= N",
        condition="always right",
        ask=_recall,
    ),
    Statement(
        name="Depth1",
        source="arXiv 2405.18512",
        task="graph-retrieval",
        archs=("transformer",),
        says="one layer counts vertices or edges, finds an edge, or a degree",
        figure="L = 1, m = O(log N)",
        condition="tokens are vertices, edges and the task",
        ask=_one_layer("Depth1"),
        open_constant=True,
    ),
)
