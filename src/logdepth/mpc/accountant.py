"""The account of a run as it goes on: every engine's rounds are counted, checked and entered here."""

from __future__ import annotations

import time

from logdepth.mpc.ledger import Ledger, Round
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.tally import WordTally


class Accountant:
    """Fills `ledger`, round by round: `begin`, then `sends`, then `receives`; `ledger.end` when all have halted.

    It sees a `WordTally` of all machines, never a row a machine. What machines hold at the start of a round is what
    they received in the last one, whichever process ran that, or the input (`holds`). So an account that goes on from a
    checkpoint needs nothing but its ledger.

    Its methods raise `MemoryExceeded` in a strict run if a machine holds, sends or receives more than s.
    """

    def __init__(self, protocol: Protocol, strict: bool) -> None:
        self.ledger = Ledger(protocol.spec, protocol.num_rounds, strict=strict, theory=dict(protocol.theory))
        self._input: WordTally | None = None
        self._began = 0.0

    def holds(self, held: WordTally) -> None:
        """The words of the input on each machine."""
        self._input = held
        self.ledger.check("holds", held, "input")

    def begin(self) -> None:
        """A round begins: its clock."""
        self._began = time.perf_counter()

    def sends(self, label: str, kept: WordTally, sent: WordTally) -> None:
        """Each machine's words: mailed to itself, and in all."""
        self._label, self._kept, self._sent = label, kept, sent
        self.ledger.check("sends", sent, label)

    def receives(self, received: WordTally, messages: int) -> None:
        """Each machine's words received, its own included, and the rows mailed; the round is entered."""
        ledger, kept, sent = self.ledger, self._kept, self._sent
        ledger.check("receives", received, self._label)
        if ledger.rounds:
            held = ledger.rounds[-1].max_words_received, ledger.rounds[-1].words_received
        else:
            assert self._input is not None, "a run begins with its input"
            held = self._input.most, self._input.total
        row = Round(
            round=ledger.num_rounds,
            label=self._label,
            max_words_held=held[0],
            max_words_sent=sent.most,
            max_words_received=received.most,
            words_held=held[1],
            words_sent=sent.total,
            words_received=received.total,
            words_kept=kept.total,
            messages=messages,
            seconds=time.perf_counter() - self._began,
        )
        ledger.rounds.append(row)
