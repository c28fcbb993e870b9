"""The residual stream column by column: a coordinate is int8 at every slot, for bits are -1 or 1; where it holds other
than small whole numbers (the average that a count leaves) it is float64. A million slots of 100 coordinates: 0.1 GB."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Float64, Int, Int8, Integer, Num

from logdepth.errors import InputError
from logdepth.transformer.column_kernels import LARGEST, affine, codes
from logdepth.transformer.parts import Embedding


@dataclass(eq=False)
class Columns:
    """One sequence's residual. small: (m, slots), 0 where a coordinate is wide. wide: coordinate -> (slots,)."""

    names: tuple[str, ...]
    small: Int8[np.ndarray, "m slots"]
    wide: dict[int, Float64[np.ndarray, " slots"]] = field(default_factory=dict)

    @property
    def num_slots(self) -> int:
        return self.small.shape[1]

    def at(self, slot: int) -> Float[np.ndarray, " m"]:
        """The row of one slot."""
        row = self.small[:, slot].astype(np.float64)
        for c, column in self.wide.items():
            row[c] = column[slot]
        return row

    def rows(self) -> Float[np.ndarray, "slots m"]:
        """All of it, a row a slot, in float64: as other attentions have it."""
        found = self.small.T.astype(np.float64)
        for c, column in self.wide.items():
            found[:, c] = column
        return found

    def add(self, c: int, values: Num[np.ndarray, " slots"]) -> None:
        """Add to a coordinate; it grows wide if the sum isn't small whole numbers."""
        if c not in self.wide and not self.small[c].any():
            if is_small(values):
                self.small[c] = values
            else:
                self.wide[c] = values.astype(np.float64, copy=False)
            return
        total = values + (self.wide[c] if c in self.wide else self.small[c].astype(np.float64))
        if c not in self.wide and is_small(total):
            self.small[c] = total
        else:
            self.wide[c] = total
            self.small[c] = 0

    def narrow(self, c: int) -> None:
        """Keep a wide coordinate in int8 again, if it has become small whole numbers."""
        if is_small(self.wide[c]):
            self.small[c] = self.wide.pop(c)

    def form(self, weights: Float[np.ndarray, " m"], constant: float, what: str) -> Float64[np.ndarray, " slots"]:
        """The affine form at every slot, exact: `what` (of which head) is named where it reads a wide coordinate.

        >>> Columns(("a", "b"), np.array([[1, -1], [1, 1]], np.int8)).form(np.array([2.0, 0.0]), 1.0, "it").tolist()
        [3.0, -1.0]
        """
        read = np.flatnonzero(weights)
        for c in read.tolist():
            if c in self.wide:
                raise InputError(
                    f"{what} reads {self.names[c]}, which holds no whole numbers; hash attention needs those"
                )
        return affine(self.small, read, weights[read], constant)

    def pick(self, c: int, slots: Integer[np.ndarray, " slots"]) -> Num[np.ndarray, " slots"]:
        """A coordinate as it stands at other slots."""
        return self.wide[c][slots] if c in self.wide else self.small[c][slots]

    def codes(
        self, coordinates: Int[np.ndarray, " bits"], flipped: np.ndarray, first: int, what: str
    ) -> Int[np.ndarray, " slots"]:
        """Bits -1/+1 of up to 62 coordinates as one number a slot, turned round where flipped. Raises `InputError` for
        a coordinate that is no bit at some slot from `first` on."""
        found, wrong, at = codes(self.small, coordinates, flipped, first)
        if wrong >= 0:
            c = int(coordinates[wrong])
            value = self.wide[c][at] if c in self.wide else float(self.small[c, at])
            raise InputError(
                f"{what} compares {self.names[c]}, which is {value:g} at slot {at}: no bit, which is -1 or 1"
            )
        return found


def is_small(values: Num[np.ndarray, " slots"]) -> bool:
    """Whether int8 holds them exactly.

    >>> is_small(np.array([1.0, -127.0])), is_small(np.array([0.5])), is_small(np.array([128.0]))
    (True, False, False)
    """
    return values.dtype == np.int8 or bool(((values == np.rint(values)) & (np.abs(values) <= LARGEST)).all())


def embed(embedding: Embedding, tokens: Integer[np.ndarray, " slots"], names: tuple[str, ...]) -> Columns:
    """The columns of a sequence before the first layer."""
    found = Columns(names, np.zeros((len(names), len(tokens)), np.int8))
    for c in range(len(names)):
        by_token, by_position = embedding.tokens[:, c], embedding.positions[: len(tokens), c]
        if by_token.any():
            found.add(c, _narrow(by_token)[tokens])
        if by_position.any():
            found.add(c, _narrow(by_position))
    return found


def _narrow(values: Num[np.ndarray, " entries"]) -> Num[np.ndarray, " entries"]:
    return values.astype(np.int8) if is_small(values) else values.astype(np.float64)
