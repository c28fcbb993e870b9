"""Compiled models of graphs on a user's graphs: formats, names, ties, and what is refused; the card's own lines run."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

import logdepth
from logdepth.compiled.folder import read_folder
from logdepth.compiled.graphs import predict_graph
from logdepth.compiled.task import task_of
from logdepth.errors import InputError
from logdepth.graphs import Graph, write_table
from logdepth.programs import BUILT_IN
from logdepth.tasks.registry import GRAPH_TASKS

EDGES = [("carol", "bob"), ("bob", "alice"), ("dave", "dave"), ("erin", "frank"), ("erin", "frank")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """A model for 8 vertices and 12 edges by every program on graphs; squaring also under a promise."""
    root = tmp_path_factory.mktemp("graphs")
    found = {}
    for name, program in BUILT_IN.items():
        if program.graph:
            promises: list[dict[str, Any]] = [{}, {"diameter": 1}] if "diameter" in program.parameters else [{}]
            for promise in promises:
                model = logdepth.compile(program, vertices=8, edges=12, target="bert", **promise)
                label = f"{name} {promise}" if promise else name
                found[label] = model.save(root / label.replace(" ", "_"))
    return found


def said(folder: Path, source: object, **options) -> dict[str, list]:
    return {name: values.tolist() for name, values in predict_graph(folder, source, **options).items()}


@pytest.mark.parametrize("construction", ["hooking", "squaring"])
def test_every_format_says_the_same(folders, tmp_path: Path, construction: str) -> None:
    edges = np.array([[1, 2], [2, 3], [4, 4], [5, 6], [6, 5]])
    lines = "\n".join(f"{u} {v}" for u, v in edges) + "\n"
    (tmp_path / "a.txt").write_text("# a comment\n" + lines)
    (tmp_path / "a.el").write_text(lines.replace(" ", ","))
    (tmp_path / "a.mtx").write_text(f"%%MatrixMarket matrix coordinate pattern general\n6 6 5\n{lines}")
    (tmp_path / "a.graph").write_text("6 3\n2\n1 3\n2\n\n6\n5\n")
    np.save(tmp_path / "a.npy", edges)
    np.savez(tmp_path / "a.npz", edges=edges)
    for suffix in (".csv", ".tsv", ".parquet"):
        write_table(tmp_path / f"a{suffix}", {"source": edges[:, 0], "target": edges[:, 1]})
    want = {"vertex": [1, 2, 3, 4, 5, 6], "label": [1, 1, 1, 4, 5, 5]}
    folder = folders[f"connectivity_{construction}"]
    for suffix in (".txt", ".el", ".mtx", ".graph", ".npy", ".npz", ".csv", ".tsv", ".parquet"):
        assert said(folder, tmp_path / f"a{suffix}") == want, suffix
    assert said(folder, edges) == want and said(folder, nx.Graph(edges.tolist()))["label"] == want["label"]
    (tmp_path / "noname").write_text(lines)
    assert said(folder, tmp_path / "noname", format="txt") == want


def test_names_loops_and_repeated_edges(folders, tmp_path: Path) -> None:
    file = tmp_path / "named.csv"
    file.write_text("source,target\n" + "".join(f"{u},{v}\n" for u, v in EDGES))
    labels = {"vertex": ["alice", "bob", "carol", "dave", "erin", "frank"]}
    labels["label"] = ["alice", "alice", "alice", "dave", "erin", "erin"]
    assert said(folders["connectivity_hooking"], file) == said(folders["connectivity_squaring"], file) == labels
    chosen = said(folders["spanning_forest_hooking"], file)
    assert chosen == {"edge": [0, 1, 4], "tail": ["carol", "bob", "erin"], "head": ["bob", "alice", "frank"]}
    assert said(folders["bipartite_hooking"], file) == {"bipartite": [False]}  # dave's loop


def test_ties_of_weights_take_the_first_in_the_file(folders, tmp_path: Path) -> None:
    file = tmp_path / "w.csv"
    file.write_text("u,v,weight\na,b,2\nb,c,2\nc,a,2\nc,d,-1.5\nd,d,-9\nd,c,-1.5\n")
    assert said(folders["msf_hooking"], file) == {
        "edge": [0, 1, 3], "tail": ["a", "b", "c"], "head": ["b", "c", "d"], "weight": [2.0, 2.0, -1.5]
    }  # fmt: skip


def test_no_vertex_and_one(folders) -> None:
    none = Graph(np.array([], int), np.array([], int), np.array([], int))
    one = Graph(np.array([7]), np.array([0]), np.array([0]))
    for name in ("connectivity_hooking", "connectivity_squaring", "connectivity_squaring {'diameter': 1}"):
        assert said(folders[name], none) == {"vertex": [], "label": []}
        assert said(folders[name], one) == {"vertex": [7], "label": [7]}
    assert said(folders["bipartite_hooking"], none) == {"bipartite": [True]}
    assert said(folders["reachability_doubling"], one) == {"vertex": [7], "reaches the first": [True]}
    for name in ("one_cycle_hooking", "one_cycle_squaring"):
        assert said(folders[name], one) == {"one cycle": [True]}


def test_cycles_and_arcs(folders) -> None:
    two, one = (np.array([[0, 1], [1, 2], [2, 0], *tail]) for tail in ([[5, 3], [3, 5]], []))
    for name in ("one_cycle_hooking", "one_cycle_squaring"):
        assert (said(folders[name], two), said(folders[name], one)) == ({"one cycle": [False]}, {"one cycle": [True]})
    arcs = np.array([[3, 1], [1, 0], [4, 2], [2, 4]])
    assert said(folders["reachability_doubling"], arcs)["reaches the first"] == [True, True, False, True, False]


PATH = [[v, v + 1] for v in range(7)]


@pytest.mark.parametrize(
    ("folder", "edges", "part"),
    [
        ("connectivity_hooking", [[v, v + 1] for v in range(8)], "9 vertices; the model takes 8 at most"),
        ("connectivity_squaring", [[0, 1]] * 13, "13 edges; the model takes 12 at most (compile one with --edges 13)"),
        ("reachability_doubling", [[0, 1], [2, 1], [0, 2]], "vertex 0 has 2 arcs that leave it"),
        ("one_cycle_squaring", [[0, 1], [1, 2]], "vertex 0 has degree 1; in a disjoint union of cycles"),
        ("one_cycle_hooking", [[0, 1]] * 3, "vertex 0 has degree 3"),
        ("connectivity_squaring {'diameter': 1}", PATH, "8 of 8 vertices have no answer: connected vertices are more"),
        ("connectivity_squaring {'diameter': 1}", [[0, 1], [2, 3], [3, 4]], "2 of 5 vertices have no answer"),
        ("one_cycle_squaring {'diameter': 1}", [*PATH, [7, 0]], "the graph has no answer: connected vertices are more"),
    ],
)
def test_what_does_not_fit_is_one_line(folders, tmp_path: Path, folder: str, edges: list, part: str) -> None:
    file = tmp_path / "g.txt"
    file.write_text("".join(f"{u} {v}\n" for u, v in edges))
    with pytest.raises(InputError) as error:
        predict_graph(folders[folder], file)
    assert str(error.value).startswith(f"{file}: ") and part in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(("weight", "part"), [("nan", "is not a number"), ("", "no weight")])
def test_a_weight_that_is_none(folders, tmp_path: Path, weight: str, part: str) -> None:
    file = tmp_path / "w.txt"
    file.write_text(f"0 1 2\n1 2 {weight}\n")
    with pytest.raises(InputError, match=part) as error:
        predict_graph(folders["msf_hooking"], file)
    assert str(error.value).startswith(f"{file}:2: ")


def test_token_ids_that_are_no_graph_are_refused(folders) -> None:
    folder = folders["connectivity_hooking"]
    graph = "01" + "." * 22 + "?" * 8
    assert logdepth.predict(folder, [graph])[0].words[24:] == [0, 0, 2, 3, 4, 5, 6, 7]
    for wrong in ("012", graph[:-1], ".." + graph[:2] + graph[4:], "0?" + graph[2:]):
        with pytest.raises(InputError, match="sequence 1: not the tokens of a graph: 12 edges"):
            logdepth.predict(folder, [wrong])
    with pytest.raises(InputError, match="sequence 1: vertex 0 has 2 arcs"):
        logdepth.predict(folders["reachability_doubling"], ["0102" + graph[4:]])


def test_every_folder_has_its_task(folders) -> None:
    assert all(task_of(read_folder(folder)) is not None for folder in folders.values())


def verified(folders: dict[str, Path], *names: str) -> bool:
    return all(logdepth.verify(folders[name], samples=8).ok for name in names)


def test_verify_after_reload(folders) -> None:
    assert verified(folders, "msf_hooking", "connectivity_squaring {'diameter': 1}")


@pytest.mark.slow
def test_verify_every_folder_after_reload(folders) -> None:
    assert verified(folders, *folders)


def test_the_cards_own_lines_run_and_say_what_the_task_does(folders, monkeypatch) -> None:
    """The contract of ids, by stock code alone: ids written out, no attention mask."""
    for name, folder in folders.items():
        monkeypatch.chdir(folder)
        card = (folder / "README.md").read_text()
        block = re.search(r"```python\n(.*?)```", card, re.S)
        assert block is not None and "attention_mask=" not in block[1]
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(block[1], {})
        task = task_of(read_folder(folder))
        assert task is not None
        want = task.solve(np.array([[0, 1], [1, 2]])).tolist()  # type: ignore[union-attr]
        shown = json.loads(out.getvalue())
        assert shown == (want[0] if task.of == "whole" else want), name  # type: ignore[union-attr]
        assert ("says nothing" in card) == ("diameter" in name)


def test_a_program_that_lies_about_itself_is_found(folders, tmp_path: Path) -> None:
    """A folder whose description says another task: answers are held against that task's solver."""
    folder = tmp_path / "lies"
    shutil.copytree(folders["one_cycle_hooking"], folder)
    file = folder / "logdepth.json"
    file.write_text(file.read_text().replace('"one_cycle_hooking"', '"bipartite_hooking"'))
    found = logdepth.verify(folder, samples=8)
    assert not found.ok and found.differences


def test_every_task_on_graphs_compiles_by_name() -> None:
    from logdepth.user_program import program_of_task

    for task in GRAPH_TASKS.values():
        for construction in dict.fromkeys(task.programs.values()):
            name = program_of_task(task, construction, headers=False)
            assert task.programs[name] == construction
