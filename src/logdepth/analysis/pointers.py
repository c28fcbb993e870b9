"""Attention against a task's pointers (k-hop: find^j): how nearly a head looks where its j-th hop is.

M has a 1 at (slot i, its j-th pointer) and empty rows where that is "nothing" (and at slot 0), or ahead of a causal
model's slot. Three scores:

- `code`: sum(A M) / sqrt(sum(M) sum(A^2)), what the paper's figures show. All rows of A count, so perfect attention
  scores sqrt(valid rows / rows) only.
- `text`: ||A o M||^2 / (||A|| ||M||), the formula the paper prints (Frobenius norms).
- `valid`: the cosine over rows that have a pointer: 1 exactly if the head attends to it alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from logdepth.models.inside import attention_of
from logdepth.tasks.task import Task
from logdepth.train.subject import Subject

SCORES = ("code", "text", "valid")
SLOTS_SQUARED = 5_000_000  # strings x slots^2 at once: 20 MB of attention a head


def visible_pointers(
    task: Task, strings: Int[np.ndarray, "batch n"], most: int, *, causal: bool
) -> list[Int[np.ndarray, "batch slots"]]:
    """Powers 0 (a slot itself) .. most of the task's pointer at slots 0..n; 0 for "nothing", and for what lies ahead if
    the model is causal.

    >>> from logdepth.tasks.pointer_chasing import PointerChasing
    >>> task, string = PointerChasing(5, 2, k=1), np.array([[0, 1, 1, 0, 1]])
    >>> [visible_pointers(task, string, 1, causal=causal)[1][0].tolist() for causal in (False, True)]
    [[0, 2, 4, 4, 2, 4], [0, 0, 0, 0, 2, 4]]
    """
    powers = task.pointers(strings, most)
    slots = np.arange(powers[0].shape[1])
    return [np.where(power > slots, 0, power) for power in powers] if causal else powers


def pointer_scores(
    attention: Float[np.ndarray, "batch query key"], pointer: Int[np.ndarray, "batch slots"]
) -> dict[str, float]:
    """The three scores, averaged over the strings that have any pointer; NaN if none has.

    >>> attention = np.array([[[1.0, 0, 0], [0.5, 0.5, 0], [0, 1.0, 0]]])
    >>> {name: round(value, 3) for name, value in pointer_scores(attention, np.array([[0, 0, 1]])).items()}
    {'code': 0.632, 'text': 0.632, 'valid': 1.0}
    """
    found = _each_string(attention, pointer)
    return {name: float(value.mean()) if len(value) else float("nan") for name, value in found.items()}


def _each_string(attention: np.ndarray, pointer: np.ndarray) -> dict[str, np.ndarray]:
    """The scores of the strings that have any pointer."""
    valid = pointer > 0
    at = np.take_along_axis(attention, pointer[:, :, None], 2)[:, :, 0] * valid
    squares = (attention**2).sum(2)
    count = valid.sum(1)
    used = count > 0
    at, squares, valid, count = at[used], squares[used], valid[used], count[used]
    return {
        "code": at.sum(1) / np.sqrt(count * squares.sum(1)),
        "text": (at**2).sum(1) / np.sqrt(squares.sum(1) * count),
        "valid": at.sum(1) / np.sqrt(count * (squares * valid).sum(1)),
    }


def _attention(subject: Subject, k: int, strings: np.ndarray) -> Iterator[tuple[slice, int, int, np.ndarray]]:
    """Which strings, layer, head and its attention on them: few strings at a time where they are long."""
    at_once = max(1, SLOTS_SQUARED // (strings.shape[1] + 1) ** 2)
    for first in range(0, len(strings), at_once):
        batch = slice(first, first + at_once)
        for layer, weights in enumerate(attention_of(subject.model, subject.encode(strings[batch], k)), 1):
            heads = weights.float().cpu().numpy()
            for head in range(heads.shape[1]):
                yield batch, layer, head + 1, heads[:, head]


def head_scores(
    subject: Subject, k: int, strings: Int[np.ndarray, "batch n"], most: int | None = None
) -> list[dict[str, Any]]:
    """Every head of every layer against the pointer's powers 0 .. most (default: k) when asked for k.

    Rows of layer, head (both from 1), k, j and the three scores (None where no string has a j-th hop). Raises
    `InputError` for a k the model does not take.

    >>> from logdepth.models.build import build_model
    >>> from logdepth.train.recipes import fast
    >>> from logdepth.train.subject import run_subject
    >>> config = fast(1, embed_dim=8, num_heads=2, max_k=1, length=12)
    >>> subject = run_subject("tiny", build_model(config.model).eval(), config, 0)
    >>> rows = head_scores(subject, 1, np.array([[0, 1, 2, 0, 1, 2]]))
    >>> [(row["head"], row["j"]) for row in rows]
    [(1, 0), (1, 1), (2, 0), (2, 1)]
    """
    most = k if most is None else most
    powers = visible_pointers(subject.task, strings, most, causal=subject.shape.causal)
    found: dict[tuple[int, int, int], dict[str, list[np.ndarray]]] = {}
    for batch, layer, head, attention in _attention(subject, k, strings):
        for j, pointer in enumerate(powers):
            scores = found.setdefault((layer, head, j), {name: [] for name in SCORES})
            for name, values in _each_string(attention, pointer[batch]).items():
                scores[name].append(values)
    rows = []
    for (layer, head, j), scores in sorted(found.items(), key=lambda item: item[0]):
        means = {name: _mean(np.concatenate(values)) for name, values in scores.items()}
        rows.append({"layer": layer, "head": head, "k": k, "j": j, **means})
    return rows


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def best_pointers(rows: Sequence[dict[str, Any]], by: str = "valid") -> list[dict[str, Any]]:
    """For each layer, head and k the row with the highest score `by`.

    >>> rows = [{"layer": 1, "head": 1, "k": 2, "j": j, "valid": s} for j, s in ((0, 0.2), (1, 0.9), (2, 0.1))]
    >>> best_pointers(rows)[0]["j"]
    1
    """
    best: dict[tuple[int, int, int], dict[str, Any]] = {}
    for row in rows:
        name = (row["layer"], row["head"], row["k"])
        if row[by] is not None and (name not in best or row[by] > best[name][by]):
            best[name] = row
    return [best[name] for name in sorted(best)]


def pattern_scores(subject: Subject, k: int, strings: Int[np.ndarray, "batch n"]) -> list[dict[str, Any]]:
    """Every head against two pointers that are no power of the task's: rows of layer, head, `previous` (the slot
    before, from slot 2 on) and `start` (the mean weight on slot 0).

    >>> from logdepth.models.build import build_model
    >>> from logdepth.train.recipes import fast
    >>> from logdepth.train.subject import run_subject
    >>> config = fast(1, embed_dim=8, num_heads=2, max_k=1, length=12)
    >>> subject = run_subject("tiny", build_model(config.model).eval(), config, 0)
    >>> [row["head"] for row in pattern_scores(subject, 1, np.array([[0, 1, 2, 0, 1, 2]]))]
    [1, 2]
    """
    previous = np.maximum(np.arange(strings.shape[1] + 1) - 1, 0)
    pointer = np.broadcast_to(previous, (len(strings), len(previous)))
    found: dict[tuple[int, int], list[tuple[np.ndarray, np.ndarray]]] = {}
    for batch, layer, head, attention in _attention(subject, k, strings):
        before, start = _each_string(attention, pointer[batch])["valid"], attention[:, 1:, 0].mean(1)
        found.setdefault((layer, head), []).append((before, start))
    rows = []
    for (layer, head), parts in sorted(found.items(), key=lambda item: item[0]):
        before, start = (np.concatenate(part) for part in zip(*parts, strict=True))
        previous = float(before.mean()) if len(before) else 0.0
        rows.append({"layer": layer, "head": head, "previous": previous, "start": float(start.mean())})
    return rows
