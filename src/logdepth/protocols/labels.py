"""Labels on a graph's vertices, and the moves that components and forests are made of: connect, shortcut, alter.

On the machines: array *labels*, a label a vertex. Table *edges*: each machine's share of the edges, as rows x and y of
its table *ends*, the distinct labels that its edges lead between (column address, grouped by owner). What the moves
ask of the owners is checked beforehand in one pre-round, table *status*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Integer

from logdepth.mpc.protocol import Change, Local, Loop, Stage
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Array, Shard, Table
from logdepth.protocols.arrays import in_blocks, own_numbers
from logdepth.protocols.layout import TOKENS, Layout, block_of, own_cells, turn_of
from logdepth.protocols.lookup import check, lower, read
from logdepth.theory import component_iterations


def place_graph(
    spec: Spec, num_vertices: int, tail: Integer[Array, " edges"], head: Integer[Array, " edges"]
) -> dict[str, Table]:
    """The input on the machines: edges in equal blocks, in order; vertex v's label, itself, on machine `v % q`."""
    word = vertex_word(num_vertices)
    edges = in_blocks(spec, tail=np.asarray(tail, word), head=np.asarray(head, word))
    return {"input": edges, "labels": own_numbers(spec.num_machines, num_vertices, word)}


def vertex_word(num_vertices: int) -> type:
    """Of vertices."""
    return np.int32 if num_vertices < 2**31 else np.int64


def vertex_types(num_vertices: int, *names: str) -> dict[str, np.dtype]:
    """Columns of vertices: name -> type."""
    return dict.fromkeys(names, np.dtype(vertex_word(num_vertices)))


def layout_graph(
    spec: Spec,
    num_vertices: int,
    num_edges: int,
    *,
    unload: Callable[[Shard], Table],
    outputs: Mapping[str, np.dtype],
    result: Callable[[Table], Any],
    weights: Callable[[Any], Array] | None = None,
    writer: Array | None = None,
    copies: int = 1,
) -> Layout:
    """The layout of a problem whose input is `place_graph`'s: edge e is token e, with `weights` as a third word.

    A machine's labels are its vertices' own numbers, which it knows: of `copies` vertices for each of the graph's.
    `writer`: by default output token v is vertex v's, and its label's machine writes it.
    """
    word = vertex_word(copies * num_vertices)
    ends = vertex_types(copies * num_vertices, "tail", "head")

    def tokens(graph: Any) -> dict[str, Array]:
        columns = {"tail": np.asarray(graph.tail, word), "head": np.asarray(graph.head, word)}
        return columns if weights is None else {**columns, "weight": weights(graph)}

    return Layout(
        tokens=tokens,
        inputs=ends if weights is None else {**ends, "weight": np.dtype(np.int64)},
        reader=block_of(spec, num_edges),
        load=lambda shard: {"input": shard[TOKENS], "labels": own_cells(shard, copies * num_vertices, word)},
        outputs=outputs,
        writer=turn_of(spec, num_vertices) if writer is None else writer,
        unload=unload,
        result=result,
    )


def index_edges(shard: Shard, edges: Table) -> dict[str, Table]:
    """Edges between vertices (columns tail, head, and more) as tables ends and edges; the more stays with its edge.

    Loops are dropped.
    """
    more = [name for name in edges.columns if name not in ("tail", "head")]
    live = shard.select(edges, edges["tail"] != edges["head"]) if more else edges
    ends, offsets, x, y, left = shard.kernels.index_pairs(
        live.offsets, live["tail"], live["head"], shard.spec.num_machines
    )
    rows = {"x": x, "y": y, **{name: live[name] for name in more}}
    return {"ends": Table({"address": ends}, offsets), "edges": Table(rows, left)}


def some_row(shard: Shard, mask: Bool[Array, " rows"], offsets: Integer[Array, " starts"]) -> Table:
    """Table changed: 1 on a machine that has a row where `mask` is true."""
    rows = np.diff(np.concatenate([[0], np.cumsum(mask)])[offsets])
    return shard.one_each(changed=(rows > 0).astype(np.int64))


