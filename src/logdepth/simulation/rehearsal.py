"""What traffic a router needs: from the protocol's own bounds, or from a rehearsal on an input.

The spec bounds every round of every input (`worst_case`): s words out of a machine and into it. A *rehearsal* runs the
protocol on an engine and measures what each round does: far less, as a rule, and then a router for it is far narrower.
It is no promise about other inputs. There the router refuses what is more than it was built for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

import numpy as np

from logdepth.mpc.engine import LocalEngine, Run
from logdepth.mpc.protocol import Change, Choose, Local, Loop, Protocol, Send, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Shard, Table
from logdepth.simulation.mail import WORDS_A_WORD, write_mail
from logdepth.simulation.routers.packets import Packets
from logdepth.simulation.routers.traffic import Traffic


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """run: the engine's, strict. rounds: each round's least traffic, with the pairs that talked."""

    run: Run
    rounds: tuple[Traffic, ...]

    def traffic(self, *, pairs: bool = False) -> Traffic:
        """The least that has every round within it; with `pairs`, also who may write to whom."""
        most = reduce(or_, self.rounds)
        return most if pairs else replace(most, pairs=None)


def away(packets: Packets) -> Packets:
    """Those that go to another machine; mail to oneself stays in the row and needs no attention."""
    return packets.where(packets.source != packets.destination)


def traffic_of(num_machines: int, packets: Packets) -> Traffic:
    """The least traffic that has the round of `packets` within it, with the pairs that talk."""
    pairs = np.unique(np.stack([packets.source, packets.destination]), axis=1)
    measured = Traffic.measured(num_machines, packets)
    return replace(measured, pairs=frozenset(zip(*pairs.tolist(), strict=True)))


def worst_case(spec: Spec) -> Traffic:
    """What any round may do at most: `WORDS_A_WORD` router words for each of s words, to and from all machines.

    >>> worst_case(Spec(64, 10, 100)).words_out
    40
    """
    return Traffic.of_words(spec.num_machines, WORDS_A_WORD * spec.local_memory)


def rehearse(protocol: Protocol, inputs: Mapping[str, Table]) -> Rehearsal:
    """Run on `inputs` (name -> table over all machines), and measure every round.

    Raises what `LocalEngine.run` raises in a strict run: `MemoryExceeded` where a machine needs more than s words.

    >>> from logdepth.protocols import BUILT_IN
    >>> problem, spec = BUILT_IN["prefix-sum"], Spec(8, 24, 16)
    >>> found = rehearse(problem.protocol(spec, size=16), problem.place(spec, np.arange(16)))
    >>> found.run.ledger.num_rounds, found.traffic().out_degree, found.traffic().words
    (2, 7, 3)
    """
    seen: list[Change] = []
    run = LocalEngine().run(replace(protocol, stages=_watched(protocol.stages, seen.append)), inputs)
    machines = np.arange(protocol.spec.num_machines)
    rounds = [traffic_of(len(machines), away(write_mail(machines, change.mail))) for change in seen]
    idle = replace(Traffic.measured(len(machines), Packets.none()), pairs=frozenset())
    return Rehearsal(run, tuple(rounds) or (idle,))


def _watched(stages: Sequence[Stage], see: Callable[[Change], None]) -> list[Stage]:
    """The same stages; what every `Send` returns is shown to `see`."""

    def send(stage: Send) -> Send:
        def run(shard: Shard) -> Change:
            change = stage.run(shard)
            see(change)
            return change

        return Send(stage.label, run)

    def watched(stage: Stage) -> Stage:
        match stage:
            case Send():
                return send(stage)
            case Local():
                return stage
            case Loop(body):
                return replace(stage, body=_watched(body, see))
            case Choose(_, then, otherwise):
                return replace(stage, then=_watched(then, see), otherwise=_watched(otherwise, see))

    return [watched(stage) for stage in stages]
