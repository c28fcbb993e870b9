"""Row-wise maps, of two kinds that the types keep apart.

`Affine` and `Circuit` become weights and can be exported. A `RowFunction` is any function of a row and its
index, as the theorems allow (Definition 2.1); exporting one is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Num


@dataclass(frozen=True, eq=False)
class Affine:
    """`x -> weight x + bias`. (A readout over a million tokens has its weights in int8.)

    >>> Affine(np.array([[2.0, 0.0]]), np.array([1.0]))(np.array([[3.0, 5.0]])).tolist()
    [[7.0]]
    """

    weight: Num[np.ndarray, "out coordinates"]
    bias: Float[np.ndarray, " out"]

    def __call__(self, rows: Float[np.ndarray, "... coordinates"]) -> Float[np.ndarray, "... out"]:
        return rows @ self.weight.T + self.bias


class Purpose(NamedTuple):
    """What hidden units of a circuit are for: together they `compute`, `move`, `drain` or `clear` one bit of a word.

    node: the word, as an index of the program's nodes. units: the hidden units whose outputs are summed into the bit.
    thresholds: for each of them the t of its gate [sum of coefficient times coordinate's bit >= t], of a count's gate
    [count >= t]; none where units are ramps (`drain`).
    """

    kind: str
    node: int
    bit: int
    units: tuple[int, ...]
    thresholds: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Circuit:
    """One hidden layer of ramps: `x -> write ramp(read x + bias) + constant`, ramp(a) = min(max(a, 0), 1).

    The compiler's circuits keep almost every pre-activation outside the open interval (0, 1), by half a unit at
    least on either side, so such a hidden unit is exactly 0 or 1: a threshold gate. The rest, two a coordinate of
    scratch, work inside it: they read the coordinate's value and take it away.

    >>> circuit = Circuit(np.array([[2.0]]), np.array([0.5]), np.array([[1.0]]), np.array([0.0]))
    >>> circuit(np.array([[1.0], [-1.0]])).tolist()
    [[1.0], [0.0]]
    """

    read: Float[np.ndarray, "hidden coordinates"]
    bias: Float[np.ndarray, " hidden"]
    write: Float[np.ndarray, "coordinates hidden"]
    constant: Float[np.ndarray, " coordinates"]
    purposes: tuple[Purpose, ...] = ()

    def __call__(self, rows: Float[np.ndarray, "... coordinates"]) -> Float[np.ndarray, "... coordinates"]:
        return np.clip(rows @ self.read.T + self.bias, 0, 1) @ self.write.T + self.constant

    @property
    def num_hidden(self) -> int:
        return len(self.bias)


@dataclass(frozen=True, eq=False)
class RowFunction:
    """Any function of a row and its index: `(row, index) -> row`. It runs; it is never exported.

    >>> RowFunction(lambda row, index: row * index)(np.ones((1, 3, 1)))[0, :, 0].tolist()
    [0.0, 1.0, 2.0]
    """

    function: Callable[[np.ndarray, int], np.ndarray]

    def __call__(self, rows: Float[np.ndarray, "batch slots m"]) -> Float[np.ndarray, "batch slots out"]:
        return np.stack(
            [
                np.stack([np.asarray(self.function(row, index)) for index, row in enumerate(sequence)])
                for sequence in rows
            ]
        )
