"""What a problem takes in: how it is read from a file, drawn at random, and how large it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Source:
    """Where an input is, and what may be said about it: options of single kinds of inputs."""

    path: str
    format: str | None = None
    vertices: int | None = None
    unweighted: bool = False
    k: int | None = None
    power: int | None = None
    symbols: str | tuple[str, ...] | None = None
    alphabet: int | None = None


@dataclass(frozen=True)
class Size:
    """How large an input is to be: `rows` (numbers, tokens, vertices), a graph's edges, hops.

    >>> Size(10).num_edges, Size(10, edges=7).num_edges
    (25, 7)
    """

    rows: int
    edges: int | None = None
    k: int = 16

    @property
    def num_edges(self) -> int:
        """The edges wanted; 5 rows / 2 where nothing is said."""
        return 5 * self.rows // 2 if self.edges is None else self.edges


@dataclass(frozen=True)
class Input:
    """One kind of input.

    name: as `logdepth list` prints it. option: the command line's, `--graph` or `--input`. measures: the options
    that say how large it is. read: from a file; raises `InputError` naming file and line. sample: a random one.
    config: of an input its sizes and parameters, JSON numbers and strings. sized: the same of an input that is not
    there. words: n, of a config. word_bytes: of a word, for so many rows. parsed: what reading does beside parsing.
    """

    name: str
    option: str
    measures: tuple[str, ...]
    read: Callable[[Source], Any]
    sample: Callable[[np.random.Generator, Size], Any]
    config: Callable[[Any], dict[str, Any]]
    sized: Callable[[Size], dict[str, Any]]
    words: Callable[[Mapping[str, Any]], int]
    word_bytes: Callable[[int], int] = lambda rows: 8
    parsed: str = "the input parsed"
