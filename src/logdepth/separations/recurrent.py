"""A recurrent layer at the blackboard (Corollary 5.2): the state is passed on.

A player reads the state that the segment before has written, runs over its own tokens, and writes the state it ends in.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from logdepth.separations.blackboard import Message, Place
from logdepth.separations.layers import PlayedLayer, Rows
from logdepth.theory.chasing import recurrent_bits


class RecurrentLayer(PlayedLayer):
    """A layer that is run from left to right. state_bits: of what it hands on, `Message` being what that is."""

    @property
    @abstractmethod
    def state_bits(self) -> int: ...

    @abstractmethod
    def initial(self, batch: int) -> Message:
        """The state before the first token."""

    @abstractmethod
    def run(self, rows: Rows, state: Message) -> tuple[Rows, Message]:
        """Outputs at some tokens, and the state after them."""

    def speak(self, rows: Rows, place: Place, said: Sequence[Message]) -> tuple[Message, Rows]:
        out, state = self.run(rows, said[-1] if said else self.initial(len(rows)))
        return state, out

    def hear(self, kept: Rows, place: Place, said: Sequence[Message]) -> Rows:
        return kept

    def forward(self, rows: Rows) -> Rows:
        return self.run(rows, self.initial(len(rows)))[0]

    def message_bits(self, place: Place) -> int:
        return recurrent_bits(self.state_bits)
