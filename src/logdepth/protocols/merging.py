"""Forests merged on fewer and fewer machines, where all vertices in use fit one: filtering.

A forest of N vertices has at most N - 1 edges, whatever machines its edges came from. So where 16 N <= s, at least four
machines' forests fit a quarter of a machine's memory, two words an edge: they go to one of them, which keeps a
forest of all; after at most ceil(log4 q) such rounds one machine has a forest of everything in use, knows the least
vertex of each tree, and tells the owners. How many machines meet in one, all know: the most rows of any, and N, are in
table status, and a forest has at most N.

Source: Lattanzi, Moseley, Suri, Vassilvitskii, "Filtering: a method for solving graph problems in MapReduce" (SPAA
2011); Karloff, Suri, Vassilvitskii (SODA 2010).
"""

from __future__ import annotations

import numpy as np

from logdepth.mpc.protocol import Change, Local, Loop, Send, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.hooking_at_home import moving, own_cells_of, rested
from logdepth.protocols.lookup import BESIDE

EACH = 16  # words of s for each vertex in use


def few(spec: Spec, num_vertices: int, shard: Shard) -> Array:
    """Whether the vertices in use are few enough to be merged, (machines,): the same on all."""
    own = 4 * (-(-num_vertices // spec.num_machines) + BESIDE)  # labels, what is in use, and little else
    room = 4 * own <= spec.local_memory
    return room & (EACH * shard["status"]["in_use"] <= spec.local_memory)


def merge(spec: Spec, num_vertices: int) -> list[Stage]:
    """Vertices in use get the least of their component as label; edges are gone. From table status."""
    q = spec.num_machines

    def gather(shard: Shard) -> Change:
        """Edges, and pointers of the vertices in use, which are edges too."""
        edges, away = shard["edges"], moving(shard)
        cells = Table({"one": own_cells_of(shard), "two": shard["labels"]["label"]}, shard["labels"].offsets)
        pointers = shard.select(cells, away)
        columns, offsets = shard.kernels.merge(
            [[edges["greater"], edges["lesser"]], [pointers["one"], pointers["two"]]], [edges.offsets, pointers.offsets]
        )
        span = shard.one_each(span=np.ones(shard.num_machines, np.int64), rows=shard["status"]["rows"])
        tree = _forest(shard, Table({"one": columns[0], "two": columns[1]}, offsets))
        return Change(keep={"tree": tree, "span": span}, drop=("edges",))

    def reach(shard: Shard) -> tuple[Array, Array]:
        """How many machines meet in one, and the most rows that it keeps."""
        span, in_use = shard["span"], shard["status"]["in_use"]
        most = np.maximum(np.minimum(span["rows"], in_use), 1)
        meet = np.maximum(spec.local_memory // (4 * most), 2)
        wide = np.minimum(span["span"], q) * np.minimum(meet, q)  # neither is more than q: no overflow
        return np.minimum(wide, q), np.minimum(most * np.minimum(meet, q), in_use)

    def send(shard: Shard) -> Change:
        tree, (wide, rows) = shard["tree"], reach(shard)
        leader = shard.machines // wide * wide
        keep = {"span": shard.one_each(span=wide, rows=rows)}
        return Change(keep=keep, drop=("tree",), mail={"tree": (tree, tree.spread(leader))})

    def tell(shard: Shard) -> Change:
        """Machine 0 alone has rows."""
        tree = shard["tree"]
        address, least, offsets = shard.kernels.stars(tree.offsets, tree["one"], tree["two"], 2**62, 0)
        answers = Table({"address": address, "least": least}, offsets)
        return Change(drop=("tree",), mail={"settled": (answers, shard.kernels.owner(address, q))})

    def settle(shard: Shard) -> Change:
        got, labels, pace = shard["settled"], shard["labels"], shard["pace"]
        label = labels["label"].copy()
        label[got.spread(labels.offsets[:-1]) + got["address"] // q] = got["least"]
        keep = {
            "labels": labels.with_columns(label=label),
            "pace": pace.with_columns(depth=rested(pace["steps"], num_vertices)),
            "edges": Table({"greater": label[:0], "lesser": label[:0]}, np.zeros(shard.num_machines + 1, np.int64)),
        }
        return Change(keep=keep, drop=("settled", "span"))

    levels = (max(q - 1, 0).bit_length() + 1) // 2  # ceil(log4 q)
    return [
        Local(gather),
        Loop(
            [
                Send("merge: forests together", send),
                Local(lambda shard: Change(keep={"tree": _forest(shard, shard["tree"])})),
            ],
            levels,
            lambda shard: shard["span"]["span"] >= q,
            f"ceil(log4 {q}) = {levels}",
        ),
        Send("merge: least vertices to their owners", tell),
        Local(settle),
    ]  # fmt: skip


def _forest(shard: Shard, rows: Table) -> Table:
    """A machine with many rows for the vertices in use keeps a forest of them."""
    many = rows.counts > shard["status"]["in_use"] // 2
    if not many.any():
        return rows
    none, most = np.zeros(rows.num_rows, bool), int(shard["status"]["in_use"][0])
    return shard.select(rows, shard.kernels.forest(rows.offsets, rows["one"], rows["two"], none, many, most))
