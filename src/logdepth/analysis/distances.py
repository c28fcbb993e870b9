"""Distance probes of a net that learned graphs: who is within r of a vertex, read linearly off its token's residual.

After every layer, for every r: a linear map of vertex v's row to V numbers, the sign of the w-th saying whether w is
within r of v (*set*), and one whose largest number names the least id within r of v (*label*). Fitted by ridge
regression on two thirds of the graphs, scored on the others. Of sets, half the score is on pairs that are within r and
half on pairs that are not, so that saying always the same is right in half. The *boundary* is sharper: of a pair at
exactly r and one at exactly r + 1 of the same graph, how often is the number of the nearer the larger? Whoever knows
who is within r - 1 and no more, has half. (Of labels: the share right of vertices whose least id is at exactly r.)

A net that squares holds the set within 2^(l-1) after layer l, breadth-first search that within l; one that hooks holds
labels without sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from logdepth.errors import InputError
from logdepth.models.inside import activations
from logdepth.rng import rng_for
from logdepth.tasks.lessons import GraphLesson
from logdepth.train.subject import Subject

RIDGE, RESAMPLED = 1e-3, 400


def probe_distances(
    subject: Subject, k: int, *, graphs: int = 300, seed: int = 0, radii: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    """Rows of layer (0: the embedding), within, of (`set` or `label`), accuracy and boundary with their 95 % intervals
    low, high, boundary_low, boundary_high (graphs drawn again and again), chance (of the accuracy: a half; the
    commonest label), on graphs of diameter k. Sets: balanced, of ordered pairs of two vertices; a radius that holds of
    all pairs or of none is left out. radii: default 1, 2, 4, .. below k.

    Raises `InputError` for a task without graphs, or fewer than 3 of them.

    >>> from logdepth.models.build import build_model
    >>> from logdepth.train.recipes import GraphTold, fast
    >>> from logdepth.train.subject import run_subject
    >>> config = fast(1, embed_dim=8, num_heads=2, task="connectivity", graph=GraphTold(8))
    >>> subject = run_subject("tiny", build_model(config.model).eval(), config, 0)
    >>> [(row["layer"], row["within"], row["of"]) for row in probe_distances(subject, 3, graphs=9)][:3]
    [(0, 1, 'set'), (0, 1, 'label'), (0, 2, 'set')]
    """
    task = subject.task
    if not isinstance(task, GraphLesson):
        raise InputError(f"{subject.name} is about {task.name}, which has no graphs to probe distances of")
    if graphs < 3:
        raise InputError(f"graphs is {graphs}; probes need at least 3")
    asked = [1 << power for power in range(k.bit_length()) if 1 << power < k] if radii is None else radii
    strings = task.strings_for(k, graphs, seed, "probes")
    distance = task.distances(strings)
    apart = np.broadcast_to(~np.eye(task.alphabet_size, dtype=bool), distance.shape)
    fitted = np.arange(graphs) < 2 * graphs // 3
    again = rng_for(seed, "probes", "again").integers(0, (~fitted).sum(), (RESAMPLED, (~fitted).sum()))
    rows = []
    for layer, residual in enumerate(activations(subject.model, subject.encode(strings, k)).residual):
        x = residual[:, task.vertex_slots].double().cpu().numpy()
        x = np.concatenate([x / (np.sqrt((x**2).mean(-1, keepdims=True)) + 1e-9), np.ones((*x.shape[:2], 1))], 2)
        train = x[fitted].reshape(-1, x.shape[2])
        inverse = np.linalg.solve(train.T @ train + RIDGE * len(train) * np.eye(x.shape[2]), train.T)
        for within in asked:
            near = distance <= within
            pairs = near[~fitted][apart[~fitted]]
            if pairs.all() or not pairs.any():
                continue
            share = near[fitted][apart[fitted]].mean()
            numbers = x[~fitted] @ (inverse @ (2.0 * near[fitted] - 1).reshape(len(train), -1))
            right = (numbers > 2 * share - 1) == near[~fitted]
            every = _scored(_counts(right, near[~fitted] & apart[~fitted], ~near[~fitted]), again)
            sharp = _scored(_larger(numbers, distance[~fitted], within), again, "boundary")
            where = {"layer": layer, "within": within, "k": k, "graphs": graphs}
            rows.append({**where, "of": "set", **every, **sharp, "chance": 0.5})
            least = near.argmax(2)  # the least id within r, itself at distance 0 among them
            told = np.eye(task.alphabet_size)[least[fitted]].reshape(len(train), -1)
            right = (x[~fitted] @ (inverse @ told)).argmax(2) == least[~fitted]
            newly = (least != (distance < within).argmax(2))[~fitted]
            every, sharp = (
                _scored(_counts(right, np.ones_like(right)), again),
                _scored(_counts(right, newly), again, "boundary"),
            )
            commonest = float((least[~fitted] == np.bincount(least[fitted].ravel()).argmax()).mean())
            rows.append({**where, "of": "label", **every, **sharp, "chance": commonest})
    return rows


def _counts(right: np.ndarray, *kinds: np.ndarray) -> np.ndarray:
    """Of every graph how many of each kind are told right, and how many there are: (2, kinds, graphs)."""
    sums = [
        [part.reshape(len(part), -1).sum(1) for part in parts] for parts in ([right & kind for kind in kinds], kinds)
    ]
    return np.array(sums)


def _larger(numbers: np.ndarray, distance: np.ndarray, within: int) -> np.ndarray:
    """Of every graph in how many pairs of pairs the nearer has the larger number, and how many there are."""
    counts = np.zeros((2, 1, len(numbers)))
    for graph, (number, away) in enumerate(zip(numbers, distance, strict=True)):
        gaps = number[away == within][:, None] - number[away == within + 1]
        counts[:, 0, graph] = (gaps > 0).sum() + (gaps == 0).sum() / 2, gaps.size
    return counts


def _scored(counts: Float[np.ndarray, "two kinds graphs"], again: np.ndarray, name: str = "") -> dict[str, float]:
    """The mean over kinds of the share told right, and where it lies in 95 % of draws of the graphs."""
    accuracy = (counts[0].sum(1) / np.maximum(counts[1].sum(1), 1)).mean()
    drawn = counts[:, :, again].sum(3)
    low, high = np.quantile((drawn[0] / np.maximum(drawn[1], 1)).mean(0), (0.025, 0.975))
    names = (name, f"{name}_low", f"{name}_high") if name else ("accuracy", "low", "high")
    return dict(zip(names, (float(accuracy), float(low), float(high)), strict=True))
