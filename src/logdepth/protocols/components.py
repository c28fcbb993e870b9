"""Connected components: Liu and Tarjan's algorithm RA with two shortcuts an iteration.

Every vertex has a label, at first itself, and points to the vertex its label names. An iteration:
- *connect*: every root takes the least end it shares an edge with, if that is less than itself;
- *shortcut*, twice: label <- label of the label;
- *alter*: every edge moves to its ends' labels; loops are dropped.
Labels only fall, so pointers form trees, and at the end every vertex points to the least of its component.

Source: S. C. Liu, R. E. Tarjan, "Simple concurrent connected components algorithms", arXiv 1812.06177 (ACM TOPC
2022), algorithm RA (direct-root-connect, shortcut, alter), for which they prove Theta(log n) iterations. The bound
used here, `theory.component_iterations(n)`, about 5.1 log2(n) + log4(n), is for two shortcuts and is proved in
docs/components.md. Rounds an iteration: 3 + 1 + 2 * (3 + 2) + 2 where direct reads fit; a constant for fixed delta.
Memory: each machine holds its share of the edges (2 words), their distinct ends, and its vertices' labels.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from logdepth.mpc.protocol import Change, Local, Loop, Protocol, Stage, count_rounds
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.lookup import addresses, check, lower, read
from logdepth.protocols.problem import Problem
from logdepth.theory import component_iterations


def place_graph(spec: Spec, num_vertices: int, tail: Array, head: Array) -> dict[str, Table]:
    """The input on the machines: edges in equal blocks, in order; vertex v's label on machine `v % q`."""
    machines = spec.num_machines
    word = np.int32 if num_vertices < 2**31 else np.int64
    columns = {"tail": np.asarray(tail, word), "head": np.asarray(head, word)}
    edges = Table(columns, np.arange(machines + 1) * len(tail) // machines)
    return {"input": edges, "labels": own_numbers(machines, num_vertices, word)}


def own_numbers(num_machines: int, size: int, word: type) -> Table:
    """A distributed array of `size` cells, each holding its own address, in column label."""
    counts = (size - np.arange(num_machines) + num_machines - 1) // num_machines
    offsets = np.concatenate([[0], np.cumsum(np.maximum(counts, 0))])
    owner = np.repeat(np.arange(num_machines), np.diff(offsets))
    place = np.arange(size) - offsets[:-1][owner]
    return Table({"label": (owner + place * num_machines).astype(word)}, offsets)


def in_order(table: Table, column: str) -> Array:
    """A distributed array as one array, by address."""
    machines = len(table.offsets) - 1
    owner = np.repeat(np.arange(machines), table.counts)
    place = np.arange(table.num_rows) - table.spread(table.offsets[:-1])
    out = np.empty(table.num_rows, table[column].dtype)
    out[owner + place * machines] = table[column]
    return out


def index_ends(shard: Shard, edges: Table) -> dict[str, Table]:
    """Edges between vertices (columns tail, head) as rows of the distinct ends that their machine knows.

    Tables ends (column address, grouped by owner) and edges (columns x, y). Loops are dropped.
    """
    ends, offsets, x, y, live = shard.kernels.index_pairs(
        edges.offsets, edges["tail"], edges["head"], shard.spec.num_machines
    )
    return {"ends": Table({"address": ends}, offsets), "edges": Table({"x": x, "y": y}, live)}


def shortcut(spec: Spec, name: str, *, max_rows: int, mark: bool) -> list[Stage]:
    """label <- label of the label. With `mark`, table changed says whether any label of the machine moved."""
    ask, where, answer = f"{name}.ask", f"{name}.where", f"{name}.answer"

    def prepare(shard: Shard) -> Change:
        labels = shard["labels"]
        address, offsets, index = shard.kernels.distinct_by_owner(labels.offsets, labels["label"], spec.num_machines)
        return Change(keep={ask: Table({"address": address}, offsets), where: Table({"row": index}, labels.offsets)})

    def apply(shard: Shard) -> Change:
        labels, got = shard["labels"], shard[answer]
        moved = shard.kernels.read_local(labels.offsets, shard[where]["row"], got.offsets, got["value"])
        keep = {"labels": labels.with_columns(label=moved)}
        if mark:
            differ = np.concatenate([[0], np.cumsum(moved != labels["label"])])[labels.offsets]
            keep["changed"] = shard.one_each(changed=(np.diff(differ) > 0).astype(np.int64))
        return Change(keep=keep, drop=(ask, where, answer))

    return [
        Local(prepare),
        *read(
            spec, name, ask=ask, facts="labels", value="label", answer=answer, max_rows=max_rows, what="shortcut"
        ),
        Local(apply),
    ]  # fmt: skip


def label_stages(spec: Spec, num_vertices: int, num_edges: int) -> list[Stage]:
    """From tables input and labels to labels that are the least vertex of each component."""
    ends_rows = num_vertices + 2 * num_edges

    def messages(shard: Shard) -> Table:
        edges, ends = shard["edges"], shard["ends"]
        least = shard.kernels.least_neighbor(edges.offsets, edges["x"], edges["y"], ends.offsets, ends["address"])
        return shard.select(ends.with_columns(least=least), least < ends["address"])

    def hook(shard: Shard) -> Change:
        labels, got = shard["labels"], shard["hooks"]
        roots = labels["label"] == addresses(shard, labels)
        lowered = shard.kernels.least_at(
            got.offsets, got["address"] // spec.num_machines, got["least"], labels.offsets, labels["label"]
        )
        return Change(
            keep={"labels": labels.with_columns(label=np.where(roots, lowered, labels["label"]))}, drop=("hooks",)
        )

    def alter(shard: Shard) -> Change:
        edges, ends, got = shard["edges"], shard["ends"], shard["moved"]
        tail = shard.kernels.read_local(edges.offsets, edges["x"], ends.offsets, got["value"])
        head = shard.kernels.read_local(edges.offsets, edges["y"], ends.offsets, got["value"])
        return Change(
            keep=index_ends(shard, Table({"tail": tail, "head": head}, edges.offsets)), drop=("moved", "status")
        )

    def alive(shard: Shard) -> dict[str, Array]:
        return {"alive": ((shard["edges"].counts > 0) | (shard["changed"]["changed"] > 0)).astype(np.int64)}

    def start(shard: Shard) -> Change:
        return Change(
            keep={**index_ends(shard, shard["input"]), "changed": shard.one_each(changed=shard.machines * 0)},
            drop=("input",),
        )

    checked = check(spec, "ends", "status", also=alive, how={"alive": "max"}, what="check")
    body = [
        *lower(
            spec, "hook", messages, "hooks", columns=("least",), max_rows=2 * num_edges, status="status", what="connect"
        ),
        Local(hook),
        *shortcut(spec, "first", max_rows=2 * num_vertices, mark=False),
        *shortcut(spec, "second", max_rows=2 * num_vertices, mark=True),
        *read(
            spec, "alter", ask="ends", facts="labels", value="label", answer="moved", max_rows=ends_rows,
            status="status", what="alter",
        ),
        Local(alter),
        *checked,
    ]  # fmt: skip
    bound = component_iterations(num_vertices)
    proved = f"component_iterations({num_vertices}) = {bound} (docs/components.md)"
    return [
        Local(start),
        *checked,
        Loop(body, bound, lambda shard: 1 - shard["status"]["alive"], proved),
        Local(lambda shard: Change(drop=("ends", "edges", "changed", "status"))),
    ]


def components(spec: Spec, num_vertices: int, num_edges: int) -> Protocol:
    """Labels: for each vertex the least vertex of its component, (num_vertices,). Inputs: `place_graph`."""

    def collect(tables: Mapping[str, Table]) -> Array:
        return in_order(tables["labels"], "label")

    stages = label_stages(spec, num_vertices, num_edges)
    config = {"num_vertices": num_vertices, "num_edges": num_edges}
    theory = {
        "iterations, at most": component_iterations(num_vertices),
        "rounds of an iteration, at most": count_rounds(stages) // max(component_iterations(num_vertices), 1),
        "lower bound": "Omega(log n) rounds under the one-versus-two-cycle conjecture (2.4)",
    }
    return Protocol("connectivity", spec, stages, collect, config, theory, collects="labels put in order")


CONNECTIVITY = Problem(
    name="connectivity",
    kind="graph",
    summary="connected components: each vertex's least connected vertex",
    slack=64,
    config=lambda graph: {"num_vertices": graph.num_vertices, "num_edges": len(graph.tail)},
    words=lambda config: config["num_vertices"] + 2 * config["num_edges"],
    protocol=components,
    place=lambda spec, graph: place_graph(spec, graph.num_vertices, graph.tail, graph.head),
    columns=("vertex", "label"),
    table=lambda graph, labels: {"vertex": graph.ids, "label": graph.ids[labels]},
    facts=lambda graph, labels: {"components": int((labels == np.arange(len(labels))).sum())},
    driver={"place": "edges dealt in blocks, a label a vertex", "table": "ids put back", "facts": "components counted"},
)
