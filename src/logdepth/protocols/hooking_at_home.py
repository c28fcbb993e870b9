"""Liu and Tarjan's RA where every edge lies with the owner of its greater end, and only vertices in use take part.

An iteration moves an edge twice, two words each time, and asks for the labels of vertices alone:
- *home*: every edge {u, v}, u > v, goes to the owner of u, who knows u's label: so u, if it is a root, takes the least
  v without a further word. The edge that u hooked along says nothing more, and is dropped; so is what the machine's
  other edges join already, where they are many (`thin`);
- *shortcut*, twice, of the vertices *in use*: those that were asked for their label in the second shortcut of the last
  iteration, and roots. A vertex that nobody asked will be no end, and none that will be leads to it: it rests;
- *push*: the owner of u tells the owner of v, of each edge, u's label; that owner knows v's: the edge has moved to its
  ends' labels. Loops are dropped.
Where an owner would get more than a quarter of s, in `home` or `push`, edges are spread evenly, and the step goes by
sorting, as in `lookup`.

On the machines: tables labels, *edges* (greater, lesser: each machine's, wherever it lies), *rest* (for each cell
since: the iteration in which it came to rest, 0 if it is in use), *pace* (steps: iterations so far; depth: a bound on
how far any vertex is from its root, 0: not known), the same on all machines. docs/components.md has the proof.
"""

from __future__ import annotations

import numpy as np

from logdepth.mpc.protocol import Change, Choose, Local, Send, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import within
from logdepth.protocols.lookup import check, fits, lower_by_sorting, may_ask, read, read_by_sorting
from logdepth.protocols.segments import Sum
from logdepth.protocols.trees import prefix

WINDOW = 1024  # edges at which a machine looks before it makes stars of all that it was given
PAIR = 2  # words of an edge
DEALT = 48  # words of s for each machine, where rows are dealt: 12 words a row of a sort, a quarter of s
FILLED = 4  # a machine's edges take one part in so many of s: sorting takes half of it


