"""Composing functions that the input lists: the unconditional bounds on decoders, and on hybrids with linear layers."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from logdepth.theory.asked import Asked
from logdepth.theory.statement import Finding, Statement, constant_of, silent


def narrow_limit(length: int, layers: int) -> int:
    """The greatest H d p that Theorem 1.1 of arXiv 2412.02975 excludes: `floor(n^(2^-4L))`, by 4 L square roots.

    >>> narrow_limit(10**5, 1), narrow_limit(2**64, 1), narrow_limit(10**9, 2)
    (2, 16, 1)
    """
    value = length
    for _ in range(min(4 * layers, value.bit_length())):
        value = isqrt(value)
    return value


def linear_layers_excluded(layers: int) -> int:
    """Linear layers that do not help L - 1 full ones to what L + 1 full ones do: `2^(3 L^2)` (arXiv 2602.01763).

    >>> linear_layers_excluded(1), linear_layers_excluded(2)
    (8, 4096)
    """
    return 1 << (3 * layers * layers)


def error_probability(size: int, heads: int, head_dim: int, precision: int) -> Fraction:
    """How often one layer composes two functions on n values wrongly, at least (arXiv 2402.08164, Theorem 1).

    `R / (3 n log2 n)`, with `R = n log2 n - H (d + 1) p` where that is positive; floor(log2 n) for the logarithm.

    >>> error_probability(1024, 1, 15, 32), error_probability(64, 1, 16, 32)
    (Fraction(19, 60), Fraction(0, 1))
    """
    total = size * (size.bit_length() - 1)
    return Fraction(max(total - heads * (head_dim + 1) * precision, 0), 3 * total) if total else Fraction(0)


def _decoder(asked: Asked) -> Finding:
    unit = "heads x dimensions x bits"
    k = asked.needed("k")
    if asked.layers is not None and asked.layers > k:
        return silent(unit, f"it speaks of {k} layers, of as many as there are functions")
    limit, have = narrow_limit(asked.needed("length"), k), asked.heads * asked.width * asked.precision
    if limit < 2:
        return silent(unit, f"n^(2^-{4 * k}) is less than 2")
    why = f"it excludes {limit} and less, the model has {have:,}; L <= O~(log log n) besides, with an open constant"
    decides = None
    if have <= limit and asked.layers is not None and constant_of(asked, "Theorem 1.1 (decoders)") is not None:
        decides = "impossible"
    return Finding(limit, unit, decides, why)


def _one_layer(asked: Asked) -> Finding:
    unit = "share of inputs"
    size, k = asked.vertices, asked.needed("k")
    if size is None or asked.layers != 1 or k < 2:
        return silent(unit, "it speaks of one layer and of two functions on n values: --layers 1, --vertices n")
    share = error_probability(size, asked.heads, asked.width, asked.precision)
    if share == 0:
        have = asked.heads * (asked.width + 1) * asked.precision
        return silent(unit, f"n log2 n is less than H (d + 1) p = {have:,}")
    return Finding(share, unit, "impossible", f"it errs on {float(share):.3g} of the inputs, at least")


def _hybrid(asked: Asked) -> Finding:
    unit = "linear layers"
    k, full = asked.needed("k"), asked.needed("layers")
    if full > k - 1:
        return silent(unit, f"it speaks of {k - 1} full layers or fewer")
    limit, have = linear_layers_excluded(k), asked.linear_layers or 0
    if have > limit:
        return silent(unit, f"it speaks of {limit:,} linear layers or fewer")
    why = "how narrow all layers have to be for it is open here: the source is stated by its abstract"
    decides = "impossible" if constant_of(asked, "hybrid hierarchy") is not None else None
    return Finding(limit if k < 5 else None, unit, decides, why)


def _deeper(asked: Asked) -> Finding:
    layers = asked.needed("k") + 1
    why = "times a power of log n of width that the source leaves open"
    return Finding(layers, "layers", None, why)


STATEMENTS = (
    Statement(
        name="Theorem 1.1 (decoders)",
        source="arXiv 2412.02975",
        task="composition",
        archs=("transformer",),
        says="a decoder of L layers composes L functions only if it is wide: unconditional",
        figure="H d p > n^(2^(-4 L))",
        condition="functions listed last to first; L <= O~(log log n), whose constant is open (give any to assume it)",
        ask=_decoder,
        open_constant=True,
    ),
    Statement(
        name="one layer more",
        source="arXiv 2412.02975",
        task="composition",
        archs=("transformer",),
        says="a decoder of L + 1 layers of width polylog(n) composes L functions",
        figure="L + 1 layers, m = polylog n",
        condition="none",
        ask=_deeper,
        open_constant=True,
    ),
    Statement(
        name="Theorem 1 (one layer)",
        source="arXiv 2402.08164",
        task="composition",
        archs=("transformer",),
        says="one layer composes two functions on n values wrongly on some share of inputs",
        figure="R / (3 n log2 n), R = n log2 n - H (d + 1) p > 0",
        condition="L = 1; --vertices is n, --width is d, a head's",
        ask=_one_layer,
    ),
    Statement(
        name="hybrid hierarchy",
        source="arXiv 2602.01763",
        task="composition",
        archs=("hybrid",),
        says="L - 1 layers of full attention among 2^(3 L^2) linear ones do not compose L functions",
        figure="full layers >= L, or more than 2^(3 L^2) linear ones",
        condition="layers narrow as in the source, which was read as an abstract (give any constant to assume it)",
        ask=_hybrid,
        open_constant=True,
    ),
)
