"""What a compiled model attends to on one text, ready to draw: each head with the pointer it follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from logdepth.compiled.answers import is_khop
from logdepth.compiled.folder import read_folder
from logdepth.compiled.pointers import head_powers
from logdepth.compiler.normalize import normalize
from logdepth.compiler.program_to_transformer import program_to_transformer
from logdepth.compiler.schedule import schedule_program
from logdepth.errors import InputError
from logdepth.report.attention import Panel, draw_attention
from logdepth.tasks.khop import find, find_power


def plot_folder(folder: str | Path, text: str, out: str | Path, *, header: int | None = None) -> dict[str, Any]:
    """Draw the attention of a compiled model on a text; for k-hop the find^j that a head follows is marked.

    The names of the pointers are the program's, not the text's. The answer lists them, head by head. Raises
    `InputError` for a text outside the domain, `FolderError` for a folder that is not a compiled model.
    """
    found = read_folder(folder)
    setting, graph = found.graph.setting, found.graph
    symbols = found.alphabet.parse(text, "--text")
    if not symbols:
        raise InputError("--text is empty")
    if len(symbols) > setting.length:
        raise InputError(f"--text has {len(symbols)} symbols; the model takes {setting.length} at most")
    if setting.header_size and (header is None or not 0 <= header < setting.header_size):
        raise InputError(f"the model takes a hop token; give --k, 0..{setting.header_size - 1}")
    if header is not None and not setting.header_size:
        raise InputError("the model takes no hop token; it was compiled for one k")
    strings = np.array([symbols])
    head = None if header is None else np.array([header])
    schedule = schedule_program(normalize(graph))
    trace = program_to_transformer(graph, schedule).trace(found.vocabulary.encode(strings, head))
    powers = head_powers(graph, schedule) if is_khop(found) else {}
    pointer = find(strings, found.alphabet.size)
    panels, heads = [], []
    for number, (layer, weights, names) in enumerate(
        zip(schedule.layers, trace.attention, trace.head_names, strict=True), 1
    ):
        for h, (each, name) in enumerate(zip(layer.heads, names, strict=True)):
            j = powers.get(each)
            label = "" if j is None else f"find^{j}" if j > 1 else "find"
            marked = None if j is None else find_power(pointer, j)[0]
            panels.append(Panel(f"layer {number}: {name}", weights[0, h], marked, label))
            heads.append({"layer": number, "match": name, "follows": label or None})
    first = "S" if header is None else f"k={header}"
    tokens = [first, *(found.alphabet.symbols[s] for s in symbols)]
    title = f"{graph.name} ({found.parameters}), compiled: attention of every head"
    draw_attention(out, panels, tokens, title)
    return {"out": str(out), "layers": len(trace.attention), "heads": len(panels), "followed": heads}
