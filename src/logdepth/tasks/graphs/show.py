"""A task about graphs on one graph, without a model: its answers in the names of the graph; its tokens, a line each."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from logdepth.graphs.graph import Graph
from logdepth.tasks.graphs.task import GraphTask


def solve_graph(kind: type[GraphTask], graph: Graph) -> dict[str, np.ndarray]:
    """The right answers, as columns in the names of the graph. Raises `InputError` for a graph that the task is not
    about.

    >>> from logdepth.tasks.graphs import Connectivity
    >>> graph = Graph(np.array([10, 20, 30]), np.array([2]), np.array([1]))
    >>> {name: values.tolist() for name, values in solve_graph(Connectivity, graph).items()}
    {'vertex': [10, 20, 30], 'label': [10, 20, 20]}
    """
    task, _, answers, order = _solved(kind, graph)
    if task.of == "vertices":
        return task.table(graph, answers[: graph.num_vertices])
    if task.of == "edges":
        placed = np.zeros_like(answers)
        placed[order] = answers
        return task.table(graph, placed)
    return task.table(graph, answers)


def show_graph(kind: type[GraphTask], graph: Graph) -> str:
    """A line for every token of the graph's sequence, in a model that it just fits: its position, its id, what stands
    there, and what is right to answer there. Raises `InputError` for a graph that the task is not about.

    >>> from logdepth.tasks.graphs import Connectivity
    >>> print(show_graph(Connectivity, Graph(np.array([10, 20]), np.array([1]), np.array([0]))))
    position  token  what stands there  answer
           0      4  the start token
           1      1  edge 0: 20
           2      0  edge 0: 10
           3      2  blank of 10        10
           4      2  blank of 20        10
    """
    task, symbols, answers, order = _solved(kind, graph)
    ids, names = task.ids, graph.ids
    what = ["the start token"]
    what += [f"edge {order[place // 2]}: {names[symbols[place]]}" for place in range(2 * graph.num_edges)]
    what += ["padding"] * (2 * (ids.edges - graph.num_edges))
    what += [f"blank of {names[v]}" if v < len(names) else "blank of no vertex" for v in range(ids.vertices)]
    said = [""] * len(what)
    named = answers.astype(bool)
    if task.of == "vertices":
        (named,) = task.column(graph, answers[: graph.num_vertices]).values()
    for slot, answer in zip(ids.slots(task.of), named.tolist(), strict=False):
        said[slot] = str(answer)
    tokens = [ids.start, *symbols.tolist()]
    rows = [("position", "token", "what stands there", "answer")]
    rows += [(str(i), str(token), *pair) for i, (token, *pair) in enumerate(zip(tokens, what, said, strict=True))]
    first, second, third = (max(len(row[column]) for row in rows) for column in range(3))
    return "\n".join(f"{a:>{first}}  {b:>{second}}  {c:<{third}}  {d}".rstrip() for a, b, c, d in rows)


def _solved(
    kind: type[GraphTask], graph: Graph
) -> tuple[GraphTask, Int[np.ndarray, " length"], Int[np.ndarray, " answers"], Int[np.ndarray, " edges"]]:
    task = kind(max(1, graph.num_vertices), graph.num_edges)
    task.check_graph(graph)
    symbols, order = task.ids.encode(graph)
    return task, symbols, task.solve(task.ids.edges_of(symbols)), order
