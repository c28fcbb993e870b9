"""What a run shows of itself while it goes on: its phase, its rounds, and what each worker did in the last one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from logdepth.mpc.host import Stepped
from logdepth.mpc.ledger import Ledger, Round


@dataclass(frozen=True)
class WorkerSeen:
    """A process in the last round: `name` is host:pid, `seconds` it worked, `moved` words, its peak in bytes so far."""

    name: str
    seconds: float
    moved: int
    peak: int | None


@dataclass
class Watch:
    """Filled by the driver, read by whoever shows it. A `Progress`, so that it goes wherever one goes.

    phase: look, read, rounds or write. label: of the last round. bound: the rounds that are proved to be enough for
    any input of this size. moved: words that machines sent each other in all rounds, not those that they kept; `rate`
    of them a second in the last few. held: words that the machines hold now, of `input_words` at first. began, since:
    of the run and the phase, seconds of the clock. report: called after each change.

    >>> watch = Watch()
    >>> watch.enter("read")
    >>> watch.phase, watch.rounds
    ('read', 0)
    """

    report: Callable[[Watch], None] = lambda watch: None
    phase: str = "look"
    rounds: int = 0
    bound: int = 0
    label: str = ""
    moved: int = 0
    rate: float = 0.0
    held: int = 0
    input_words: int = 0
    workers: list[WorkerSeen] = field(default_factory=list)
    began: float = field(default_factory=time.time)
    since: float = field(default_factory=time.time)

    def __call__(self, done: int, bound: int) -> None:
        """Steps of something else than a ledger's rounds."""
        self.rounds, self.bound = done, bound
        self.report(self)

    def enter(self, phase: str) -> None:
        """Another phase begins."""
        self.phase, self.since = phase, time.time()
        self.report(self)

    def round(self, ledger: Ledger, done: Sequence[Stepped]) -> None:
        """A round is over; `done`: what the driver was told of it."""
        if self.phase != "rounds":
            self.phase, self.since = "rounds", time.time()
        rows = ledger.rounds[-8:]
        if ledger.num_rounds == self.rounds + 1:
            self.moved += _moved(rows[-1:])
        else:  # the first of a run that goes on, or some were lost and are done again
            self.moved = _moved(ledger.rounds)
        self.rounds, self.bound, self.label = ledger.num_rounds, ledger.bound, rows[-1].label
        self.rate = _moved(rows) / max(sum(row.seconds for row in rows), 1e-9)
        self.held, self.input_words = rows[-1].words_received, ledger.spec.num_words
        found: dict[str, WorkerSeen] = {}
        for part in done:
            if not part.worker:  # this process's own threads
                continue
            seen = found.get(part.worker, WorkerSeen(part.worker, 0.0, 0, None))
            peak = part.peak if seen.peak is None else max(seen.peak, part.peak or 0)
            moved = seen.moved + part.sent.total - part.kept.total
            found[part.worker] = WorkerSeen(part.worker, seen.seconds + part.seconds, moved, peak)
        self.workers = list(found.values())
        self.report(self)

    def to_json(self) -> dict[str, Any]:
        """All of it but whom it reports to."""
        return {**{key: value for key, value in vars(self).items() if key not in ("report", "workers")},
                "workers": [asdict(worker) for worker in self.workers]}  # fmt: skip


def _moved(rows: Sequence[Round]) -> int:
    return sum(row.words_sent - row.words_kept for row in rows)
