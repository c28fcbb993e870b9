"""Compiled loops over buckets: a key stands in the bucket of its code, a query looks into its own. With sets, a key
that has one stands in a bucket for each member, and a query that has one looks into one for each. Slot 0 is no key."""

import numpy as np
from numba import njit


@njit(cache=True)
def best_of_codes(keys, queries, num_ids, priority, causal, slot, best, many):
    """Without sets: for each query the latest of the best keys, their priority, their number."""
    top = np.full(num_ids, -np.inf)
    at = np.zeros(num_ids, np.int32)
    ties = np.zeros(num_ids, np.int32)
    slots = keys.size
    for step in range(1 if causal else 2):
        for i in range(slots):
            if i and (causal or step == 0):
                key = keys[i]
                if priority[i] > top[key]:
                    top[key], at[key], ties[key] = priority[i], i, 1
                elif priority[i] == top[key]:
                    at[key] = i
                    ties[key] += 1
            if causal or step == 1:
                query = queries[i]
                slot[i], best[i], many[i] = at[query], top[query], ties[query]


@njit(cache=True)
def members(packed):
    """How many members the set of each row has."""
    out = np.zeros(packed.shape[0], np.int64)
    for i in range(packed.shape[0]):
        for byte in range(packed.shape[1]):
            value = packed[i, byte]
            while value:
                value &= value - np.uint8(1)
                out[i] += 1
    return out


@njit(cache=True)
def _expand(base, i, as_key, key_is_hot, place, packed, ends, sizes, buffer, other):
    """The buckets of slot i in `buffer`, and how many."""
    buffer[0] = base
    number = 1
    for r in range(sizes.size):
        if key_is_hot[r] == as_key:
            for t in range(number):
                buffer[t] = buffer[t] * sizes[r] + place[r, i]
            continue
        found = 0
        for byte in range(ends[r], ends[r + 1]):
            value = packed[i, byte]
            if value:
                for bit in range(8):
                    if value >> bit & 1:
                        member = 8 * (byte - ends[r]) + bit
                        for t in range(number):
                            other[found] = buffer[t] * sizes[r] + member
                            found += 1
        for t in range(found):
            buffer[t] = other[t]
        number = found
    return number


@njit(cache=True)
def _bucket(codes, code, make):
    """Where a code's bucket is, -1 if there is none; `codes` of size 0: the code itself."""
    if codes.size == 0:
        return code
    mask = np.uint64(codes.size - 1)
    at = (np.uint64(code) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(17) & mask
    while codes[at] >= 0 and codes[at] != code:
        at = (at + np.uint64(1)) & mask
    if codes[at] < 0:
        if not make:
            return -1
        codes[at] = code
    return np.int64(at)


@njit(cache=True)
def best_of_sets(
    keys, queries, priority, causal, key_is_hot, place, packed, ends, sizes, codes, capacity, most, slot, best, many
):
    """With sets: the same. codes: empty, or room for as many buckets as `capacity`, -1 each."""
    top = np.full(capacity, -np.inf)
    at = np.zeros(capacity, np.int32)
    ties = np.zeros(capacity, np.int32)
    buffer, other = np.empty(most, np.int64), np.empty(most, np.int64)
    for step in range(1 if causal else 2):
        for i in range(keys.size):
            if i and (causal or step == 0):
                for t in range(_expand(keys[i], i, True, key_is_hot, place, packed, ends, sizes, buffer, other)):
                    b = _bucket(codes, buffer[t], True)
                    if priority[i] > top[b]:
                        top[b], at[b], ties[b] = priority[i], i, 1
                    elif priority[i] == top[b]:
                        at[b] = i
                        ties[b] += 1
            if causal or step == 1:
                best[i] = -np.inf
                for t in range(_expand(queries[i], i, False, key_is_hot, place, packed, ends, sizes, buffer, other)):
                    b = _bucket(codes, buffer[t], False)
                    if b < 0 or top[b] == -np.inf:
                        continue
                    if top[b] > best[i]:
                        slot[i], best[i], many[i] = at[b], top[b], ties[b]
                    elif top[b] == best[i]:
                        slot[i] = max(slot[i], at[b])
                        many[i] += ties[b]


@njit(cache=True)
def sum_of_sets(
    keys, queries, values, causal, key_is_hot, place, packed, ends, sizes, codes, capacity, most, out
):  # fmt: skip
    """For each query the sum of `values`, (slots, columns), over the keys in its buckets."""
    columns = values.shape[1]
    sums = np.zeros((capacity, columns))
    buffer, other = np.empty(most, np.int64), np.empty(most, np.int64)
    for step in range(1 if causal else 2):
        for i in range(keys.size):
            if i and (causal or step == 0):
                for t in range(_expand(keys[i], i, True, key_is_hot, place, packed, ends, sizes, buffer, other)):
                    b = _bucket(codes, buffer[t], True)
                    for c in range(columns):
                        sums[b, c] += values[i, c]
            if causal or step == 1:
                for t in range(_expand(queries[i], i, False, key_is_hot, place, packed, ends, sizes, buffer, other)):
                    b = _bucket(codes, buffer[t], False)
                    if b >= 0:
                        for c in range(columns):
                            out[i, c] += sums[b, c]
