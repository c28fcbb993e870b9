"""Minimum spanning forest: Boruvka's algorithm with full contraction in every phase.

Edges are ordered by (weight, edge number), so no two are equal and the forest is unique: Kruskal's with stable
sorting. Every vertex has a label; between phases it is the root that the vertex is contracted to. A phase:
- *choose*: every root with an edge takes its least, points to the other end, and notes the edge's number;
- *contract*: label <- label of the label, until nothing moves. Following chosen edges the order falls, so the only
  cycles are two roots that chose one edge; the vertex whose label's label is itself sees that: the lesser of the two
  stays a root and forgets the edge, which the other notes;
- *alter*: every edge moves to its ends' labels; loops are dropped.
At the end every vertex that is no root has noted one edge of the forest, and one lower and one read turn roots into
least vertices.

Rounds. Phases: each root with an edge joins another, so at most `n / 2^i` roots have edges after i phases, and phase
i + 1 needs two: `floor(log2 n)` phases. Contracting: let the furthest vertex be k <= n - 2 steps from its tree's two
lowest, {a, b}, a < b. In the first pass a vertex 2 or more steps away moves 2 closer, a vertex 1 step away moves to a
or b, and b points to a, a to itself: depth at most `ceil(k / 2) + 1 <= ceil(n / 2)`. Every further pass takes depth d
to `ceil(d / 2)`, so after `ceil(log2 n)` passes all trees are stars, and one more sees that nothing moved. In all
`O(log^2 n)` rounds, for fixed delta; `num_rounds` is the exact bound, which a run undercuts where trees are shallow.

Memory: a machine's share of the edges (x, y, weight, number: 4 words), their distinct ends, its vertices' labels and
noted edges. Source: O. Boruvka 1926; in MPC, Karloff, Suri, Vassilvitskii, "A model of computation for MapReduce"
(SODA 2010); Theorem B.9 of arXiv 2402.09268 states the transformer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs.graph import Graph
from logdepth.mpc.protocol import Change, Local, Loop, Protocol, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import addresses, block_starts, in_order, within
from logdepth.protocols.inputs.graphs import WEIGHTED_GRAPH
from logdepth.protocols.labels import (
    alter,
    check_ends,
    connect,
    index_edges,
    layout_graph,
    place_graph,
    some_row,
)
from logdepth.protocols.layout import Layout, types
from logdepth.protocols.lookup import check, lower, read
from logdepth.protocols.problem import Problem

_MOST = np.iinfo(np.int64).max


def weight_order(weight: Array) -> Array:
    """An int64 for each float64 with the same order: equal where the weights are, and -0.0 is 0.0.

    A float's bits rise with it if it is positive and fall if it is negative: then all but the sign are flipped.

    >>> order = weight_order(np.array([-np.inf, -2.0, -0.0, 0.0, 5e-324, 1.0, np.inf]))
    >>> np.sign(np.diff(order)).tolist()
    [1, 1, 0, 1, 1, 1]
    """
    bits = (np.asarray(weight, np.float64) + 0.0).view(np.int64)
    return bits ^ ((bits >> 63) & _MOST)


def least_rows(shard: Shard, offsets: Array, index: Array, columns: Sequence[Array], cells: Array) -> Array:
    """For each cell the row that is least by `columns` among those aimed at it; `len(index)` where there is none.

    Row r of a machine is aimed at the machine's cell `index[r]`; `cells` are the cells' offsets. No two rows aimed at
    one cell may be equal.
    """
    best = np.ones(len(index), bool)
    for column in columns:
        value = np.where(best, column.astype(np.int64), _MOST)
        least = shard.kernels.least_at(offsets, index, value, cells, np.full(cells[-1], _MOST))
        best &= value == shard.kernels.read_local(offsets, index, cells, least)
    row = np.full(cells[-1], len(index))
    row[np.repeat(cells[:-1], np.diff(offsets))[best] + index[best]] = np.flatnonzero(best)
    return row


def numbered(shard: Shard, edges: Table, num_edges: int) -> Table:
    """The input's edges with their numbers, which follow from the placement, as column edge."""
    return edges.with_columns(edge=edges.spread(block_starts(shard, num_edges)) + within(edges))


def least_edges(shard: Shard, keys: Sequence[str]) -> Table:
    """For each end its least edge by `keys` on its machine: ends with the keys; key other is the edge's other end."""
    edges, ends = shard["edges"], shard["ends"]
    offsets, start = 2 * edges.offsets, np.repeat(ends.offsets[:-1], 2 * edges.counts)
    index, partner = np.stack([edges["x"], edges["y"]], axis=1), np.stack([edges["y"], edges["x"]], axis=1)
    other = ends["address"][start + partner.ravel()]
    values = {key: other if key == "other" else np.repeat(edges[key], 2) for key in keys}
    row = least_rows(shard, offsets, index.ravel(), list(values.values()), ends.offsets)
    return ends.with_columns(**{key: value[row] for key, value in values.items()})


