"""Hash attention: an exact transformer on a long sequence, each head by equality of bits instead of all pairs.

What a head compares is derived from its maps (`exact_match.py`), equal bits are found in buckets (`buckets.py`), and
row-wise maps run on columns (`sparse_circuit.py`). Everything is what hard attention gives, bit for bit; what cannot be
run so is refused by name. Time and memory grow with the number of slots times that of coordinates, not with its square.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int32, Integer

from logdepth.errors import InputError
from logdepth.transformer.buckets import Buckets
from logdepth.transformer.columns import Columns, embed
from logdepth.transformer.exact_match import ExactMatch, exact_match, known_coordinates
from logdepth.transformer.member_sets import members_of
from logdepth.transformer.parts import Embedding, Layer, Readout
from logdepth.transformer.rowmaps import Circuit
from logdepth.transformer.sparse_circuit import SparseCircuit, sparse
from logdepth.transformer.token_lookup import TokenLookup, token_lookup

_WORD = 60  # bits that are compared as one number


@dataclass(frozen=True, eq=False)
class HashedLayer:
    """A layer's heads as joins, and its map on columns."""

    heads: tuple[ExactMatch, ...]
    map: SparseCircuit | None


@dataclass(frozen=True, eq=False)
class Hashed:
    """A transformer ready to be run by hash attention."""

    names: tuple[str, ...]
    embedding: Embedding
    layers: tuple[HashedLayer, ...]
    readout: TokenLookup
    causal: bool

    def steps(
        self, tokens: Integer[np.ndarray, " slots"]
    ) -> Iterator[tuple[Int32[np.ndarray, "heads slots"], Columns]]:
        """Run one sequence, slot 0 its start token: after the embedding and after every layer, what its heads found
        (see `SparseTrace`) and the residual, which the next step changes.

        Raises `InputError`, naming the head, where its matches are not those of hard attention.
        """
        x = embed(self.embedding, tokens, self.names)
        yield np.zeros((0, len(tokens)), np.int32), x
        for number, layer in enumerate(self.layers, 1):
            found = np.zeros((len(layer.heads), len(tokens)), np.int32)
            written = []
            for h, head in enumerate(layer.heads):
                try:
                    each = _found(head, x, self.causal)
                    found[h] = each.slots
                    written += _read(head, x, each)
                except InputError as error:
                    raise InputError(f"layer {number}: {error}") from error
            for c, values in written:
                x.add(c, values)
            if layer.map is not None:
                layer.map.apply(x, number)
            yield found, x


def hashed(
    names: tuple[str, ...], embedding: Embedding, layers: tuple[Layer, ...], readout: Readout, causal: bool
) -> Hashed:
    """Derive what every head, circuit and the readout do. Raises `InputError` naming what cannot be run so."""
    known = known_coordinates(embedding, layers)
    found = []
    for number, layer in enumerate(layers, 1):
        heads = tuple(exact_match(head, known) for head in layer.heads)
        averages = {c for head in heads if head.head.counts for c in head.written}
        if layer.map is not None and not isinstance(layer.map, Circuit):
            raise InputError(
                f"layer {number}: its map is a function, not a circuit; run it with soft or hard attention"
            )
        found.append(HashedLayer(heads, None if layer.map is None else sparse(layer.map, averages)))
    return Hashed(names, embedding, tuple(found), token_lookup(readout, known), causal)


@dataclass(frozen=True, eq=False)
class _Found:
    """What hard attention's maximisers are, for each query. slots: the one slot, or how many tie with the start token;
    buckets: what finds them."""

    slots: Int32[np.ndarray, " slots"]
    buckets: Buckets


def _found(head: ExactMatch, x: Columns, causal: bool) -> _Found:
    what = f"head {head.name!r}"
    related = [members_of(rows, head.query, head.key, x, what) for rows in head.sets]
    units = np.array([unit for _, unit in related])
    priority = x.form(head.priority, 0.0, what)
    weights, constant = head.surplus(x.at(0), units)
    surplus = x.form(weights, constant, what) if weights.any() else np.full(1, constant)
    over = priority[1:].max(initial=-np.inf) + surplus.max() + head.near_miss(units)
    if over >= 0:
        raise InputError(
            f"{what} is no exact-match join: a key that differs in one of the {len(head.keys) + len(units)} bits that "
            f"it compares can score {over:g} over the start token; run it with soft or hard attention"
        )
    buckets = Buckets(*_codes(head, x, what), tuple(each for each, _ in related), x.num_slots, causal=causal)
    best = buckets.best(priority)
    top = best.priority + (surplus + head.agreement(units))
    above, level = top > 0, top == 0
    if head.head.counts:
        if above.any():
            raise InputError(f"{what} averages, but a match outscores the start token by {top.max():g}")
        if not head.counts and len(priority) > 1 and (priority[1:] != priority[1]).any():
            buckets = buckets.among(priority, best.priority)
        return _Found(np.where(level, best.ties, 0).astype(np.int32), buckets)
    unclear = (above & (best.ties > 1)) | level
    if unclear.any():
        at = int(np.argmax(unclear))
        others = f"{best.ties[at]:,} keys" + (" and the start token" if level[at] else "")
        raise InputError(f"{what}: at slot {at} {others} tie, and it reads what they hold; hash attention needs one")
    return _Found(np.where(above, best.slot, 0), buckets)


def _codes(head: ExactMatch, x: Columns, what: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The compared bits of all keys and queries, packed into as few numbers as hold them."""
    keys, queries = np.array(head.keys, np.int64), np.array(head.queries, np.int64)
    flipped = head.weights < 0
    parts = [slice(first, first + _WORD) for first in range(0, len(keys), _WORD)]
    return (
        [x.codes(keys[part], flipped[part], 1, f"{what} as a key") for part in parts],
        [x.codes(queries[part], np.zeros_like(flipped[part]), 0, f"{what} as a query") for part in parts],
    )


def _read(head: ExactMatch, x: Columns, found: _Found) -> Iterator[tuple[int, np.ndarray]]:
    """What a head writes: the coordinate, and what is added to it at every slot."""
    slots = found.slots
    if head.counts:  # one share of what the start token says, the others say nothing
        start, share = head.value(x.at(0)), 1.0 / (1.0 + slots)
        yield from ((c, share * start[c]) for c in head.written)
    elif head.head.counts:  # the average of the matches and the start token
        start = head.value(x.at(0))
        values = [_form(head, x, c) for c in head.written]
        for c, total in zip(head.written, found.buckets.sums(values), strict=True):
            yield c, (np.where(slots > 0, total, 0.0) + start[c]) / (1.0 + slots)
    else:
        yield from ((c, _value(head, x, c, slots)) for c in head.written)


def _value(head: ExactMatch, x: Columns, c: int, slots: Int32[np.ndarray, " slots"]) -> np.ndarray:
    """One coordinate of a head's value as it stands at other slots."""
    weights = head.value.weight[c]
    read = np.flatnonzero(weights)
    if len(read) == 1 and weights[read[0]] == 1 and head.value.bias[c] == 0:  # a copy, as compiled heads make them
        return x.pick(int(read[0]), slots)
    values = _form(head, x, c)
    is_bit = (np.abs(values) <= 1).all() and (values == np.rint(values)).all()
    return (values.astype(np.int8) if is_bit else values)[slots]


def _form(head: ExactMatch, x: Columns, c: int) -> Float[np.ndarray, " slots"]:
    what = f"head {head.name!r}, whose value is a sum,"
    return x.form(head.value.weight[c], float(head.value.bias[c]), what)
