"""Softmax of parts, folded: what lets a tree of machines, or a machine that sees one tile at a time, attend.

A *partial* over a set of keys is, head by head, `(log Z, S)`: Z the sum of e^score over the keys, S the mean of
their values with weights e^score / Z. Two partials over disjoint sets fold to the partial of the union,

    log Z = log(Z_1 + Z_2),    S = (Z_1 S_1 + Z_2 S_2) / (Z_1 + Z_2),

in any order; over all keys S is the head's output (Theorem C.1 folds the same pairs, Z itself in place of its
logarithm). Only differences of logarithms enter an exponential, so scores of any size are safe. Of no keys at all:
log Z = -inf, S = 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

Array = np.ndarray


class Partial(NamedTuple):
    """log_z: (rows, heads); mean: (rows, heads, value)."""

    log_z: Float[Array, "rows heads"]
    mean: Float[Array, "rows heads value"]

    @property
    def flat(self) -> Float[Array, "rows width"]:
        """A row's numbers side by side, as they travel: the logarithms, then the means."""
        rows, heads, value = self.mean.shape
        return np.concatenate([self.log_z, self.mean.reshape(rows, heads * value)], axis=1)


def from_flat(flat: Float[Array, "rows width"], heads: int, value: int) -> Partial:
    """The inverse of `Partial.flat`.

    >>> from_flat(np.array([[0.0, 5.0, 6.0]]), 1, 2).mean.tolist()
    [[[5.0, 6.0]]]
    """
    return Partial(flat[:, :heads], flat[:, heads:].reshape(len(flat), heads, value))


def nothing(rows: int, heads: int, value: int, dtype: np.dtype) -> Partial:
    """The partial of no keys.

    >>> nothing(1, 1, 2, np.dtype(float)).mean.tolist()
    [[[0.0, 0.0]]]
    """
    return Partial(np.full((rows, heads), -np.inf, dtype), np.zeros((rows, heads, value), dtype))


def one_key(
    query: Float[Array, "rows heads key"], key: Float[Array, "rows kv key"], value: Float[Array, "rows kv value"]
) -> Partial:
    """Each row's query on a single key of its own: log Z is the score, the mean is the value.

    Heads come in groups that share a key and value (kv of them; one a head where kv = heads).
    """
    rows, heads, width = query.shape
    grouped = query.reshape(rows, key.shape[1], heads // key.shape[1], width)
    scores = (grouped * key[:, :, None, :]).sum(-1)
    return Partial(scores.reshape(rows, heads), np.repeat(value, heads // key.shape[1], axis=1))


def attend(
    query: Float[Array, "queries heads key"],
    key: Float[Array, "keys kv key"],
    value: Float[Array, "keys kv value"],
    visible: Bool[Array, "queries keys"] | None = None,
) -> Partial:
    """Every query on a tile of keys; where `visible` is false a query does not see the key.

    >>> one = np.ones((1, 1, 1))
    >>> attend(one, one, 3 * one).mean.tolist()
    [[[3.0]]]
    """
    queries, heads, width = query.shape
    groups = key.shape[1]
    grouped = query.transpose(1, 0, 2).reshape(groups, -1, width)  # (kv, heads / kv * queries, key)
    scores = (grouped @ key.transpose(1, 2, 0)).reshape(heads, queries, -1)
    if visible is not None:
        scores[:, ~visible] = -np.inf
    top = scores.max(-1, keepdims=True)
    top[top == -np.inf] = 0  # a query that sees nothing: every weight is 0, not e^(inf - inf)
    weights = np.exp(scores - top)
    total = weights.sum(-1, keepdims=True)
    read = weights.reshape(groups, -1, key.shape[0]) @ value.transpose(1, 0, 2)
    with np.errstate(divide="ignore"):
        log_z = (np.log(total) + top)[..., 0]
    mean = read.reshape(heads, queries, -1) / np.where(total == 0, 1, total)
    return Partial(log_z.T.copy(), mean.transpose(1, 0, 2))


def merge(one: Partial, two: Partial) -> Partial:
    """The partial of the union, row by row.

    >>> zero, one = Partial(np.zeros((1, 1)), np.zeros((1, 1, 1))), Partial(np.zeros((1, 1)), np.ones((1, 1, 1)))
    >>> merge(zero, one).mean.tolist()
    [[[0.5]]]
    """
    top = np.maximum(one.log_z, two.log_z)
    top = np.where(top == -np.inf, 0, top)
    left, right = np.exp(one.log_z - top), np.exp(two.log_z - top)
    total = left + right
    some = np.where(total == 0, 1, total)
    mean = one.mean * (left / some)[..., None] + two.mean * (right / some)[..., None]
    with np.errstate(divide="ignore"):
        return Partial(np.log(total) + top, mean)


def fold(parts: Partial, starts: Int[Array, " segments"]) -> Partial:
    """Rows in segments, one after another, none empty: the partial of each segment's union.

    >>> rows = Partial(np.zeros((3, 1)), np.array([1.0, 3.0, 5.0]).reshape(3, 1, 1))
    >>> fold(rows, np.array([0, 2])).mean.ravel().tolist()
    [2.0, 5.0]
    """
    if not len(starts):
        return Partial(parts.log_z[:0], parts.mean[:0])
    lengths = np.diff(starts, append=len(parts.log_z))
    top = np.maximum.reduceat(parts.log_z, starts, axis=0)
    top = np.where(top == -np.inf, 0, top)
    weights = np.exp(parts.log_z - np.repeat(top, lengths, axis=0))
    total = np.add.reduceat(weights, starts, axis=0)
    mean = np.add.reduceat(parts.mean * weights[..., None], starts, axis=0) / np.where(total == 0, 1, total)[..., None]
    with np.errstate(divide="ignore"):
        return Partial(np.log(total) + top, mean)
