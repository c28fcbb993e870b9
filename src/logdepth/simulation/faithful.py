"""Theorem C.1 as it stands: a machine a token, a machine a pair of tokens, and trees between them.

A layer, on N tokens with branching b and D = ceil(log_b N):
1. *dispersal*: a token's machine ends the last layer, makes query, key and value, and mails them to its two roots;
2. *down*, D communications: the trees copy them to the pairs' machines, b copies a node;
3. *up*, D communications: a pair's machine has its score; the query's tree folds scores and values (online softmax);
4. *compression*: the root mails what the heads read to the token's machine.
So a layer takes 2 D + 2 communications. The paper counts 2 D + 3 rounds: the last round of its count only computes. A
key that a query does not see (`Sight`) never gets to the pair's machine. *Fused*, a token's roots are one machine,
which keeps its row and does its row-wise work between up and down: 2 D communications a layer, and one more at either
end, from the token's machine and back: 2 D L + 2.

What a machine holds: words, and its program. The weights of its layer are part of the program, as they are part of
the row-wise maps in the theorem; no machine calls the model, and none sees a row that was not mailed to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from logdepth.errors import InputError, SpecError
from logdepth.mpc import Change, Local, Protocol, Send, Shard, Spec, Table
from logdepth.mpc.protocol import Stage
from logdepth.simulation import vectors
from logdepth.simulation.layers import Array, SimulatedBlock, SimulatedModel
from logdepth.simulation.online_softmax import Partial, fold, from_flat, one_key
from logdepth.simulation.trees import KEY, QUERY, Machines
from logdepth.simulation.word_bits import WordFormat

ROW, READ = "row", "read"  # a token's residual; partials on their way up
NAMES = ("query", "key")  # what travels down the two trees


@dataclass(frozen=True)
class Faithful:
    """The plan of a run: the model, the machines, how words are written. padded: tokens may be padding."""

    model: SimulatedModel
    machines: Machines
    words: WordFormat
    padded: bool = False

    @property
    def num_rounds(self) -> int:
        """Communications: L (2 D + 2), or 2 D L + 2 fused."""
        layers, depth = len(self.model.blocks), self.machines.depth
        return 2 * depth * layers + 2 if self.machines.fused else layers * (2 * depth + 2)

    @property
    def row_words(self) -> int:
        """A token's residual, and whether it is padding."""
        return self.model.embed_dim + self.padded

    def down_words(self, block: SimulatedBlock, tree: int) -> int:
        """What travels down a tree: a query, or a key with its value (and whether it is padding)."""
        return block.query_words if tree == QUERY else block.key_words + self.padded

    @property
    def busiest(self) -> int:
        """The most words that a machine sends, receives or holds: exact, but for windows, where it is a bound."""
        nodes, row = self.machines, self.row_words
        token = np.arange(nodes.num_tokens)
        rounds = [row if nodes.fused else 0]
        for block in self.model.blocks:
            query, key = (self.down_words(block, tree) for tree in (QUERY, KEY))
            fans = [nodes.most_children(level) for level in range(nodes.depth)]
            if nodes.fused:  # a root feeds two trees at once, and a causal token's are not both full
                copies = [high - low for low, high in (self.children(block, tree, 0, token) for tree in (QUERY, KEY))]
                rounds += [row + int((query * copies[0] + key * copies[1]).max()), row + fans[0] * block.partial_words]
                fans = fans[1:]
            else:
                rounds += [row + query + key, row + block.partial_words]
            rounds += [query + key, *(fan * max(query, key, block.partial_words) for fan in fans)]
        control = 1  # where a machine stands: a word of its memory
        return max(1 + self.padded, self.model.num_classes, max(rounds) + control)

    def children(
        self, block: SimulatedBlock, tree: int, level: int, token: Array, index: Array | int = 0
    ) -> tuple[Array, Array]:
        """The children of nodes that something travels down to: range of nodes of the next level."""
        sees = block.sight.keys if tree == QUERY else block.sight.queries
        return self.machines.children(level, np.zeros_like(token) + index, *sees(token, self.machines.num_tokens))


def plan_faithful(
    model: SimulatedModel,
    num_tokens: int,
    *,
    memory: int | None = None,
    branching: int | None = None,
    fused: bool = False,
    words: WordFormat,
    padded: bool = False,
) -> Faithful:
    """The machines: branching as given (default 4), or the largest for which `memory` words a machine are enough.

    Raises `InputError` for both, or a branching below 2; `SpecError`, with the least s, if memory is too small.
    """
    if memory is not None and branching is not None:
        raise InputError("give local_memory or a branching, not both: one follows from the other")
    if branching is not None and branching < 2:
        raise InputError(f"branching is {branching}; a tree needs at least 2")

    def plan(fan: int) -> Faithful:
        return Faithful(model, Machines(num_tokens, fan, fused), words, padded)

    if memory is None:
        return plan(min(branching or 4, max(2, num_tokens)))
    least = None
    for fan in range(max(2, num_tokens), 1, -1):
        needed = plan(fan).busiest
        if needed <= memory:
            return plan(fan)
        least = needed if least is None else min(least, needed)
    raise SpecError(
        f"local_memory = {memory:,} is too small: the busiest machine of the faithful form"
        f"{', fused,' if fused else ''} on {num_tokens:,} tokens needs {least:,} words (branching 2)"
    )


