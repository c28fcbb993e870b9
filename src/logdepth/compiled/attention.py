"""What a compiled model attends to on one text, ready to draw: each head with the pointer it follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from logdepth.compiled.folder import Folder, read_folder
from logdepth.compiled.graphs import graph_tokens, read_for
from logdepth.compiled.pointers import head_powers
from logdepth.compiled.task import pointer_task_of
from logdepth.compiler.normalize import normalize
from logdepth.compiler.program_to_transformer import program_to_transformer
from logdepth.compiler.schedule import schedule_program
from logdepth.errors import InputError
from logdepth.report.attention import Panel, draw_attention
from logdepth.tasks.powers import find_power
from logdepth.tasks.task import Task


def plot_folder(folder: str | Path, text: str, out: str | Path, *, header: int | None = None) -> dict[str, Any]:
    """Draw the attention of a compiled model on a text; of a task's program the power of the task's pointer that a head
    follows is marked (k-hop: find^j), where the text is one that the task is about.

    The names of the pointers are the program's, not the text's. The answer lists them, head by head. Raises
    `InputError` for a text outside the domain, `FolderError` for a folder that is not a compiled model.
    """
    found = read_folder(folder)
    setting = found.graph.setting
    symbols = found.alphabet.parse(text, "--text")
    if not symbols:
        raise InputError("--text is empty")
    if len(symbols) > setting.length:
        raise InputError(f"--text has {len(symbols)} symbols; the model takes {setting.length} at most")
    if setting.header_size and (header is None or not 0 <= header < setting.header_size):
        raise InputError(f"the model takes a header; give --header, 0..{setting.header_size - 1}")
    if header is not None and not setting.header_size:
        raise InputError("the model takes no header")
    first = "S" if header is None else f"<{header}>"
    names = [first, *(found.alphabet.symbols[s] for s in symbols)]
    return _plot(found, np.array([symbols]), None if header is None else np.array([header]), names, out)


def plot_graph(folder: str | Path, source: Any, out: str | Path, *, format: str | None = None) -> dict[str, Any]:
    """The same on a graph: its vertices are called as in its file, blanks `?` and their vertex.

    Raises `InputError` for a graph that the model does not take, `FolderError` as `plot_folder` does.
    """
    found = read_folder(folder)
    graph, tokens, _ = read_for(found, source, format=format)
    ids = graph_tokens(found)
    called = [str(name) for name in graph.ids.tolist()] + list(ids.names[graph.num_vertices :])
    names = ["S", *(called[symbol] for symbol in tokens[1:].tolist())]
    for vertex, slot in enumerate(ids.slots("vertices").tolist()):
        names[slot] = f"?{called[vertex]}"
    return _plot(found, tokens[None, 1:], None, names, out)


def _plot(
    found: Folder, strings: np.ndarray, head: np.ndarray | None, tokens: list[str], out: str | Path
) -> dict[str, Any]:
    graph = found.graph
    schedule = schedule_program(normalize(graph))
    trace = program_to_transformer(graph, schedule).trace(found.vocabulary.encode(strings, head))
    task = pointer_task_of(found)
    powers = {} if task is None else head_powers(graph, schedule, task)
    pointer = None if task is None else _pointer(task, strings)
    panels, heads = [], []
    for number, (layer, weights, names) in enumerate(
        zip(schedule.layers, trace.attention, trace.head_names, strict=True), 1
    ):
        for h, (each, name) in enumerate(zip(layer.heads, names, strict=True)):
            j = powers.get(each)
            label = "" if task is None or j is None else f"{task.pointer}^{j}" if j > 1 else task.pointer
            marked = None
            if task is not None and pointer is not None and j is not None:
                marked = np.zeros(pointer.shape[1], np.int64)  # only where something is asked
                marked[1:][task.asked] = find_power(pointer, j)[0, 1:][task.asked]
            panels.append(Panel(f"layer {number}: {name}", weights[0, h], marked, label))
            heads.append({"layer": number, "match": name, "follows": label or None})
    title = f"{graph.name} ({found.parameters}), compiled: attention of every head"
    draw_attention(out, panels, tokens, title)
    return {"out": str(out), "layers": len(trace.attention), "heads": len(panels), "followed": heads}


def _pointer(task: Task, strings: np.ndarray) -> np.ndarray | None:
    """The task's pointer on strings that it is about, slots (batch, n + 1)."""
    if strings.shape[1] < task.shortest:
        return None
    task = task.with_length(strings.shape[1])
    return task.pointers(strings, 1)[1] if task.is_solvable(strings).all() else None
