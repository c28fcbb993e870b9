"""A look-up's pattern as columns of key codes: equal if and only if all its words are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from logdepth.joins import combine
from logdepth.lang.graph import MatchSpec, ProgramGraph
from logdepth.mpc.table import Array

MAX_CODE = 1 << 62
NO_KEY = -1  # the code of a query that no key can equal


def narrowest(low: int, high: int) -> type[np.signedinteger[Any]]:
    """The type of words in low..high: a word costs the same, and takes half the room here.

    >>> narrowest(0, 2**31 - 1).__name__, narrowest(0, 2**31).__name__
    ('int32', 'int64')
    """
    return np.int32 if low >= -(2**31) and high < 2**31 else np.int64


@dataclass(frozen=True)
class Codes:
    """How words become codes: `groups` of conditions share a column, each with its `low` and `span`, mixed radix.

    The ranges are those of the keys: a query outside them equals none.
    """

    groups: tuple[tuple[int, ...], ...]
    low: tuple[int, ...]
    span: tuple[int, ...]

    @staticmethod
    def of(graph: ProgramGraph, match: MatchSpec) -> Codes:
        """As few columns as hold all conditions; one, of zeros, where there is none.

        >>> from logdepth.programs import khop_rank
        >>> graph = khop_rank.trace(length=12, alphabet_size=5, k=2)
        >>> Codes.of(graph, graph.nodes[graph.output].match).span
        (6, 13)
        """
        keys = [graph.nodes[key] for key in match.keys]
        groups, size = [[]], 1
        for index, key in enumerate(keys):
            if size * key.size > MAX_CODE:
                groups.append([])
                size = 1
            groups[-1].append(index)
            size *= key.size
        return Codes(tuple(map(tuple, groups)), tuple(key.lo for key in keys), tuple(key.size for key in keys))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"key{column}" for column in range(len(self.groups)))

    @property
    def types(self) -> dict[str, type]:
        sizes = [math.prod(self.span[index] for index in group) for group in self.groups]
        return {name: narrowest(NO_KEY, size - 1) for name, size in zip(self.names, sizes, strict=True)}

    def columns(self, words: list[Array], rows: int) -> list[Array]:
        """The codes of some words, one int64 array a column, (rows,)."""
        inside = np.ones(rows, bool)
        for word, low, span in zip(words, self.low, self.span, strict=True):
            inside &= (word >= low) & (word < low + span)
        columns = []
        for group in self.groups:
            code = np.zeros(rows, np.int64)
            for index in group:
                code = code * self.span[index] + (words[index] - self.low[index])
            columns.append(np.where(inside, code, NO_KEY))
        return columns


def local_codes(keys: list[Array], queries: list[Array]) -> tuple[Array, Array]:
    """One code a row, equal where all columns are: one machine's business, so any numbers do."""
    return (keys[0], queries[0]) if len(keys) == 1 or not len(keys[0]) else combine(keys, queries)


def spread_owner(num_machines: int, columns: list[Array]) -> Array:
    """A machine for each key, evenly even where keys are not: times the golden ratio's 64 bits, the high half.

    >>> spread_owner(3, [np.arange(4)]).tolist()
    [0, 0, 2, 0]
    """
    mixed = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        mixed = (mixed ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    return ((mixed >> np.uint64(32)) % np.uint64(num_machines)).astype(np.int64)
