"""Buckets against every pair compared; more than there is memory for is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.transformer import buckets
from logdepth.transformer.buckets import Buckets, Members


def agrees(keys: list, queries: list, members: tuple[Members, ...], i: int, j: int) -> bool:
    """Whether key j agrees with query i, by definition."""
    for each in members:
        word, of = (each.word[j], i) if each.key_is_word else (each.word[i], j)
        if not each.sets[of, word // 8] >> (word % 8) & 1:
            return False
    return all(key[j] == query[i] for key, query in zip(keys, queries, strict=True))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 20), st.integers(1, 14), st.integers(0, 2), st.booleans(), st.integers(0, 2), st.booleans())
def test_buckets_are_all_pairs(seed: int, slots: int, pairs: int, causal: bool, related: int, dense: bool) -> None:
    rng = np.random.default_rng(seed)
    spread = 1 << int(rng.integers(1, 40))
    keys = [rng.integers(0, 3, slots) * spread for _ in range(pairs)]
    queries = [rng.integers(0, 3, slots) * spread for _ in range(pairs)]
    members = []
    for _ in range(related):
        size = int(rng.integers(1, 12))
        sets = rng.integers(0, 256, (slots, -(-size // 8))).astype(np.uint8)
        sets[:, -1] &= (1 << (size - 1) % 8 + 1) - 1
        members.append(Members(bool(rng.integers(2)), rng.integers(0, size, slots).astype(np.int32), sets, size))
    members = tuple(members)
    priority, values = rng.integers(0, 3, slots).astype(float), rng.integers(0, 9, slots).astype(float)
    limit = buckets._DENSE
    buckets._DENSE = limit if dense else 0
    try:
        found = Buckets(keys, queries, members, slots, causal=causal)
        best, sums = found.best(priority), found.sums([values, values + 1])
        top = found.among(priority, best.priority).sums([values])[0]
    finally:
        buckets._DENSE = limit
    for i in range(slots):
        there = range(1, i + 1 if causal else slots)
        match = [j for j in there if agrees(keys, queries, members, i, j)]
        highest = max((priority[j] for j in match), default=-np.inf)
        among = [j for j in match if priority[j] == highest]
        assert (best.priority[i], best.ties[i]) == (highest, len(among))
        assert best.slot[i] == max(among, default=0)
        assert sums[0][i] == values[match].sum() and sums[1][i] == (values + 1)[match].sum()
        assert top[i] == values[among].sum()


def test_more_buckets_than_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = np.full((40, 2), 255, np.uint8)
    members = (Members(False, np.zeros(40, np.int32), everything, 16),)
    for most, refused in ((16 * 40, False), (100, True)):
        monkeypatch.setattr(buckets, "MOST_BUCKETS", most)
        keys = [np.arange(40)]
        if refused:
            with pytest.raises(InputError, match=r"640 members together, and a slot up to 16; .* memory for 100"):
                Buckets(keys, keys, members, 40, causal=True)
        else:
            Buckets(keys, keys, members, 40, causal=True)
