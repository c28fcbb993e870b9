"""Every graph on a few vertices, through every program: interpreter and stock BERT say what the task does."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from logdepth.lang import interpret
from tests.graph_programs import (
    CASES,
    all_graphs,
    all_instances,
    compiled,
    edges_needed,
    strings_of,
    task_of,
    wrong,
)

every_program = pytest.mark.parametrize(("program", "options"), CASES)


@every_program
@pytest.mark.parametrize("vertices", [1, 2, 3, 4])
def test_every_graph_on_four_vertices_through_the_stock_model(program: str, options: dict, vertices: int) -> None:
    found = compiled(program, vertices, edges_needed(program, vertices), **options)
    assert wrong(found, all_instances(task_of(found))) == 0


@every_program
def test_every_graph_on_five_vertices_interpreted(program: str, options: dict) -> None:
    found = compiled(program, 5, edges_needed(program, 5), **options)
    graphs = all_instances(task_of(found))
    assert len(graphs) == (6**5 if program.startswith("reachability") else 1024)
    assert wrong(found, graphs, stock=False) == 0


@pytest.mark.slow
@every_program
@pytest.mark.parametrize("room", [0, 3])
def test_every_graph_on_five_vertices_through_the_stock_model(program: str, options: dict, room: int) -> None:
    """Also in a model for more vertices and edges than there are."""
    found = compiled(program, 5 + room, edges_needed(program, 5) + room, **options)
    graphs = all_graphs(5, seed=room) if "reach" not in program else all_instances(task_of(compiled(program, 5, 5)))
    assert wrong(found, graphs) == 0
    assert wrong(found, graphs, attention="eager") == 0


@pytest.mark.parametrize("construction", ["hooking", "squaring"])
def test_components_against_networkx(construction: str) -> None:
    """Another's solver, not ours."""
    found = compiled(f"connectivity_{construction}", 5, 10)
    task = task_of(found)
    graphs = all_graphs(5)
    labels = interpret(found.graph, strings_of(task, graphs))
    assert isinstance(labels, np.ndarray)
    for edges, row in zip(graphs, labels[:, task.ids.slots("vertices")], strict=True):
        graph = nx.empty_graph(5)
        graph.add_edges_from(edges.tolist())
        for component in nx.connected_components(graph):
            assert {int(row[vertex]) for vertex in component} == {min(component)}
