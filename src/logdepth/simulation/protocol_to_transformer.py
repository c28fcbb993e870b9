"""Any protocol as an exact transformer (Lemma 3.2, Lemmas B.4 to B.7, Theorems 3.1 and B.3 of arXiv 2402.09268).

Machines are tokens, and a communication is a router's attention layers; `Protocol.local` on a shard of one machine is
the row-wise map after them. Machines are in step and where they stand is a word of their memory, so every
communication is the *same* function: one layer serves all. With a layout of the problem's words, one communication
more brings n tokens onto the machines (*init*) and one the output back (*final*); tokens beyond the input are blank
(Theorem B.3).

    layers = routing.num_layers * (communications + 2), or without the two where machines are tokens from the start.

The paper counts rounds so that the last only computes: R = communications + 1, and its L = R + 1 is the same number.

Two forms. *Unrolled*: as many layers as the protocol's bound says, whatever the input; once the machines have halted,
layers change nothing. *Looped*: one layer, applied until the control word says that the machines have halted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from logdepth.errors import InputError, TrafficExceeded
from logdepth.memory import check_room
from logdepth.mpc.kernels import NumpyKernels
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.rounds import Progress, check_in_step
from logdepth.mpc.table import Array, Outbox, Shard, Table, join_tables
from logdepth.mpc.words import outbox_words
from logdepth.protocols.layout import TOKENS, Layout
from logdepth.simulation.communication import EMPTY, Communication, MachineResidual, Tables
from logdepth.simulation.limbs import MOST_LIMBS
from logdepth.simulation.routers.router import Router, Routing, Rows, Start, attend
from logdepth.simulation.routers.traffic import Traffic
from logdepth.simulation.tokens import NOWHERE, final, init, message, own_token

MOST_LAYERS = 1000  # of the unrolled form
FORMS = ("looped", "unrolled")

Watch = Callable[[str, int, Rows, Start], None]


@dataclass(frozen=True, eq=False)
class ProtocolTransformer:
    """A protocol's transformer. init and final only with a layout; num_rounds: of the unrolled form, else None."""

    protocol: Protocol
    layout: Layout | None
    init: Communication | None
    round: Communication
    final: Communication | None
    num_rounds: int | None

    @property
    def communications(self) -> tuple[Communication, ...]:
        return tuple(each for each in (self.init, self.round, self.final) if each is not None)

    def _most(self, name: str) -> int:
        return max(getattr(each.routing, name) for each in self.communications)

    @property
    def num_tokens(self) -> int:
        """Beside the start token: input tokens, or machines, or output tokens, whatever is most; the rest are blank."""
        return self._most("num_tokens")

    @property
    def num_heads(self) -> int:
        return self._most("num_heads")

    @property
    def key_dim(self) -> int:
        return self._most("key_dim")

    @property
    def value_dim(self) -> int:
        return self._most("value_dim")

    @property
    def embed_dim(self) -> int:
        """m of Definition 2.2: the routers', and three coordinates for each of the s words that a machine may keep."""
        return self._most("embed_dim") + MOST_LIMBS * self.protocol.spec.local_memory

    def num_layers(self, communications: int | None = None) -> int:
        """Attention layers: of the unrolled form, or of a run with so many communications beside init and final."""
        rounds = self.num_rounds if communications is None else communications
        if rounds is None:
            raise InputError("a looped transformer's layers are a run's: give its communications")
        ends = sum(each.routing.num_layers for each in (self.init, self.final) if each is not None)
        return ends + rounds * self.round.routing.num_layers

    def embed(self, inputs: Mapping[str, Table] | Mapping[str, Array]) -> MachineResidual:
        """phi_0, row by row: with a layout each token's words (columns, (n,)), else the machines' tables."""
        given: Mapping[str, Any] = inputs
        if self.layout is None:
            tokens = np.arange(self.protocol.spec.num_machines)
            local = local_map(self.protocol)
            rows = [local(i, {name: table.part(i, i + 1) for name, table in given.items()}) for i in tokens.tolist()]
        else:
            tokens = np.arange(self.num_tokens)
            words = [{name: column[t : t + 1] for name, column in given.items()} for t in tokens]
            rows = [own_token(self.layout, t, each) for t, each in enumerate(words)]
        return MachineResidual.at(tokens, rows)

    def run(
        self,
        inputs: Mapping[str, Table] | Mapping[str, Array],
        *,
        watch: Watch | None = None,
        progress: Progress | None = None,
    ) -> tuple[Any, int]:
        """The result, and the communications until the machines halted. `watch(name, layer, rows, start)` sees what
        goes into each layer's attention (`attention_weights` makes weights of it); nothing else is kept. `progress`: as
        an engine's.

        Raises `TrafficExceeded`, naming machine, communication, number, limit and way out, where the input needs more
        than the routers were built for; `InputError` where a machine sends more than s words.
        """
        rows = self.embed(inputs)
        if self.init is not None:
            rows = self._apply("init", self.init, rows, watch)
        taken, protocol = 0, self.protocol
        for number in self._passes():
            halted = self._in_step(rows)
            if halted and self.num_rounds is None:
                break
            taken += not halted
            if progress is not None:
                progress(number, self.protocol.num_rounds)
            rows = self._apply(f"communication {number + 1} ({rows.outboxes[0].label})", self.round, rows, watch)
        assert self._in_step(rows), "not done within the protocol's bound"
        if self.final is None or self.layout is None:
            parts = [outbox.keep for outbox in rows.outboxes[: protocol.spec.num_machines]]
            return protocol.collect({name: join_tables([part[name] for part in parts]) for name in parts[0]}), taken
        rows = self._apply("final", self.final, rows, watch)
        tokens = [outbox.keep[TOKENS] for outbox in rows.outboxes[: len(self.layout.writer)]]
        empty = message(self.layout.outputs, {}, NOWHERE, "").mail[TOKENS][0]
        return self.layout.result(join_tables([empty, *tokens])), taken

    def _passes(self) -> Iterator[int]:
        return iter(range(self.protocol.num_rounds + 1 if self.num_rounds is None else self.num_rounds))

    def _in_step(self, rows: MachineResidual) -> bool:
        """Whether the machines have halted, all or none: that they are in step is checked, as in engines."""
        outboxes = rows.outboxes[: self.protocol.spec.num_machines]
        check_in_step(self.protocol, [outbox.shape() for outbox in outboxes], range(len(outboxes)))
        return outboxes[0].halt

    def _apply(self, name: str, step: Communication, rows: MachineResidual, watch: Watch | None) -> MachineResidual:
        """One communication: row-wise maps of all tokens, with attention between them."""
        routing = step.routing
        missing = routing.num_tokens - len(rows.tokens)
        if missing > 0:
            rows = MachineResidual.at(np.arange(routing.num_tokens), [*rows.outboxes, *[EMPTY] * missing])
        elif missing < 0:
            assert all(outbox is EMPTY for outbox in rows.outboxes[routing.num_tokens :])
            rows = rows.of(np.arange(routing.num_tokens))
        try:
            rows = step.enter(rows)
            for layer in range(routing.num_layers):
                sent, start = step.send(layer, rows), routing.start(layer)
                if watch is not None:
                    watch(name, layer, sent, start)
                rows = step.receive(layer, rows, attend(sent, start))
            return step.leave(rows)
        except TrafficExceeded as error:
            raise TrafficExceeded(
                f"{self.protocol.name}, {name}: {error}", machine=error.machine, number=error.number, limit=error.limit
            ) from None


