"""What a compiled model attends to on one text, ready to draw: each head with the pointer it follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from logdepth.compiled.folder import read_folder
from logdepth.compiled.model import encode
from logdepth.compiler.normalize import normalize
from logdepth.compiler.program_to_transformer import program_to_transformer
from logdepth.compiler.schedule import schedule
from logdepth.errors import InputError
from logdepth.report.attention import Panel, draw_attention
from logdepth.tasks.khop import find, find_power


def plot_folder(folder: str | Path, text: str, out: str | Path, *, header: int | None = None) -> dict[str, Any]:
    """Draw the attention of a compiled model on a text; for k-hop the find^j that a head follows is marked.

    Raises `InputError` for a text outside the domain, `FolderError` for a folder that is not a compiled model.
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
    strings = np.array([symbols])
    head = None if not setting.header_size else np.array([header])
    model = program_to_transformer(graph, schedule(normalize(graph)))
    trace = model.trace(encode(setting.header_size, found.alphabet.size, strings, head))
    program = found.description["program"]
    most = 0
    if program["name"].startswith("khop_") and program["built_in"]:
        most = max(header or 0, *(int(v) for v in program["parameters"].values()))
    pointer = find(strings, found.alphabet.size)
    powers = {j: find_power(pointer, j)[0] for j in range(1, most + 1)}
    panels = []
    for layer, (weights, names) in enumerate(zip(trace.attention, trace.head_names, strict=True), 1):
        for h, name in enumerate(names):
            j = _followed(weights[0, h], powers)
            label = "" if j is None else f"find^{j}" if j > 1 else "find"
            panels.append(Panel(f"layer {layer}: {name}", weights[0, h], powers.get(j or 0), label))
    first = "S" if head is None else f"k={header}"
    tokens = [first, *(found.alphabet.symbols[s] for s in symbols)]
    given = ", ".join(f"{k} = {v}" for k, v in program["parameters"].items())
    draw_attention(out, panels, tokens, f"{program['name']} ({given}), compiled: attention of every head")
    return {"out": str(out), "layers": len(trace.attention), "heads": len(panels)}


def _followed(weights: np.ndarray, powers: dict[int, np.ndarray]) -> int | None:
    """The j whose pointer find^j a head follows at every query that has one (and elsewhere the start token)."""
    rows = np.arange(len(weights))
    for j, pointer in powers.items():
        if (pointer > 0).any() and (weights[rows, pointer] > 0.999).all():
            return j
    return None
