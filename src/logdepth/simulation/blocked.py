"""Theorem C.1 as people would run it: a machine holds a tile of tokens, as many as its memory allows.

A machine does the row-wise work of its tile and attends to the tile itself; then keys and values travel, tile by
tile, those of `fan` others a round, and are folded into what the tile's queries have read so far (online softmax). On
G tiles a layer takes `ceil((G - 1) / fan)` communications, none at all on one. Against the faithful form: G machines
in place of N^2, no trees, and the words that travel fall with the tile: N G in place of N^2 keys.

What a machine holds: its tile's rows, queries and partials, its own keys while they are still to be sent, and its
program, which includes the weights. No machine calls the model, and none sees a row that was not mailed to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from logdepth.errors import SpecError
from logdepth.mpc import Change, Local, Protocol, Send, Shard, Spec, Table
from logdepth.mpc.protocol import Stage
from logdepth.simulation import vectors
from logdepth.simulation.layers import Array, SimulatedBlock, SimulatedModel
from logdepth.simulation.online_softmax import Partial, attend, from_flat, merge, nothing
from logdepth.simulation.tiles import Tiles
from logdepth.simulation.word_bits import WordFormat

ROW, QUERY, READ, OWN, KEYS = "row", "query", "read", "own", "keys"


@dataclass(frozen=True)
class Blocked:
    """The plan of a run. padded: tokens may be padding."""

    model: SimulatedModel
    tiles: Tiles
    words: WordFormat
    padded: bool = False

    @property
    def num_rounds(self) -> int:
        """Communications: `ceil((G - 1) / fan)` a layer, fewer where a window ends sooner."""
        return sum(len(self.tiles.rounds(block.sight)) for block in self.model.blocks)

    @property
    def row_words(self) -> int:
        """A token's residual, and whether it is padding."""
        return self.model.embed_dim + self.padded

    def key_words(self, block: SimulatedBlock) -> int:
        """A token's key and value, and whether it is padding."""
        return block.key_words + self.padded

    @property
    def busiest(self) -> int:
        """The most words that a machine sends, receives or holds.

        A layer without rounds (one tile, or a window of one) shows the ledger nothing; the tile's rows, queries, keys
        and partials are counted all the same.
        """
        a_token = max(1 + self.padded, self.model.num_classes)  # the input; the output
        for block in self.model.blocks:
            rounds = self.tiles.rounds(block.sight)
            copies = len(rounds[0]) + (len(rounds) > 1) if rounds else 1
            held = self.row_words + block.query_words + block.partial_words
            a_token = max(a_token, held + copies * self.key_words(block))
        control = 1  # where a machine stands: a word of its memory
        return a_token * min(self.tiles.tile, self.tiles.num_tokens) + control


