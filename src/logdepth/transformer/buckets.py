"""Of the keys that agree with a query, the one of greatest priority, how great that is, how many share it, and sums
over them. Near-linear: a key stands in the bucket of what is compared, a query looks into its own.

Keys agree if all codes are equal and, of every pair of a word and a set, the word is in the set. Slot 0 is the start
token, which is no key. Written for heads of a transformer: what is found is told as it stands, ties too;
`logdepth.joins` is the same for look-ups of a program, where the latest of equals is meant.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8

from logdepth.errors import InputError
from logdepth.joins import combine, numbered
from logdepth.transformer import bucket_kernels as kernels

MOST_BUCKETS = 1 << 26  # at 24 bytes each 1.5 GiB
_DENSE = 1 << 22  # so few buckets are found by their code itself
_HELD = 1 << 24  # numbers of sums that are worked on at once


class Best(NamedTuple):
    """For every query: the latest slot among the best keys, their priority (-inf where there is none), their number."""

    slot: Int[np.ndarray, " slots"]
    priority: Float[np.ndarray, " slots"]
    ties: Int[np.ndarray, " slots"]


class Members(NamedTuple):
    """Words against sets. key_is_word: keys have a word each and queries a set each, or the other way round. word:
    below size. sets: bit b of byte a of a slot says whether 8 a + b is a member."""

    key_is_word: bool
    word: Int[np.ndarray, " slots"]
    sets: UInt8[np.ndarray, "slots bytes"]
    size: int


class Buckets:
    """Keys and queries, ready to be found. keys, queries: pairwise, int64 (slots,), not negative; equal if all of them
    are (none: everything matches). Raises `InputError` for more buckets than there is memory for.

    >>> x = np.array([9, 5, 6, 5])
    >>> found = Buckets([x], [x], (), 4, causal=True).best(np.zeros(4))
    >>> found.slot.tolist(), found.ties.tolist()
    ([0, 1, 2, 3], [0, 1, 1, 2])
    """

    def __init__(
        self,
        keys: list[np.ndarray],
        queries: list[np.ndarray],
        members: tuple[Members, ...],
        slots: int,
        *,
        causal: bool,
    ) -> None:
        self.slots, self.causal, self.members = slots, causal, members
        if len(keys) > 1:
            keys, queries = ([folded] for folded in combine(keys, queries))
        nothing = np.zeros(slots, np.int64)
        self.keys, self.queries, self.ids = numbered(keys[0], queries[0]) if keys else (nothing, nothing, 1)
        sets = [each.sets for each in members]
        self._members = (
            np.array([each.key_is_word for each in members], bool),
            np.array([each.word for each in members], np.int32).reshape(len(members), slots),
            np.concatenate([np.zeros((slots, 0), np.uint8), *sets], 1),
            np.cumsum([0, *(each.shape[1] for each in sets)]),
            np.array([each.size for each in members], np.int64),
        )
        self._codes, self.capacity, self.most = self._room()

    def best(self, priority: Float[np.ndarray, " slots"]) -> Best:
        """The best keys for each query."""
        slot, many = np.zeros(self.slots, np.int32), np.zeros(self.slots, np.int32)
        best = np.empty(self.slots)
        if self.members:
            room = (self._codes.copy(), self.capacity, self.most)
            kernels.best_of_sets(
                self.keys, self.queries, priority, self.causal, *self._members, *room, slot, best, many
            )
        else:
            kernels.best_of_codes(self.keys, self.queries, self.ids, priority, self.causal, slot, best, many)
        return Best(slot, best, many)

    def among(self, priority: Float[np.ndarray, " slots"], wanted: Float[np.ndarray, " slots"]) -> Buckets:
        """The same with only the keys of the priority that each query wants."""
        ranks = np.unique(np.concatenate([priority, wanted]), return_inverse=True)[1]
        keys, queries = [self.keys, ranks[: self.slots]], [self.queries, ranks[self.slots :]]
        return Buckets(keys, queries, self.members, self.slots, causal=self.causal)

    def sums(self, values: list[Float[np.ndarray, " slots"]]) -> list[Float[np.ndarray, " slots"]]:
        """Of each column the sum over the keys that agree with each query.

        >>> x = np.array([9, 5, 6, 5])
        >>> Buckets([x], [x], (), 4, causal=True).sums([np.array([0.0, 1.0, 2.0, 4.0])])[0].tolist()
        [0.0, 1.0, 2.0, 5.0]
        """
        found: list[np.ndarray] = []
        width = min(64, max(1, _HELD // max(self.slots, self.capacity)))
        for first in range(0, len(values), width):
            columns = np.stack(values[first : first + width], 1)
            out = np.zeros_like(columns)
            room = (self._codes.copy(), self.capacity, self.most)
            kernels.sum_of_sets(self.keys, self.queries, columns, self.causal, *self._members, *room, out)
            found += list(np.ascontiguousarray(out.T))
        return found

    def _room(self) -> tuple[np.ndarray, int, int]:
        """Codes of buckets, -1 each (none: few enough to be found by their code), how many there is room for, and the
        most buckets of one slot."""
        codes = self.ids
        for each in self.members:
            codes *= each.size
        most, stand = 1, np.ones(self.slots)
        for as_key in (True, False):
            number = np.ones(self.slots)
            for each in self.members:
                if each.key_is_word != as_key:
                    number *= kernels.members(each.sets)
            most = max(most, int(number.max(initial=0)))
            stand = number if as_key else stand
        buckets = min(codes, int(stand.sum()) + 1)
        if buckets > MOST_BUCKETS or most > MOST_BUCKETS or codes >= 1 << 62:
            raise InputError(
                f"its sets have {int(stand.sum()):,} members together, and a slot up to {most:,}; hash attention has "
                f"memory for {MOST_BUCKETS:,}"
            )
        if codes <= _DENSE or not self.members:
            return np.zeros(0, np.int64), codes, most
        capacity = 1 << (2 * buckets).bit_length()
        return np.full(capacity, -1, np.int64), capacity, most
