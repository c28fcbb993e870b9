"""A table as few threshold gates: sums of `[L >= t]`, L an integer form of the bits that it reads, in one hidden layer.

Along a form L on which the table's values depend, there is a gate wherever they change. Every table depends on the
mixed-radix index of its words; many depend on less: a sum modulo m on the plain sum, an order on a difference, a parity
on how many bits are 1, a word's lowest bits on themselves. So forms are searched:

- *orders*: the mixed-radix index with another word in front, or a word counted down;
- *merges*: words, or bits, put together one after another with the least weight on which the table still depends
  (0: it does not depend on that one at all);
- *splits*: a form for each value of a word or a bit, gated as choices are, `L + M (literals that hold - all) >= t`;

for all bits of the table's values at once, where a gate serves them all, and bit by bit. The fewest gates win, the
plain index where it ties. The plan is evaluated at every point of the table before it is used.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

_WORK = 20_000_000  # points looked at in one search, at most, and for each gate that might be saved
_WORK_PER_GATE = 100_000
_WORK_AT_LEAST = 250_000
_WORK_PER_CALL = 3_000  # what looking at no points at all takes, in points
_SMALL_WEIGHTS = 12
_WIDEST_SPLIT = 16  # values of a word that is split on
_DEEPEST_SPLIT = 4
_SHARED = 64  # gates that leaves may have in common
_LARGEST_SUM = 4096  # of weights, where the plain index has less: far from what any number format rounds
_FEW = 1024  # points up to which a split's parts are searched like the whole

Weights = tuple[int, ...]
Literal = tuple[int, int]  # (column, its value)


@dataclass(frozen=True)
class TableWord:
    """A word as a table reads it: codes `first .. first + size - 1`, bits (column, sign), the least significant first.

    sign -1: the bit is 1 where the column is 0. Words that share a column share that bit."""

    first: int
    size: int
    bits: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class TableGate:
    """`[weights . columns >= threshold]`."""

    weights: Weights
    threshold: int


@dataclass(frozen=True)
class TablePlan:
    """Gates, and for every bit of the result its constant and the gates that change it: (gate, +1 or -1)."""

    gates: tuple[TableGate, ...]
    bits: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]

    @property
    def largest_sum(self) -> int:
        """The largest sum of a gate's weights: what its rounding grows with."""
        return max((sum(map(abs, gate.weights)) for gate in self.gates), default=0)

    def evaluate(self, columns: np.ndarray) -> np.ndarray:
        """The codes at points, given as bits `(points, columns)`."""
        steps: dict[Weights, list[tuple[int, int]]] = {}  # of gates along one form: (threshold, gate)
        for number, gate in enumerate(self.gates):
            steps.setdefault(gate.weights, []).append((gate.threshold, number))
        change = np.zeros(len(self.gates), np.int64)  # what a gate adds to the code
        for place, (_, parts) in enumerate(self.bits):
            for number, sign in parts:
                change[number] += sign << place
        found = np.full(len(columns), sum(constant << place for place, (constant, _) in enumerate(self.bits)), np.int64)
        for weights, along in steps.items():
            thresholds, numbers = zip(*sorted(along), strict=True)
            fired = np.searchsorted(thresholds, columns @ np.array(weights, np.int64), "right")
            found += np.concatenate([[0], np.cumsum(change[list(numbers)])])[fired]
        return found


@lru_cache(maxsize=512)
def plan_table(
    words: tuple[TableWord, ...], codes: tuple[int, ...], num_bits: int, base: int | None = None, *, plain: bool = False
) -> TablePlan:
    """A table's gates: the fewest that the search finds, at most those of the plain index.

    codes: the result's, in the order of the words' codes (the last word's run fastest). base: the code that the
    constants are to be, if that matters: what is left where all gates are shut. plain: by the index, without a search.

    >>> bits = [TableWord(0, 2, ((column, 1),)) for column in range(3)]
    >>> parity = plan_table(tuple(bits), (0, 1, 1, 0, 1, 0, 0, 1), 1)
    >>> [(gate.weights, gate.threshold) for gate in parity.gates]  # by its index: 5 gates
    [((1, 1, 1), 1), ((1, 1, 1), 2), ((1, 1, 1), 3)]
    """
    search = _Search(words, codes, num_bits)
    whole = search.leaf(search.all, search.plain, (1 << num_bits) - 1, base)
    assert whole is not None, "the index tells all points apart"
    best = search.plan([whole])
    if len(best.gates) > 2 and not plain:
        search.work = min(_WORK, _WORK_AT_LEAST + _WORK_PER_GATE * len(best.gates))
        most = max(_LARGEST_SUM, best.largest_sum)
        for leaves in search.plans(base):
            if _cost(leaves) < len(best.gates) + _SHARED:
                plan = search.plan(leaves)
                if len(plan.gates) < len(best.gates) and plan.largest_sum <= most:
                    best = plan
    assert (best.evaluate(search.columns) == search.codes).all(), "a table's gates give another table"
    return best


