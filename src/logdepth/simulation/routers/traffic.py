"""What one round may do at most: the bounds that a router is built for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int, Integer

from logdepth.errors import InputError, TrafficExceeded
from logdepth.simulation.routers.packets import Packets


@dataclass(frozen=True)
class Traffic:
    """Bounds on one round between `num_machines` machines 0 .. num_machines - 1.

    out_degree: messages a machine sends (one a destination, itself included where it writes to itself). in_degree:
    messages a machine receives. words: the longest message (beta). words_out, words_in: words a machine sends and
    receives in all (None: degree x words). interference: messages in all that the senders of one receiver send,
    to whomever (T; None: the most that the degrees allow); interference_words: the same in words. pairs: the
    (source, destination) that may talk, where that is known beforehand (None: any).

    An MPC round of s words is `Traffic.of_words(num_machines, s)`; what a rehearsal did is `Traffic.measured`.

    >>> traffic = Traffic(num_machines=64, out_degree=4, in_degree=4, words=2)
    >>> traffic.most_messages, traffic.most_words
    (16, 32)
    """

    num_machines: int
    out_degree: int
    in_degree: int
    words: int
    words_out: int | None = None
    words_in: int | None = None
    interference: int | None = None
    interference_words: int | None = None
    pairs: frozenset[tuple[int, int]] | None = None

    def __post_init__(self) -> None:
        for name in ("num_machines", "out_degree", "in_degree", "words"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for source, destination in self.pairs or ():
            if not (0 <= source < self.num_machines and 0 <= destination < self.num_machines):
                raise InputError(f"pairs has ({source}, {destination}); machines are 0..{self.num_machines - 1:,}")
        for name in ("words_out", "words_in", "interference", "interference_words"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} is {value}; it must be at least 1, or None")
        for name in ("out_degree", "in_degree"):
            if getattr(self, name) > self.num_machines:
                raise InputError(
                    f"{name} is {getattr(self, name):,} of {self.num_machines:,} machines; "
                    f"at most {self.num_machines:,}: merge the messages of a pair first"
                )

    @classmethod
    def of_words(cls, num_machines: int, local_memory: int) -> Traffic:
        """Any round of a protocol with `local_memory` words (s): at most s words out of and into a machine.

        >>> Traffic.of_words(64, 4).most_words
        16
        """
        degree = min(local_memory, num_machines)
        return cls(num_machines, degree, degree, local_memory, local_memory, local_memory)

    @classmethod
    def measured(cls, num_machines: int, packets: Packets) -> Traffic:
        """The least traffic that has the round of `packets` (each at its source) within it; `pairs` left open.

        >>> Traffic.measured(4, Packets.at_source({(0, 2): [7, 8], (1, 2): [9], (1, 3): [1]})).most_messages
        3
        """
        if not len(packets):
            return cls(num_machines, 1, 1, 1, 1, 1, 1, 1)
        pairs, lengths = np.unique(packets.source * num_machines + packets.destination, return_counts=True)
        source, destination = np.divmod(pairs, num_machines)
        messages_of, words_of = (
            np.bincount(source, weights, minlength=num_machines).astype(np.int64) for weights in (None, lengths)
        )
        heard = (
            np.bincount(destination, weights) for weights in (None, lengths, messages_of[source], words_of[source])
        )
        in_degree, words_in, interference, interference_words = (int(each.max()) for each in heard)
        return cls(
            num_machines,
            int(messages_of.max()),
            in_degree,
            int(lengths.max()),
            int(words_of.max()),
            words_in,
            interference,
            interference_words,
        )

    def __or__(self, other: Traffic) -> Traffic:
        """The least traffic that has both within it."""
        assert self.num_machines == other.num_machines

        def most(ours: int | None, theirs: int | None) -> int | None:
            return None if ours is None or theirs is None else max(ours, theirs)

        return Traffic(
            self.num_machines,
            max(self.out_degree, other.out_degree),
            max(self.in_degree, other.in_degree),
            max(self.words, other.words),
            most(self.words_out, other.words_out),
            most(self.words_in, other.words_in),
            most(self.interference, other.interference),
            most(self.interference_words, other.interference_words),
            None if self.pairs is None or other.pairs is None else self.pairs | other.pairs,
        )

    @property
    def most_sent(self) -> int:
        """Words that one machine sends, at most."""
        degree = self.out_degree * self.words
        return degree if self.words_out is None else min(self.words_out, degree)

    @property
    def most_received(self) -> int:
        """Words that one machine receives, at most."""
        degree = self.in_degree * self.words
        return degree if self.words_in is None else min(self.words_in, degree)

    @property
    def most_messages(self) -> int:
        """T in messages: `interference`, or what the degrees allow, in_degree senders of out_degree messages each."""
        worst = self.out_degree * self.in_degree
        return worst if self.interference is None else min(self.interference, worst)

    @property
    def most_words(self) -> int:
        """T in words."""
        worst = min(self.in_degree * self.most_sent, self.most_messages * self.words)
        return worst if self.interference_words is None else min(self.interference_words, worst)

    @cached_property
    def _pair_ids(self) -> Int[np.ndarray, " pairs"]:
        return np.array([source * self.num_machines + target for source, target in sorted(self.pairs or ())], np.int64)

    def check_sent(self, held: Packets) -> None:
        """Row-wise: whether each machine of `held` (its packets at their source) sends no more than this traffic.

        Raises `InputError` for a destination or index out of range, `TrafficExceeded` for a machine above a bound.
        """
        outside = (held.destination < 0) | (held.destination >= self.num_machines)
        if outside.any():
            machine, destination = held.holder[outside][0], held.destination[outside][0]
            raise InputError(
                f"machine {machine} writes to machine {destination:,}; machines are 0..{self.num_machines - 1:,}"
            )
        if self.pairs is not None:
            unknown = np.flatnonzero(~np.isin(held.source * self.num_machines + held.destination, self._pair_ids))
            if unknown.size:
                machine, destination = int(held.source[unknown[0]]), int(held.destination[unknown[0]])
                raise TrafficExceeded(
                    f"machine {machine} writes to machine {destination}, which is not among the {len(self.pairs):,} "
                    "pairs that the router was built for; build it with that pair, or with pairs=None",
                    machine=machine,
                    number=1,
                    limit=0,
                )
        first = np.ones(len(held), bool)  # of its message
        first[1:] = (held.source[1:] != held.source[:-1]) | (held.destination[1:] != held.destination[:-1])
        for number, limit, what, name in (
            (np.bincount(held.holder[first]), self.out_degree, "messages", "out_degree"),
            (np.bincount(held.holder), self.most_sent, "words", "words_out"),
        ):
            refuse_above(np.arange(len(number)), number, limit, f"sends {{:,}} {what}", name)
        longest = held.index >= self.words
        if longest.any():
            refuse_above(
                held.holder[longest], held.index[longest] + 1, self.words, "sends a message of {:,} words", "words"
            )


def refuse_above(
    machines: Integer[np.ndarray, " machines"],
    numbers: Integer[np.ndarray, " machines"],
    limit: int,
    what: str,
    name: str,
) -> None:
    """Raise `TrafficExceeded` for the first machine whose number is above `limit`, the traffic's `name`."""
    above = np.flatnonzero(np.asarray(numbers) > limit)
    if above.size:
        machine, number = int(machines[above[0]]), int(numbers[above[0]])
        raise TrafficExceeded(
            f"machine {machine} {what.format(number)}; the router was built for {limit:,}: "
            f"build it with {name} at least {number:,}",
            machine=machine,
            number=number,
            limit=limit,
        )
