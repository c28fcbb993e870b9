"""The blackboard (Definition E.1): k players, each with a segment of the input, write in turn, round after round.

P_k holds the first segment and writes first, P_1 the last one and last; everybody reads all that is written. A model
that can be played so is a `Played`: what it computes from a segment, what is written, and what is made of it. `play`
hands every player its segment and the board, nothing else, and counts the bits of the arrays that were written.
All arrays have the instances of a batch first; bits are of one instance.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Integer, Num

from logdepth.errors import InputError

Message = tuple[np.ndarray, ...]
"""What a player writes in a round: arrays (batch, ..); of bool, a bit each, else of the dtype's width."""


@dataclass(frozen=True)
class Place:
    """A player's place: P_`player` holds tokens `first` .. `first + length - 1` of `total`; segment 0 is P_k's."""

    player: int
    segment: int
    first: int
    length: int
    total: int


class Played(ABC):
    """A model that players can play. rounds: how many it takes; arch: the architecture whose bound it is under.

    `own` is whatever a player keeps to itself; `said` the messages of a round in the order they were written.
    """

    arch: str

    @property
    @abstractmethod
    def rounds(self) -> int: ...

    @abstractmethod
    def begin(self, ids: Integer[np.ndarray, "batch segment"], place: Place, last: np.ndarray) -> Any:
        """What a player makes of its segment. last: the last token (batch,), which all know: the chase's start."""

    @abstractmethod
    def speak(self, number: int, own: Any, place: Place, said: Sequence[Message]) -> tuple[Message, Any]:
        """The message of round `number`, from what is said in it so far; and what to keep."""

    @abstractmethod
    def hear(self, number: int, own: Any, place: Place, said: Sequence[Message]) -> Any:
        """What to keep once the round is over."""

    @abstractmethod
    def answer(self, own: Any) -> Num[np.ndarray, "batch classes"]:
        """The model's output at the last position, from what P_1 keeps."""

    @abstractmethod
    def forward(self, ids: Integer[np.ndarray, "batch total"]) -> Num[np.ndarray, "batch classes"]:
        """The model itself, without players: its output at the last position."""

    @abstractmethod
    def message_bits(self, number: int, place: Place) -> int:
        """The formula of the proof: bits that this player writes in round `number`."""


@dataclass(frozen=True, eq=False)
class Transcript:
    """bits[round][segment]: what was written. outputs: P_1's, at the last position."""

    places: tuple[Place, ...]
    bits: tuple[tuple[int, ...], ...]
    outputs: Num[np.ndarray, "batch classes"]

    @property
    def bits_a_round(self) -> int:
        """s, the longest message of any player in any round."""
        return max(max(row) for row in self.bits)

    @property
    def answers(self) -> Integer[np.ndarray, " batch"]:
        return self.outputs.argmax(-1)


def segments(total: int, players: int) -> tuple[Place, ...]:
    """Equal segments, P_k's first. Raises `InputError` unless the players divide the length.

    >>> [(place.player, place.first) for place in segments(6, 3)]
    [(3, 0), (2, 2), (1, 4)]
    """
    if players < 1:
        raise InputError(f"there are {players} players; there must be 1 at least")
    if total % players or total < players:
        near = [count for count in range(1, min(total, 4 * players) + 1) if total % count == 0]
        raise InputError(
            f"{players} players do not divide the length, {total:,} tokens; {', '.join(map(str, near[-6:]))} do"
        )
    length = total // players
    return tuple(Place(players - s, s, s * length, length, total) for s in range(players))


def play(model: Played, ids: Integer[np.ndarray, "batch total"], players: int) -> Transcript:
    """Play the model on a batch. Raises `InputError` unless the players divide the length."""
    places = segments(ids.shape[1], players)
    last = ids[:, -1].copy()
    own = [model.begin(ids[:, p.first : p.first + p.length].copy(), p, last) for p in places]
    board: list[list[Message]] = []
    for number in range(model.rounds):
        said: list[Message] = []
        for place in places:
            if number:
                own[place.segment] = model.hear(number - 1, own[place.segment], place, board[-1])
            message, own[place.segment] = model.speak(number, own[place.segment], place, tuple(said))
            said.append(message)
        board.append(said)
    ended = model.hear(model.rounds - 1, own[-1], places[-1], board[-1])
    bits = tuple(tuple(count_bits(message) for message in said) for said in board)
    return Transcript(places, bits, model.answer(ended))


def count_bits(message: Message) -> int:
    """Bits of a message, for one instance of the batch.

    >>> count_bits((np.zeros((5, 3), np.float32), np.zeros((5, 2), bool)))
    98
    """
    widths = [1 if part.dtype == bool else 8 * part.itemsize for part in message]
    return sum(width * part[0].size for width, part in zip(widths, message, strict=True))
