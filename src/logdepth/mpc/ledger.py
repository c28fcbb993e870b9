"""The account of a run: what each round cost, kept by the engine, never declared by a protocol.

And what was done outside the rounds, by the process that drives them: `driver`, with its seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from logdepth.errors import MemoryExceeded
from logdepth.mpc.spec import Spec
from logdepth.mpc.tally import WordTally


@dataclass(frozen=True)
class Round:
    """One round. Words include mail to oneself (Definition 2.3); a machine's memory is what it received.

    held: words a machine holds at the start of the round, its inbox. sent, received: words in the round.
    kept: the part of `sent` that machines mailed to themselves as their state. messages: rows mailed otherwise.
    """

    round: int
    label: str
    max_words_held: int
    max_words_sent: int
    max_words_received: int
    words_held: int
    words_sent: int
    words_received: int
    words_kept: int
    messages: int
    seconds: float = 0.0

    def without_clock(self) -> Round:
        """The same with 0 seconds: all that two runs of one protocol share."""
        return Round(**{**asdict(self), "seconds": 0.0})


@contextmanager
def timed(driver: dict[str, float], label: str) -> Iterator[None]:
    """Enter the seconds of what is done inside under `label`, on top of what is there.

    >>> driver = {}
    >>> with timed(driver, "place: edges in blocks"):
    ...     pass
    >>> list(driver)
    ['place: edges in blocks']
    """
    began = time.perf_counter()
    try:
        yield
    finally:
        driver[label] = driver.get(label, 0.0) + time.perf_counter() - began


@dataclass
class Ledger:
    """Every round of a run, against the spec's q and s and the protocol's bound on rounds.

    held_at_end: words of the fullest machine when all halted. driver: what no machine did (the input read and laid out,
    the result collected), label -> seconds; like a round's seconds they are no part of what two runs share. peak_bytes:
    the most that the driver's process had in memory, and the fullest of the workers', as their system says.

    >>> ledger = Ledger(Spec(4, 100, 50), bound=9)
    >>> ledger.rounds.append(Round(0, "send", 10, 20, 30, 40, 50, 50, 40, 10))
    >>> ledger.summary()["max_words_sent"], ledger.summary()["num_rounds"]
    (20, 1)
    """

    spec: Spec
    bound: int
    rounds: list[Round] = field(default_factory=list)
    strict: bool = True
    exceeded: list[str] = field(default_factory=list)
    theory: dict[str, Any] = field(default_factory=dict)
    held_at_end: int = 0
    driver: dict[str, float] = field(default_factory=dict)
    peak_bytes: dict[str, int] = field(default_factory=dict)

    @property
    def num_rounds(self) -> int:
        return len(self.rounds)

    def check(self, what: str, words: WordTally, label: str) -> None:
        """Compare the fullest machine's words with s; `what` is holds, sends or receives.

        Raises `MemoryExceeded` if strict, else keeps the message in `exceeded`.
        """
        if words.most > self.spec.local_memory:
            self.exceed(what, words.machine, words.most, label)

    def end(self, held: WordTally) -> None:
        """Enter what each machine holds when all have halted; `MemoryExceeded` as `check`."""
        self.check("holds", held, "the end")
        self.held_at_end = held.most

    def exceed(self, what: str, machine: int, worst: int, label: str) -> None:
        """Say that a machine is over s: raise `MemoryExceeded`, or note it."""
        spec = self.spec
        message = (
            f"machine {machine} {what} {worst:,} words in round {self.num_rounds} ({label}), "
            f"more than local_memory = {spec.local_memory:,}; give more memory (at least {worst:,} words a machine)"
            + (", spread the input over more machines" if what != "receives" else "")
            + ", or only record the limits (--limits record)"
        )
        if self.strict:
            raise MemoryExceeded(message, machine=machine, round=self.num_rounds, words=worst, limit=spec.local_memory)
        self.exceeded.append(message)

    def without_clock(self) -> list[Round]:
        """All rounds without their seconds, for comparing runs."""
        return [row.without_clock() for row in self.rounds]

    def summary(self) -> dict[str, Any]:
        """Totals and maxima: a flat mapping of numbers."""
        rows = self.rounds

        def top(name: str) -> int:
            return max((getattr(row, name) for row in rows), default=0)

        def total(name: str) -> int:
            return sum(getattr(row, name) for row in rows)

        return {
            "num_rounds": self.num_rounds,
            "num_rounds_bound": self.bound,
            "num_machines": self.spec.num_machines,
            "local_memory": self.spec.local_memory,
            "input_words": self.spec.num_words,
            "slack": round(self.spec.slack, 3),
            "delta": self.spec.delta,
            "gamma": self.spec.gamma,
            "max_words_sent": top("max_words_sent"),
            "max_words_received": top("max_words_received"),
            "max_words_held": max(top("max_words_held"), rows[-1].max_words_received if rows else 0, self.held_at_end),
            "words_sent": total("words_sent"),
            "words_kept": total("words_kept"),
            "messages": total("messages"),
            "seconds": sum(row.seconds for row in rows),
            "driver_seconds": sum(self.driver.values()),
            "limits_exceeded": len(self.exceeded),
            "theory": self.theory,
        }

    def to_json(self) -> dict[str, Any]:
        """The summary, with every round under `rounds`, and under `driver` what was done outside them."""
        return {
            **self.summary(),
            "rounds": [asdict(row) for row in self.rounds],
            "driver": dict(self.driver),
            "peak_bytes": dict(self.peak_bytes),
            "exceeded": self.exceeded,
        }
