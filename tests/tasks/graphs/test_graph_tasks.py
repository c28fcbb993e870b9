"""Tasks on graphs: their solvers against networkx, their families, and how they name a wrong answer."""

from __future__ import annotations

import hypothesis.strategies as st
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from logdepth.lang import interpret
from logdepth.tasks.graphs import Connectivity, GraphTask, OneVersusTwoCycle
from logdepth.tasks.graphs.promise import eccentricities
from logdepth.tasks.graphs.solver import component_labels, forest, is_bipartite, reaches
from logdepth.tasks.registry import GRAPH_TASKS, SHORT, graph_task, task_of_program
from tests.graph_programs import CASES, compiled, strings_of, task_of, wrong

every_task = pytest.mark.parametrize("kind", GRAPH_TASKS.values(), ids=GRAPH_TASKS)


@st.composite
def multigraphs(draw: st.DrawFn, most: int = 12) -> tuple[int, np.ndarray]:
    """Vertices and edges; loops, and edges given twice."""
    vertices = draw(st.integers(1, most))
    end = st.integers(0, vertices - 1)
    edges = draw(st.lists(st.tuples(end, end), max_size=2 * most))
    return vertices, np.array(edges, int).reshape(-1, 2)


def nx_graph(vertices: int, edges: np.ndarray) -> nx.Graph:
    graph = nx.empty_graph(vertices)
    graph.add_edges_from(edges.tolist())
    return graph


@given(multigraphs())
@settings(max_examples=150, deadline=None)
def test_solvers_against_networkx(drawn: tuple[int, np.ndarray]) -> None:
    vertices, edges = drawn
    graph = nx_graph(vertices, edges)
    labels = component_labels(vertices, edges)
    far = eccentricities(vertices, edges)
    for component in nx.connected_components(graph):
        assert {int(labels[v]) for v in component} == {min(component)}
        distances = nx.eccentricity(graph.subgraph(component))
        assert {v: int(far[v]) for v in component} == distances
    assert is_bipartite(vertices, edges) == nx.is_bipartite(graph)
    taken = edges[forest(vertices, edges)]
    assert nx.is_forest(nx_graph(vertices, taken)) and len(taken) == vertices - len(np.unique(labels))
    arcs = edges[np.unique(edges[:, 0], return_index=True)[1]] if len(edges) else edges
    directed = nx.DiGraph()
    directed.add_nodes_from(range(vertices))
    directed.add_edges_from(arcs.tolist())
    assert set(np.flatnonzero(reaches(vertices, arcs)).tolist()) == nx.ancestors(directed, 0) | {0}


@given(multigraphs(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_last_edges_are_the_minimum_forest_of_falling_weights(drawn: tuple[int, np.ndarray], random) -> None:
    vertices, edges = drawn
    weight = np.sort([random.randint(-5, 5) for _ in edges])[::-1]
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(vertices))
    graph.add_weighted_edges_from([(*edge, w) for edge, w in zip(edges.tolist(), weight.tolist(), strict=True)])
    least = nx.minimum_spanning_tree(graph).size(weight="weight")
    assert weight[forest(vertices, edges)].sum() == least


@pytest.mark.parametrize(("program", "options"), CASES)
@given(drawn=multigraphs(9))
@settings(max_examples=25, deadline=None)
def test_programs_interpreted_are_the_tasks(program: str, options: dict, drawn: tuple[int, np.ndarray]) -> None:
    """Random graphs with loops and repeated edges, in a model for 9 vertices and 18 edges."""
    found = _kept(program, **options)
    edges = drawn[1][:18]
    if program.startswith("reachability"):
        edges = edges[np.unique(edges[:, 0], return_index=True)[1]]
    assert wrong(found, [edges], stock=False) == 0


_COMPILED: dict = {}


def _kept(program: str, **options: int):
    key = (program, *options.items())
    if key not in _COMPILED:
        _COMPILED[key] = compiled(program, 9, 18, **options)
    return _COMPILED[key]


@pytest.mark.parametrize(("program", "options"), CASES)
def test_random_graphs_through_the_stock_model(program: str, options: dict) -> None:
    """Of every family the task is tried on: compiled = interpreted = solved."""
    found = _kept(program, **options)
    task = task_of(found)
    graphs = [task.draw(np.random.default_rng(seed), family) for family in task.families for seed in range(12)]
    assert wrong(found, graphs) == 0


@every_task
def test_families_are_instances(kind: type[GraphTask]) -> None:
    task = kind(11, 13)
    strings = task.instances(task.ids.length, 60, 0, "test")
    assert strings is not None and task.ids.are_graphs(strings).all()
    assert all(task.is_instance(task.ids.edges_of(string)) for string in strings)
    assert (strings == task.instances(task.ids.length, 60, 0, "test")).all()
    assert task.instances(task.ids.length - 1, 3, 0, "test") is None


@every_task
def test_a_wrong_answer_is_named(kind: type[GraphTask]) -> None:
    """At every slot that has an answer, and at no other."""
    task = kind(5, 4)
    strings = task.instances(task.ids.length, 8, 1, "test")
    assert strings is not None
    name = next(iter(task.programs))
    found = compiled(name, 5, 4)
    words = interpret(found.graph, strings)
    assert isinstance(words, np.ndarray) and task.mistake(strings, words, None) == ""
    edges = task.ids.edges_of(strings[-1])
    slots = set(task.ids.slots(task.of)[: len(task.solve(edges))].tolist())
    for slot in range(words.shape[1]):
        changed = words.copy()
        changed[-1, slot] = (words[-1, slot] + 1) % task.num_classes
        assert (task.mistake(strings, changed, None) != "") == (slot in slots)


def test_one_cycle_or_two_of_hard_instances() -> None:
    """Two cycles of all sizes, one within the other's ids."""
    rng = np.random.default_rng(0)
    for name in ("one_cycle_hooking", "one_cycle_squaring"):
        found = compiled(name, 12, 12)
        graphs = []
        for first in (0, *range(1, 12)):
            names = rng.permutation(12)
            parts = [names[:first], names[first:]]
            edges = np.concatenate([np.stack([part, np.roll(part, 1)], 1) for part in parts if len(part)])
            graphs.append(rng.permutation(edges))
        task = task_of(found)
        assert [int(task.solve(edges)[0]) for edges in graphs] == [1] + [0] * 11
        assert wrong(found, graphs) == 0


def test_names_and_programs() -> None:
    assert {task_of_program(name) for name, _ in CASES} == set(GRAPH_TASKS.values())
    assert all(graph_task(name).name == of for name, of in SHORT.items())
    assert Connectivity.of_program(8, 6, 0, {"vertices": 4, "edges": 2, "diameter": "far"}) is None
    assert OneVersusTwoCycle.of_program(9, 6, 0, {"vertices": 4, "edges": 2}) is None
    assert strings_of(Connectivity(2, 1), [np.array([[0, 1]])]).tolist() == [[0, 1, 2, 2]]