def local_map(protocol: Protocol) -> Callable[[int, Tables], Outbox]:
    """The row-wise map: one machine's `Protocol.local`, held to the rules of words and to s."""
    spec = protocol.spec

    def local(machine: int, tables: Tables) -> Outbox:
        outbox = protocol.local(Shard(spec, machine, 1, tables, NumpyKernels()))
        _, sent = outbox_words(protocol.name, outbox, machine, 1, spec.num_machines)
        if sent[0] > spec.local_memory:
            raise InputError(
                f"machine {machine} sends {sent[0]:,} words ({outbox.label}), more than local_memory = "
                f"{spec.local_memory:,}, for which the row has room; give more memory (at least {sent[0]:,} words)"
            )
        return outbox

    return local


def protocol_to_transformer(
    protocol: Protocol, traffic: Traffic, router: Router, *, layout: Layout | None = None, form: str = "looped"
) -> ProtocolTransformer:
    """The transformer of a protocol: every input whose rounds stay within `traffic` comes out as on an engine.

    traffic: between the protocol's machines, in router words (`rehearsal.worst_case`, or of a `Rehearsal`). layout:
    with one, the transformer's tokens are the problem's. Raises `InputError` if the router can't serve the traffic,
    or if the unrolled form has more than `MOST_LAYERS` layers.

    >>> from logdepth.protocols import BUILT_IN
    >>> from logdepth.mpc import Spec
    >>> from logdepth.simulation.rehearsal import rehearse
    >>> from logdepth.simulation.routers.registry import ROUTERS
    >>> problem, spec = BUILT_IN["prefix-sum"], Spec(4, 24, 16)
    >>> protocol, inputs = problem.protocol(spec, size=4), problem.place(spec, [1, 2, 3, 4])
    >>> made = protocol_to_transformer(protocol, rehearse(protocol, inputs).traffic(), ROUTERS["sums"])
    >>> result, communications = made.run(inputs)
    >>> result.tolist(), communications, made.num_heads
    ([1, 3, 6, 10], 2, 1)
    """
    if form not in FORMS:
        raise InputError(f"form is {form!r}; there are: {', '.join(FORMS)}")

    def build(traffic: Traffic, what: str) -> Routing:
        return _built(router, traffic, what)

    spec, local = protocol.spec, local_map(protocol)
    step = Communication(build(traffic, "a communication"), before=lambda token, outbox: outbox, after=local)
    bound = protocol.num_rounds
    made = ProtocolTransformer(
        protocol,
        layout,
        init=None if layout is None else init(spec, layout, build, local),
        round=step,
        final=None if layout is None else final(spec, layout, build),
        num_rounds=bound if form == "unrolled" else None,
    )
    if form == "unrolled" and made.num_layers() > MOST_LAYERS:
        raise InputError(
            f"{protocol.name} on {spec.num_machines:,} machines takes at most {bound:,} communications, "
            f"{made.num_layers():,} layers; unrolled there may be {MOST_LAYERS:,}: take the looped form, whose one "
            "layer is applied until the machines halt"
        )
    return made


def _built(router: Router, traffic: Traffic, what: str) -> Routing:
    try:
        routing = router.build(traffic)
    except InputError as error:
        raise InputError(f"router {router.name}, for {what}: {error}") from None
    row = 2 * routing.key_dim + routing.value_dim + routing.num_tokens  # queries and keys, values, scores
    check_room(f"{what}'s attention by {router.name}", 8 * routing.num_heads * routing.num_tokens * row)
    return routing
