"""Connected components: Liu and Tarjan's algorithm RA with two shortcuts an iteration, in few words.

Every vertex has a label, at first itself, and points to the vertex its label names. An iteration:
- *connect*: every root takes the least end it shares an edge with, if that is less than itself;
- *shortcut*, twice: label <- label of the label;
- *alter*: every edge moves to its ends' labels; loops are dropped.
Labels only fall, so pointers form trees, and at the end every vertex points to the least of its component.

Four things keep the words down. Machines begin by making stars of their own edges, where that makes them fewer.
Edges lie with the owner of their greater end, and vertices that nothing hangs on rest (`hooking_at_home.py`). Once a
sixteenth of s is enough for all vertices in use, forests are merged on fewer and fewer machines (`merging.py`): at
once, where s is large. At the end the vertices at rest take their roots' labels (`flatten`).

Source: S. C. Liu, R. E. Tarjan, "Simple concurrent connected components algorithms", arXiv 1812.06177 (ACM TOPC
2022), algorithm RA (direct-root-connect, shortcut, alter), for which they prove Theta(log n) iterations. The bound
used here, `theory.hooking_iterations(n)`, about 5.1 log2(n), until no edge is left, is for two shortcuts and is proved
in docs/components.md; then `ceil(log2 n)` shortcuts at most. Rounds an iteration: 3 + 1 + 2 * (3 + 2) + 1 where mail
goes directly; a constant for fixed delta.
Memory: each machine holds its share of the edges (2 words; a quarter of s at most), its vertices' labels and whether
they are in use; while forests are merged, up to half of s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from logdepth.mpc.protocol import Change, Choose, Local, Loop, Protocol, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import in_order
from logdepth.protocols.dense_ids import name_labels, number_ids
from logdepth.protocols.hooking_at_home import begin, iteration, own_cells_of, survey
from logdepth.protocols.inputs.edge_parts import EdgeParts
from logdepth.protocols.inputs.graphs import GRAPH
from logdepth.protocols.label_parts import LabelParts, PartedLabels
from logdepth.protocols.labels import layout_graph, place_graph, some_row, vertex_types
from logdepth.protocols.layout import Layout
from logdepth.protocols.lookup import check, read
from logdepth.protocols.merging import few, merge
from logdepth.protocols.parted import Parted
from logdepth.protocols.problem import Problem
from logdepth.theory import hooking_iterations


def label_stages(spec: Spec, num_vertices: int, num_edges: int) -> list[Stage]:
    """From tables input and labels to labels that are the least vertex of each component."""
    surveyed = survey(spec, num_vertices)

    def ready(shard: Shard) -> Array:
        status, pace = shard["status"], shard["pace"]
        return (pace["depth"] > 0) | ((status["edges"] == 0) & ~few(spec, num_vertices, shard))

    passes = hooking_iterations(num_vertices) + 1
    hooked = [*iteration(spec, num_vertices, num_edges), *surveyed]
    return [
        begin(spec, num_vertices),
        *surveyed,
        Loop(
            [Choose(lambda shard: few(spec, num_vertices, shard), merge(spec, num_vertices), hooked)],
            passes,
            ready,
            f"hooking_iterations({num_vertices}) + 1 = {passes} (docs/components.md)",
        ),
        *flatten(spec, num_vertices),
    ]


def flatten(spec: Spec, num_vertices: int) -> list[Stage]:
    """Every label to its root: from `pace` on, shortcuts of all that are no roots, until none can move.

    After K iterations the vertices that came to rest in the first, most of them, are K + 1 steps from their root, and
    what they point to K. If K is a power of two, all passes but the last settle that: they wait for the last.
    """
    deepest = max(num_vertices - 1, 1)

    def start(shard: Shard) -> Change:
        depth, steps = shard["pace"]["depth"], shard["pace"]["steps"]
        waits = (depth == steps + 1) & (steps & (steps - 1) == 0)
        known = shard.one_each(depth=np.where(depth > 0, depth, deepest), changed=np.ones_like(depth), waits=waits)
        return Change(keep={"pace": known}, drop=("edges", "status"))

    def asking(shard: Shard) -> Array:
        labels, pace = shard["labels"], shard["pace"]
        away = labels["label"] != own_cells_of(shard)
        wait = pace["waits"] & (pace["depth"] > 2)
        return away & ((shard["rest"]["since"] != 1) | ~labels.spread(wait)) if wait.any() else away

    def prepare(shard: Shard) -> Change:
        rows = shard.select(shard["labels"], asking(shard))
        address, offsets, index = shard.kernels.distinct_by_owner(rows.offsets, rows["label"], spec.num_machines)
        return Change(keep={"ask": Table({"address": address}, offsets), "where": Table({"row": index}, rows.offsets)})

    def apply(shard: Shard) -> Change:
        labels, got, where, pace = shard["labels"], shard["answer"], shard["where"], shard["pace"]
        label = labels["label"].copy()
        away = asking(shard)
        label[away] = shard.kernels.read_local(where.offsets, where["row"], got.offsets, got["value"])
        changed = some_row(shard, label != labels["label"], labels.offsets)["changed"] | pace["waits"]
        pace = pace.with_columns(depth=(pace["depth"] + 1) // 2, changed=changed)
        keep = {"labels": labels.with_columns(label=label), "pace": pace}
        return Change(keep=keep, drop=("ask", "where", "answer", "fit"))

    def stop(shard: Shard) -> Change:
        return Change(
            keep={"pace": shard["pace"].with_columns(depth=np.ones(shard.num_machines, np.int64))},
            drop=("ask", "where", "fit"),
        )

    runs = 2 * num_vertices >= 8 * spec.num_machines**2
    body = [
        Local(prepare),
        *check(
            spec, "ask", "fit", words=3 if runs else 2, also=lambda shard: {"changed": shard["pace"]["changed"]},
            how={"changed": "max"}, what="flatten",
        ),
        Choose(
            lambda shard: shard["fit"]["changed"],
            [
                *read(
                    spec, "flat", ask="ask", facts="labels", value="label", answer="answer", max_rows=2 * num_vertices,
                    status="fit", runs=runs, what="flatten",
                ),
                Local(apply),
            ],
            [Local(stop)],
        ),
    ]  # fmt: skip
    passes = (deepest - 1).bit_length()  # ceil(log2 deepest)
    return [
        Local(start),
        Loop(body, passes, lambda shard: shard["pace"]["depth"] == 1, f"ceil(log2 {deepest}) = {passes}"),
        Local(lambda shard: Change(drop=("pace", "rest"))),
    ]


def components(spec: Spec, num_vertices: int, num_edges: int) -> Protocol:
    """Labels: for each vertex the least vertex of its component, (num_vertices,). Inputs: `place_graph`."""

    def collect(tables: Mapping[str, Table]) -> Array:
        return in_order(tables["labels"], "label")

    stages = label_stages(spec, num_vertices, num_edges)
    config = {"num_vertices": num_vertices, "num_edges": num_edges}
    theory = {
        "iterations, at most": hooking_iterations(num_vertices),
        "lower bound": "Omega(log n) rounds under the one-versus-two-cycle conjecture (2.4)",
    }
    return Protocol("connectivity", spec, stages, collect, config, theory, collects="labels put in order")


def layout_components(spec: Spec, num_vertices: int, num_edges: int) -> Layout:
    """Edge e is token e; the label of vertex v is output token v."""
    return layout_graph(
        spec,
        num_vertices,
        num_edges,
        unload=lambda shard: shard["labels"].only("label"),
        outputs=vertex_types(num_vertices, "label"),
        result=lambda tokens: tokens["label"],
    )


def components_of_parts(spec: Spec, num_edges: int, width: int, names: int, num_vertices: int | None) -> Protocol:
    """Components of edges between ids of `width` words: ids numbered, labels settled, labels turned into ids again.

    With `num_vertices` ids are 0..num_vertices-1, and the rounds are those of `components`. Inputs: `EdgeParts`. Leaves
    labels, and beside them ids and named, the ids of vertices and labels.
    """
    config = {"num_edges": num_edges, "width": width, "names": names, "num_vertices": num_vertices}
    most = max(2 * num_edges, 1) if num_vertices is None else num_vertices
    stages = label_stages(spec, most, num_edges)
    if num_vertices is None:
        stages = [*number_ids(spec, num_edges, width), *stages, *name_labels(spec, num_edges, width)]
    theory = {"iterations, at most": hooking_iterations(most)}
    return Protocol("connectivity in parts", spec, stages, dict, config, theory)


def _parted_words(config: Mapping[str, Any]) -> int:
    """n: the ids as they stand in the parts, and the vertices where they were said."""
    return 2 * config["num_edges"] * config["width"] + (config["num_vertices"] or 0)


def _parted_facts(found: PartedLabels) -> dict[str, Any]:
    return {"vertices": found.vertices, "components": found.components}


IN_PARTS = Parted(
    config=lambda found, vertices: {
        "num_edges": found.num_edges, "width": found.width, "names": int(found.names), "num_vertices": vertices
    },
    words=_parted_words,
    protocol=components_of_parts,
    inputs=lambda spec, found, vertices: EdgeParts(found, spec.num_machines, vertices),
    outputs=lambda config, spec, place: LabelParts(
        spec.num_machines, config["width"] if config["num_vertices"] is None else 0, bool(config["names"]), place
    ),
    facts=_parted_facts,
    table=lambda found: found.columns or {},
)  # fmt: skip

CONNECTIVITY = Problem(
    name="connectivity",
    input=GRAPH,
    summary="connected components: each vertex's least connected vertex",
    slack=64,
    protocol=components,
    place=lambda spec, graph: place_graph(spec, graph.num_vertices, graph.tail, graph.head),
    columns=("vertex", "label"),
    table=lambda graph, labels: {"vertex": graph.ids, "label": graph.ids[labels]},
    facts=lambda graph, labels: {"components": int((labels == np.arange(len(labels))).sum())},
    driver={"place": "edges dealt in blocks, a label a vertex", "table": "ids put back", "facts": "components counted"},
    layout=layout_components,
    parted=IN_PARTS,
)
