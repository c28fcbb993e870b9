"""A user's graph as a text of arcs, for a model that thinks along them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logdepth.compiled.chains import chain_task, chain_tokens
from logdepth.compiled.folder import Folder
from logdepth.errors import InputError
from logdepth.graphs import Graph, read_graph
from logdepth.sequences import NamedSequence


def question_of(
    found: Folder, source: Any, vertex: str | None, goal: str | None, k: int | None, *, format: str | None = None
) -> tuple[NamedSequence, int, int, list[str]]:
    """A graph's arcs as letters (vertices in the order of their ids), the position that asks for `vertex`, the header
    (`k`, or the goal), and the letters' names in the graph.

    A vertex stands where its arc is listed, or where an arc leads to it; for reachability one without any arc is listed
    with one to itself. Raises `InputError` for a graph that is too large or not functional, and a vertex outside it.
    """
    task, ids = chain_task(found), chain_tokens(found)
    if task is None or not task.of_arcs:
        raise InputError(f"{found.path} thinks about texts; it takes no graph")
    graph = source if isinstance(source, Graph) else read_graph(source, format=format)
    where = f"{source}: " if isinstance(source, str | Path) else ""
    try:
        arcs = list(zip(graph.tail.tolist(), graph.head.tolist(), strict=True))
        if graph.num_vertices > ids.letters:
            raise InputError(
                f"the graph has {graph.num_vertices:,} vertices; the model takes {ids.letters:,} at most "
                f"(compile one with --vertices {graph.num_vertices})"
            )
        tails = [tail for tail, _ in arcs]
        for tail in tails:
            if tails.count(tail) > 1:
                raise InputError(
                    f"vertex {graph.ids[tail]} has {tails.count(tail)} arcs that leave it; a vertex of a functional "
                    "graph has one at most"
                )
        named = {str(name): number for number, name in enumerate(graph.ids.tolist())}
        asks_goal = task.header == "goal"
        if vertex is None or asks_goal != (goal is not None) or asks_goal == (k is not None):
            raise InputError(f"give --vertex U and {'--goal W' if asks_goal else '--k K'}")
        for name in (vertex, *([goal] if goal is not None else [])):
            if name not in named:
                raise InputError(f"there is no vertex {name} in the graph")
        listed = {end for arc in arcs for end in arc}
        if asks_goal:
            arcs += [(lone, lone) for lone in range(graph.num_vertices) if lone not in listed]
        string = [end for arc in arcs for end in arc]
        if named[vertex] not in string:
            raise InputError(f"vertex {vertex} has no arc")
    except InputError as error:
        raise InputError(f"{where}{error}") from None
    header = named[goal] if goal is not None else k
    assert header is not None
    return NamedSequence("line 1", string), string.index(named[vertex]) + 1, header, list(named)
