"""Rooted spanning forest: each vertex's parent, the roots being the least vertices of their components.

1. *Choose* edges by the algorithm of `components`: when a root takes a lesser neighbouring end as its label, it notes
   the number of an edge that leads there. Labels only fall, so every vertex hooks once at most, and to a tree whose
   root is less than itself: the noted edges join what was apart, without a cycle, and are a spanning forest.
2. *Tour*: the F noted edges get ranks 0..F-1; edge f between u and v makes the arcs 2 f = (u, v) and 2 f + 1 = (v, u),
   so the reverse of arc a is `a ^ 1`. Arcs are sorted by (tail, arc). After arc (u, v) the tour takes the arc that
   follows (v, u) among those leaving v, cyclically: an Euler tour of each tree. A row knows the row before it from a
   prefix tree; where a tail's rows end, its first and last arc meet at the tail's owner, who closes the circle, or, at
   a root, cuts it: the last arc into the root is the end of the list and points to itself.
3. *Rank* the arcs by their distance to the end: pointer doubling.
4. *Root*: of an edge's two arcs the one further from the end is taken first, from the parent to the child.

Rounds: those of `components` (the bound is `component_iterations(n)` iterations), one sort, and doubling: a list has at
most `2 n - 2` arcs, the first `2 n - 3` from the end, and k passes bridge `2^k`, so `ceil(log2 n) + 1` passes, and one
to see that nothing moved. `O(log n)` in all for fixed delta.
Memory: a machine's share of the edges twice (2 words as given, 3 altered), their distinct ends, its vertices' labels
and noted edges; then, of at most `2 min(n - 1, m)` arcs, 3 words each. No vertex's arcs are ever on one machine, so a
star costs what a path does. Source: R. E. Tarjan, U. Vishkin, "An efficient parallel biconnectivity algorithm", SIAM
J. Comput. 14 (1985), the Euler tour technique; Theorem B.8 of arXiv 2402.09268 states the transformer.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from logdepth.mpc.protocol import Change, Local, Loop, Protocol, Send, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import addresses, block_owner, block_starts, cell_rows, in_order
from logdepth.protocols.inputs.graphs import GRAPH
from logdepth.protocols.labels import connect, index_edges, layout_graph, place_graph, settle, some_row, vertex_types
from logdepth.protocols.layout import Layout
from logdepth.protocols.lookup import check, read, stack
from logdepth.protocols.minimum_forest import asks, least_edges, least_rows, noted, numbered
from logdepth.protocols.problem import Problem
from logdepth.protocols.sample_sort import sort, sort_order
from logdepth.protocols.segments import Last, Sum, fold, sum_before
from logdepth.protocols.trees import prefix


def forest_stages(spec: Spec, num_vertices: int, num_edges: int) -> list[Stage]:
    """From tables input and labels to labels with column edge: the edge a vertex noted, or `num_edges`. Keeps input."""

    def start(shard: Shard) -> Change:
        labels = shard["labels"]
        return Change(
            keep={
                **index_edges(shard, numbered(shard, shard["input"], num_edges)),
                "labels": labels.with_columns(edge=np.full(labels.num_rows, num_edges)),
                "changed": shard.one_each(changed=shard.machines * 0),
            }
        )

    def messages(shard: Shard) -> Table:
        least = least_edges(shard, ("other", "edge"))
        return shard.select(least, least["other"] < least["address"])

    def hook(shard: Shard, offers: Table) -> Table:
        labels, index = shard["labels"], offers["address"] // spec.num_machines
        row = least_rows(shard, offers.offsets, index, (offers["other"], offers["edge"]), labels.offsets)
        hooked = np.flatnonzero((row < offers.num_rows) & (labels["label"] == addresses(shard, labels)))
        return noted(labels, hooked, offers, row)

    connected = connect(spec, messages, hook, columns=("other", "edge"), num_edges=num_edges)
    return settle(spec, num_vertices, num_edges, start, connected, words=3, carried=("edge",))


def tour_stages(spec: Spec, num_vertices: int, num_edges: int) -> list[Stage]:
    """From the noted edges to table tour: in cell a arc a's head, and `next`, the arc after it (an end: itself)."""
    machines = spec.num_machines

    def has_noted(shard: Shard) -> Array:
        return (shard["labels"]["edge"] < num_edges).astype(np.int64)

    def fetch(shard: Shard) -> Change:
        """Every noted edge's number and rank to the machine that was given the edge."""
        labels = shard["labels"]
        rank = sum_before(has_noted(shard), labels.offsets) + labels.spread(shard["before"]["count"])
        rows = Table({"edge": labels["edge"], "rank": rank}, labels.offsets).where(labels["edge"] < num_edges)
        block = block_owner(spec, rows["edge"], num_edges)
        return Change(keep={"labels": labels.only("label")}, drop=("before",), mail={"wanted": (rows, block)})

    def make_arcs(shard: Shard) -> Change:
        edges, got = shard["input"], shard["wanted"]
        row = got.spread(edges.offsets[:-1] - block_starts(shard, num_edges)) + got["edge"]
        tail = np.stack([edges["tail"][row], edges["head"][row]], axis=1).ravel()
        arc = np.stack([2 * got["rank"], 2 * got["rank"] + 1], axis=1).ravel()
        return Change(keep={"arcs": Table({"tail": tail, "arc": arc}, 2 * got.offsets)}, drop=("input", "wanted"))

    def rows(table: Table) -> Table:
        return table.with_columns(some=np.ones(table.num_rows, np.int64))

    def link(shard: Shard) -> Change:
        """Rows that follow a row of their tail say what is next; the others end one tail and begin another.

        The last machine has a row more, of no vertex, to end the last tail.
        """
        arcs = shard["arcs"]
        ends = shard.one_each(tail=np.full(shard.num_machines, num_vertices, arcs["tail"].dtype), arc=shard.machines)
        table = rows(stack(arcs, ends.where(shard.machines == machines - 1)))
        previous = Last().before(table, shard["previous"].columns)
        same = (previous["some"] == 1) & (previous["tail"] == table["tail"])
        between = Table({"address": previous["arc"] ^ 1, "next": table["arc"], "head": table["tail"]}, table.offsets)
        first = Table({"address": table["tail"], "arc": table["arc"]}, table.offsets)
        last = Table({"address": previous["tail"], "arc": previous["arc"]}, table.offsets)
        parts = {
            "next": between.where(same),
            "first": first.where(~same & (table["tail"] < num_vertices)),
            "last": last.where(~same & (previous["some"] == 1)),
        }
        mail = {name: (part, shard.kernels.owner(part["address"], machines)) for name, part in parts.items()}
        return Change(drop=("arcs", "previous"), mail=mail)

    def close(shard: Shard) -> Change:
        """A tail's first and last arc came in the order of tails: row by row the same tails."""
        first, last, labels = shard["first"], shard["last"], shard["labels"]
        tail = first["address"]
        assert (tail == last["address"]).all()
        into = last["arc"] ^ 1
        root = labels["label"][cell_rows(shard, labels, first, tail)] == tail
        closed = Table({"address": into, "next": np.where(root, into, first["arc"]), "head": tail}, first.offsets)
        return Change(drop=("first", "last"), mail={"closed": (closed, shard.kernels.owner(into, machines))})

    def arrange(shard: Shard) -> Change:
        table = stack(shard["next"], shard["closed"])
        table = table.take(sort_order(table, ("address",)))
        assert (table["address"] == addresses(shard, table)).all()
        return Change(keep={"tour": table.only("next", "head")}, drop=("next", "closed"))

    return [
        *prefix(
            spec, "before", lambda shard: {"count": fold(np.add, has_noted(shard), shard["labels"].offsets, 0)}, Sum(),
            words=1, what="rank edges",
        ),
        Send("fetch edges", fetch),
        Local(make_arcs),
        *sort(spec, "arcs", ("tail", "arc"), 2, max_rows=max_arcs(num_vertices, num_edges), what="sort arcs"),
        *prefix(spec, "previous", lambda shard: Last().fold(rows(shard["arcs"])), Last(), words=3, what="previous arc"),
        Send("link arcs", link),
        Send("close circles", close),
        Local(arrange),
    ]  # fmt: skip