def begin(spec: Spec, num_vertices: int) -> Stage:
    """From table input to edges (stars of each machine's own, where that makes them fewer), rest and pace."""

    def start(shard: Shard) -> Change:
        given, labels = shard["input"], shard["labels"]
        greater, lesser, offsets = shard.kernels.stars(
            given.offsets, given["tail"], given["head"], WINDOW, max(num_vertices // 4, 1)
        )
        nothing = shard.machines * 0
        keep = {
            "edges": Table({"greater": greater, "lesser": lesser}, offsets),
            "rest": Table({"since": np.zeros(labels.num_rows, np.int8)}, labels.offsets),
            "pace": shard.one_each(steps=nothing, depth=nothing),
        }
        return Change(keep=keep, drop=("input",))

    return Local(start)


def survey(spec: Spec, num_vertices: int) -> list[Stage]:
    """Table status: `over`, 0 if the edges can go home; edges, how many are left; vertices in use, in all; rows.

    rows: the most edges and pointers of vertices in use on one machine. Where nothing is left to do, pace says so.
    """

    def about(shard: Shard) -> dict[str, Array]:
        edges, labels = shard["edges"], shard["labels"]
        in_use, pointers = (
            np.diff(shard.kernels.select(labels.offsets, mask, [])[1]) for mask in (in_use_of(shard), moving(shard))
        )
        return {"edges": edges.counts, "in_use": in_use, "rows": edges.counts + pointers}

    def conclude(shard: Shard) -> Change:
        status, pace = shard["status"], shard["pace"]
        depth = np.where(status["rows"] == 0, rested(pace["steps"], num_vertices), pace["depth"])
        return Change(keep={"pace": pace.with_columns(depth=depth)})

    how = {"edges": "sum", "in_use": "sum", "rows": "max"}
    return [
        *check(
            spec, "edges", "status", words=PAIR, column="greater", part=FILLED, also=about, how=how, what="check"
        ),
        Local(conclude),
    ]  # fmt: skip


def rested(steps: Array, num_vertices: int) -> Array:
    """How far a vertex is from its root at most, where all in use point to theirs, after so many iterations.

    A vertex that came to rest in an iteration pointed to one that was in use after it.
    """
    return np.maximum(np.minimum(steps + 1, num_vertices - 1), 1)


def own_cells_of(shard: Shard) -> Array:
    """The addresses of a machine's own labels, in their type."""
    labels = shard["labels"]
    return shard.kernels.cells(labels.offsets, shard.first, shard.spec.num_machines, labels["label"].dtype)


def in_use_of(shard: Shard) -> Array:
    """Which cells are in use."""
    return shard["rest"]["since"] == 0


def moving(shard: Shard) -> Array:
    """Which cells ask for their label's label: those in use that are no roots."""
    return in_use_of(shard) & (shard["labels"]["label"] != own_cells_of(shard))


def thin(shard: Shard, edges: Table, one: Array, two: Array, free: Array) -> Table:
    """Without the `free` rows; a machine with many for the vertices in use keeps a forest of them only."""
    many = edges.counts > shard["status"]["in_use"] // 2
    if many.any():
        most = int(shard["status"]["in_use"][0])
        return shard.select(edges, shard.kernels.forest(edges.offsets, one, two, free, many, most))
    return shard.select(edges, ~free)


def iteration(spec: Spec, num_vertices: int, num_edges: int) -> list[Stage]:
    """Connect, shortcut twice, alter; from table status."""
    alter = _alter_by_sorting(spec, num_vertices, num_edges)
    second = shortcut(spec, "second", num_vertices=num_vertices, rest=True)
    done = Local(lambda shard: Change(drop=("status",)))
    apart = [
        *_connect_by_sorting(spec, num_edges),
        *shortcut(spec, "first", num_vertices=num_vertices),
        *second,
        *alter,
        done,
    ]
    if not may_ask(spec):  # edges stay where they are, evenly
        return apart
    later = {"crowded": ("edges", "lesser", PAIR, FILLED)}
    at_home = [
        *_connect_at_home(spec),
        *shortcut(spec, "first", num_vertices=num_vertices, later=later),
        *second,
        Choose(lambda shard: 1 - shard["first.status"]["crowded"], _push(spec), [*_spread(spec), *alter]),
        done,
        Local(lambda shard: Change(drop=("first.status",))),
    ]
    return [Choose(fits("status"), at_home, [*_spread(spec), *apart])]


def _connect_at_home(spec: Spec) -> list[Stage]:
    def send(shard: Shard) -> Change:
        edges = shard["edges"]
        return Change(drop=("edges",), mail={"home": (edges, shard.kernels.owner(edges["greater"], spec.num_machines))})

    def hook(shard: Shard) -> Change:
        edges, labels, q = shard["home"], shard["labels"], spec.num_machines
        greater, lesser = edges["greater"], edges["lesser"]
        label = shard.kernels.lower_roots(edges.offsets, greater, lesser, labels.offsets, labels["label"], q)
        along = shard.kernels.read_owned(edges.offsets, greater, labels.offsets, label, q) == lesser
        keep = {"edges": thin(shard, edges, greater, lesser, along), "labels": labels.with_columns(label=label)}
        return Change(keep=keep, drop=("home",))

    return [Send("connect: edges to their greater ends", send), Local(hook)]


def _spread(spec: Spec) -> list[Stage]:
    """Edges evenly on all machines, before a sort.

    Where the machines are few, each deals its own in turn: one round, and no machine gets more than q over its share.
    Else by rank: exactly even, 2 D rounds more.
    """
    deals = DEALT * spec.num_machines <= spec.local_memory

    def how_many(shard: Shard) -> dict[str, Array]:
        return {"count": shard["edges"].counts}

    def send(shard: Shard) -> Change:
        edges, q = shard["edges"], spec.num_machines
        if deals:
            return Change(drop=("edges",), mail={"edges": (edges, (shard.machine_of(edges) + within(edges)) % q)})
        rank = within(edges) + edges.spread(shard["spread.before"]["count"])
        to = ((rank + 1) * q - 1) // np.maximum(edges.spread(shard["status"]["edges"]), 1)
        return Change(drop=("edges", "spread.before"), mail={"edges": (edges, to)})

    ranks = [] if deals else prefix(spec, "spread.before", how_many, Sum(), words=1, what="spread")
    return [*ranks, Send("spread: edges evenly", send)]


def _connect_by_sorting(spec: Spec, num_edges: int) -> list[Stage]:
    def offers(shard: Shard) -> Table:
        edges = shard["edges"]
        rows = {"address": edges["greater"].astype(np.int64), "least": edges["lesser"].astype(np.int64)}
        return Table(rows, edges.offsets)

    def hook(shard: Shard) -> Change:
        labels, got = shard["labels"], shard["hooks"]
        word = labels["label"].dtype
        label = shard.kernels.lower_roots(
            got.offsets, got["address"].astype(word), got["least"].astype(word), labels.offsets, labels["label"],
            spec.num_machines,
        )  # fmt: skip
        return Change(keep={"labels": labels.with_columns(label=label)}, drop=("hooks",))

    return [
        *lower_by_sorting(
            spec, "hook", offers, "hooks", columns=("least",), max_rows=num_edges, what="connect"
        ),
        Local(hook),
    ]  # fmt: skip


def shortcut(
    spec: Spec,
    name: str,
    *,
    num_vertices: int,
    rest: bool = False,
    later: dict[str, tuple[str, str, int, int]] | None = None,
) -> list[Stage]:
    """label <- label of the label, of the vertices in use.

    `rest`: only those that were asked, and the roots, stay in use. `later`: other mail that the same pre-round looks
    at; then table `name`.status stays.
    """
    ask, where, answer, status, seen = (f"{name}.{part}" for part in ("ask", "where", "answer", "status", "seen"))

    def prepare(shard: Shard) -> Change:
        rows = shard.select(shard["labels"], moving(shard))
        address, offsets, index = shard.kernels.distinct_by_owner(rows.offsets, rows["label"], spec.num_machines)
        return Change(keep={ask: Table({"address": address}, offsets), where: Table({"row": index}, rows.offsets)})

    def apply(shard: Shard) -> Change:
        labels, rows, got, away = shard["labels"], shard[where], shard[answer], moving(shard)
        label = labels["label"].copy()
        label[away] = shard.kernels.read_local(rows.offsets, rows["row"], got.offsets, got["value"])
        keep = {"labels": labels.with_columns(label=label)}
        if rest:
            pace, since = shard["pace"], shard["rest"]["since"]
            now = np.minimum(labels.spread(pace["steps"]) + 1, 100).astype(np.int8)  # the first are told from the rest
            keep["rest"] = Table({"since": np.where(away & ~shard[seen]["seen"], now, since)}, labels.offsets)
            keep["pace"] = pace.with_columns(steps=pace["steps"] + 1)
        drop = (ask, where, answer, *([seen] if rest else []), *([] if later else [status]))
        return Change(keep=keep, drop=drop)

    runs = 2 * num_vertices >= 8 * spec.num_machines**2
    return [
        Local(prepare),
        *check(spec, ask, status, words=3 if runs else 2, later=later, what="shortcut"),
        *read(
            spec, name, ask=ask, facts="labels", value="label", answer=answer, max_rows=2 * num_vertices,
            status=status, runs=runs, seen=seen if rest else None, what="shortcut",
        ),
        Local(apply),
    ]  # fmt: skip


def _push(spec: Spec) -> list[Stage]:
    q = spec.num_machines

    def send(shard: Shard) -> Change:
        edges, labels = shard["edges"], shard["labels"]
        label = shard.kernels.read_owned(edges.offsets, edges["greater"], labels.offsets, labels["label"], q)
        rows = Table({"address": edges["lesser"], "label": label}, edges.offsets)
        rows = thin(shard, rows, rows["address"], label, rows["address"] == label)
        return Change(drop=("edges",), mail={"pushed": (rows, shard.kernels.owner(rows["address"], q))})

    def arrive(shard: Shard) -> Change:
        got, labels = shard["pushed"], shard["labels"]
        label = shard.kernels.read_owned(got.offsets, got["address"], labels.offsets, labels["label"], q)
        return Change(keep={"edges": _between(shard, got.offsets, label, got["label"])}, drop=("pushed",))

    return [Send("alter: labels to the lesser ends", send), Local(arrive)]


def _between(shard: Shard, offsets: Array, one: Array, two: Array) -> Table:
    """Table edges of edges between these labels."""
    rows = Table({"greater": np.maximum(one, two), "lesser": np.minimum(one, two)}, offsets)
    return thin(shard, rows, rows["greater"], rows["lesser"], one == two)


def _alter_by_sorting(spec: Spec, num_vertices: int, num_edges: int) -> list[Stage]:
    def prepare(shard: Shard) -> Change:
        edges = shard["edges"]
        both = np.stack([edges["greater"], edges["lesser"]], axis=1).ravel()
        return Change(keep={"ends": Table({"address": both}, 2 * edges.offsets)})

    def move(shard: Shard) -> Change:
        label, edges = shard["moved"]["value"], shard["edges"]
        one, two = label[0::2].copy(), label[1::2].copy()
        return Change(keep={"edges": _between(shard, edges.offsets, one, two)}, drop=("ends", "moved"))

    return [
        Local(prepare),
        *read_by_sorting(
            spec, "alter", ask="ends", facts="labels", value="label", answer="moved",
            max_rows=num_vertices + 2 * num_edges, what="alter",
        ),
        Local(move),
    ]  # fmt: skip
