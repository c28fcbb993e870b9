"""The account of a run as it goes on: every engine's rounds are counted, checked and entered here."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from logdepth.mpc.ledger import Ledger, Round
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.table import Array, Table
from logdepth.mpc.words import count_words


class Accountant:
    """Fills `ledger`, round by round: `begin`, then `sends`, then `receives`; `ledger.end` when all have halted.

    What machines hold at the start of a round is what they received in the last one, whichever process ran that, or
    the input: `input_words`, (machines,). So an account that goes on from a checkpoint needs nothing but its ledger.

    Raises `InputError` unless the input is words; it and its methods `MemoryExceeded` in a strict run if a machine
    holds, sends or receives more than s.
    """

    def __init__(self, protocol: Protocol, inputs: Mapping[str, Table], strict: bool) -> None:
        spec = protocol.spec
        self.ledger = Ledger(spec, protocol.num_rounds, strict=strict, theory=dict(protocol.theory))
        self.input_words = np.zeros(spec.num_machines, np.int64)
        for name, table in inputs.items():
            self.input_words += count_words(f"{protocol.name}: the input", name, table, spec.num_machines)
        self.ledger.check("holds", self.input_words, 0, "input")
        self._began = 0.0

    def begin(self) -> None:
        """A round begins: its clock."""
        self._began = time.perf_counter()

    def sends(self, label: str, kept: Array, sent: Array) -> None:
        """Each machine's words: mailed to itself, and in all."""
        self._label, self._kept, self._sent = label, kept, sent
        self.ledger.check("sends", sent, 0, label)

    def receives(self, mailed: Array, messages: int) -> None:
        """Each machine's words that were mailed to it, beside its own; the round is entered."""
        ledger, kept, sent = self.ledger, self._kept, self._sent
        received = kept + mailed
        ledger.check("receives", received, 0, self._label)
        if ledger.rounds:
            held = ledger.rounds[-1].max_words_received, ledger.rounds[-1].words_received
        else:
            held = int(self.input_words.max()), int(self.input_words.sum())
        row = Round(
            round=ledger.num_rounds,
            label=self._label,
            max_words_held=held[0],
            max_words_sent=int(sent.max()),
            max_words_received=int(received.max()),
            words_held=held[1],
            words_sent=int(sent.sum()),
            words_received=int(received.sum()),
            words_kept=int(kept.sum()),
            messages=messages,
            seconds=time.perf_counter() - self._began,
        )
        ledger.rounds.append(row)
