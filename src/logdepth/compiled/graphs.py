"""A compiled model of graphs on a user's graph: the file read, its tokens, and the answers in the names of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from logdepth.compiled.folder import Folder, read_folder
from logdepth.compiled.hub import load_model
from logdepth.compiled.running import logits
from logdepth.compiled.task import task_of
from logdepth.errors import FolderError, InputError
from logdepth.graphs import Graph, read_graph
from logdepth.graphs.tokens import GraphTokens
from logdepth.sequences import NamedSequence
from logdepth.tasks.graphs import GraphTask


def read_for(found: Folder, source: Any, *, format: str | None = None) -> tuple[Graph, np.ndarray, np.ndarray]:
    """A graph (anything that `read_graph` reads, or a `Graph`), its tokens (slots,), and which edge stands where.

    Raises `InputError` for a graph that cannot be read, is larger than the model, or not what its task is about;
    `FolderError` for a model that is none of graphs.
    """
    ids, task = graph_tokens(found), graph_task(found)
    graph = source
    if not isinstance(source, Graph):
        graph = read_graph(source, format=format, weighted=task is not None and task.weighted)
    try:
        if task is not None:
            task.check_graph(graph)
        symbols, order = ids.encode(graph)
    except InputError as error:
        raise InputError(f"{_where(source)}{error}") from None
    return graph, found.vocabulary.encode(symbols[None])[0], order


def _where(source: Any) -> str:
    return f"{source}: " if isinstance(source, str | Path) else ""


def graph_tokens(found: Folder) -> GraphTokens:
    """The ids of a model of graphs. Raises `InputError` for another."""
    ids = found.graph.setting.graph
    if ids is None:
        raise InputError(f"{found.path} is a model of sequences; it takes no graph")
    return ids


def graph_task(found: Folder) -> GraphTask | None:
    """The task about graphs that a model computes, if any."""
    task = task_of(found)
    return task if isinstance(task, GraphTask) else None


def predict_graph(
    folder: str | Path | Folder, source: Any, *, format: str | None = None, device: str | None = None
) -> dict[str, np.ndarray]:
    """The model's answers on a graph, as columns in the names of its file: `vertex` and `label`, say.

    source: a file's path, or whatever `read_graph` takes, or a `Graph`. Raises what `read_for` raises, and `InputError`
    for a graph outside of what a model with a promised diameter was compiled for.
    """
    found = folder if isinstance(folder, Folder) else read_folder(folder)
    graph, tokens, order = read_for(found, source, format=format)
    model = load_model(found.path, device=device, target=found.target.name)
    classes = logits(model, tokens[None]).argmax(-1)[0].cpu().numpy()
    try:
        return _columns(found, graph, classes, order)
    except InputError as error:
        raise InputError(f"{_where(source)}{error}") from None


def _columns(
    found: Folder, graph: Graph, classes: Int[np.ndarray, " slots"], order: Int[np.ndarray, " edges"]
) -> dict[str, np.ndarray]:
    answers = answers_in(graph_tokens(found), graph_task(found), graph, found.vocabulary.answers(classes), order)
    if answers is None:
        raise FolderError(f"{found.path}: an answer is no vertex; `logdepth verify` names what is wrong")
    return answers


def answers_in(
    ids: GraphTokens,
    task: GraphTask | None,
    graph: Graph,
    words: Int[np.ndarray, " slots"],
    order: Int[np.ndarray, " edges"],
) -> dict[str, np.ndarray] | None:
    """What is said at every slot as columns in the names of the graph; None if an answer is no vertex of it."""
    of = "vertices" if task is None else task.of
    answers = words[ids.slots(of)]
    if task is None:
        return {"vertex": graph.ids, "answer": answers[: graph.num_vertices]}
    if of == "edges":
        placed = answers[: graph.num_edges]
        answers = np.zeros_like(placed)
        answers[order] = placed
    task.check_answers(graph, answers)
    if of == "vertices" and task.num_classes > 2 and (answers[: graph.num_vertices] >= graph.num_vertices).any():
        return None
    return task.table(graph, answers)


def check_sequences(found: Folder, sequences: list[NamedSequence]) -> None:
    """Raises `InputError` for a sequence that is no graph's by the contract of ids, or not what the task is about."""
    ids, task = found.graph.setting.graph, graph_task(found)
    if ids is None:
        return
    for sequence in sequences:
        string = np.array(sequence.symbols, np.int64)
        if not ids.are_graphs(string[None])[0]:
            raise InputError(
                f"{sequence.name}: not the tokens of a graph: {ids.edges:,} edges of two vertices each, or padding "
                f"({ids.padding}) after them, then {ids.vertices:,} blanks ({ids.blank}); --graph FILE makes them"
            )
        edges = ids.edges_of(string)
        vertices, ends = np.unique(edges, return_inverse=True)
        tail, head = ends.reshape(-1, 2).T
        if task is not None:
            try:
                task.check_graph(Graph(vertices, tail, head))
            except InputError as error:
                raise InputError(f"{sequence.name}: {error}") from None
