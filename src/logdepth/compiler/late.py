"""Words known from the position or the symbol alone, computed when they are needed rather than embedded from the start.

An embedding costs no layer and no hidden unit, but its coordinates from the first layer on. A word that is first read
in layer 2 or later may as well be a table of the position (or of the symbol), computed in the layer before: addresses
`position - 1, position - 2, position - 4, ..` of a doubling then share coordinates. It takes a few hidden units;
whether that pays, `compile_graph` asks of the whole model.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from logdepth.compiler.normalize import Normal
from logdepth.compiler.placing import Placing, When, behind_views, earliest

_LONGEST = 1 << 12  # entries of such a table


def computed_late(normal: Normal, first: int = 2) -> Normal | None:
    """The same words, those that are first read in layer `first` or later computed from the position or the symbol.
    None if there are none."""
    bases = _bases(normal)
    reads = _first_reads(normal, earliest(normal))
    late: dict[int, int] = {}  # a word and what it is computed from
    for index, (kind, values) in normal.tables.items():
        base = bases.get(kind)
        if base is None or index == base or not normal.nodes[index].num_bits or len(values) > _LONGEST:
            continue
        if reads[index] >= first:
            late[index] = base
    if not late:
        return None
    nodes = list(normal.nodes)
    for index, base in late.items():
        of = nodes[base]
        values = np.full(of.size, nodes[index].lo)
        values[normal.tables[base][1] - of.lo] = normal.tables[index][1]
        nodes[index] = replace(
            nodes[index], op="table", args=(base,), info=(((of.lo, of.size),), tuple(values.tolist()))
        )
    tables = {index: table for index, table in normal.tables.items() if index not in late}
    return _in_order(replace(normal, graph=replace(normal.graph, nodes=tuple(nodes)), tables=tables))


def narrower(normal: Normal) -> tuple[Normal, list[When]] | None:
    """The narrowest way found to hold a program in as many layers, with words moved within their slack and embedded
    ones computed late: its words and where each is made. None if the plain one is as narrow.

    >>> from logdepth.compiler.normalize import normalize
    >>> from logdepth.programs import khop_rank
    >>> narrower(normalize(khop_rank.trace(length=100, alphabet_size=4, k=16)))  # all is on the longest chain
    """
    plain = Placing(normal)
    best, width = None, plain.size().width
    for first in (0, 3, 2):
        same = normal if not first else computed_late(normal, first)
        if same is None:
            continue
        placing = Placing(same)
        if placing.depth > plain.depth:
            continue
        size = placing.narrow()
        if size.width < width:
            best, width = (same, placing.when), size.width
    return best


def _bases(normal: Normal) -> dict[str, int]:
    """The word of each kind that tells all tokens, or positions, apart in the fewest values, so that all others are
    functions of it: the position itself; the symbol, where there are no headers, whose tokens have none."""
    found: dict[str, int] = {}
    for index, (kind, values) in normal.tables.items():
        size = normal.nodes[index].size
        tells_apart = size <= _LONGEST and len(np.unique(values)) == len(values)
        if tells_apart and (kind not in found or size < normal.nodes[found[kind]].size):
            found[kind] = index
    return found


def _first_reads(normal: Normal, when: list[When]) -> list[int]:
    """The first layer that reads each word, behind views; the output is read after the last."""
    nodes = normal.nodes
    found = [1 << 30] * len(nodes)
    for index, node in enumerate(nodes):
        for use in node.uses:
            use = behind_views(nodes, use)
            found[use] = min(found[use], when[index][0])
    found[behind_views(nodes, normal.graph.output)] = 0  # the output stays where it is
    return found


def _in_order(normal: Normal) -> Normal:
    """Every word after those it uses."""
    nodes = normal.nodes
    new: dict[int, int] = {}
    stack = list(range(len(nodes)))[::-1]
    while stack:
        index = stack[-1]
        missing = [use for use in nodes[index].uses if use not in new]
        if index in new or not missing:
            stack.pop()
            new.setdefault(index, len(new))
        else:
            stack += missing
    order = sorted(new, key=new.__getitem__)
    ordered = tuple(
        replace(
            nodes[old],
            args=tuple(new[arg] for arg in nodes[old].args),
            match=None if (match := nodes[old].match) is None else match.renumbered(new.__getitem__),
        )
        for old in order
    )
    graph = replace(normal.graph, nodes=ordered, output=new[normal.graph.output])
    tables = {new[old]: table for old, table in normal.tables.items()}
    return Normal(graph, tables, tuple(normal.start[old] for old in order))
