"""Graph programs in stock BERT: what each construction costs, and wrong answers on every small graph and on families of
graphs with 64 vertices and 128 edges, ids shuffled, after saving and reloading, in float32.

Rows: `graph_sizes.jsonl` (depth, width, parameters for V = 8..64) and `graph_exactness.jsonl`. About ten minutes of one
core; `--sizes` makes the former alone.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from typing import Any

import numpy as np

import logdepth
from logdepth.compiled.folder import read_folder
from logdepth.compiled.hub import load_model
from logdepth.compiled.running import logits
from logdepth.compiled.task import task_of
from logdepth.programs import BUILT_IN
from logdepth.records import Record
from logdepth.tasks.graphs import GraphTask, PromisedTask
from measure import save

GRAPH_PROGRAMS = [name for name, program in BUILT_IN.items() if program.graph]
AT_ONCE = 128  # graphs


def promises(name: str, *diameters: int) -> tuple[int, ...]:
    """Without a promise, and with those, where the program makes use of them."""
    return (0, *diameters) if "diameter" in BUILT_IN[name].parameters else (0,)


def sizes_of(name: str, vertices: int, diameter: int) -> Record:
    given: dict[str, Any] = {"diameter": diameter} if diameter else {}
    began = time.perf_counter()
    model = logdepth.compile(BUILT_IN[name], vertices=vertices, edges=2 * vertices, target="bert", **given)
    shape = model.compilation.shape
    values = {
        "layers": model.depth,
        "width": shape.width,
        "heads": shape.num_heads,
        "hidden": shape.inner,
        "parameters": model.checkpoint.num_parameters,
        "certified_margin": round(model.certificate.margin, 6),
        "compile_seconds": round(time.perf_counter() - began, 2),
    }
    config = {"program": name, "vertices": vertices, "edges": 2 * vertices, "diameter": diameter, "dtype": "float32"}
    record = Record("graph_sizes", config, values)
    print(record.row(), flush=True)
    return record


def small_graphs(vertices: int, functional: bool) -> list[np.ndarray]:
    """Every labelled graph on so many vertices, its edges in any order and direction; or every functional one."""
    if functional:
        images = itertools.product(range(vertices + 1), repeat=vertices)
        arcs = ([(v, to) for v, to in enumerate(image) if to < vertices] for image in images)
        return [np.array(each, np.int64).reshape(-1, 2) for each in arcs]
    rng, found = np.random.default_rng(vertices), []
    pairs = np.array(list(itertools.combinations(range(vertices), 2)), np.int64).reshape(-1, 2)
    for chosen in itertools.product((False, True), repeat=len(pairs)):
        edges = rng.permutation(pairs[list(chosen)])
        found.append(np.where(rng.random((len(edges), 1)) < 0.5, edges, edges[:, ::-1]))
    return found


def count_wrong(name: str, vertices: int, edges: int, diameter: int, drawn) -> list[Record]:
    """A row a family: `drawn(task)` gives pairs of its name and graphs."""
    given: dict[str, Any] = {"diameter": diameter} if diameter else {}
    records = []
    with tempfile.TemporaryDirectory() as folder:
        model = logdepth.compile(BUILT_IN[name], vertices=vertices, edges=edges, target="bert", **given)
        path = model.save(folder + "/model")
        task, stock = task_of(read_folder(path)), load_model(path, "sdpa", "cpu", None, "bert")
        assert isinstance(task, GraphTask)
        for family, graphs in drawn(task):
            began, wrong, nothing, answers, margin = time.perf_counter(), 0, 0, 0, float("inf")
            for first in range(0, len(graphs), AT_ONCE):
                some = graphs[first : first + AT_ONCE]
                tokens = task.vocabulary.encode(np.array([task.ids.symbols(*each.T) for each in some]))
                scores = logits(stock, tokens).double().cpu().numpy()
                scores = scores[:, task.ids.slots(task.of)]
                if scores.size and scores.shape[-1] > 1:
                    best = np.sort(scores, -1)
                    margin = min(margin, float((best[..., -1] - best[..., -2]).min()))
                for row, each in zip(scores.argmax(-1), some, strict=True):
                    right = task.solve(each)
                    answers += len(right)
                    wrong += int((row[: len(right)] != right).sum())
                    nothing += int((right == task.nothing).sum()) if isinstance(task, PromisedTask) else 0
            values = {"layers": model.depth, "graphs": len(graphs), "answers": answers, "wrong": wrong}
            values |= {"nothing": nothing, "least_margin": round(margin, 6) if margin < np.inf else None}
            values |= {"certified_margin": round(model.certificate.margin, 6)}
            values |= {"seconds": round(time.perf_counter() - began, 2)}
            config = {"program": name, "vertices": vertices, "edges": edges, "diameter": diameter, "family": family}
            records.append(Record("graph_exactness", config, values))
            print(records[-1].row(), flush=True)
    return records


def of_families(task) -> list[tuple[str, list[np.ndarray]]]:
    rng, families = np.random.default_rng(0), task.families
    return [(family, [task.draw(rng, family) for _ in range(40)]) for family in families]


def main() -> None:
    names = GRAPH_PROGRAMS
    sizes = [
        sizes_of(name, vertices, diameter)
        for name in names
        for vertices in (8, 16, 32, 64)
        for diameter in promises(name, 3, 7)
    ]
    save("graph_sizes", sizes)
    if "--sizes" in sys.argv:
        return
    records = []
    for name in names:
        functional = name.startswith("reachability")
        for diameter, vertices in itertools.product(promises(name, 1), range(1, 6)):
            edges = vertices if functional else vertices * (vertices - 1) // 2
            graphs = small_graphs(vertices, functional)
            records += count_wrong(name, vertices, edges, diameter, lambda task, found=graphs: [("every graph", found)])
        for diameter in promises(name, 3):
            records += count_wrong(name, 64, 128, diameter, of_families)
    save("graph_exactness", records)


if __name__ == "__main__":
    main()
