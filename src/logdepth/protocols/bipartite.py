"""Two-colouring by the bipartite double cover: vertex v becomes cells 2 v and 2 v + 1, "v on side 0" and "on side 1".

An edge {u, v} of the graph becomes {(u, 0), (v, 1)} and {(u, 1), (v, 0)}: local work, twice the edges; a self-loop
becomes {(v, 0), (v, 1)}. A component of the graph is bipartite iff it falls into two in the cover, iff label(v, 0) !=
label(v, 1) for one (for every) v of it. Let u be its least vertex. If it is bipartite, the cover's two parts are
labelled 2 u and 2 u + 1, the least cells there are, and label(v, 0) = 2 u + side(v), where side(u) = 0. If it isn't,
both labels of every v are 2 u. So with labels a of (v, 0) and b of (v, 1): the side is `a % 2` if a != b, else there
is none.

Rounds: those of `components.label_stages` for 2 n vertices and 2 m edges, 1 to bring (v, 1)'s label to (v, 0), and
`2 D` for the verdict, `D = ceil(log_fan q)` with a fan of s / 16. Memory: twice that of connected components.
Source: folklore (a graph is bipartite iff its double cover falls apart); Liu and Tarjan for the components.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from logdepth.graphs.graph import Graph
from logdepth.mpc.protocol import Change, Local, Protocol, Send, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import addresses, own_numbers
from logdepth.protocols.components import label_stages
from logdepth.protocols.inputs.graphs import GRAPH
from logdepth.protocols.labels import layout_graph, place_graph
from logdepth.protocols.layout import Layout, types
from logdepth.protocols.problem import Problem
from logdepth.protocols.segments import fold
from logdepth.protocols.trees import all_reduce


def place_cover(spec: Spec, graph: Graph) -> dict[str, Table]:
    """The input on the machines: the graph's edges in equal blocks; the cover's cell c on machine `c % q`.

    >>> place_cover(Spec(2, 100, 3), Graph(np.arange(2), np.array([0]), np.array([1])))["labels"]["label"].tolist()
    [0, 2, 1, 3]
    """
    edges = place_graph(spec, 2 * graph.num_vertices, graph.tail, graph.head)["input"]
    word = edges["tail"].dtype.type
    return {"input": edges, "labels": own_numbers(spec.num_machines, 2 * graph.num_vertices, word)}


def cover(edges: Table) -> Table:
    """The double cover's edges: each edge twice, tail on side 0 and on side 1.

    >>> twice = cover(Table({"tail": np.array([3]), "head": np.array([5])}, np.array([0, 1])))
    >>> twice["tail"].tolist(), twice["head"].tolist()
    ([6, 7], [11, 10])
    """
    side = np.tile(np.array([0, 1], edges["tail"].dtype), edges.num_rows)
    tail, head = np.repeat(edges["tail"], 2), np.repeat(edges["head"], 2)
    return Table({"tail": 2 * tail + side, "head": 2 * head + (1 - side)}, 2 * edges.offsets)


def two_colour(spec: Spec, num_vertices: int, num_edges: int) -> Protocol:
    """A dict: `bipartite`, whether the graph is; `side`, int8, (num_vertices,), each vertex's side.

    The least vertex of a component is on side 0; in components that are not bipartite the side is -1. Inputs:
    `place_cover`.

    >>> path_and_loop = Graph(np.arange(4), np.array([0, 1, 3]), np.array([1, 2, 3]))
    >>> result = BIPARTITENESS.run(path_and_loop).result
    >>> result["bipartite"], result["side"].tolist()
    (False, [0, 1, 0, -1])
    """

    def second_side(shard: Shard) -> Change:
        """Cell 2 v + 1 mails its label to cell 2 v's machine, the one before: all it gets, in order of v."""
        labels = shard["labels"]
        odd = shard.select(labels, addresses(shard, labels) % 2 == 1)
        return Change(mail={"second": (odd, (shard.machine_of(odd) - 1) % spec.num_machines)})

    def decide(shard: Shard) -> Change:
        labels = shard["labels"]
        cell = addresses(shard, labels)
        first = shard.select(labels.with_columns(cell=cell), cell % 2 == 0)
        assert (first.offsets == shard["second"].offsets).all()
        apart = first["label"] != shard["second"]["label"]
        side = np.where(apart, first["label"] % 2, -1).astype(np.int8)
        return Change(
            keep={"sides": Table({"vertex": first["cell"] // 2, "side": side}, first.offsets)},
            drop=("labels", "second"),
        )

    def alright(shard: Shard) -> dict[str, Array]:
        sides = shard["sides"]
        return {"bipartite": fold(np.minimum, sides["side"], sides.offsets, 0) >= 0}

    def collect(tables: Mapping[str, Table]) -> dict[str, Any]:
        side = np.empty(num_vertices, np.int8)
        side[tables["sides"]["vertex"]] = tables["sides"]["side"]
        return {"bipartite": bool(tables["verdict"]["bipartite"][0]), "side": side}

    stages: list[Stage] = [
        Local(lambda shard: Change(keep={"input": cover(shard["input"])})),
        *label_stages(spec, 2 * num_vertices, 2 * num_edges),
        Send("sides: bring together", second_side),
        Local(decide),
        *all_reduce(spec, "verdict", alright, "min", what="sides: verdict"),
    ]
    config = {"num_vertices": num_vertices, "num_edges": num_edges}
    return Protocol("bipartiteness", spec, stages, collect, config, collects="sides put in order")


def layout_colours(spec: Spec, num_vertices: int, num_edges: int) -> Layout:
    """Edge e is token e; output token v is vertex v's side and the verdict, which every machine holds."""

    def unload(shard: Shard) -> Table:
        sides = shard["sides"]
        bipartite = sides.spread(shard["verdict"]["bipartite"])
        return Table({"side": sides["side"], "bipartite": bipartite}, sides.offsets)

    return layout_graph(
        spec,
        num_vertices,
        num_edges,
        unload=unload,
        outputs=types(side=np.int8, bipartite=np.int64),
        result=lambda tokens: {"bipartite": bool(tokens["bipartite"].all()), "side": tokens["side"]},
        writer=2 * np.arange(num_vertices) % spec.num_machines,
        copies=2,
    )


BIPARTITENESS = Problem(
    name="bipartiteness",
    input=GRAPH,
    summary="two-colouring: each vertex's side, or -1 where there is an odd cycle",
    slack=64,
    protocol=two_colour,
    place=place_cover,
    columns=("vertex", "side"),
    table=lambda graph, result: {"vertex": graph.ids, "side": result["side"]},
    facts=lambda graph, result: {"bipartite": result["bipartite"]},
    driver={"place": "edges dealt in blocks, two labels a vertex", "table": "ids put back", "facts": "read off"},
    layout=layout_colours,
)