def faithful_protocol(plan: Faithful, spec: Spec) -> Protocol:
    """The protocol: input `token` (and `seen`) on the tokens' machines, output logits, (N, classes)."""
    blocks, nodes = plan.model.blocks, plan.machines
    stages: list[Stage] = []
    if nodes.fused:
        stages.append(Send("dispersal", partial(_hand_over, plan)))
    for layer in range(len(blocks)):
        if not nodes.fused:
            stages.append(Send("dispersal", partial(_disperse, plan, layer)))
        stages += [
            Send(f"down to level {level + 1}", partial(_down, plan, layer, level)) for level in range(nodes.depth)
        ]
        stages += [
            Send(f"up to level {level - 1}", partial(_up, plan, layer, level)) for level in range(nodes.depth, 0, -1)
        ]
        if not nodes.fused:
            stages.append(Send("compression", partial(_compress, plan, layer)))
    if nodes.fused:
        stages.append(Send("compression", partial(_hand_back, plan)))
    stages.append(Local(partial(_read_out, plan)))
    layers = len(blocks)
    theory = {
        "theorem": "3.4 (C.1)",
        "depth of a tree D": nodes.depth,
        "rounds in the paper's count, L (2 D + 3)": layers * (2 * nodes.depth + 3),
        "communications, L (2 D + 2)": layers * (2 * nodes.depth + 2),
        "communications fused, 2 D L + 2": 2 * nodes.depth * layers + 2,
    }
    config = {
        "model": plan.model.name, "weights": plan.model.digest, "layers": layers,
        "tokens": nodes.num_tokens, "branching": nodes.branching,
        "fused": nodes.fused, "words": plan.words.name, "padded": plan.padded,
    }  # fmt: skip
    collect = partial(_collect, plan)
    return Protocol("to-protocol faithful", spec, stages, collect, config, theory, "logits read off, token by token")


def _arrive(plan: Faithful, shard: Shard, layer: int) -> tuple[Array, Array, Array]:
    """Rows before a layer, of the tokens whose rows this shard's machines hold: machines, rows, and whether seen.

    Before layer 0 they are embedded, by the tokens' machines; else the machine ends the layer before.
    """
    if "token" in shard.tables:
        table = shard["token"]
        machine = shard.machine_of(table).astype(np.int64)
        rows = plan.model.embed(table["token"], machine)
        return machine, rows, table["seen"].astype(rows.dtype) if plan.padded else np.ones(len(rows), rows.dtype)
    machine, rows, seen = _rows(plan, shard)
    if layer == 0:
        return machine, rows, seen
    block = plan.model.blocks[layer - 1]
    reader, read = _folded(plan, shard, block)
    full = np.zeros((len(rows), block.num_heads, block.value_dim), rows.dtype)  # of no keys: 0
    full[np.searchsorted(machine, reader)] = read.mean
    return machine, block.finish(rows, full, machine % plan.machines.num_tokens), seen


def _rows(plan: Faithful, shard: Shard) -> tuple[Array, Array, Array]:
    table = shard[ROW]
    rows = vectors.read(plan.words, table, plan.row_words)
    machine = vectors.owners(shard, table, plan.row_words)
    seen = rows[:, -1] if plan.padded else np.ones(len(rows), rows.dtype)
    return machine, rows[:, : plan.model.embed_dim], seen


