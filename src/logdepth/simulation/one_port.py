"""One-port protocols: their `local` *is* a program, so that protocol -> program -> stock weights is one arrow.

A router's row functions are arbitrary (Definition 2.1), and no stock model holds them. Where it is known beforehand
whom a machine hears from, routing needs none: the *ports* router is a look-up by address, and so is a compiled head.

**Class.** Machine p = 1..q holds one word. In round r it hears from machine `sources[r][p]`, known beforehand, the
same for every input (0: from nobody; several may hear from one), whose word it receives. Then word <- step(word,
received), `step` made of the operations of the program language (word arithmetic, tables); who hears from nobody
receives `nothing`, and `step(nothing, nothing) = nothing`. Under GPT-2's causal mask sources[r][p] <= p.

**Statement.** The program below, in the same order of rounds, holds at position p after r look-ups what machine p
holds after r communications. *Proof.* By induction on r. r = 0: the input word; at the start token `nothing`. r + 1:
position p reads, at the address sources[r][p] (a table of its position), that token's word: by induction its
machine's, or, at address 0, the start token's, which is `nothing` since step(nothing, nothing) is. Then both take the
same `step`. QED.

So a communication is a look-up, one head, and as many blocks as `step` is deep, one for a sum. Not in the class:
ports that depend on the data (pointer doubling asks whom its words name; as a *program* that is a look-up too, but as
a protocol it is a question and an answer, and many may ask one), several words from several machines in one round (a
head each would do), and memory that grows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.lang import Position, Program, Symbol, Word, at, program, table
from logdepth.mpc.protocol import Change, Local, Protocol, Send, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table

Step = Callable[[Any, Any], Any]  # of two words of the language, and of two int64 arrays alike


@dataclass(frozen=True)
class OnePort:
    """The class's protocols. sources[r]: of machines 1..q, whom each hears from in round r, 0 for nobody.

    Raises `InputError` for sources that are no machines, or come after their hearer; where `nothing` is not kept.

    >>> sums = prefix_sums_by_doubling(4)
    >>> sums.sources
    ((0, 1, 2, 3), (0, 0, 1, 2))
    """

    name: str
    sources: tuple[tuple[int, ...], ...]
    step: Step
    nothing: int = 0

    def __post_init__(self) -> None:
        for number, sources in enumerate(self.sources):
            if len(sources) != self.num_machines:
                raise InputError(f"sources[{number}] is for {len(sources)} machines; there are {self.num_machines}")
            for machine, source in enumerate(sources, 1):
                if not 0 <= source <= machine:
                    raise InputError(
                        f"machine {machine} hears from {source} in round {number}; under a causal mask from "
                        f"0..{machine}"
                    )
        kept = np.array([self.nothing])
        if int(self.step(kept, kept)[0]) != self.nothing:
            raise InputError(f"step({self.nothing}, {self.nothing}) is not {self.nothing}, so it can't mean nothing")

    @property
    def num_machines(self) -> int:
        return len(self.sources[0]) if self.sources else 0

    def program(self) -> Program:
        """As a program: symbols are the machines' input words; its answer is the word at the end."""
        rounds = [lambda p, heard=(0, *heard): heard[p] if p < len(heard) else 0 for heard in self.sources]

        def one_port(x: Symbol, position: Position) -> Word:
            word = table(lambda value: self.nothing if value == x.hi else value, x)  # x.hi: the start token's symbol
            for heard in rounds:
                word = self.step(word, at(table(heard, position)).read(word))
            return word

        return program(one_port)

    def protocol(self, spec: Spec) -> Protocol:
        """As a protocol, a communication a round. Raises `InputError` for another number of machines.

        Inputs: `place`. The result: each machine's word, (q,).
        """
        if spec.num_machines != self.num_machines:
            raise InputError(f"{self.name} is for {self.num_machines} machines; the spec has {spec.num_machines}")

        def take(shard: Shard) -> Table:
            """The word after the round whose mail is here."""
            own, got = shard["word"], shard["heard"]
            received = np.full(shard.num_machines, self.nothing)
            received[got.counts > 0] = got["value"]
            return own.with_columns(value=np.asarray(self.step(own["value"], received), np.int64))

        def send(number: int) -> Callable[[Shard], Change]:
            heard = np.array(self.sources[number])

            def run(shard: Shard) -> Change:
                own = shard["word"] if number == 0 else take(shard)
                to = [np.flatnonzero(heard == machine + 1) for machine in shard.machines]
                counts = [len(each) for each in to]
                rows = Table({"value": np.repeat(own["value"], counts)}, np.append(0, np.cumsum(counts)))
                drop = () if number == 0 else ("heard",)
                return Change(keep={"word": own}, drop=drop, mail={"heard": (rows, np.concatenate(to))})

            return run

        stages: list[Stage] = [Send(f"round {number}", send(number)) for number in range(len(self.sources))]
        last = Local(lambda shard: Change(keep={"word": take(shard)}, drop=("heard",)))
        config = {"sources": [list(each) for each in self.sources], "nothing": self.nothing}
        return Protocol(self.name, spec, [*stages, last] if stages else [], _collect, config)

    def place(self, words: Sequence[int]) -> dict[str, Table]:
        """The input on the machines, a word each."""
        return {"word": Table({"value": np.asarray(words, np.int64)}, np.arange(len(words) + 1))}


def _collect(tables: Mapping[str, Table]) -> Array:
    return tables["word"]["value"]


def prefix_sums_by_doubling(num_machines: int) -> OnePort:
    """Hillis and Steele: in round r machine p adds the word of machine p - 2^r; `ceil(log2 q)` rounds.

    >>> prefix_sums_by_doubling(4).program().run("1120", symbols="012")
    [1, 2, 4, 4]
    """
    rounds = range((num_machines - 1).bit_length())
    sources = tuple(tuple(max(p - 2**r, 0) for p in range(1, num_machines + 1)) for r in rounds)
    return OnePort("prefix-sums-by-doubling", sources, lambda own, received: own + received)
