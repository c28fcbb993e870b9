"""Any transformer as a protocol (Theorems 3.4 and C.1): the faithful form, and the blocked one that people would run.

Theorem 3.4: a transformer of L layers with `m H = O(N^delta)` is computed by an MPC protocol of
`O(L / (delta' - delta))` rounds on `O(N^2)` machines of `s = O(N^delta')` words, for any delta' in (delta, 1).
`docs/transformer_to_protocol.md` has the statement beside what is built and counted here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Num

from logdepth.errors import InputError
from logdepth.memory import check_room
from logdepth.mpc import Engine, LocalEngine, Protocol, Run, Spec, Table
from logdepth.simulation.blocked import Blocked, blocked_protocol, plan_blocked
from logdepth.simulation.faithful import Faithful, faithful_protocol, plan_faithful
from logdepth.simulation.layers import Array, SimulatedModel
from logdepth.simulation.word_bits import WordFormat, find_words

FORMS = ("faithful", "blocked")


@dataclass(frozen=True, eq=False)
class Simulation:
    """A transformer as a protocol for sequences of one length.

    plan: its machines, and what the busiest of them needs (`busiest`). protocol: for any engine.
    """

    form: str
    plan: Faithful | Blocked
    protocol: Protocol

    @property
    def spec(self) -> Spec:
        return self.protocol.spec

    def place(self, tokens: Num[Array, ...], seen: Bool[Array, " n"] | None = None) -> dict[str, Table]:
        """The input on the machines: token ids, one word each, and whether a token is seen (false for padding).

        Raises `InputError` for tokens that the model does not take, or of another number than planned for.
        """
        tokens = self.plan.model.check(tokens)
        count = self.spec.num_words // (1 + self.plan.padded)
        if len(tokens) != count:
            raise InputError(f"there are {len(tokens):,} tokens; the protocol is for {count:,}")
        if (seen is None) == self.plan.padded or (seen is not None and np.shape(seen) != tokens.shape):
            raise InputError("`seen` goes with a protocol that is planned as padded, one for each token")
        columns = {"token": tokens} if seen is None else {"token": tokens, "seen": np.asarray(seen, bool)}
        size = 1 if isinstance(self.plan, Faithful) else self.plan.tiles.tile
        offsets = np.minimum(np.arange(self.spec.num_machines + 1) * size, len(tokens))
        return {"token": Table(columns, offsets)}

    def run(
        self,
        tokens: Num[Array, ...],
        seen: Bool[Array, " n"] | None = None,
        engine: Engine | None = None,
        *,
        strict: bool = True,
    ) -> Run:
        """Run it: result logits, (n, classes), and the ledger. Raises `InputError` as `place`, and as engines do."""
        return (engine or LocalEngine()).run(self.protocol, self.place(tokens, seen), strict=strict)


def transformer_to_protocol(
    model: SimulatedModel,
    num_tokens: int,
    *,
    form: str = "blocked",
    memory: int | None = None,
    branching: int | None = None,
    fused: bool = False,
    words: WordFormat | None = None,
    padded: bool = False,
) -> Simulation:
    """The protocol of a model for sequences of `num_tokens` tokens.

    form: `faithful`, Theorem C.1's token, pair and tree machines; `blocked`, tiles of tokens. memory: s, words a
    machine; the plan takes the widest trees, or the largest tiles, that fit, and s is `plan.busiest` without it.
    branching: b of the trees, in place of memory. fused: one machine for both roots of a token, 2DL + 2
    communications. words: how numbers are written (`word_bits.find_words`; default: floats, as the model). padded: some
    tokens may be padding.

    Raises `SpecError`, with the least s, if memory is too small; `InputError` for other arguments that can't be, or a
    protocol that this machine has no room for.

    >>> from logdepth import compile
    >>> from logdepth.programs import khop_rank
    >>> from logdepth.simulation.from_library import from_transformer
    >>> compiled = compile(khop_rank, length=20, alphabet="ACGT", k=3)
    >>> tokens = compiled.encode(np.array([[0, 1, 2, 0, 3, 0, 1, 1, 2]]))
    >>> made = transformer_to_protocol(from_transformer(compiled.transformer), tokens.shape[1], form="faithful")
    >>> run = made.run(tokens[0])
    >>> bool((run.result.argmax(-1) == compiled.transformer.run(tokens)[0]).all())
    True
    >>> made.plan.machines.depth, run.ledger.num_rounds == compiled.depth * (2 * 2 + 2)
    (2, True)
    """
    if form not in FORMS:
        raise InputError(f"form is {form!r}; there are: {', '.join(FORMS)}")
    if num_tokens < 1 or num_tokens > model.max_length:
        raise InputError(f"there are {num_tokens:,} tokens; {model.name} takes 1 to {model.max_length:,}")
    if memory is not None and memory < 1:
        raise InputError(f"local_memory is {memory}; it must be at least 1")
    words = words or find_words(8 * model.dtype.itemsize)
    if words.arithmetic != model.dtype:
        raise InputError(
            f"with {words.name} words machines compute in {words.arithmetic}; the model's arrays are {model.dtype}"
        )
    if form == "faithful":
        plan = plan_faithful(
            model, num_tokens, memory=memory, branching=branching, fused=fused, words=words, padded=padded
        )
        _check_room(plan)
        spec = Spec(plan.machines.num_machines, memory or plan.busiest, num_tokens * (1 + padded))
        return Simulation(form, plan, faithful_protocol(plan, spec))
    if branching is not None or fused:
        raise InputError(f"{'a branching' if branching is not None else 'fused'} is for the faithful form")
    plan = plan_blocked(model, num_tokens, memory=memory, words=words, padded=padded)
    spec = Spec(plan.tiles.num_machines, memory or plan.busiest, num_tokens * (1 + padded))
    return Simulation(form, plan, blocked_protocol(plan, spec))


def _check_room(plan: Faithful) -> None:
    """Refuse what can never fit: the inner-product machines' inboxes, as they are mailed and as they arrive."""
    tokens = np.arange(plan.machines.num_tokens)
    words = 0
    for block in plan.model.blocks:
        first, last = block.sight.keys(tokens, len(tokens))
        words = max(words, int((last - first).sum()) * (plan.down_words(block, 0) + plan.down_words(block, 1)))
    check_room(f"the faithful form on {len(tokens):,} tokens (the blocked one needs far less)", 24 * words)