@dataclass(frozen=True)
class _Leaf:
    """Where the literals hold: how the codes (those of the bits in `mask`) come about along a form.

    changes: (t, what changes from L = t on), as (bits that become 1, bits that become 0); the first, at None, is what
    differs from the base to begin with."""

    mask: int
    base: int
    path: tuple[Literal, ...]
    weights: Weights
    changes: tuple[tuple[int | None, int, int], ...]

    @property
    def cost(self) -> int:
        return len(self.changes)

    def restricted(self, mask: int) -> _Leaf:
        """Only some of the bits, by the same gates."""
        kept = tuple((t, up & mask, down & mask) for t, up, down in self.changes if (up | down) & mask)
        return replace(self, mask=self.mask & mask, base=self.base & mask, changes=kept)

    def gate(self, t: int | None) -> TableGate:
        """`[L >= t and all literals]`: as far below t as makes up for every literal that does not hold."""
        weights = list(self.weights) if t is not None else [0] * len(self.weights)
        reach, threshold = 1, 0
        if t is not None:
            reach, threshold = max(0, sum(max(0, w) for w in weights) - t + 1), t
        for column, value in self.path:
            weights[column] += reach if value else -reach
            threshold += reach if value else 0
        return TableGate(tuple(weights), threshold)


@dataclass(frozen=True)
class _Part:
    """A split's part: its points, what holds there, the words that are left, and its leaves."""

    where: np.ndarray
    path: tuple[Literal, ...]
    words: tuple[int, ...]
    leaves: list[_Leaf]