def connect(
    spec: Spec,
    messages: Callable[[Shard], Table],
    hook: Callable[[Shard, Table], Table],
    *,
    columns: Sequence[str],
    num_edges: int,
    what: str = "connect",
) -> list[Stage]:
    """Ends are offered to the owners of labels, who hook: `hook(shard, offers)` is the new table labels.

    `messages(shard)`: at most a row (address, `columns`) for each of its ends; of each address the least gets there.
    """

    def take(shard: Shard) -> Change:
        return Change(keep={"labels": hook(shard, shard["hooks"])}, drop=("hooks",))

    return [
        *lower(
            spec, "hook", messages, "hooks", columns=columns, max_rows=2 * num_edges, status="status", what=what
        ),
        Local(take),
    ]  # fmt: skip


def shortcut(spec: Spec, name: str, *, num_vertices: int, mark: bool) -> list[Stage]:
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
            keep["changed"] = some_row(shard, moved != labels["label"], labels.offsets)
        return Change(keep=keep, drop=(ask, where, answer))

    return [
        Local(prepare),
        *read(
            spec, name, ask=ask, facts="labels", value="label", answer=answer, max_rows=2 * num_vertices,
            what="shortcut",
        ),
        Local(apply),
    ]  # fmt: skip


def alter(
    spec: Spec,
    num_vertices: int,
    num_edges: int,
    *,
    carried: Sequence[str] = (),
    also: Callable[[Shard], Mapping[str, Table]] | None = None,
) -> list[Stage]:
    """Every edge moves to its ends' labels; loops are dropped. The columns `carried` stay with their edges.

    `also(shard)`: tables that change in the same stage.
    """

    def move(shard: Shard) -> Change:
        edges, ends, got = shard["edges"], shard["ends"], shard["moved"]
        tail = shard.kernels.read_local(edges.offsets, edges["x"], ends.offsets, got["value"])
        head = shard.kernels.read_local(edges.offsets, edges["y"], ends.offsets, got["value"])
        moved = edges.only(*carried).with_columns(tail=tail, head=head)
        return Change(
            keep={**index_edges(shard, moved), **(also(shard) if also else {})}, drop=("moved", "status")
        )  # fmt: skip

    return [
        *read(
            spec, "alter", ask="ends", facts="labels", value="label", answer="moved",
            max_rows=num_vertices + 2 * num_edges, status="status", what="alter",
        ),
        Local(move),
    ]  # fmt: skip


def check_ends(spec: Spec, alive: Callable[[Shard], Array], *, words: int) -> list[Stage]:
    """The pre-round of `connect` (`words` words an end) and `alter`; column alive of status: is any machine's 1?"""
    return check(
        spec, "ends", "status", words=words, also=lambda shard: {"alive": alive(shard).astype(np.int64)},
        how={"alive": "max"}, what="check",
    )  # fmt: skip


def settle(
    spec: Spec,
    num_vertices: int,
    num_edges: int,
    start: Callable[[Shard], Change],
    connected: Sequence[Stage],
    *,
    words: int,
    carried: Sequence[str] = (),
) -> list[Stage]:
    """Liu and Tarjan's RA: `connected`, shortcut twice, alter, until no edge is left and no label moves.

    `start` makes the tables ends and edges, and column changed of table changed, of what the input is. `words`: of a
    row of `connected`. Leaves labels that are the least vertex of each component.
    """

    def alive(shard: Shard) -> Array:
        return (shard["edges"].counts > 0) | (shard["changed"]["changed"] > 0)

    checked = check_ends(spec, alive, words=words)
    body = [
        *connected,
        *shortcut(spec, "first", num_vertices=num_vertices, mark=False),
        *shortcut(spec, "second", num_vertices=num_vertices, mark=True),
        *alter(spec, num_vertices, num_edges, carried=carried),
        *checked,
    ]
    bound = component_iterations(num_vertices)
    proved = f"component_iterations({num_vertices}) = {bound} (docs/components.md)"
    return [
        Local(start),
        *checked,
        Loop(body, bound, lambda shard: 1 - shard["status"]["alive"], proved),
        Local(lambda shard: Change(drop=("ends", "edges", "changed", "status"))),
    ]