def max_arcs(num_vertices: int, num_edges: int) -> int:
    """Two for each edge that a forest can have.

    >>> max_arcs(10, 5), max_arcs(10, 50), max_arcs(0, 0)
    (10, 18, 0)
    """
    return 2 * min(max(num_vertices - 1, 0), num_edges)


def rank_stages(spec: Spec, num_vertices: int, num_edges: int) -> list[Stage]:
    """Table tour gets `distance`: arcs from each to its list's end. Pointer doubling until nothing moves."""

    def start(shard: Shard) -> Change:
        tour = shard["tour"]
        tour = tour.with_columns(distance=(tour["next"] != addresses(shard, tour)).astype(np.int64))
        changed = shard.one_each(changed=np.ones(shard.num_machines, np.int64))
        return Change(keep={"tour": tour, "changed": changed, **asks(shard, tour, "next")})

    def double(shard: Shard) -> Change:
        tour, where = shard["tour"], shard["where"]["row"]
        far, further = (
            shard.kernels.read_local(tour.offsets, where, shard[name].offsets, shard[name]["value"])
            for name in ("far", "further")
        )
        changed = some_row(shard, far != tour["next"], tour.offsets)
        tour = tour.with_columns(next=far, distance=tour["distance"] + further)
        return Change(
            keep={"tour": tour, "changed": changed, **asks(shard, tour, "next")}, drop=("far", "further", "fit")
        )

    max_rows = 2 * max_arcs(num_vertices, num_edges)
    checked = check(
        spec, "ask", "fit", words=3, also=lambda shard: shard["changed"].columns, how={"changed": "max"}, what="double"
    )
    body = [
        *read(
            spec, "next", ask="ask", facts="tour", value="next", answer="far", max_rows=max_rows, status="fit",
            what="double",
        ),
        *read(
            spec, "distance", ask="ask", facts="tour", value="distance", answer="further", max_rows=max_rows,
            status="fit", what="add distance",
        ),
        Local(double),
        *checked,
    ]  # fmt: skip
    bound = max(num_vertices - 1, 0).bit_length() + 2
    return [
        Local(start),
        *checked,
        Loop(body, bound, lambda shard: 1 - shard["fit"]["changed"], f"ceil(log2 {num_vertices}) + 2 = {bound}"),
        Local(lambda shard: Change(drop=("ask", "where", "changed", "fit"))),
    ]


