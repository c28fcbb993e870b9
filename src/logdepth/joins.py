"""The join kernel: for every query, the best position whose key equals it. Near-linear, one pass.

Positions are slots 0..n of a row; slot 0 is the start token. Candidates are the slots 1..length (under a
causal mask only those up to the query's own slot); where none matches the answer is slot 0, so that
`value[answer]` needs no case for "none". Written once for the interpreter and whatever joins later.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_DENSE_SLACK = 4096
_WORD = 1 << 62  # codes stay below this


@njit(cache=True)
def _hash_ids(keys, queries):
    """Number the distinct keys 0..; a query that is no key gets the id past the last (nothing is there)."""
    n = keys.size
    size = 16
    while size < 2 * n + 2:
        size *= 2
    mask = np.uint64(size - 1)
    slots = np.full(size, -1, np.int64)
    values = np.empty(size, np.int64)
    key_ids = np.empty(n, np.int64)
    query_ids = np.empty(queries.size, np.int64)
    distinct = 0
    for i in range(n):
        key = keys[i]
        at = (np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(17) & mask
        while slots[at] >= 0 and values[at] != key:
            at = (at + np.uint64(1)) & mask
        if slots[at] < 0:
            slots[at] = distinct
            values[at] = key
            distinct += 1
        key_ids[i] = slots[at]
    for i in range(queries.size):
        query = queries[i]
        at = (np.uint64(query) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(17) & mask
        while slots[at] >= 0 and values[at] != query:
            at = (at + np.uint64(1)) & mask
        query_ids[i] = slots[at] if slots[at] >= 0 else distinct
    return key_ids, query_ids, distinct + 1


@njit(cache=True)
def _latest(keys, queries, num_ids, length, causal, out):
    seen = np.zeros(num_ids, np.int64)
    if not causal:
        for j in range(1, length + 1):
            seen[keys[j]] = j
    for i in range(queries.size):
        if causal and 1 <= i <= length:
            seen[keys[i]] = i
        out[i] = seen[queries[i]]


@njit(cache=True)
def _earliest(keys, queries, num_ids, length, causal, out):
    seen = np.zeros(num_ids, np.int64)
    if not causal:
        for j in range(length, 0, -1):
            seen[keys[j]] = j
    for i in range(queries.size):
        if causal and 1 <= i <= length and seen[keys[i]] == 0:
            seen[keys[i]] = i
        out[i] = seen[queries[i]]


@njit(cache=True)
def _greatest(keys, queries, order, num_ids, length, causal, out):
    """The slot with the greatest order among the matches; the latest among equals."""
    seen = np.zeros(num_ids, np.int64)
    if not causal:
        for j in range(1, length + 1):
            old = seen[keys[j]]
            if old == 0 or order[j] >= order[old]:
                seen[keys[j]] = j
    for i in range(queries.size):
        if causal and 1 <= i <= length:
            old = seen[keys[i]]
            if old == 0 or order[i] >= order[old]:
                seen[keys[i]] = i
        out[i] = seen[queries[i]]


@njit(cache=True)
def _counts(keys, queries, num_ids, length, causal, out):
    seen = np.zeros(num_ids, np.int64)
    if not causal:
        for j in range(1, length + 1):
            seen[keys[j]] += 1
    for i in range(queries.size):
        if causal and 1 <= i <= length:
            seen[keys[i]] += 1
        out[i] = seen[queries[i]]


@njit(cache=True)
def _unions(keys, queries, values, num_ids, length, causal, out):
    """The bitwise OR of the values of all matches; 0 at slot 0, which asks nothing."""
    seen = np.zeros(num_ids, np.int64)
    if not causal:
        for j in range(1, length + 1):
            seen[keys[j]] |= values[j]
    for i in range(queries.size):
        if causal and 1 <= i <= length:
            seen[keys[i]] |= values[i]
        out[i] = seen[queries[i]] if i > 0 else 0


def combine(words: list[np.ndarray], others: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Fold several key words and their query words into one non-negative code each, equal iff all are equal.

    `words` and `others` are integer arrays of one common shape, pairwise key and query.
    """
    shape = np.broadcast_shapes(*(a.shape for a in (*words, *others)))
    keys = np.zeros(shape, np.int64)
    queries = np.zeros(shape, np.int64)
    size = 1
    for key, query in zip(words, others, strict=True):
        low = min(int(key.min()), int(query.min()))
        span = max(int(key.max()), int(query.max())) - low + 1
        if size * span >= _WORD:  # too wide for one word: renumber what occurs so far
            keys, queries, size = _renumbered(keys, queries)
        if size * span >= _WORD:  # still: renumber this pair, too
            (key, query, span), low = _renumbered(*np.broadcast_arrays(key, query)), 0
        assert size * span < _WORD, (size, span)  # squares of how many values there are: a billion fit
        keys = keys * span + (key - low)
        queries = queries * span + (query - low)
        size *= span
    return keys, queries