def noted(labels: Table, hooked: Array, offers: Table, row: Array) -> Table:
    """Labels where the rows `hooked` took what the rows `row[hooked]` of `offers` (other, edge) offered."""
    label, edge = labels["label"].copy(), labels["edge"].copy()
    label[hooked], edge[hooked] = offers["other"][row[hooked]], offers["edge"][row[hooked]]
    return labels.with_columns(label=label, edge=edge)


def asks(shard: Shard, table: Table, column: str) -> dict[str, Table]:
    """What a machine asks to learn what lies at each row's `column`: tables ask, and where: each row's place in it."""
    address, offsets, index = shard.kernels.distinct_by_owner(table.offsets, table[column], shard.spec.num_machines)
    return {"ask": Table({"address": address}, offsets), "where": Table({"row": index}, table.offsets)}


def contract(spec: Spec, num_vertices: int) -> list[Stage]:
    """label <- label of the label until nothing moves; where that is the vertex itself, the lesser of it and its label.

    The flag that something moved rides on the reads' own pre-round.
    """

    def start(shard: Shard) -> Change:
        changed = shard.one_each(changed=np.ones(shard.num_machines, np.int64))
        return Change(keep={"changed": changed, **asks(shard, shard["labels"], "label")})

    def apply(shard: Shard) -> Change:
        labels, got = shard["labels"], shard["answer"]
        label = labels["label"]
        further = shard.kernels.read_local(labels.offsets, shard["where"]["row"], got.offsets, got["value"])
        own = addresses(shard, labels).astype(label.dtype)
        moved = np.where(further == own, np.minimum(own, label), further)
        labels = labels.with_columns(label=moved)
        changed = some_row(shard, moved != label, labels.offsets)
        return Change(
            keep={"labels": labels, "changed": changed, **asks(shard, labels, "label")}, drop=("answer", "fit")
        )

    checked = check(
        spec, "ask", "fit", also=lambda shard: shard["changed"].columns, how={"changed": "max"}, what="contract"
    )
    body = [
        *read(
            spec, "contract", ask="ask", facts="labels", value="label", answer="answer", max_rows=2 * num_vertices,
            status="fit", what="contract",
        ),
        Local(apply),
        *checked,
    ]  # fmt: skip
    bound = max(num_vertices - 1, 0).bit_length() + 1
    return [
        Local(start),
        *checked,
        Loop(body, bound, lambda shard: 1 - shard["fit"]["changed"], f"ceil(log2 {num_vertices}) + 1 = {bound}"),
        Local(lambda shard: Change(drop=("ask", "where", "changed", "fit"))),
    ]


def least_labels(spec: Spec, num_vertices: int) -> list[Stage]:
    """From labels that are one vertex of each set, itself included, to the least of each set: a lower and a read."""

    def prepare(shard: Shard) -> Change:
        labels = shard["labels"]
        own, parts = addresses(shard, labels), asks(shard, labels, "label")
        ask, index = parts["ask"], parts["where"]["row"]
        least = shard.kernels.least_at(labels.offsets, index, own, ask.offsets, np.full(ask.num_rows, _MOST))
        return Change(keep={**parts, "ask": ask.with_columns(least=least), "labels": labels.with_columns(least=own)})

    def settle(shard: Shard) -> Change:
        labels, got = shard["labels"], shard["least"]
        index = got["address"] // spec.num_machines
        least = shard.kernels.least_at(got.offsets, index, got["least"], labels.offsets, labels["least"])
        return Change(keep={"labels": labels.with_columns(least=least)}, drop=("least",))

    def apply(shard: Shard) -> Change:
        labels, got = shard["labels"], shard["answer"]
        label = shard.kernels.read_local(labels.offsets, shard["where"]["row"], got.offsets, got["value"])
        kept = labels.only("edge").with_columns(label=label)
        return Change(keep={"labels": kept}, drop=("ask", "where", "answer", "fit"))

    return [
        Local(prepare),
        *check(spec, "ask", "fit", what="least vertices"),
        *lower(
            spec, "lowest", lambda shard: shard["ask"], "least", columns=("least",), max_rows=num_vertices,
            status="fit", what="least vertices",
        ),
        Local(settle),
        *read(
            spec, "root", ask="ask", facts="labels", value="least", answer="answer", max_rows=2 * num_vertices,
            status="fit", what="least vertices",
        ),
        Local(apply),
    ]  # fmt: skip


