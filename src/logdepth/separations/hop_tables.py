"""The exact recurrent model of `theory.recurrent`: tables of what stood after every symbol's last occurrence.

At slot i, with symbol x after a symbol y: level j keeps `hop_j` of the slot after the last occurrence of every symbol.
The one after y is this slot, so its entry becomes hop_j(i); then hop_(j+1)(i) is x's entry. A state is written as bits:
l tables of A entries and the symbol y, `ceil(log2(A + 1))` each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Integer

from logdepth.errors import InputError
from logdepth.separations.blackboard import Message
from logdepth.separations.layers import LayeredModel, Rows
from logdepth.separations.recurrent import RecurrentLayer
from logdepth.theory.recurrent import entry_bits, table_bits


@dataclass(frozen=True, eq=False)
class TableLayer(RecurrentLayer):
    """Rows are (symbol, hop so far), of the alphabet's symbols and A for "nothing"; the layer makes `levels` hops."""

    alphabet_size: int
    levels: int

    @property
    def state_bits(self) -> int:
        return table_bits(self.alphabet_size, self.levels)

    def initial(self, batch: int) -> Message:
        nothing = np.full((batch, self.levels * self.alphabet_size + 1), self.alphabet_size)
        return (to_bits(nothing, self.alphabet_size),)

    def run(self, rows: Rows, state: Message) -> tuple[Rows, Message]:
        size, each = self.alphabet_size, np.arange(len(rows))
        numbers = from_bits(state[0], size)
        before = numbers[:, -1].copy()
        tables = np.full((len(rows), self.levels, size + 1), size)  # an entry more: what comes before the first symbol
        tables[:, :, :size] = numbers[:, :-1].reshape(len(rows), self.levels, size)
        out = rows.copy()
        for i in range(rows.shape[1]):
            symbol, hop = rows[:, i, 0], rows[:, i, 1]
            for level in range(self.levels):
                tables[each, level, before] = hop
                hop = tables[each, level, symbol]
            out[:, i, 1] = hop
            before = symbol
        kept = np.concatenate([tables[:, :, :size].reshape(len(rows), -1), before[:, None]], 1)
        return out, (to_bits(kept, size),)


def hop_tables(alphabet_size: int, k: int, num_layers: int = 1) -> LayeredModel:
    """The model of `num_layers` layers, each of ceil(k / L) levels but the last ones, which make what is left.

    Outputs are of A + 1 classes, the last being "nothing". Raises `InputError` for fewer hops than layers.

    >>> model = hop_tables(5, k=2)
    >>> int(model.forward(np.array([[1, 0, 4, 1, 2, 0, 1, 4, 1, 3, 4, 0]])).argmax()), model.layers[0].state_bits
    (2, 33)
    """
    if not 1 <= num_layers <= k:
        raise InputError(f"{num_layers} layers for {k} hops; give 1 to {k}: each makes a hop at least")
    levels = [k // num_layers + (layer < k % num_layers) for layer in range(num_layers)]

    def embed(ids: np.ndarray, first: int) -> Rows:
        return np.stack([ids, ids], 2).astype(np.int64)

    def read_out(rows: Rows) -> np.ndarray:
        return np.eye(alphabet_size + 1, dtype=np.float32)[rows[:, 1]]

    layers = tuple(TableLayer(alphabet_size, count) for count in levels)
    return LayeredModel("rnn", embed, layers, read_out)


def to_bits(numbers: Integer[np.ndarray, "batch n"], alphabet_size: int) -> Bool[np.ndarray, "batch bits"]:
    """Numbers 0..A in `entry_bits` bits each."""
    places = np.arange(entry_bits(alphabet_size))
    return (numbers[:, :, None] >> places & 1).astype(bool).reshape(len(numbers), -1)


def from_bits(bits: Bool[np.ndarray, "batch bits"], alphabet_size: int) -> Integer[np.ndarray, "batch n"]:
    """Back.

    >>> from_bits(to_bits(np.array([[3, 0, 5]]), 5), 5).tolist()
    [[3, 0, 5]]
    """
    places = np.arange(entry_bits(alphabet_size))
    return (bits.reshape(len(bits), -1, len(places)).astype(np.int64) << places).sum(-1)