class _Search:
    def __init__(self, words: tuple[TableWord, ...], codes: tuple[int, ...], num_bits: int) -> None:
        self.num_columns = 1 + max((column for word in words for column, _ in word.bits), default=-1)
        grid = np.indices([word.size for word in words]).reshape(len(words), -1)
        columns = np.full((grid.shape[1], self.num_columns), -1, np.int64)
        possible = np.ones(grid.shape[1], bool)
        for word, place in zip(words, grid, strict=True):
            for b, (column, sign) in enumerate(word.bits):
                bit = (place + word.first) >> b & 1
                bit = bit if sign > 0 else 1 - bit
                possible &= (columns[:, column] < 0) | (columns[:, column] == bit)
                columns[:, column] = bit
        self.columns, self.codes = np.maximum(columns[possible], 0), np.array(codes, np.int64)[possible]
        self.all = np.arange(len(self.codes))
        self.words, self.num_bits, self.work = words, num_bits, 0
        self.values = []  # a word as weights on columns (its code, but for a constant)
        for word in words:
            weights = np.zeros(self.num_columns, np.int64)
            for b, (column, sign) in enumerate(word.bits):
                weights[column] += sign << b
            self.values.append(weights)
        self.plain = self._index(range(len(words)), 1)

    def _index(self, order: Sequence[int], last_sign: int) -> np.ndarray:
        """The mixed-radix index of words, the first the most significant."""
        form, radix = np.zeros(self.num_columns, np.int64), 1
        for place, word in enumerate(reversed(order)):
            form = form + radix * self.values[word] * (last_sign if place == 0 else 1)
            radix *= self.words[word].size
        return form

    # -- plans -----------------------------------------------------------------------------------------

    def plans(self, base: int | None) -> Iterator[list[_Leaf]]:
        """Plans to compare: all bits by the same gates, each by its own, some by their own; of one form each, then with
        splits."""
        everything = (self.all, (), tuple(range(len(self.words))))
        masks = [(1 << self.num_bits) - 1] + ([1 << b for b in range(self.num_bits)] if self.num_bits > 1 else [])
        found: list[list[_Leaf]] = []
        share = self.work // (2 * len(masks))
        for mask in masks:
            self.work = share
            found.append(self._single(self.all, mask, base, *everything[1:], effort=2))
        yield from self._mixed(found)
        for number, mask in enumerate(masks):
            self.work = min(share, _WORK_PER_GATE * _cost(found[number]))
            found[number] = self._best(found[number], self.all, mask, base, *everything[1:], 0)
        yield from self._mixed(found)

    def _mixed(self, found: list[list[_Leaf]]) -> Iterator[list[_Leaf]]:
        """All bits together; then one bit more after another by gates of its own, the cheapest first."""
        together, *alone = found
        yield together
        left, apart = (1 << self.num_bits) - 1, list[_Leaf]()
        for place in sorted(range(len(alone)), key=lambda b: _cost(alone[b])):
            left &= ~(1 << place)
            apart += alone[place]
            yield [*apart, *(leaf.restricted(left) for leaf in together)]

    def plan(self, leaves: list[_Leaf]) -> TablePlan:
        """The gates of leaves, equal ones once."""
        gates: dict[TableGate, int] = {}
        parts: list[list[tuple[int, int]]] = [[] for _ in range(self.num_bits)]
        constants = [0] * self.num_bits
        for leaf in leaves:
            for place in range(self.num_bits):
                if leaf.mask >> place & 1:
                    constants[place] = leaf.base >> place & 1
            for t, up, down in leaf.changes:
                gate = gates.setdefault(leaf.gate(t), len(gates))
                for place in range(self.num_bits):
                    if (up | down) >> place & 1:
                        parts[place].append((gate, 1 if up >> place & 1 else -1))
        return TablePlan(tuple(gates), tuple(zip(constants, map(tuple, parts), strict=True)))

    def _best(
        self,
        best: list[_Leaf],
        where: np.ndarray,
        mask: int,
        base: int | None,
        path: tuple[Literal, ...],
        words: tuple[int, ...],
        level: int,
    ) -> list[_Leaf]:
        """The leaves, with the fewest gates, of the bits in `mask` at some of the points, where the literals of `path`
        hold and of the words only `words` are left; `best` if there are none with fewer."""
        if _cost(best) <= 1 or level == _DEEPEST_SPLIT:
            return best
        if base is None:
            base = int(np.bincount(self.codes[where] & mask).argmax())
        if path:
            again = self._single(where, mask, base, path, words, effort=2)
            best = min(best, again, key=_cost)
        found: list[tuple[int, int, list[_Part]]] = []
        for split in self._splits(path, words):
            parts: list[_Part] = []
            for literals, left in split:
                holds = self.columns[where][:, [column for column, _ in literals]] == [value for _, value in literals]
                inside = where[holds.all(1)]
                if len(inside) and self.work > 0 and sum(_cost(part.leaves) for part in parts) <= _cost(best) + 2:
                    longer = (*path, *literals)
                    leaves = self._single(inside, mask, base, longer, left, effort=1)
                    parts.append(_Part(inside, longer, left, leaves))
            if self.work <= 0:
                break
            found.append((sum(_cost(part.leaves) for part in parts), len(found), parts))
        for _, _, parts in sorted(found, key=lambda each: each[:2])[:1]:
            leaves = [leaf for part in parts for leaf in part.leaves]
            if sum(len(part.where) for part in parts) < len(where):
                continue  # given up above
            if self.work > 0:
                deeper = [
                    self._best(part.leaves, part.where, mask, base, part.path, part.words, level + 1) for part in parts
                ]
                leaves = [leaf for each in deeper for leaf in each]
            if _cost(leaves) < _cost(best):
                best = leaves
        return best

    def _splits(
        self, path: tuple[Literal, ...], words: tuple[int, ...]
    ) -> Iterator[list[tuple[tuple[Literal, ...], tuple[int, ...]]]]:
        """Ways to tell points apart: by the value of a word, by a bit. Each as (literals, words that are left)."""
        fixed = {column for column, _ in path}
        for index in words:
            word = self.words[index]
            if word.size <= _WIDEST_SPLIT and len(words) > 1 and not fixed & {column for column, _ in word.bits}:
                left = tuple(each for each in words if each != index)
                codes = range(word.first, word.first + word.size)
                yield [(self._literals(word, code), left) for code in codes]
        for column in sorted({column for index in words for column, _ in self.words[index].bits} - fixed):
            yield [(((column, value),), words) for value in (0, 1)]

    @staticmethod
    def _literals(word: TableWord, code: int) -> tuple[Literal, ...]:
        bits = (
            (column, code >> b & 1 if sign > 0 else 1 - (code >> b & 1)) for b, (column, sign) in enumerate(word.bits)
        )
        return tuple(bits)

    # -- forms -----------------------------------------------------------------------------------------

    def _single(
        self,
        where: np.ndarray,
        mask: int,
        base: int | None,
        path: tuple[Literal, ...],
        words: tuple[int, ...],
        *,
        effort: int,
    ) -> list[_Leaf]:
        """The leaf of one form with the fewest gates."""
        codes = self.codes[where] & mask
        if (codes == codes[0]).all():
            found = self.leaf(where, np.zeros(self.num_columns, np.int64), mask, base, path)
            assert found is not None
            return [found]
        free = np.ones(self.num_columns, np.int64)
        free[[column for column, _ in path]] = 0
        best: _Leaf | None = None
        for form in self._forms(where, codes, words, free, effort=effort):
            leaf = self.leaf(where, form, mask, base, path)
            if leaf is not None and (best is None or leaf.cost < best.cost):
                best = leaf
            if self.work < 0 and best is not None:
                break
        assert best is not None, "an index tells all points apart"
        return [best]

    def _forms(
        self, where: np.ndarray, codes: np.ndarray, words: tuple[int, ...], free: np.ndarray, *, effort: int
    ) -> Iterator[np.ndarray]:
        orders = list(itertools.permutations(words)) if len(words) <= 3 else [words, words[::-1]]
        for order in orders:
            yield self._index(order, 1) * free
            yield self._index(order, -1) * free
        for order in orders if effort > 1 else ():
            yield self._merged([self.values[word] * free for word in reversed(order)], where, codes)
        bits = [(b, column, sign) for index in words for b, (column, sign) in enumerate(self.words[index].bits)]
        for order in (sorted(bits), bits, bits[::-1])[: 1 if effort == 1 else 3]:
            columns = dict.fromkeys(column for _, column, _ in order if free[column])
            yield self._merged([np.eye(self.num_columns, dtype=np.int64)[column] for column in columns], where, codes)

    def _merged(self, forms: list[np.ndarray], where: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Forms put together one after another, each with the least weight on which the codes still depend."""
        values = [self.columns[where] @ form for form in forms]
        rests = [np.zeros(len(where), np.int64)]  # what tells apart by the last forms, the last i of them
        for value in reversed(values[1:]):
            _, dense = np.unique(rests[-1] * (np.ptp(value) + 1) + value - value.min(), return_inverse=True)
            rests.append(dense)
        self.work -= (4 * len(where) + _WORK_PER_CALL) * len(forms)
        total, along = np.zeros(self.num_columns, np.int64), np.zeros(len(where), np.int64)
        for form, value, rest in zip(forms, values, reversed(rests), strict=True):
            full = int(np.ptp(along)) + 1
            for weight in _weights(full):
                tried = along + weight * value
                if weight == full or self._depends(rest, tried, codes):
                    total, along = total + weight * form, tried
                    break
        return total

    def _depends(self, rest: np.ndarray, along: np.ndarray, codes: np.ndarray) -> bool:
        """Whether the codes depend on both alone."""
        return self._along(rest * (int(np.ptp(along)) + 1) + along - along.min(), codes) is not None

    def leaf(
        self, where: np.ndarray, form: np.ndarray, mask: int, base: int | None, path: tuple[Literal, ...] = ()
    ) -> _Leaf | None:
        """The codes along a form; None if they do not depend on it alone."""
        found = self._along(self.columns[where] @ form, self.codes[where] & mask)
        if found is None:
            return None
        steps, along = found
        start = int(along[0])
        base = start if base is None else base & mask
        changes: list[tuple[int | None, int, int]] = []
        if start != base:
            changes.append((None, start & ~base, base & ~start))
        for at in (np.flatnonzero(np.diff(along)) + 1).tolist():
            old, new = int(along[at - 1]), int(along[at])
            changes.append((int(steps[at]), new & ~old, old & ~new))
        return _Leaf(mask, base, path, tuple(form.tolist()), tuple(changes))

    def _along(self, values: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """The values that a form takes, ascending, and the code at each; None if one value has two."""
        self.work -= 6 * len(values) + _WORK_PER_CALL
        least = int(values.min())
        span = int(values.max()) - least + 1
        if span > 8 * len(values) + 64:
            order = np.argsort(values, kind="stable")
            values, codes = values[order], codes[order]
            same = values[1:] == values[:-1]
            if (codes[1:] != codes[:-1])[same].any():
                return None
            first = np.concatenate([[True], ~same])
            return values[first], codes[first]
        along = np.full(span, -1, np.int64)
        along[values - least] = codes
        if (along[values - least] != codes).any():
            return None
        steps = np.flatnonzero(along >= 0)
        return steps + least, along[steps]


def _cost(leaves: list[_Leaf]) -> int:
    return sum(leaf.cost for leaf in leaves)


def _weights(full: int) -> list[int]:
    """Weights to try, the least first; by `full` everything is told apart."""
    small = [sign * w for w in range(1, min(_SMALL_WEIGHTS, full)) for sign in (1, -1)]
    powers = [1 << b for b in range(full.bit_length()) if _SMALL_WEIGHTS <= 1 << b < full]
    return [0, *small, *powers, full]