def spanning_forest(spec: Spec, num_vertices: int, num_edges: int) -> Protocol:
    """For each vertex its parent, (num_vertices,); a root, its component's least vertex, is its own.

    Inputs: `place_graph`.

    >>> from logdepth.graphs import Graph
    >>> path = Graph(np.arange(5), np.array([3, 1, 3]), np.array([1, 2, 0]))
    >>> SPANNING_FOREST.run(path).result.tolist()
    [0, 3, 1, 0, 4]
    >>> spanning_forest(Spec(8, 4000, 100), 16, 28).num_rounds
    1159
    """

    def pair(shard: Shard) -> Change:
        """Arc 2 f + 1 tells arc 2 f its head and distance."""
        tour = shard["tour"]
        own = addresses(shard, tour)
        rows = tour.only("head", "distance").with_columns(address=own ^ 1).where(own % 2 == 1)
        return Change(mail={"reverse": (rows, shard.kernels.owner(rows["address"], spec.num_machines))})

    def decide(shard: Shard) -> Change:
        tour, got = shard["tour"], shard["reverse"]
        row = cell_rows(shard, tour, got, got["address"])
        down = tour["distance"][row] > got["distance"]
        child = np.where(down, tour["head"][row], got["head"])
        parent = np.where(down, got["head"], tour["head"][row])
        rows = Table({"address": child, "parent": parent}, got.offsets)
        return Change(drop=("tour", "reverse"), mail={"parents": (rows, shard.kernels.owner(child, spec.num_machines))})

    def adopt(shard: Shard) -> Change:
        labels, got = shard["labels"], shard["parents"]
        parent = labels["label"].copy()
        parent[cell_rows(shard, labels, got, got["address"])] = got["parent"]
        return Change(keep={"parent": Table({"parent": parent}, labels.offsets)}, drop=("labels", "parents"))

    def collect(tables: Mapping[str, Table]) -> Array:
        return in_order(tables["parent"], "parent")

    stages = [
        *forest_stages(spec, num_vertices, num_edges),
        *tour_stages(spec, num_vertices, num_edges),
        *rank_stages(spec, num_vertices, num_edges),
        Send("pair arcs", pair),
        Send("tell children", decide),
        Local(adopt),
    ]
    config = {"num_vertices": num_vertices, "num_edges": num_edges}
    return Protocol("spanning-forest", spec, stages, collect, config, collects="parents put in order")


def layout_forest(spec: Spec, num_vertices: int, num_edges: int) -> Layout:
    """Edge e is token e; the parent of vertex v is output token v."""
    return layout_graph(
        spec,
        num_vertices,
        num_edges,
        unload=lambda shard: shard["parent"],
        outputs=vertex_types(num_vertices, "parent"),
        result=lambda tokens: tokens["parent"],
    )


SPANNING_FOREST = Problem(
    name="spanning-forest",
    input=GRAPH,
    summary="rooted spanning forest: each vertex's parent; a component's least vertex is its own",
    slack=64,
    protocol=spanning_forest,
    place=lambda spec, graph: place_graph(spec, graph.num_vertices, graph.tail, graph.head),
    columns=("vertex", "parent"),
    table=lambda graph, parent: {"vertex": graph.ids, "parent": graph.ids[parent]},
    facts=lambda graph, parent: {"trees": int((parent == np.arange(len(parent))).sum())},
    driver={"place": "edges dealt in blocks, a label a vertex", "table": "ids put back", "facts": "trees counted"},
    layout=layout_forest,
)
