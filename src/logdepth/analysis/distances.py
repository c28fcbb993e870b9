"""Distance probes of a net that learned graphs: who is within r of a vertex, read linearly off its token's residual.

After every layer, for r = 1, 2, 4, ..: a linear map of vertex v's row to V numbers, the sign of the w-th saying whether
w is within r of v. Fitted by ridge regression on two thirds of the graphs, scored on the others, half the score on
pairs that are within r and half on pairs that are not, so that saying always the same is right in half. A net that
squares holds distance 2^(l-1) after layer l, breadth-first search holds l.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.models.inside import activations
from logdepth.tasks.lessons import GraphLesson
from logdepth.train.subject import Subject

RIDGE = 1e-3


def probe_distances(subject: Subject, k: int, *, graphs: int = 300, seed: int = 0) -> list[dict[str, Any]]:
    """Rows of layer (0: the embedding), within, accuracy (balanced, of ordered pairs of two vertices) on graphs of
    diameter k. Raises `InputError` for a task without graphs, or one whose model has no token a vertex.

    >>> from logdepth.models.build import build_model
    >>> from logdepth.train.recipes import GraphTold, fast
    >>> from logdepth.train.subject import run_subject
    >>> config = fast(1, embed_dim=8, num_heads=2, task="connectivity", graph=GraphTold(8))
    >>> subject = run_subject("tiny", build_model(config.model).eval(), config, 0)
    >>> [(row["layer"], row["within"]) for row in probe_distances(subject, 3, graphs=9)]
    [(0, 1), (0, 2), (1, 1), (1, 2)]
    """
    task = subject.task
    if not isinstance(task, GraphLesson):
        raise InputError(f"{subject.name} is about {task.name}, which has no graphs to probe distances of")
    if graphs < 3:
        raise InputError(f"graphs is {graphs}; probes need at least 3")
    strings = task.strings_for(k, graphs, seed, "probes")
    distance = task.distances(strings)
    apart = np.broadcast_to(~np.eye(task.alphabet_size, dtype=bool), distance.shape)
    fitted = np.arange(graphs) < 2 * graphs // 3
    rows = []
    for layer, residual in enumerate(activations(subject.model, subject.encode(strings, k)).residual):
        x = residual[:, task.vertex_slots].double().cpu().numpy()
        x = np.concatenate([x / (np.sqrt((x**2).mean(-1, keepdims=True)) + 1e-9), np.ones((*x.shape[:2], 1))], 2)
        train = x[fitted].reshape(-1, x.shape[2])
        gram = train.T @ train + RIDGE * len(train) * np.eye(x.shape[2])
        for within in (1 << power for power in range(k.bit_length()) if 1 << power < k):
            near = distance <= within
            signs = (2.0 * near[fitted] - 1).reshape(len(train), -1)
            share = near[fitted][apart[fitted]].mean()
            says = x[~fitted] @ np.linalg.solve(gram, train.T @ signs) > 2 * share - 1
            right, of = (says == near[~fitted])[apart[~fitted]], near[~fitted][apart[~fitted]]
            if of.all() or not of.any():
                continue
            accuracy = (right[of].mean() + right[~of].mean()) / 2
            rows.append({"layer": layer, "within": within, "k": k, "accuracy": float(accuracy), "graphs": graphs})
    return rows
