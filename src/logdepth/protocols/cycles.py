"""One cycle or two (or more)? Counting the cycles of a graph that is a disjoint union of cycles.

The conjecture that this takes Omega(log n) rounds for any gamma > 0 and delta < 1 (section 2.4) is what the paper's
conditional lower bounds stand on; this is the matching upper bound, O(log n) rounds: connected components, then every
machine counts its vertices that are their own label and an all-reduce adds the counts up.

Rounds: those of `components.label_stages`, and `2 D`, `D = ceil(log_fan q)` with a fan of s / 16. Memory: as there.
Source: Sanford, Hsu, Telgarsky, arXiv 2402.09268, section 2.4; Liu and Tarjan for the components.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs.graph import Graph
from logdepth.mpc.protocol import Protocol, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import addresses
from logdepth.protocols.components import label_stages
from logdepth.protocols.inputs.graphs import CYCLES
from logdepth.protocols.labels import layout_graph, place_graph
from logdepth.protocols.layout import Layout, types
from logdepth.protocols.problem import Problem
from logdepth.protocols.segments import fold
from logdepth.protocols.trees import all_reduce


def place_cycles(spec: Spec, graph: Graph) -> dict[str, Table]:
    """The input on the machines, as for connected components.

    Raises `InputError`, naming a vertex and its degree, unless every degree is 2: a self-loop counts twice (a cycle
    of one vertex), and so does an edge given twice (a cycle of two).

    >>> triangle = Graph(np.arange(3), np.array([0, 1, 2]), np.array([1, 2, 0]))
    >>> place_cycles(Spec(2, 100, 9), triangle)["input"].num_rows
    3
    """
    degree = np.bincount(graph.tail, minlength=graph.num_vertices)
    degree += np.bincount(graph.head, minlength=graph.num_vertices)
    if (odd := degree != 2).any():
        vertex = int(np.argmax(odd))
        name = graph.ids[vertex : vertex + 1].tolist()[0]
        raise InputError(
            f"vertex {name!r} has degree {degree[vertex]}; in a disjoint union of cycles every degree is 2 (each edge "
            "given once, in one direction)"
        )
    return place_graph(spec, graph.num_vertices, graph.tail, graph.head)


def count_cycles(spec: Spec, num_vertices: int, num_edges: int) -> Protocol:
    """The number of cycles, an int. Inputs: `place_cycles`.

    >>> two_pairs = Graph(np.arange(4), np.array([0, 1, 2, 3]), np.array([1, 0, 3, 2]))
    >>> ONE_VERSUS_TWO_CYCLE.run(two_pairs).result
    2
    """

    def roots(shard: Shard) -> dict[str, Array]:
        labels = shard["labels"]
        own = (labels["label"] == addresses(shard, labels)).astype(np.int64)
        return {"roots": fold(np.add, own, labels.offsets, 0)}

    def collect(tables: Mapping[str, Table]) -> int:
        return int(tables["count"]["roots"][0])

    stages: list[Stage] = [
        *label_stages(spec, num_vertices, num_edges),
        *all_reduce(spec, "count", roots, "sum", what="count cycles"),
    ]
    config = {"num_vertices": num_vertices, "num_edges": num_edges}
    return Protocol("one-versus-two-cycle", spec, stages, collect, config, collects="the count read off machine 0")


def layout_cycles(spec: Spec, num_vertices: int, num_edges: int) -> Layout:
    """Edge e is token e; the count is the one output token, and machine 0 writes it."""
    return layout_graph(
        spec,
        num_vertices,
        num_edges,
        unload=lambda shard: shard["count"].where(shard.machines == 0),
        outputs=types(roots=np.int64),
        result=lambda tokens: int(tokens["roots"][0]),
        writer=np.zeros(1, np.int64),
    )


ONE_VERSUS_TWO_CYCLE = Problem(
    name="one-versus-two-cycle",
    input=CYCLES,
    summary="one cycle or two: how many cycles a disjoint union of cycles has",
    slack=64,
    protocol=count_cycles,
    place=place_cycles,
    columns=("cycles",),
    table=lambda graph, cycles: {"cycles": np.array([cycles])},
    facts=lambda graph, cycles: {"cycles": cycles},
    driver={
        "place": "every vertex's degree checked, edges dealt in blocks, a label a vertex",
        "table": "read off",
        "facts": "read off",
    },
    layout=layout_cycles,
)