def _folded(plan: Faithful, shard: Shard, block: SimulatedBlock) -> tuple[Array, Partial]:
    """Each machine's partials as one: the machines that have any, and theirs."""
    table, width = shard[READ], block.partial_words
    held = vectors.counts(table, width)
    some = np.flatnonzero(held)
    starts = (table.offsets[:-1] // width)[some]
    parts = vectors.read(plan.words, table, width)
    return shard.machines[some], fold(from_flat(parts, block.num_heads, block.value_dim), starts)


def _with_seen(plan: Faithful, rows: Array, seen: Array) -> Array:
    return np.concatenate([rows, seen[:, None]], axis=1) if plan.padded else rows


def _present(shard: Shard, machine: Array) -> Array:
    """How many vectors each of the shard's machines has, from the machine of each."""
    return np.bincount(machine - shard.first, minlength=shard.num_machines)


def _mail(plan: Faithful, shard: Shard, rows: Array, machine: Array, to: Array) -> tuple[Table, Array]:
    return vectors.parcel(plan.words, rows, _present(shard, machine), to)


def _had(shard: Shard, *names: str) -> list[str]:
    return [name for name in names if name in shard.tables]


def _made(plan: Faithful, layer: int, rows: Array, seen: Array, token: Array) -> tuple[Array, Array]:
    """What travels down the two trees of each token."""
    query, key, value = plan.model.blocks[layer].project(rows, token)
    flat = [part.reshape(len(rows), part.shape[1] * part.shape[2]) for part in (query, key, value)]
    return flat[0], _with_seen(plan, np.concatenate(flat[1:], axis=1), seen)


def _disperse(plan: Faithful, layer: int, shard: Shard) -> Change:
    """A token's machine: rows before the layer; query, key and value to its roots."""
    machine, rows, seen = _arrive(plan, shard, layer)
    kept = vectors.write(plan.words, _with_seen(plan, rows, seen), _present(shard, machine))
    made = _made(plan, layer, rows, seen, machine)
    mail = {
        NAMES[tree]: _mail(plan, shard, made[tree], machine, plan.machines.root(tree, machine)) for tree in (QUERY, KEY)
    }
    return Change(keep={ROW: kept}, drop=_had(shard, "token", READ), mail=mail)


def _hand_over(plan: Faithful, shard: Shard) -> Change:
    """Fused: a token's machine mails its embedded row to its root."""
    machine, rows, seen = _arrive(plan, shard, 0)
    row = _mail(plan, shard, _with_seen(plan, rows, seen), machine, plan.machines.root(QUERY, machine))
    return Change(drop=("token",), mail={ROW: row})


def _down(plan: Faithful, layer: int, level: int, shard: Shard) -> Change:
    """The nodes of a level mail what came down to their children."""
    block, nodes, keep, drop = plan.model.blocks[layer], plan.machines, {}, list(NAMES)
    if nodes.fused and level == 0:
        machine, rows, seen = _arrive(plan, shard, layer)
        keep[ROW] = vectors.write(plan.words, _with_seen(plan, rows, seen), _present(shard, machine))
        made, drop = _made(plan, layer, rows, seen, machine - nodes.num_tokens), _had(shard, READ)
        held = [(machine, made[tree]) for tree in (QUERY, KEY)]
    else:
        held = []
        for tree, name in enumerate(NAMES):
            width = plan.down_words(block, tree)
            held.append((vectors.owners(shard, shard[name], width), vectors.read(plan.words, shard[name], width)))
    mail = {}
    for tree, (machine, rows) in enumerate(held):
        token, index = nodes.place(tree, level, machine)
        low, high = plan.children(block, tree, level, token, index)
        copies = high - low
        child = np.arange(copies.sum()) + np.repeat(low - (np.cumsum(copies) - copies), copies)
        to = nodes.node(tree, np.repeat(token, copies), level + 1, child)
        mail[NAMES[tree]] = _mail(plan, shard, np.repeat(rows, copies, axis=0), np.repeat(machine, copies), to)
    return Change(keep=keep, drop=drop, mail=mail)


def _up(plan: Faithful, layer: int, level: int, shard: Shard) -> Change:
    """The nodes of a level of the queries' trees mail one partial to their parent; at level D they make it."""
    block, nodes = plan.model.blocks[layer], plan.machines
    if level == nodes.depth:
        machine, read = _pairs(plan, block, shard)
        drop = list(NAMES)
    else:
        machine, read = _folded(plan, shard, block)
        drop = [READ]
    token, index = nodes.place(QUERY, level, machine)
    to = nodes.node(QUERY, token, level - 1, index // nodes.branching)
    return Change(drop=drop, mail={READ: _mail(plan, shard, read.flat, machine, to)})


def _pairs(plan: Faithful, block: SimulatedBlock, shard: Shard) -> tuple[Array, Partial]:
    """The machines that hold a query and a key that it may see, and the partial of that key."""
    queries, keys = (
        vectors.read(plan.words, shard[name], plan.down_words(block, tree)) for tree, name in enumerate(NAMES)
    )
    machine = vectors.owners(shard, shard["query"], block.query_words)
    if plan.padded:
        real = keys[:, -1] > 0
        machine, queries, keys = machine[real], queries[real], keys[real]
    return machine, one_key(block.split_queries(queries), *block.split_keys(keys))


def _compress(plan: Faithful, layer: int, shard: Shard) -> Change:
    """The roots mail what the heads read to the tokens' machines."""
    machine, read = _folded(plan, shard, plan.model.blocks[layer])
    token, _ = plan.machines.place(QUERY, 0, machine)
    return Change(drop=(READ,), mail={READ: _mail(plan, shard, read.flat, machine, token)})


def _hand_back(plan: Faithful, shard: Shard) -> Change:
    """Fused: the roots end the last layer and mail the rows to the tokens' machines."""
    machine, rows, seen = _arrive(plan, shard, len(plan.model.blocks))
    row = _mail(plan, shard, _with_seen(plan, rows, seen), machine, machine - plan.machines.num_tokens)
    return Change(drop=_had(shard, ROW, READ), mail={ROW: row})


def _read_out(plan: Faithful, shard: Shard) -> Change:
    """The tokens' machines: logits."""
    if plan.machines.fused:
        machine, rows, _ = _rows(plan, shard)
    else:
        machine, rows, _ = _arrive(plan, shard, len(plan.model.blocks))
    logits = vectors.write(plan.words, plan.model.readout(rows), _present(shard, machine))
    return Change(keep={"logits": logits}, drop=_had(shard, ROW, READ, "token"))


def _collect(plan: Faithful, tables: Mapping[str, Table]) -> Array:
    return vectors.read(plan.words, tables["logits"], plan.model.num_classes)
