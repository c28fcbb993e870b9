"""What a head looks for, derived from its own maps: which bits it compares, its order, and what beats the start token.

With affine queries q = A x + a and keys k = B y + b, a score is bilinear in the residuals x of the query and y of the
key. Some coordinates of y are the same at every slot but the start token's (*known*: the mark of the start token is 0
there); put their values in. Then, less the score of the start token's own key k_0, which is affine in x,

    score(x, y) - score(x, y_0) = sum over (c, e) of M[c, e] x_c y_e  +  P y  +  D(x),

    M = A^T B,   P = a^T B,   D(x) = (g - k_0) . (A x + a),   g = b + B times the known values,

with B's known columns left out. M's nonzero entries are what is compared. Where all x_c and y_e are bits, -1 or +1, the
sum over M is W = sum |M| if every pair agrees (in sign with M), and at most W - 2 min |M| if one does not. So if

    max P + max D + W - 2 min |M| < 0,                                                              (no mismatch)

keys that do not agree lose against the start token, whatever else there is, and the maximisers are found by equality:
the keys of greatest P among those that agree, if W + P + D > 0; they and the start token, if it is 0; else the start
token alone. This is hard attention, for any head that satisfies (no mismatch), which is checked on the numbers of the
run. Nothing here knows of programs or of look-ups' kinds.

A head may be told that some coordinates of its queries and keys are a word and a set (`SetRows`): on one side exactly
one of them is 1 and the rest are 0, on the other each is u or -u. Their dot product is u where the word is in the set,
else -u: one more bit of agreement, W + u, whose M is u. Both is checked on the numbers of the run, too
(`member_sets.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from logdepth.errors import InputError
from logdepth.transformer.parts import Embedding, Head, Layer, SetRows
from logdepth.transformer.rowmaps import Affine, Circuit

_GRAIN = 0.25  # weights are whole multiples of this, coordinates whole numbers below 2^7 in size:
_MOST = 2.0**44  # so sums of weights below 2^44 keep every score below 2^53 grains, which float64 adds exactly


@dataclass(frozen=True, eq=False)
class ExactMatch:
    """A head as a join (the module's docstring has the letters).

    queries, keys: the coordinates compared, pairwise. weights: M's entry of each pair; negative: they agree where the
    bits differ. priority: P, (m,). known_key: g, 0 where sets are. counts: the value is 0 at every slot but the start
    token's, so that the head's average says how many match.
    """

    head: Head
    query: Affine
    key: Affine
    value: Affine
    queries: tuple[int, ...]
    keys: tuple[int, ...]
    weights: Float[np.ndarray, " pairs"]
    priority: Float[np.ndarray, " m"]
    known_key: Float[np.ndarray, " rows"]
    counts: bool

    @property
    def sets(self) -> tuple[SetRows, ...]:
        return self.head.sets

    @property
    def name(self) -> str:
        return self.head.name

    def agreement(self, units: Float[np.ndarray, " sets"]) -> float:
        """W: what the comparisons add to a score where all agree; units: u of each set."""
        return float(np.abs(self.weights).sum() + units.sum())

    def near_miss(self, units: Float[np.ndarray, " sets"]) -> float:
        """The most that they add where one does not; -inf if nothing is compared."""
        least = min(np.abs(self.weights).min(initial=np.inf), units.min(initial=np.inf))
        return self.agreement(units) - 2 * float(least)

    @cached_property
    def written(self) -> tuple[int, ...]:
        """The coordinates that the head can write."""
        return tuple(np.flatnonzero(self.value.weight.any(1) | (self.value.bias != 0)).tolist())

    def surplus(
        self, start: Float[np.ndarray, " m"], units: Float[np.ndarray, " sets"]
    ) -> tuple[Float[np.ndarray, " m"], float]:
        """D as weights and a constant, from the residual of the start token. Raises `InputError` where scores are not
        exact in float64."""
        other = self.known_key - self.key(start)
        weights, constant = other @ self.query.weight, float(other @ self.query.bias)
        _check_exact(self.name, self.weights, units, self.priority, weights, np.array([constant]))
        return weights, constant


def known_coordinates(embedding: Embedding, layers: tuple[Layer, ...]) -> Float[np.ndarray, " m"]:
    """What each coordinate holds at every slot but the start token's, in every layer; NaN where that differs or is not
    known. (Symbols and header tokens are told apart by their ids alone: a coordinate that tokens fill is unknown.)"""
    positions = embedding.positions
    m = positions.shape[1]
    known = np.full(m, np.nan)
    open_to_change = np.zeros(m, bool)
    for layer in layers:
        for head in layer.heads:
            open_to_change |= _can_write(head.value, m)
        open_to_change |= _can_write(layer.map, m)
    for c in range(m):
        column = positions[1:, c]
        if not open_to_change[c] and len(column) and (column == column[0]).all() and not embedding.tokens[:, c].any():
            known[c] = float(column[0])
    return known


def _can_write(form: object, m: int) -> Bool[np.ndarray, " m"]:
    if isinstance(form, Affine):
        return form.weight.any(1) | (form.bias != 0)
    if isinstance(form, Circuit):
        return form.write.any(1) | (form.constant != 0)
    return np.full(m, form is not None)


def exact_match(head: Head, known: Float[np.ndarray, " m"]) -> ExactMatch:
    """The join that a head is. Raises `InputError`, naming the head, for maps that are not affine.

    >>> one = Affine(np.array([[0.0, 1.0, 0.0]]), np.zeros(1))
    >>> found = exact_match(Head("same bit", one, one, one), np.array([0.0, np.nan, np.nan]))
    >>> found.keys, found.agreement(np.zeros(0)), found.near_miss(np.zeros(0))
    ((1,), 1.0, -1.0)
    """
    query, key, value = head.query, head.key, head.value
    if not (isinstance(query, Affine) and isinstance(key, Affine) and isinstance(value, Affine)):
        raise InputError(
            f"head {head.name!r}: its queries, keys and values are functions, not affine maps, so hash attention "
            "cannot tell what it compares; run it with soft or hard attention"
        )
    unknown, at_known = np.isnan(known), np.nan_to_num(known)
    is_code = np.ones(len(key.bias), bool)
    for rows in head.sets:
        is_code[rows.first : rows.last] = False
    open_keys = np.where(unknown & is_code[:, None], key.weight, 0.0)
    compared = query.weight.T @ open_keys
    queries, keys = np.nonzero(compared)
    return ExactMatch(
        head, query, key, value,
        queries=tuple(queries.tolist()),
        keys=tuple(keys.tolist()),
        weights=compared[queries, keys],
        priority=query.bias @ open_keys,
        known_key=np.where(is_code, key.bias + key.weight @ at_known, 0.0),
        counts=not (np.where(unknown, value.weight, 0.0).any() or (value.bias + value.weight @ at_known).any()),
    )  # fmt: skip


def _check_exact(name: str, *numbers: np.ndarray) -> None:
    """Raises `InputError` unless every score is a sum that float64 makes exactly, so that ties are ties."""
    together = np.concatenate(numbers)
    if (together != np.round(together / _GRAIN) * _GRAIN).any() or np.abs(together).sum() >= _MOST:
        raise InputError(
            f"head {name!r}: its scores are not exact in float64 (its weights must be multiples of {_GRAIN} whose "
            f"sizes add up to less than 2^44; they add up to {np.abs(together).sum():.3g}), so hash attention could "
            "not tell a tie"
        )