def plan_blocked(
    model: SimulatedModel,
    num_tokens: int,
    *,
    memory: int | None = None,
    words: WordFormat,
    padded: bool = False,
) -> Blocked:
    """The tiles: the largest for which `memory` words a machine are enough (default: four, each hearing from all).

    Tiles are then made even, and as many of them as still fit are heard from in a round. Raises `SpecError`, with the
    least s, if a tile of one token is too large.
    """

    def plan(tile: int, fan: int) -> Blocked:
        return Blocked(model, Tiles(num_tokens, tile, fan), words, padded)

    if memory is None:
        tile = -(-num_tokens // min(4, num_tokens))
        return plan(tile, max(1, -(-num_tokens // tile) - 1))
    if plan(num_tokens, 1).busiest <= memory:
        return plan(num_tokens, 1)

    def best(tile: int) -> Blocked | None:
        """The plan with the largest fan that fits: a fan of all needs no tile to keep its own keys."""
        others = -(-num_tokens // tile) - 1
        return next((p for fan in range(max(1, others), 0, -1) if (p := plan(tile, fan)).busiest <= memory), None)

    tile = next((t for t in range(-(-num_tokens // 2), 0, -1) if best(t) is not None), None)
    if tile is None:
        least = min(plan(1, fan).busiest for fan in {1, max(1, num_tokens - 1)})
        raise SpecError(
            f"local_memory = {memory:,} is too small: a machine of the blocked form with a single token needs "
            f"{least:,} words"
        )
    even = -(-num_tokens // -(-num_tokens // tile))
    found = best(even)
    assert found is not None
    return found


def blocked_protocol(plan: Blocked, spec: Spec) -> Protocol:
    """The protocol: input `token` (and `seen`), a tile a machine; output logits, (N, classes)."""
    stages: list[Stage] = []
    before: tuple[int, ...] = ()
    for layer, block in enumerate(plan.model.blocks):
        rounds = plan.tiles.rounds(block.sight)
        if not rounds:
            stages.append(Local(partial(_begin, plan, layer, before, (), False)))
        else:
            stages.append(Send("keys of the nearest", partial(_begin, plan, layer, before, rounds[0], len(rounds) > 1)))
        for index in range(1, len(rounds)):
            more = index + 1 < len(rounds)
            stages.append(Send("keys of others", partial(_go_on, plan, layer, rounds[index - 1], rounds[index], more)))
        before = rounds[-1] if rounds else ()
    stages.append(Local(partial(_read_out, plan, before)))
    tiles = plan.tiles
    theory = {
        "theorem": "3.4 (C.1), on tiles",
        "tokens a machine": min(tiles.tile, tiles.num_tokens),
        "tiles heard from in a round": min(tiles.fan, max(1, tiles.num_machines - 1)),
        "communications, L ceil((G - 1) / fan)": plan.num_rounds,
    }
    config = {
        "model": plan.model.name, "weights": plan.model.digest,
        "layers": len(plan.model.blocks), "tokens": tiles.num_tokens, "tile": tiles.tile,
        "fan": tiles.fan, "words": plan.words.name, "padded": plan.padded,
    }  # fmt: skip
    collect = partial(_collect, plan)
    return Protocol("to-protocol blocked", spec, stages, collect, config, theory, "logits read off, tile by tile")


def _positions(plan: Blocked, shard: Shard) -> list[Array]:
    return [plan.tiles.tokens(machine) for machine in shard.machines.tolist()]


def _arrive(plan: Blocked, layer: int, heard: Sequence[int], shard: Shard) -> tuple[Array, Array]:
    """Rows before a layer, of all the shard's tiles, and whether each is seen; `heard`: the last round's distances."""
    dtype = plan.words.arithmetic
    if layer == 0:
        table = shard["token"]
        seen = table["seen"].astype(dtype) if plan.padded else np.ones(table.num_rows, dtype)
        return plan.model.embed(table["token"], np.concatenate(_positions(plan, shard))), seen
    block = plan.model.blocks[layer - 1]
    rows, seen = _rows(plan, shard)
    _, read = _heard(plan, block, heard, shard)
    return block.finish(rows, read.mean, np.concatenate(_positions(plan, shard))), seen


def _rows(plan: Blocked, shard: Shard) -> tuple[Array, Array]:
    rows = vectors.read(plan.words, shard[ROW], plan.row_words)
    seen = rows[:, -1] if plan.padded else np.ones(len(rows), rows.dtype)
    return rows[:, : plan.model.embed_dim], seen


def _heard(plan: Blocked, block: SimulatedBlock, distances: Sequence[int], shard: Shard) -> tuple[Array, Partial]:
    """Every tile's queries, and what they have read, with the keys that just came."""
    width = block.query_words
    queries = block.split_queries(vectors.read(plan.words, shard[QUERY], width))
    held = vectors.read(plan.words, shard[READ], block.partial_words)
    read = from_flat(held, block.num_heads, block.value_dim)
    if not distances:
        return queries, read
    keys = vectors.read(plan.words, shard[KEYS], plan.key_words(block))
    parts, own, other = [], 0, 0
    for machine, positions in zip(shard.machines.tolist(), _positions(plan, shard), strict=True):
        sources = plan.tiles.sources(machine, distances, block.sight)
        mine = slice(own, own := own + len(positions))
        now = Partial(read.log_z[mine], read.mean[mine])
        if sources:
            theirs = np.concatenate([plan.tiles.tokens(source) for source in sources])
            came = keys[other : (other := other + len(theirs))]
            now = merge(now, _look(plan, block, queries[mine], came, positions, theirs))
        parts.append(now)
    return queries, Partial(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _look(plan: Blocked, block: SimulatedBlock, queries: Array, keys: Array, at: Array, there: Array) -> Partial:
    """A tile's queries, at these positions, on keys that stand there."""
    visible = block.sight.visible(at, there)
    if plan.padded:
        visible &= keys[:, -1] > 0
    if not visible.any():
        return nothing(len(queries), block.num_heads, block.value_dim, queries.dtype)
    return attend(queries, *block.split_keys(keys), None if visible.all() else visible)


def _begin(
    plan: Blocked, layer: int, heard: Sequence[int], distances: Sequence[int], more: bool, shard: Shard
) -> Change:
    """A layer begins: end the one before, project, attend to the own tile, and mail its keys to the nearest."""
    block, positions = plan.model.blocks[layer], _positions(plan, shard)
    rows, seen = _arrive(plan, layer, heard, shard)
    query, key, value = block.project(rows, np.concatenate(positions))
    keys = np.concatenate([key.reshape(len(rows), -1), value.reshape(len(rows), -1)], axis=1)
    keys = np.concatenate([keys, seen[:, None]], axis=1) if plan.padded else keys
    keys = plan.words.decode(plan.words.encode(keys))  # the own tile is read as others read it
    ends = np.cumsum([len(own) for own in positions])
    parts = [
        _look(plan, block, query[end - len(own) : end], keys[end - len(own) : end], own, own)
        for own, end in zip(positions, ends, strict=True)
    ]
    read = Partial(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    row = np.concatenate([rows, seen[:, None]], axis=1) if plan.padded else rows
    keep = {
        ROW: _kept(plan, row, positions),
        QUERY: _kept(plan, query, positions),
        READ: _kept_read(plan, read, positions),
    }
    if more:
        keep[OWN] = _kept(plan, keys, positions)
    drop = [name for name in ("token", KEYS) if name in shard.tables]
    mail = {KEYS: _sent(plan, block, keys, distances, shard)} if distances else {}
    return Change(keep=keep, drop=drop, mail=mail)


def _go_on(
    plan: Blocked, layer: int, heard: Sequence[int], distances: Sequence[int], more: bool, shard: Shard
) -> Change:
    """Fold in the keys that came; mail the own ones farther."""
    block, positions = plan.model.blocks[layer], _positions(plan, shard)
    _, read = _heard(plan, block, heard, shard)
    keys = vectors.read(plan.words, shard[OWN], plan.key_words(block))
    drop = (KEYS,) if more else (KEYS, OWN)
    mail = {KEYS: _sent(plan, block, keys, distances, shard)}
    return Change(keep={READ: _kept_read(plan, read, positions)}, drop=drop, mail=mail)


def _kept(plan: Blocked, rows: Array, positions: list[Array]) -> Table:
    return vectors.write(plan.words, rows.reshape(len(rows), -1), np.array([len(own) for own in positions]))


def _kept_read(plan: Blocked, read: Partial, positions: list[Array]) -> Table:
    return _kept(plan, read.flat, positions)


def _sent(
    plan: Blocked, block: SimulatedBlock, keys: Array, distances: Sequence[int], shard: Shard
) -> tuple[Table, Array]:
    """Each tile's keys, once for each machine that they go to."""
    copies, counts, to, end = [], [], [], 0
    for machine, own in zip(shard.machines.tolist(), _positions(plan, shard), strict=True):
        begin, end = end, end + len(own)
        targets = plan.tiles.targets(machine, distances, block.sight)
        copies += [keys[begin:end]] * len(targets)
        to += [np.full(len(own), target) for target in targets]
        counts.append(len(targets) * len(own))
    rows = np.concatenate(copies) if copies else keys[:0]
    return vectors.parcel(plan.words, rows, np.array(counts), np.concatenate(to) if to else np.zeros(0, np.int64))


def _read_out(plan: Blocked, heard: Sequence[int], shard: Shard) -> Change:
    """Logits of every tile."""
    rows, _ = _arrive(plan, len(plan.model.blocks), heard, shard)
    logits = _kept(plan, plan.model.readout(rows), _positions(plan, shard))
    return Change(keep={"logits": logits}, drop=list(shard.tables))


def _collect(plan: Blocked, tables: Mapping[str, Table]) -> Array:
    return vectors.read(plan.words, tables["logits"], plan.model.num_classes)
