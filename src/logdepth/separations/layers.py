"""A model that is played a layer a round: embed, layer after layer, read out. What a layer has to offer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Integer, Num

from logdepth.separations.blackboard import Message, Place, Played

Rows = np.ndarray
"""The residual stream at a player's tokens, (batch, segment, m)."""


class PlayedLayer(ABC):
    """A layer that players can play in one round."""

    @abstractmethod
    def speak(self, rows: Rows, place: Place, said: Sequence[Message]) -> tuple[Message, Any]:
        """What to write, and to keep, at the layer's input; `said` is what the segments before have written."""

    @abstractmethod
    def hear(self, kept: Any, place: Place, said: Sequence[Message]) -> Rows:
        """The layer's output at this segment, once all have written."""

    @abstractmethod
    def forward(self, rows: Rows) -> Rows:
        """The layer on all tokens at once."""

    @abstractmethod
    def message_bits(self, place: Place) -> int:
        """The formula: bits that a player writes."""


@dataclass(frozen=True, eq=False)
class LayeredModel(Played):
    """embed(ids, first): rows of tokens that stand from position `first` on; read_out: outputs of rows."""

    arch: str
    embed: Callable[[np.ndarray, int], Rows]
    layers: tuple[PlayedLayer, ...]
    read_out: Callable[[Rows], np.ndarray]

    @property
    def rounds(self) -> int:
        return len(self.layers)

    def begin(self, ids: Integer[np.ndarray, "batch segment"], place: Place, last: np.ndarray) -> Rows:
        return self.embed(ids, place.first)

    def speak(self, number: int, own: Rows, place: Place, said: Sequence[Message]) -> tuple[Message, Any]:
        return self.layers[number].speak(own, place, said)

    def hear(self, number: int, own: Any, place: Place, said: Sequence[Message]) -> Rows:
        return self.layers[number].hear(own, place, said)

    def answer(self, own: Rows) -> Num[np.ndarray, "batch classes"]:
        return self.read_out(own[:, -1])

    def forward(self, ids: Integer[np.ndarray, "batch total"]) -> Num[np.ndarray, "batch classes"]:
        rows = self.embed(ids, 0)
        for layer in self.layers:
            rows = layer.forward(rows)
        return self.read_out(rows[:, -1])

    def message_bits(self, number: int, place: Place) -> int:
        return self.layers[number].message_bits(place)
