"""What an exact transformer is made of: embedding, heads, layers, readout (Definitions 2.1 and 2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Num

from logdepth.transformer.rowmaps import Affine, Circuit, RowFunction


@dataclass(frozen=True, eq=False)
class Embedding:
    """phi_0 as two tables that are added: `tokens (vocabulary, m)` and `positions (length + 1, m)`.

    For a million positions they are int8 and lie column by column, so that a coordinate that is 0 throughout costs
    nothing."""

    tokens: Num[np.ndarray, "vocabulary m"]
    positions: Num[np.ndarray, "slots m"]


class SetRows(NamedTuple):
    """Coordinates first..last-1 of a head's queries and keys that say together whether a word is in a set: on the side
    `one_hot` one of them is 1 and the others are 0, on the other each is a unit or minus a unit."""

    first: int
    last: int
    one_hot: Literal["key", "query"]


@dataclass(frozen=True, eq=False)
class Head:
    """`softmax(Q(X) K(X)^T) V(X)` (Definition 2.1), no 1/sqrt(d).

    The intended keys score highest, all others at least one unit less. `counts`: the intended keys tie with
    the start token, and the head reads their average; else there is one intended key. `sets`: what of queries and keys
    are sets; hash attention needs to be told (and checks it).
    """

    name: str
    query: Affine | RowFunction
    key: Affine | RowFunction
    value: Affine | RowFunction
    counts: bool = False
    sets: tuple[SetRows, ...] = ()


@dataclass(frozen=True, eq=False)
class Layer:
    """Heads, whose values add to the residual, then a row-wise map, whose value adds too."""

    heads: tuple[Head, ...]
    map: Circuit | RowFunction | None = None


@dataclass(frozen=True, eq=False)
class Readout:
    """Logits out of the last residual: affine in it."""

    map: Affine
