"""Random k-hop instances with their labels, fast and reproducible.

String number i of a stream depends on (seed, split, i) alone: not on the batch size, the platform or the
order in which batches are asked for. Draws are exactly uniform (rejection, no modulo bias).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from logdepth.errors import InputError
from logdepth.rng import key_for
from logdepth.tasks.draws import GOLDEN, below, start
from logdepth.tasks.task import Batch, task_vocabulary
from logdepth.vocabulary import Vocabulary


@dataclass(frozen=True)
class KhopSampler:
    """A reproducible stream of k-hop instances.

    Token ids are the task's (`vocabulary`); with `max_k` (k uniform in 0..max_k, said by the header) they are those of
    the paper's released models. `repeats` allows adjacent equal symbols (the paper: no). `planted` builds every
    string so that its last position has all its k hops. `dtype` defaults to the smallest that holds the ids.

    >>> sampler = KhopSampler(length=10, alphabet_size=4, max_k=3, seed=0)
    >>> batch = sampler.batch(0, 5)
    >>> batch.inputs.shape, batch.targets.shape, batch.inputs.dtype
    ((5, 11), (5, 11), dtype('uint8'))
    >>> bool((sampler.batch(3, 1).inputs[0] == batch.inputs[3]).all())
    True
    """

    length: int
    alphabet_size: int
    k: int | None = None
    max_k: int | None = None
    repeats: bool = False
    planted: bool = False
    labels: str = "all"
    seed: int = 0
    split: str = "train"
    dtype: str | None = None

    def __post_init__(self) -> None:
        if (self.k is None) == (self.max_k is None):
            raise InputError("give either k or max_k")
        hops = self.largest_k
        for name, value, least in (("length", self.length, 1), ("alphabet", self.alphabet_size, 1), ("k", hops, 0)):
            if value < least:
                raise InputError(f"{name} is {value}; it must be at least {least}")
        if self.alphabet_size == 1 and not self.repeats and self.length > 1:
            raise InputError("one symbol without adjacent repeats allows only length 1; allow repeats")
        if self.alphabet_size > 65_535:
            raise InputError(f"alphabet is {self.alphabet_size}; the sampler takes at most 65,535 symbols")
        if self.labels not in ("all", "last"):
            raise InputError(f"labels is {self.labels!r}; it must be 'all' or 'last'")
        if self.planted and hops and self.length < hops + 2:
            raise InputError(
                f"planted strings with {hops} hops need length {hops + 2} at least; length is {self.length}"
            )
        if np.iinfo(self.array_dtype).max < self.vocabulary.size - 1:
            raise InputError(f"dtype {self.dtype} does not hold token id {self.vocabulary.size - 1}")

    @property
    def largest_k(self) -> int:
        return self.k if self.k is not None else self.max_k if self.max_k is not None else 0

    @property
    def vocabulary(self) -> Vocabulary:
        return task_vocabulary(self.alphabet_size, self.max_k)

    @property
    def array_dtype(self) -> np.dtype:
        return np.dtype(self.dtype) if self.dtype else np.min_scalar_type(self.vocabulary.size - 1)

    def batch(self, first: int, count: int) -> Batch:
        """Strings number `first` .. `first + count - 1` of the stream."""
        size, n = self.alphabet_size, self.length
        ids = self.vocabulary
        inputs = np.empty((count, n + 1), self.array_dtype)
        every = self.labels == "all"
        targets = np.empty((count, n + 1 if every else 1), self.array_dtype)
        hops = np.empty(count, np.int64)
        key = np.uint64(key_for(self.seed, "khop", self.split))
        bits = int(size).bit_length()
        packed = (self.largest_k + 1) * bits <= 64
        fixed = -1 if self.k is None else self.k
        common = (key, np.uint64(first), size, fixed, self.largest_k, ids.first_symbol, every)
        if self.planted:
            _sample_planted(*common, self.repeats, inputs, targets, hops)
        elif packed:
            _sample_packed(*common, self.repeats, np.uint64(bits), inputs, targets, hops)
        else:
            _sample_plain(*common, self.repeats, inputs, targets, hops)
        inputs[:, 0] = hops if ids.header_size else ids.start
        if every:
            targets[:, 0] = ids.unasked
        return Batch(inputs, targets if every else targets[:, 0], hops)

    def dataset(self, size: int, first: int = 0) -> Any:
        """`size` instances as a torch dataset for a Hugging Face Trainer (needs torch; see `dataset.py`)."""
        from logdepth.tasks.dataset import TaskDataset

        return TaskDataset(self, size, first)


def khop_batches(sampler: KhopSampler, batch_size: int, first: int = 0) -> Iterator[Batch]:
    """Batch after batch, without end.

    >>> batches = khop_batches(KhopSampler(length=5, alphabet_size=3, k=1), 2)
    >>> next(batches).inputs.shape
    (2, 6)
    """
    while True:
        yield sampler.batch(first, batch_size)
        first += batch_size


@njit(cache=True)
def _draw_string(state, size, most, repeats, draws, symbols):
    """k and the symbols of one string: what `below` gives draw by draw, all draws at once (loops that
    vectorise) unless one of them has to be rejected. `most` < 0: no k is drawn. Symbols are offsets from their
    left neighbour's (skipping it) where repeats are not allowed, but for the first."""
    n = symbols.size
    limit = np.uint32(size if repeats or size == 1 else size - 1)
    for word in range((n + 4) // 4):
        z = state + np.uint64(word + 1) * GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
        draws[4 * word] = z & np.uint64(0xFFFF)
        draws[4 * word + 1] = (z >> np.uint64(16)) & np.uint64(0xFFFF)
        draws[4 * word + 2] = (z >> np.uint64(32)) & np.uint64(0xFFFF)
        draws[4 * word + 3] = z >> np.uint64(48)
    skip = 1 if most >= 0 else 0
    product = draws[0] * np.uint32(most + 1)
    k = np.int64(product >> np.uint32(16)) if most >= 0 else -1
    rejected = most >= 0 and (product & np.uint32(0xFFFF)) < np.uint32(65536) % np.uint32(most + 1)
    product = draws[skip] * np.uint32(size)
    symbols[0] = product >> np.uint32(16)
    rejected |= (product & np.uint32(0xFFFF)) < np.uint32(65536) % np.uint32(size)
    threshold = np.uint32(65536) % limit
    low = 0
    for i in range(1, n):
        product = draws[skip + i] * limit
        symbols[i] = product >> np.uint32(16)
        low += (product & np.uint32(0xFFFF)) < threshold
    if not (rejected or low):
        return k
    pool, left = np.uint64(0), 0
    if most >= 0:
        drawn, state, pool, left = below(np.uint64(most + 1), state, pool, left)
        k = np.int64(drawn)
    for i in range(n):
        drawn, state, pool, left = below(np.uint64(size if i == 0 else limit), state, pool, left)
        symbols[i] = drawn
    return k


@njit(cache=True)
def _sample_packed(key, first, size, fixed, most, offset, every, repeats, bits, inputs, targets, hops):
    """One pass: a position's whole hop history X, X_find, X_find^2, .. is one 64-bit word.

    find(i) is the slot after the latest X_i, so history(i) = X_i followed by the history of that slot; the
    table keeps, for each symbol, the history of the slot after its latest occurrence.
    """
    n = inputs.shape[1] - 1
    table = np.empty(size, np.uint64)
    nothing = np.uint64(0)
    for _ in range(64 // bits):
        nothing = (nothing << bits) | np.uint64(size)
    loops = np.empty(size, np.uint64)  # an adjacent repeat points at itself: its history is itself for ever
    for a in range(size):
        loops[a] = np.uint64(0)
        for _ in range(64 // bits):
            loops[a] = (loops[a] << bits) | np.uint64(a)
    mask = (np.uint64(1) << bits) - np.uint64(1)
    shifted = np.uint64(offset)  # unsigned throughout: mixed signs would make numba fall back to floating point
    draws = np.empty(n + 8, np.uint32)
    symbols = np.empty(n, np.uint32)
    for s in range(inputs.shape[0]):
        drawn = _draw_string(start(key, first + np.uint64(s)), size, most if fixed < 0 else -1, repeats, draws, symbols)
        k = np.uint64(drawn if fixed < 0 else fixed)
        hops[s] = k
        shift = k * bits
        table[:] = nothing
        previous = np.uint64(symbols[0])
        history = (nothing << bits) | previous
        inputs[s, 1] = shifted + previous
        if every:
            targets[s, 1] = shifted + ((history >> shift) & mask)
        for i in range(1, n):
            a = np.uint64(symbols[i])
            if repeats:
                history = loops[a] if a == previous else (table[a] << bits) | a
            else:
                a += np.uint64(a >= previous)
                history = (table[a] << bits) | a
            table[previous] = history
            previous = a
            inputs[s, i + 1] = shifted + a
            if every:
                targets[s, i + 1] = shifted + ((history >> shift) & mask)
        if not every:
            targets[s, 0] = shifted + ((history >> shift) & mask)


@njit(cache=True)
def _label(string, k, size, every, offset, targets):
    """Labels of one string (slots 0..n) by find and pointer doubling, for k and alphabets of any size."""
    slots = string.size
    after = np.zeros(size, np.int64)
    square = np.zeros(slots, np.int64)
    for i in range(1, slots):
        if i > 1:
            after[string[i - 1]] = i
        square[i] = after[string[i]]
    power = np.arange(slots)
    while k > 0:
        if k & 1:
            for i in range(slots):
                power[i] = square[power[i]]
        k >>= 1
        if k > 0:
            square = square[square]
    if every:
        for i in range(1, slots):
            targets[i] = offset + (string[power[i]] if power[i] else size)
    else:
        last = power[slots - 1]
        targets[0] = offset + (string[last] if last else size)


@njit(cache=True)
def _sample_plain(key, first, size, fixed, most, offset, every, repeats, inputs, targets, hops):
    n = inputs.shape[1] - 1
    string = np.zeros(n + 1, np.int64)
    for s in range(inputs.shape[0]):
        state = start(key, first + np.uint64(s))
        pool, left = np.uint64(0), 0
        k = np.uint64(fixed)
        if fixed < 0:
            k, state, pool, left = below(np.uint64(most + 1), state, pool, left)
        hops[s] = k
        for i in range(1, n + 1):
            whole = repeats or i == 1
            a, state, pool, left = below(np.uint64(size if whole else size - 1), state, pool, left)
            string[i] = np.int64(a)
            if not whole and string[i] >= string[i - 1]:
                string[i] += 1
        _write(string, hops[s], size, offset, every, inputs[s], targets[s])


@njit(cache=True)
def _write(string, k, size, offset, every, inputs, targets):
    for i in range(1, string.size):
        inputs[i] = offset + string[i]
    _label(string, k, size, every, offset, targets)


@njit(cache=True)
def _sample_planted(key, first, size, fixed, most, offset, every, repeats, inputs, targets, hops):
    """Strings in which the last position has k hops, written from right to left.

    The pointers n = i_0 > i_1 > .. > i_k >= 2 are drawn first: k gaps of at least 1 that share the room n - 2
    (a random subset; with two symbols every gap is 1). Slots i_(m+1) .. i_m - 1 avoid the symbol
    of i_m, slot i_(m+1) - 1 holds it: then find(i_m) = i_(m+1). Each free slot avoids at most that symbol and
    (without repeats) its right neighbour, so three symbols are always enough. Adjacent repeats, where
    allowed, occur only off the path, since on it a gap of 0 would be a hop that goes nowhere.
    """
    n = inputs.shape[1] - 1
    string = np.zeros(n + 1, np.int64)
    chosen = np.zeros(n + 1, np.bool_)
    for s in range(inputs.shape[0]):
        state = start(key, first + np.uint64(s))
        pool, left = np.uint64(0), 0
        k = np.int64(fixed)
        if fixed < 0:
            drawn, state, pool, left = below(np.uint64(most + 1), state, pool, left)
            k = np.int64(drawn)
        hops[s] = k
        # the k pointers: a random k-subset of slots 2..n-1 (selection sampling); adjacent for two symbols
        chosen[:] = False
        missing = k
        for j in range(2, n):
            if missing == 0:
                break
            if size <= 2:
                take = n - j <= k
            else:
                draw, state, pool, left = below(np.uint64(n - j), state, pool, left)
                take = np.int64(draw) < missing
            if take:
                chosen[j] = True
                missing -= 1
        symbol, state, pool, left = below(np.uint64(size), state, pool, left)
        string[n] = np.int64(symbol)
        avoid = string[n]  # the symbol of the current i_m, while its pointer is still to come
        owed = k
        for j in range(n - 1, 0, -1):
            if owed < k and chosen[j + 1]:
                string[j] = avoid  # slot i_(m+1) - 1 repeats the symbol of i_m
                avoid = string[j + 1] if owed > 0 else -1
            else:
                while True:
                    symbol, state, pool, left = below(np.uint64(size), state, pool, left)
                    string[j] = np.int64(symbol)
                    on_path = owed > 0
                    if not (on_path and string[j] == avoid) and (repeats or string[j] != string[j + 1]):
                        break
            if chosen[j]:
                owed -= 1
        _write(string, k, size, offset, every, inputs[s], targets[s])