def _renumbered(keys: np.ndarray, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Both as ranks among all their values, and how many values there are."""
    values, codes = np.unique(np.concatenate([keys.ravel(), queries.ravel()]), return_inverse=True)
    codes = codes.ravel()
    return codes[: keys.size].reshape(keys.shape), codes[keys.size :].reshape(queries.shape), len(values)


def join(
    kind: str,
    keys: np.ndarray,
    queries: np.ndarray,
    lengths: np.ndarray,
    *,
    order: np.ndarray | None = None,
    causal: bool = True,
) -> np.ndarray:
    """For every query slot, the matching slot (kinds last, first, highest, lowest), their number (count), or the
    bitwise OR of their `order` (union; 0 at slot 0).

    Shapes: `keys`, `queries`, `order` and the answer are `(batch, n + 1)` int64 (keys and queries not
    negative), `lengths` is `(batch,)`. Slot 0 where nothing matches. Ties of `order` go to the latest slot.

    >>> x = np.array([[9, 5, 6, 5, 5]])
    >>> join("last", x, x, np.array([4])).tolist(), join("count", x, x, np.array([4])).tolist()
    ([[0, 1, 2, 3, 4]], [[0, 1, 1, 2, 3]])
    """
    batch, slots = keys.shape
    out = np.empty((batch, slots), np.int64)
    dense = int(max(keys.max(initial=0), queries.max(initial=0))) + 1
    for row in range(batch):
        row_keys, row_queries, num_ids = keys[row], queries[row], dense
        if dense > 4 * slots + _DENSE_SLACK:
            row_keys, row_queries, num_ids = _hash_ids(row_keys, row_queries)
        length = int(lengths[row])
        if kind == "last":
            _latest(row_keys, row_queries, num_ids, length, causal, out[row])
        elif kind == "first":
            _earliest(row_keys, row_queries, num_ids, length, causal, out[row])
        elif kind == "count":
            _counts(row_keys, row_queries, num_ids, length, causal, out[row])
        elif kind == "union":
            assert order is not None
            _unions(row_keys, row_queries, np.ascontiguousarray(order[row]), num_ids, length, causal, out[row])
        else:
            assert order is not None and kind in ("highest", "lowest"), kind
            signed = order[row] if kind == "highest" else -order[row]
            _greatest(row_keys, row_queries, signed, num_ids, length, causal, out[row])
    return out


def numbered(keys: np.ndarray, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Keys and queries, int64 (slots,) and not negative, as numbers below a bound near the number of slots, equal iff
    they were; and the bound.

    >>> numbered(np.array([1 << 40, 7]), np.array([7, 8]))
    (array([0, 1]), array([1, 2]), 3)
    """
    dense = int(max(keys.max(initial=0), queries.max(initial=0))) + 1
    return (keys, queries, dense) if dense <= 4 * len(keys) + _DENSE_SLACK else _hash_ids(keys, queries)


_KERNELS = {"last": 0, "at": 0, "first": 1, "count": 2, "highest": 3, "lowest": 3, "union": 4}


@njit(cache=True, nogil=True)
def _join_blocks(kernel, offsets, keys, queries, order, causal, out):
    for block in range(offsets.size - 1):
        low, high = offsets[block], offsets[block + 1]
        ids, wanted, num_ids = _hash_ids(keys[low:high], queries[low:high])
        if kernel == 0:
            _latest(ids, wanted, num_ids, high - low - 1, causal, out[low:high])
        elif kernel == 1:
            _earliest(ids, wanted, num_ids, high - low - 1, causal, out[low:high])
        elif kernel == 2:
            _counts(ids, wanted, num_ids, high - low - 1, causal, out[low:high])
        elif kernel == 4:
            _unions(ids, wanted, order[low:high], num_ids, high - low - 1, causal, out[low:high])
        else:
            _greatest(ids, wanted, order[low:high], num_ids, high - low - 1, causal, out[low:high])


def join_blocks(
    kind: str,
    offsets: np.ndarray,
    keys: np.ndarray,
    queries: np.ndarray,
    *,
    order: np.ndarray | None = None,
    causal: bool = True,
) -> np.ndarray:
    """`join` on rows of different lengths that stand one after another, in one pass: the slot within its own row.

    Row r has slots `offsets[r]` to `offsets[r + 1]`, slot 0 first; all arrays are int64, (slots,). `order` counts
    upwards for both `highest` and `lowest`; of a `union` it is what is united.

    >>> x = np.array([9, 5, 6, 5, 9, 5])
    >>> join_blocks("last", np.array([0, 4, 6]), x, x).tolist()
    [0, 1, 2, 3, 0, 1]
    """
    out = np.empty(len(keys), np.int64)
    _join_blocks(_KERNELS[kind], offsets, keys, queries, keys if order is None else order, causal, out)
    return out


def join_by_address(address: np.ndarray, lengths: np.ndarray, *, causal: bool = True) -> np.ndarray:
    """Slot `address` where it is a visible candidate, else slot 0. Shapes `(batch, n + 1)` and `(batch,)`.

    >>> join_by_address(np.array([[5, -1, 1, 9]]), np.array([3])).tolist()
    [[0, 0, 1, 0]]
    """
    slots = address.shape[1]
    limit = np.minimum(np.arange(slots), lengths[:, None]) if causal else lengths[:, None]
    return np.where((address >= 1) & (address <= limit), address, 0)
