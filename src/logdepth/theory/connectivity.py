"""Is a graph connected: how many layers are enough for transformers.

**Squaring** (ours). Tokens are edges and vertices. Layer 1: vertex v attends, evenly, to the edges it is an end of and
to itself; values are ends as N-long indicator rows; what is not zero is who lies within one step. A later layer: v
attends evenly to all within its reach; their own rows, averaged, are not zero where the reach has doubled. So L layers
reach 2^(L-1) steps, with one head and rows of n numbers: ceil(log2 D) + 1 layers for diameter D. It wants row-wise maps
of any kind and queries that tell a set from its complement, which rows of n coordinates do: the score of a key is its
own coordinate in the query's row.
"""

from __future__ import annotations

from dataclasses import replace

from logdepth.theory.asked import Asked
from logdepth.theory.cycles import binary_log
from logdepth.theory.statement import (
    CIRCUITS,
    OURS,
    PAPER,
    Finding,
    Statement,
    at_least,
    constant_of,
    enough,
    silent,
)


def squaring_depth(diameter: int) -> int:
    """Layers of squaring: `ceil(log2 D) + 1`.

    >>> [squaring_depth(diameter) for diameter in (1, 2, 3, 4, 8, 15)]
    [1, 2, 3, 3, 4, 5]
    """
    return (diameter - 1).bit_length() + 1


def unrolled_depth(size: int) -> int:
    """Repeats of one block that decide connectivity of graphs of n vertices: `ceil(log2 n)` (arXiv 2503.03961, Thm 2).

    >>> [unrolled_depth(size) for size in (2, 3, 32)]
    [1, 2, 5]
    """
    return (size - 1).bit_length()


def _squaring(asked: Asked) -> Finding:
    vertices, diameter = asked.needed("vertices"), asked.needed("diameter")
    if asked.width < 2 * vertices:
        why = f"it takes a width of {2 * vertices:,}: who I am, and whom I reach"
        return Finding(squaring_depth(diameter), "layers", None, why)
    return enough(squaring_depth(diameter), asked, "squaring")


def _squared_cycles(asked: Asked) -> Finding:
    return _squaring(replace(asked, diameter=max(asked.needed("vertices") // 2, 1)))


def _logarithmic(name: str, size: str):
    def ask(asked: Asked) -> Finding:
        value = max(binary_log(2 * asked.needed(size) - 1), 1)
        constant = constant_of(asked, name)
        if constant is None:
            return Finding(value, "layers", None, "times a constant that the source leaves open")
        return enough(-(-value * constant.numerator // constant.denominator), asked, name)

    return ask


def _unrolled(asked: Asked) -> Finding:
    return enough(unrolled_depth(asked.needed("vertices")), asked, "one block, repeated so often")


def _one_layer(asked: Asked) -> Finding:
    unit = "width x heads x bits"
    if asked.layers != 1:
        return silent(unit, "it speaks of one layer")
    have = asked.width * asked.heads * asked.precision
    return at_least(asked.needed("vertices"), have, unit, constant_of(asked, "one layer, connectivity"))


def _fixed(asked: Asked) -> Finding:
    return silent("layers", "it speaks of all sizes at once: a fixed depth, and graphs that grow")


def _of_transformers(name: str, source: str, figure: str, ask, **more) -> Statement:
    says = more.pop("says", "a transformer decides connectivity")
    condition = more.pop("condition", "none")
    archs = more.pop("archs", ("transformer",))
    return Statement(
        name=name, source=source, task="connectivity", archs=archs, says=says, figure=figure, condition=condition,
        ask=ask, **more,
    )  # fmt: skip


STATEMENTS = (
    _of_transformers(
        "squaring", OURS, "L = ceil(log2 D) + 1, H = 1, m = 2 n", _squaring,
        says="vertices square their reach: every vertex knows its component",
        condition="tokens are edges and vertices; row-wise maps are arbitrary",
        construction="squaring",
    ),
    Statement(
        name="squaring", source=OURS, task="one-vs-two-cycle", archs=("transformer",),
        says="every vertex squares its reach until it knows its cycle", figure="L = ceil(log2 n), H = 1, m = 2 n",
        condition="tokens are edges and vertices; row-wise maps are arbitrary", ask=_squared_cycles,
        construction="squaring",
    ),
    _of_transformers(
        "Theorem 3.3", PAPER, "L = O(log D), m = O(N^eps), H = O(log log N)",
        _logarithmic("Theorem 3.3", "diameter"), condition="components of diameter at most D", open_constant=True,
        says="a transformer labels components, also along spanning forests (B.8, B.9)",
    ),
    _of_transformers(
        "LogDepth", "arXiv 2405.18512", "L = O(log N), m = O(N^eps)", _logarithmic("LogDepth", "vertices"),
        condition="tokens are vertices, edges and the task", open_constant=True,
    ),
    _of_transformers(
        "one layer, connectivity", "arXiv 2405.18512", "m H p = Omega~(N) for L = 1", _one_layer,
        says="one layer decides connectivity only if it is wide (cycles and shortest paths, too)",
        open_constant=True,
    ),
    _of_transformers(
        "unrolled connectivity", "arXiv 2503.03961 (Theorem 2)", "ceil(log2 n) repeats of one block", _unrolled,
        archs=("looped",), says="one block of constant size, repeated, decides connectivity",
        condition="averaging hard attention; a block is as many layers as its construction has",
    ),
    _of_transformers(
        "fixed depth", "arXiv 2503.03961", "L not constant, at any polynomial width", _fixed,
        archs=("transformer", "looped"), says="no transformer of fixed depth decides connectivity at every size",
        condition="precision O(log n)", conjecture=CIRCUITS,
    ),
)  # fmt: skip
