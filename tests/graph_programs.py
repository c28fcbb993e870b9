"""Programs on graphs held against their tasks: the interpreter, and the compiled model as stock code runs it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from logdepth.compiler.compile import Compilation, compile_program
from logdepth.lang import Program, interpret
from logdepth.programs import BUILT_IN
from logdepth.tasks.graphs import GraphTask
from logdepth.tasks.registry import task_of_program
from tests.bert import logits
from tests.gpt2 import margin

# Every program on graphs there is, and those with a promise once more under one.
CASES: list[tuple[str, dict[str, int]]] = [(name, {}) for name, program in BUILT_IN.items() if program.graph]
CASES += [(name, {"diameter": 1}) for name, program in BUILT_IN.items() if "diameter" in program.parameters]


def compiled(program: str | Program, vertices: int, edges: int, **options: Any) -> Compilation:
    """A program on graphs of at most so many vertices and edges."""
    found = BUILT_IN[program] if isinstance(program, str) else program
    given = {"vertices": vertices, "edges": edges, **options}
    task = task_at(found, given)
    sizes = (task.ids.length, task.ids.alphabet_size)
    return compile_program(found, length=sizes[0], alphabet_size=sizes[1], target="bert", **given)


def task_at(program: Program, given: dict[str, int]) -> GraphTask:
    kind = task_of_program(program.name)
    assert kind is not None and issubclass(kind, GraphTask)
    return kind(**given)


def task_of(found: Compilation) -> GraphTask:
    """The task that a compiled program computes, at its sizes."""
    task = task_at(found.program, found.parameters)
    assert found.graph.vocabulary == task.vocabulary
    return task


def strings_of(task: GraphTask, graphs: Iterable[np.ndarray]) -> np.ndarray:
    return np.array([task.ids.symbols(*edges.T) for edges in graphs])


def wrong(found: Compilation, graphs: list[np.ndarray], *, stock: bool = True, attention: str = "sdpa") -> int:
    """How many graphs get a wrong answer: from the interpreter or (`stock`) the stock BERT, whose logits must differ
    by what the certificate says at every position."""
    task = task_of(found)
    strings, slots = strings_of(task, graphs), task.ids.slots(task.of)
    words = interpret(found.graph, strings)
    assert isinstance(words, np.ndarray)
    if stock:
        tokens, want = found.graph.vocabulary.encode(strings), found.graph.vocabulary.answer_ids(words)
        assert margin(logits(found, tokens, attention), want) >= found.certificate.margin > 5.9
    said = words[:, slots]
    answers = [task.solve(edges) for edges in graphs]
    return sum(bool((row[: len(right)] != right).any()) for row, right in zip(said, answers, strict=True))


def all_graphs(vertices: int, seed: int = 0) -> list[np.ndarray]:
    """Every labelled simple graph, its edges in any order and direction."""
    rng, pairs = np.random.default_rng(seed), np.array(list(itertools.combinations(range(vertices), 2)), int)
    pairs = pairs.reshape(-1, 2)
    found = []
    for chosen in itertools.product((False, True), repeat=len(pairs)):
        edges = rng.permutation(pairs[list(chosen)].reshape(-1, 2))
        found.append(np.where(rng.random((len(edges), 1)) < 0.5, edges, edges[:, ::-1]))
    return found


def all_functions(vertices: int) -> list[np.ndarray]:
    """Every graph in which a vertex has one arc at most."""
    found = []
    for image in itertools.product(range(vertices + 1), repeat=vertices):
        arcs = [(vertex, to) for vertex, to in enumerate(image) if to < vertices]
        found.append(np.array(arcs, int).reshape(-1, 2))
    return found


def all_instances(task: GraphTask) -> list[np.ndarray]:
    """All of its instances without loops or edges given twice, but for functions."""
    return all_functions(task.vertices) if task.name == "reachability" else all_graphs(task.vertices)


def edges_needed(program: str, vertices: int) -> int:
    return vertices if program.startswith("reachability") else vertices * (vertices - 1) // 2
