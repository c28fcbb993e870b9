"""Errors of a graph net's second readout: of every two vertices whether they are near, asked after a layer."""

from __future__ import annotations

import numpy as np
import torch

from logdepth.errors import InputError
from logdepth.models.modern import AttentionModel
from logdepth.tasks.lessons import GraphLesson
from logdepth.train.evaluate import BATCH, interval
from logdepth.train.subject import Subject


@torch.no_grad()
def score_near(subject: Subject, k: int, *, graphs: int = 500, seed: int = 0) -> list[dict]:
    """Rows of layer, within (the distance asked about; None: whether connected, after the last layer), wrong share and
    its 95 % interval (a graph is a trial), over ordered pairs of two vertices of graphs of diameter k.

    Raises `InputError` for a model without the second readout.
    """
    model, task = subject.model, subject.task
    if not isinstance(model, AttentionModel) or model.auxiliary is None or not isinstance(task, GraphLesson):
        raise InputError(f"{subject.name} was not asked who is near in training: it has no readout for it")
    vertices, depth = task.alphabet_size, model.config.depth
    strings = task.strings_for(k, graphs, seed)
    distance = task.distances(strings)
    apart = ~np.eye(vertices, dtype=bool)
    wrong = np.zeros((depth, graphs))
    for first in range(0, graphs, BATCH):
        some = slice(first, first + BATCH)
        states = model.hidden_states(subject.encode(strings[some], k))[1:]
        for layer, x in enumerate(states, 1):
            found = (model.read_vertices(x[:, task.vertex_slots]) > 0).cpu().numpy()
            truth = distance[some] < (vertices if layer == depth else min((1 << (layer - 1)) + 1, vertices))
            wrong[layer - 1, some] = ((found != truth) & apart).sum((1, 2))
    rows, pairs = [], np.full(graphs, vertices * (vertices - 1))
    for layer in range(1, depth + 1):
        low, high = interval(wrong[layer - 1], pairs)
        within = None if layer == depth else 1 << (layer - 1)
        where = {"k": k, "layer": layer, "within": within, "graphs": graphs}
        rows.append({**where, "error": float(wrong[layer - 1].sum() / pairs.sum()), "low": low, "high": high})
    return rows
