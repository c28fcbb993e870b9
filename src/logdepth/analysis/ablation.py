"""Taking heads out, one at a time: which k stop working."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from logdepth.errors import InputError
from logdepth.models.inside import Edit, activations, edited
from logdepth.train.evaluate import score
from logdepth.train.subject import Subject

KINDS = ("zero", "mean")


def ablate_heads(
    subject: Subject, hops: Sequence[int], strings: Int[np.ndarray, "batch n"], kinds: Sequence[str] = KINDS
) -> list[dict[str, Any]]:
    """The error at each k with one head's output replaced: by zero, or by its mean over these strings and slots at
    that k (which keeps what the head always writes).

    Rows of layer, head (from 1), kind, k, error, baseline (the whole model's error), over defined positions. Raises
    `InputError` for a model without heads.

    >>> from logdepth.models.build import build_model
    >>> from logdepth.train.recipes import fast
    >>> from logdepth.train.subject import run_subject
    >>> config = fast(1, embed_dim=8, num_heads=2, max_k=1, length=12)
    >>> subject = run_subject("tiny", build_model(config.model).eval(), config, 0)
    >>> rows = ablate_heads(subject, [1], np.array([[0, 1, 2, 0, 1, 2]]))
    >>> [(row["head"], row["kind"]) for row in rows]
    [(1, 'zero'), (1, 'mean'), (2, 'zero'), (2, 'mean')]
    """
    rows = []
    task, shape = subject.task, subject.shape
    if not shape.num_heads:
        raise InputError(f"{subject.name} has no heads to take out")
    for k in hops:
        baseline = score(task, subject.predict, k, strings).error
        means = [heads.mean((0, 1)) for heads in activations(subject.model, subject.encode(strings, k)).heads]
        for layer in range(1, shape.depth + 1):
            for head in range(shape.num_heads):
                for kind in kinds:
                    value = torch.zeros_like(means[0][0]) if kind == "zero" else means[layer - 1][head]
                    with edited(subject.model, [Edit(layer, head, _constant(value))]):
                        error = score(task, subject.predict, k, strings).error
                    where = {"layer": layer, "head": head + 1, "kind": kind, "k": k}
                    rows.append({**where, "error": error, "baseline": baseline})
    return rows


def ablate_layers(subject: Subject, hops: Sequence[int], strings: Int[np.ndarray, "batch n"]) -> list[dict[str, Any]]:
    """The error at each k with the attention of a whole layer replaced: every head's output by its mean over these
    strings and slots at that k. Rows of layer, k, error, baseline. Raises `InputError` for a model without heads.

    >>> from logdepth.models.build import build_model
    >>> from logdepth.train.recipes import fast
    >>> from logdepth.train.subject import run_subject
    >>> config = fast(2, embed_dim=8, num_heads=2, max_k=1, length=12)
    >>> subject = run_subject("tiny", build_model(config.model).eval(), config, 0)
    >>> [row["layer"] for row in ablate_layers(subject, [1], np.array([[0, 1, 2, 0, 1, 2]]))]
    [1, 2]
    """
    rows = []
    task, shape = subject.task, subject.shape
    if not shape.num_heads:
        raise InputError(f"{subject.name} has no heads to take out")
    for k in hops:
        baseline = score(task, subject.predict, k, strings).error
        found = activations(subject.model, subject.encode(strings, k)).heads
        for layer, heads in enumerate(found, 1):
            edits = [Edit(layer, head, _constant(mean)) for head, mean in enumerate(heads.mean((0, 1)))]
            with edited(subject.model, edits):
                error = score(task, subject.predict, k, strings).error
            rows.append({"layer": layer, "k": k, "error": error, "baseline": baseline})
    return rows


def _constant(value: Tensor) -> Any:
    return lambda x: value.to(x.dtype).expand_as(x)
