"""Vectors in tables: a vector of w numbers is w rows of the one column `word`, so the ledger counts every number.

A machine's vectors of a table are all of one width. They come in order of their source, whole, as rows do.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from logdepth.mpc import Shard, Table
from logdepth.simulation.word_bits import WordFormat

Array = np.ndarray


def write(words: WordFormat, vectors: Float[Array, "vectors width"], counts: Int[Array, " machines"]) -> Table:
    """A table of vectors, `counts` of them on each machine, in order."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    column = words.encode(np.ascontiguousarray(vectors)).reshape(-1)
    return Table({"word": column}, offsets * vectors.shape[1])


def parcel(
    words: WordFormat,
    vectors: Float[Array, "vectors width"],
    counts: Int[Array, " machines"],
    to: Int[Array, " vectors"],
) -> tuple[Table, Array]:
    """The same as mail: each vector goes to a machine."""
    narrow = to.astype(np.int32) if not len(to) or to.max() < 2**31 else to
    return write(words, vectors, counts), np.repeat(narrow, vectors.shape[1])


def read(words: WordFormat, table: Table, width: int) -> Float[Array, "vectors width"]:
    """All vectors of a table."""
    return words.decode(table["word"]).reshape(-1, width)


def counts(table: Table, width: int) -> Int[Array, " machines"]:
    """How many vectors each machine holds."""
    return table.counts // width


def owners(shard: Shard, table: Table, width: int) -> Int[Array, " vectors"]:
    """The machine of each vector."""
    return np.repeat(shard.machines, counts(table, width))
