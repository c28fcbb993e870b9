"""Words on their way: who holds each, where it comes from, where it goes. What a router moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Int, Integer

from logdepth.errors import InputError

WORD_LIMIT = 2**31 - 2  # words are 0 <= w < WORD_LIMIT: w + 1 is a nonzero element of GF(2^31 - 1), and 0 is "no word"


@dataclass(frozen=True, eq=False)
class Packets:
    """One word a row, sorted by (holder, source, destination, index). Before a round's first layer `holder` is
    `source`, after its last `destination`. A message is the words of one (source, destination), `index` 0, 1, ..:
    at most one message a pair in a round, of at least one word.

    >>> packets = Packets.at_source({(0, 2): [7, 8], (1, 2): [9]})
    >>> packets.holder.tolist(), packets.word.tolist()
    ([0, 0, 1], [7, 8, 9])
    >>> packets.of(np.array([1])).messages()
    {(1, 2): (9,)}
    """

    holder: Int[np.ndarray, " packets"]
    source: Int[np.ndarray, " packets"]
    destination: Int[np.ndarray, " packets"]
    index: Int[np.ndarray, " packets"]
    word: Int[np.ndarray, " packets"]

    def __len__(self) -> int:
        return len(self.holder)

    @classmethod
    def columns(
        cls,
        holder: Integer[np.ndarray, " packets"],
        source: Integer[np.ndarray, " packets"],
        destination: Integer[np.ndarray, " packets"],
        index: Integer[np.ndarray, " packets"],
        word: Integer[np.ndarray, " packets"],
    ) -> Packets:
        """From columns in any order."""
        order = np.lexsort((index, destination, source, holder))
        return cls(*(np.asarray(c, np.int64)[order] for c in (holder, source, destination, index, word)))

    @classmethod
    def at_source(cls, messages: Mapping[tuple[int, int], Sequence[int]]) -> Packets:
        """Messages `{(source, destination): words}`, each at its source.

        Raises `InputError` for a word outside 0..WORD_LIMIT - 1 or a message without words.
        """
        rows = []
        for (source, destination), words in messages.items():
            if not len(words):
                raise InputError(
                    f"the message from machine {source} to machine {destination} has no words; leave it out"
                )
            for index, word in enumerate(words):
                if not 0 <= word < WORD_LIMIT:
                    raise InputError(
                        f"machine {source} sends the word {word:,} to machine {destination}; a router's words are "
                        f"0..{WORD_LIMIT - 1:,}: split it into limbs"
                    )
                rows.append((source, source, destination, index, word))
        return cls.columns(*np.array(rows, np.int64).reshape(-1, 5).T)

    @classmethod
    def none(cls) -> Packets:
        return cls(*(np.zeros(0, np.int64) for _ in fields(cls)))

    def where(self, kept: Bool[np.ndarray, " packets"] | Integer[np.ndarray, " kept"]) -> Packets:
        """Those that are marked, or at these places."""
        return Packets(*(getattr(self, field.name)[kept] for field in fields(self)))

    def of(self, machines: Integer[np.ndarray, " machines"]) -> Packets:
        """Those that `machines` hold."""
        return self.where(np.isin(self.holder, machines))

    def messages(self) -> dict[tuple[int, int], tuple[int, ...]]:
        """`{(source, destination): words}`."""
        found: dict[tuple[int, int], list[int]] = {}
        for source, destination, word in zip(
            self.source.tolist(), self.destination.tolist(), self.word.tolist(), strict=True
        ):
            found.setdefault((source, destination), []).append(word)
        return {pair: tuple(words) for pair, words in found.items()}

    def same(self, other: Packets) -> bool:
        """Equal, row by row."""
        return all(np.array_equal(getattr(self, field.name), getattr(other, field.name)) for field in fields(self))
