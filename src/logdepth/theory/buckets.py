"""Attention within buckets of hashed keys (Reformer): how far a position sees."""

from __future__ import annotations

from logdepth.theory.asked import Asked
from logdepth.theory.statement import Finding, Statement, at_least


def bucket_depth(length: int, bucket: int) -> int:
    """Layers without which an output depends on fewer than N inputs: the least L with B^L >= N.

    >>> bucket_depth(1000, 10), bucket_depth(1001, 10), bucket_depth(8, 2)
    (3, 4, 3)
    """
    depth, seen = 0, 1
    while seen < length:
        depth, seen = depth + 1, seen * bucket
    return depth


def _field(asked: Asked) -> Finding:
    depth = bucket_depth(asked.needed("length"), asked.needed("bucket"))
    if asked.layers is None:
        return Finding(depth, "layers", None, f"{depth} layers or more")
    return at_least(depth, asked.layers, "layers")


STATEMENTS = tuple(
    Statement(
        name=f"receptive field, {task}",
        source="arXiv 2509.09001 (Proposition E.3 there)",
        task=task,
        archs=("reformer",),
        says="an output depends on B^L inputs at most, one that depends on all of them takes more layers",
        figure="L >= log_B N",
        condition="buckets of B tokens",
        ask=_field,
    )
    for task in ("parity", "median")
)
