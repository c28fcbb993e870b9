"""One layer with a chain of thought at the blackboard (Corollary 5.6): a round a thought, weighted sums are passed on.

All know the last token (the chase's start, as in Proposition E.3) and every thought so far, so all know the query. A
player writes its own tokens' sum of weights, and of weights times values, for every head; the thought tokens' own sums
anybody can make. So everybody has the output, and the next thought.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer

from logdepth.separations.blackboard import Message, Place, Played
from logdepth.theory.chasing import thought_bits

Sums = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Thinking:
    """A player's tokens, and what all know: ids from the last token on, and where that stands."""

    ids: np.ndarray
    first: int
    known: np.ndarray
    outputs: np.ndarray | None = None


class ThinkingModel(Played):
    """One layer of softmax attention. thoughts: how many. sizes: heads, and the width m of each."""

    arch = "cot"
    thoughts: int
    precision: int
    sizes: tuple[int, int]

    @abstractmethod
    def queries(self, ids: Integer[np.ndarray, " batch"], position: int) -> Float[np.ndarray, "batch heads d"]: ...

    @abstractmethod
    def keys_and_values(
        self, ids: Integer[np.ndarray, "batch t"], first: int
    ) -> tuple[Float[np.ndarray, "batch heads t d"], Float[np.ndarray, "batch heads t m"]]: ...

    @abstractmethod
    def finish(
        self, ids: Integer[np.ndarray, " batch"], position: int, read: Float[np.ndarray, "batch heads m"]
    ) -> Float[np.ndarray, "batch classes"]:
        """The output at a token, from what its heads read."""

    @abstractmethod
    def thought(self, outputs: Float[np.ndarray, "batch classes"]) -> Integer[np.ndarray, " batch"]:
        """The next token, of an output."""

    @property
    def rounds(self) -> int:
        return self.thoughts + 1

    def begin(self, ids: Integer[np.ndarray, "batch segment"], place: Place, last: np.ndarray) -> Thinking:
        return Thinking(ids, place.first, last[:, None])

    def speak(self, number: int, own: Thinking, place: Place, said: Sequence[Message]) -> tuple[Message, Thinking]:
        query = self.queries(own.known[:, -1], place.total - 1 + number)
        return self.sums(query, own.ids, own.first), own

    def hear(self, number: int, own: Thinking, place: Place, said: Sequence[Message]) -> Thinking:
        position = place.total - 1 + number
        query = self.queries(own.known[:, -1], position)
        parts = [*said]
        if number:
            parts.append(self.sums(query, own.known[:, 1:], place.total))
        total, norm = (np.sum([part[i] for part in parts], axis=0) for i in (0, 1))
        outputs = self.finish(own.known[:, -1], position, total / norm[..., None])
        known = np.concatenate([own.known, self.thought(outputs)[:, None]], 1)
        return Thinking(own.ids, own.first, known, outputs)

    def answer(self, own: Thinking) -> Float[np.ndarray, "batch classes"]:
        assert own.outputs is not None
        return own.outputs

    def sums(self, query: Float[np.ndarray, "batch heads d"], ids: np.ndarray, first: int) -> Sums:
        """Sums of weights times values, and of weights, over some tokens."""
        keys, values = self.keys_and_values(ids, first)
        weights = np.exp((keys @ query[..., None])[..., 0])
        return (weights[..., None, :] @ values)[..., 0, :], weights.sum(-1)

    def forward(self, ids: Integer[np.ndarray, "batch total"]) -> Float[np.ndarray, "batch classes"]:
        outputs = np.empty((len(ids), 0), np.float32)
        for _ in range(self.rounds):
            query = self.queries(ids[:, -1], ids.shape[1] - 1)
            keys, values = self.keys_and_values(ids, 0)
            scores = (keys @ query[..., None])[..., 0]
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            weights /= weights.sum(-1, keepdims=True)
            read = (weights[..., None, :] @ values)[..., 0, :]
            outputs = self.finish(ids[:, -1], ids.shape[1] - 1, read)
            ids = np.concatenate([ids, self.thought(outputs)[:, None].astype(ids.dtype)], 1)
        return outputs

    def message_bits(self, number: int, place: Place) -> int:
        heads, width = self.sizes
        return thought_bits(width, heads, self.precision)
