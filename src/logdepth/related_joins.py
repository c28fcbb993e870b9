"""Joins on more than equality: order (their word is less than mine) and membership (in my set, in theirs).

Slots, candidates and answers are those of `joins.join`. Every pair of slots is compared, a block of queries at a time:
time is n^2 a row, memory is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_PAIRS = 1 << 20  # compared at once
_LIMB = 32  # members a word of a set holds


@dataclass(frozen=True)
class Related:
    """A condition on every pair of slots. kind: "==", "<", ">" or "!=" (a word of theirs and one of mine), "in" (their
    word is in my set), "contains" (their set has my word). Arrays `(batch, n + 1)`; a set is one for each 32 members.
    """

    kind: str
    theirs: list[np.ndarray]
    mine: list[np.ndarray]

    def holds(self, row: int, queries: slice, keys: slice) -> np.ndarray:
        """Whether it holds, (queries, keys)."""
        theirs = [each[row, keys][None, :] for each in self.theirs]
        mine = [each[row, queries][:, None] for each in self.mine]
        match self.kind:
            case "==":
                return theirs[0] == mine[0]
            case "<":
                return theirs[0] < mine[0]
            case ">":
                return theirs[0] > mine[0]
            case "!=":
                return theirs[0] != mine[0]
            case "in":
                return has_member(mine, theirs[0])
            case "contains":
                return has_member(theirs, mine[0])
        raise AssertionError(self.kind)


def has_member(limbs: list[np.ndarray], word: np.ndarray) -> np.ndarray:
    """Whether a word is a member of a set, elementwise.

    >>> has_member([np.array([5])], np.array([0, 1, 2, 40, -1])).tolist()
    [True, False, True, False, False]
    """
    found = np.zeros(np.broadcast_shapes(word.shape, *(limb.shape for limb in limbs)), bool)
    for number, limb in enumerate(limbs):
        place = word - number * _LIMB
        found |= (place >= 0) & (place < _LIMB) & ((limb >> np.clip(place, 0, _LIMB) & 1) == 1)
    return found


def join_related(
    kind: str,
    keys: np.ndarray,
    queries: np.ndarray,
    lengths: np.ndarray,
    related: list[Related],
    *,
    order: np.ndarray | None = None,
    causal: bool = True,
) -> np.ndarray:
    """`joins.join` where keys are equal and every relation holds, too.

    >>> x = np.array([[9, 5, 6, 5, 7]])
    >>> same = np.zeros_like(x)
    >>> join_related("count", same, same, np.array([4]), [Related("<", [x], [x])]).tolist()
    [[0, 0, 1, 0, 3]]
    """
    batch, slots = keys.shape
    out = np.zeros((batch, slots), np.int64)
    for row in range(batch):
        length = int(lengths[row])
        theirs, place = slice(1, length + 1), np.arange(slots)

        def seen(mine: slice, row: int = row, theirs: slice = theirs, place: np.ndarray = place) -> np.ndarray:
            matches = keys[row, theirs][None, :] == queries[row, mine][:, None]
            for each in related:
                matches &= each.holds(row, mine, theirs)
            if causal:
                matches &= place[None, theirs] <= place[mine, None]
            return matches

        out[row] = found_among(kind, seen, slots, length, order=None if order is None else order[row, theirs])
    if kind == "union":
        out[:, 0] = 0
    return out


def found_among(
    kind: str, seen: Callable[[slice], np.ndarray], queries: int, number: int, *, order: np.ndarray | None = None
) -> np.ndarray:
    """What each of so many queries finds among candidates 1..number (0: none), how many, or the OR of their `order`.

    seen: which candidates a slice of the queries matches, (queries, number). Where candidates stand for several tokens
    each, `order` says how many a count adds.

    >>> found_among("last", lambda mine: np.array([[True, True, False], [False] * 3])[mine], 2, 3)
    array([2, 0])
    """
    out = np.zeros(queries, np.int64)
    block = max(1, _PAIRS // max(number, 1))
    for first in range(0, queries if number else 0, block):
        mine = slice(first, min(first + block, queries))
        out[mine] = _of_matches(kind, seen(mine), order)
    return out


def _of_matches(kind: str, matches: np.ndarray, order: np.ndarray | None) -> np.ndarray:
    """What a look-up finds, of whether every query (axis 0) matches every candidate (axis 1)."""
    number = matches.shape[1]
    if kind == "count":
        return matches.sum(1) if order is None else matches.astype(np.int64) @ order
    if kind == "union":
        assert order is not None
        return np.bitwise_or.reduce(np.where(matches, order, 0), axis=1)
    found = matches.any(1)
    if kind == "first":
        return np.where(found, matches.argmax(1) + 1, 0)
    if kind == "last":
        return np.where(found, number - matches[:, ::-1].argmax(1), 0)
    assert order is not None and kind in ("highest", "lowest"), kind
    signed = order if kind == "highest" else -order
    best = np.where(matches, signed, np.iinfo(np.int64).min)
    latest = number - (best[:, ::-1]).argmax(1)
    return np.where(found, latest, 0)