def minimum_forest(spec: Spec, num_vertices: int, num_edges: int) -> Protocol:
    """The forest: a dict of its `edges`, ascending, and `labels`, each vertex's least connected vertex.

    Inputs: `place_weighted`.

    >>> square = Graph(np.arange(5), np.array([0, 1, 2, 3]), np.array([1, 2, 3, 0]), np.array([1.0, 1.0, -1.0, 1.0]))
    >>> {name: values.tolist() for name, values in MSF.run(square).result.items()}
    {'edges': [0, 1, 2], 'labels': [0, 0, 0, 0, 4]}
    >>> minimum_forest(Spec(8, 4000, 100), 16, 28).num_rounds
    330
    """
    none = num_edges

    def start(shard: Shard) -> Change:
        edges = numbered(shard, shard["input"], num_edges)
        labels = shard["labels"].with_columns(edge=np.full(shard["labels"].num_rows, none))
        return Change(keep={**index_edges(shard, edges), "labels": labels}, drop=("input",))

    def hook(shard: Shard, offers: Table) -> Table:
        labels, index = shard["labels"], offers["address"] // spec.num_machines
        row = least_rows(shard, offers.offsets, index, (offers["weight"], offers["edge"]), labels.offsets)
        hooked = np.flatnonzero(row < offers.num_rows)
        assert (labels["edge"][hooked] == none).all(), "an edge that does not lead to roots"
        return noted(labels, hooked, offers, row)

    def forget(shard: Shard) -> dict[str, Table]:
        """A vertex that is still a root gives up its edge, which its partner noted."""
        labels = shard["labels"]
        roots = labels["label"] == addresses(shard, labels)
        return {"labels": labels.with_columns(edge=np.where(roots, none, labels["edge"]))}

    def collect(tables: Mapping[str, Table]) -> dict[str, Array]:
        return _result(tables["labels"]["edge"], none, in_order(tables["labels"], "label"))

    checked = check_ends(spec, lambda shard: shard["edges"].counts > 0, words=4)
    keys = ("weight", "edge", "other")
    body = [
        *connect(spec, lambda shard: least_edges(shard, keys), hook, columns=keys, num_edges=num_edges, what="choose"),
        *contract(spec, num_vertices),
        *alter(spec, num_vertices, num_edges, carried=("weight", "edge"), also=forget),
        *checked,
    ]
    bound = max(num_vertices.bit_length() - 1, 0)
    stages: list[Stage] = [
        Local(start),
        *checked,
        Loop(body, bound, lambda shard: 1 - shard["status"]["alive"], f"floor(log2 {num_vertices}) = {bound}"),
        Local(lambda shard: Change(drop=("ends", "edges", "status"))),
        *least_labels(spec, num_vertices),
    ]
    config = {"num_vertices": num_vertices, "num_edges": num_edges}
    return Protocol("msf", spec, stages, collect, config, collects="the forest's edges sorted, labels put in order")


def place_weighted(spec: Spec, graph: Graph) -> dict[str, Table]:
    """The input on the machines: `place_graph` with a weight a row, as `weight_order`; no weights are equal weights.

    Raises `InputError` if a weight is NaN.
    """
    weight = _weights(graph)
    tables = place_graph(spec, graph.num_vertices, graph.tail, graph.head)
    return {**tables, "input": tables["input"].with_columns(weight=weight)}


def _weights(graph: Graph) -> Array:
    weight = np.zeros(graph.num_edges) if graph.weight is None else np.asarray(graph.weight, np.float64)
    if (missing := np.isnan(weight)).any():
        raise InputError(f"the weight of edge {int(np.argmax(missing))} is NaN; a minimum needs weights with an order")
    return weight_order(weight)


def _result(edge: Array, none: int, labels: Array) -> dict[str, Array]:
    return {"edges": np.sort(edge[edge < none]), "labels": labels}


def layout_minimum(spec: Spec, num_vertices: int, num_edges: int) -> Layout:
    """Edge e with its weight is token e; output token v is vertex v's label and noted edge (num_edges: none)."""
    return layout_graph(
        spec,
        num_vertices,
        num_edges,
        unload=lambda shard: shard["labels"].only("edge", "label"),
        outputs=types(edge=np.int64, label=np.int64),
        result=lambda tokens: _result(tokens["edge"], num_edges, tokens["label"]),
        weights=_weights,
    )


def _table(graph: Graph, result: dict[str, Array]) -> dict[str, Array]:
    chosen = result["edges"]
    weight = np.zeros(len(chosen)) if graph.weight is None else graph.weight[chosen]
    ends = {"tail": graph.ids[graph.tail[chosen]], "head": graph.ids[graph.head[chosen]]}
    return {"edge": chosen, **ends, "weight": weight}


MSF = Problem(
    name="msf",
    input=WEIGHTED_GRAPH,
    summary="minimum spanning forest: the least edges, by (weight, edge number), that connect what is connected",
    slack=64,
    protocol=minimum_forest,
    place=place_weighted,
    columns=("edge", "tail", "head", "weight"),
    table=_table,
    facts=lambda graph, result: {
        "edges": len(result["edges"]),
        "trees": int((result["labels"] == np.arange(graph.num_vertices)).sum()),
        "weight": None if graph.weight is None else sum(graph.weight[result["edges"]].tolist(), 0.0),
    },
    driver={
        "place": "NaN looked for, weights as words, edges dealt in blocks, a label a vertex",
        "table": "ids and weights put back",
        "facts": "trees counted, weights added up",
    },
    layout=layout_minimum,
)
