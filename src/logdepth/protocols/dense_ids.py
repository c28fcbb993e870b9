"""Ids of any kind to 0, 1, ..., V-1 in their order, by the machines themselves; and back.

Ids are words: a whole number is one, a name as many as the longest name takes. The machines sort them and count:
- every machine makes a table of its distinct ids, in order: local work, and no id travels twice from one machine;
- these are sorted over all machines by (id, machine), with the guaranteed sort (`sample_sort.py`): whatever ids are
  frequent, no machine takes more than its share;
- an id is new where the one before it, perhaps on an earlier machine (a prefix tree), is another; how many are new
  before a machine is a second prefix tree: so each row knows its id's rank;
- ranks go back. The sort is stable and each machine's ids were in order, so a machine's answers come back in the
  order of its table, by the order of mail alone: no address is sent. New ids go to the owners of their ranks.

With K words an id and at most N distinct ids on all machines together, counted with their repetitions: a sort of N
rows of K + 1 words, N words back, K V to the owners. Rounds: the sort, 2 D each for the id before, for V and for
how many are lower, and 1. Sources: the sort's (Goodrich 1999); ranks by prefix sums, Goodrich, Sitchinava, Zhang
2011, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from logdepth.mpc.protocol import Change, Local, Send, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import own_part
from logdepth.protocols.lookup import check, read
from logdepth.protocols.sample_sort import sort
from logdepth.protocols.segments import Last, Sum
from logdepth.protocols.trees import all_reduce, prefix


def id_columns(name: str, width: int) -> tuple[str, ...]:
    """The columns of an id of so many words.

    >>> id_columns("tail", 2)
    ('tail0', 'tail1')
    """
    return tuple(f"{name}{word}" for word in range(width))


def number_ids(spec: Spec, num_edges: int, width: int) -> list[Stage]:
    """From table raw (columns tail0, .., head0, ..) to what components begin with: edges and labels by number.

    Leaves input (tail, head: ranks), labels (vertex v's is v, on machine `v % q`), ids (id0, ..: vertex v's, likewise)
    and vertices (count: V, on every machine). V is at most twice `num_edges`.
    """
    keys, most = id_columns("id", width), 2 * num_edges
    word = rank_word(num_edges)

    def distinct(shard: Shard) -> Change:
        raw = shard["raw"]
        rows, starts, tail, head = _distinct([(raw[tail], raw[head]) for tail, head in _pairs(width)], raw.offsets)
        table = Table(dict(zip(keys, rows, strict=True)), starts)
        edges = Table({"tail": tail, "head": head}, raw.offsets)
        numbered = table.with_columns(machine=shard.machine_of(table))
        return Change(keep={"ranked": numbered, "input": edges}, drop=("raw",))

    def last_id(shard: Shard) -> dict[str, Array]:
        table = shard["ranked"]
        some, last = table.counts > 0, np.maximum(table.offsets[1:] - 1, 0)
        ids = {key: np.where(some, table[key][last] if table.num_rows else 0, 0) for key in keys}
        return {**ids, "some": some.astype(np.int64)}

    def is_new(shard: Shard) -> Array:
        table, before = shard["ranked"], shard["ids.before"]
        new = np.zeros(table.num_rows, bool)
        for key in keys:
            new[1:] |= table[key][1:] != table[key][:-1]
        some = table.counts > 0
        first = table.offsets[:-1][some]
        new[first] = before["some"][some] == 0
        for key in keys:
            new[first] |= before[key][some] != table[key][first]
        return new

    def mark(shard: Shard) -> Change:
        table = shard["ranked"].with_columns(new=is_new(shard))
        return Change(keep={"ranked": table}, drop=("ids.before",))

    def how_many(shard: Shard) -> dict[str, Array]:
        table = shard["ranked"]
        return {"count": np.diff(_marked_before(table["new"])[table.offsets]).astype(np.int64)}

    def tell(shard: Shard) -> Change:
        table, before = shard["ranked"], shard["ids.lower"]
        new = table["new"]
        total = _marked_before(new)
        rank = table.spread((before["count"] - total[table.offsets[:-1]] - 1).astype(word))
        rank += total[1:].astype(word, copy=False)
        ids = shard.select(table.only(*keys), new)
        owner = shard.kernels.owner(rank[new], spec.num_machines)
        answers = Table({"rank": rank}, table.offsets), table["machine"]
        return Change(drop=("ranked", "ids.lower"), mail={"ranks": answers, "ids": (ids, owner)})

    def number(shard: Shard) -> Change:
        ranks, edges = shard["ranks"], shard["input"]
        ends = {
            end: shard.kernels.read_local(edges.offsets, edges[end], ranks.offsets, ranks["rank"])
            for end in ("tail", "head")
        }
        labels = own_part(spec.num_machines, int(shard["vertices"]["count"][0]), word, shard.first, shard.num_machines)
        return Change(keep={"input": Table(ends, edges.offsets), "labels": labels}, drop=("ranks",))

    beside = 2 * -(-num_edges // spec.num_machines)  # words of the edges, which stay where they are
    return [
        Local(distinct),
        *sort(spec, "ranked", keys, width + 1, max_rows=most, beside=beside, what="ids"),
        *prefix(spec, "ids.before", last_id, Last(), words=width + 1, what="ids: the one before"),
        Local(mark),
        *all_reduce(spec, "vertices", how_many, "sum", what="ids: how many"),
        *prefix(spec, "ids.lower", how_many, Sum(), words=1, what="ids: how many are lower"),
        Send("ids: ranks back, ids to their owners", tell),
        Local(number),
    ]  # fmt: skip


def name_labels(spec: Spec, num_edges: int, width: int) -> list[Stage]:
    """From labels and ids to table named (columns label0, ..): the id of the vertex that each label names."""
    most = 2 * num_edges

    def prepare(shard: Shard) -> Change:
        labels = shard["labels"]
        address, offsets, index = shard.kernels.distinct_by_owner(labels.offsets, labels["label"], spec.num_machines)
        where = Table({"row": index}, labels.offsets)
        return Change(keep={"names.ask": Table({"address": address}, offsets), "names.where": where})

    def apply(shard: Shard) -> Change:
        labels, where = shard["labels"], shard["names.where"]
        answers = [shard[f"names.{word}"] for word in range(width)]
        found = [shard.kernels.read_local(labels.offsets, where["row"], a.offsets, a["value"]) for a in answers]
        named = Table(dict(zip(id_columns("label", width), found, strict=True)), labels.offsets)
        drop = ("names.ask", "names.where", "names.status", *(f"names.{word}" for word in range(width)))
        return Change(keep={"named": named}, drop=drop)

    reads = [
        stage
        for word, column in enumerate(id_columns("id", width))
        for stage in read(
            spec, f"names.read{word}", ask="names.ask", facts="ids", value=column, answer=f"names.{word}",
            max_rows=2 * most, status="names.status", what="ids of labels",
        )
    ]  # fmt: skip
    return [
        Local(prepare),
        *check(spec, "names.ask", "names.status", words=2 + width, what="ids of labels"),
        *reads,
        Local(apply),
    ]


def rank_word(num_edges: int) -> type:
    """The type of a vertex's number, of so many edges' ends."""
    return np.int32 if 2 * num_edges < 2**31 else np.int64


def _pairs(width: int) -> list[tuple[str, str]]:
    return list(zip(id_columns("tail", width), id_columns("head", width), strict=True))


def _marked_before(mask: Array) -> Array:
    """For each row, and after the last one, how many rows before it are marked; int32 where that holds them."""
    total = np.zeros(len(mask) + 1, np.int32 if len(mask) < 2**31 else np.int64)
    np.cumsum(mask, out=total[1:])
    return total


def _distinct(ends: Sequence[tuple[Array, Array]], offsets: Array) -> tuple[list[Array], Array, Array, Array]:
    """Each machine's distinct ids in order: their words, their offsets, and each tail's and head's place among them.

    ends: of each word the tails and the heads of all machines; rows of machine i are `offsets[i]` to `offsets[i + 1]`.
    """
    machines = len(offsets) - 1
    found: list[list[Array]] = [[] for _ in ends]
    starts, (tails, heads) = np.zeros(machines + 1, np.int64), np.empty((2, offsets[-1]), np.int32)
    for machine in range(machines):
        low, high = int(offsets[machine]), int(offsets[machine + 1])
        own = [np.concatenate([tail[low:high], head[low:high]]) for tail, head in ends]
        order = np.argsort(own[0]) if len(own) == 1 else np.lexsort(own[::-1])
        new = np.ones(len(order), bool)
        if len(order):
            new[1:] = False
        for place, word in enumerate(own):
            own[place] = word[order]
            new[1:] |= own[place][1:] != own[place][:-1]
        rank = np.empty(len(order), np.int32)
        rank[order] = np.cumsum(new, dtype=np.int32) - 1
        tails[low:high], heads[low:high] = rank[: high - low], rank[high - low :]
        for word, part in zip(own, found, strict=True):
            part.append(word[new])
        starts[machine + 1] = starts[machine] + np.count_nonzero(new)
    words = []
    for part in found:
        words.append(np.concatenate(part))
        part.clear()
    return words, starts, tails, heads
