"""Errors against depth and k: Figures 2, 6, 7 (fresh samples), 8, 10 (fixed samples) and 9 (8 heads, width 256)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from logdepth.experiments.experiment import Rows, configs, strings_for
from logdepth.train.config import TrainConfig
from logdepth.train.evaluate import BATCH, evaluate, score_planted
from logdepth.train.recipes import plain
from logdepth.train.subject import Subject

DEPTHS = (2, 3, 4, 5, 6)
SAMPLES = (1000, 3000, 10_000)


def fresh_runs(scale: str) -> list[TrainConfig]:
    """Depths 2 to 6, fresh samples, 4 heads, width 128. At scale `cpu` `plain`, three seeds of depths 2 to 5, and
    `fast`, one seed of each depth and three of the four-layer net.

    >>> len(fresh_runs("cpu")), len(fresh_runs("smoke"))
    (19, 2)
    """
    more = configs(scale, [4], seeds=(1, 2)) if scale == "cpu" else []
    return configs(scale, DEPTHS) + more + (_plain_runs() if scale == "cpu" else [])


def short_runs(scale: str) -> list[TrainConfig]:
    """Recipe `plain` in 2,500 steps, a fortieth of the authors', at every depth; other scales as in `fresh_runs`.

    >>> {config.steps for config in short_runs("cpu")}
    {2500}
    """
    return _plain_runs(steps=2500) if scale == "cpu" else fresh_runs(scale)


def _plain_runs(**options: Any) -> list[TrainConfig]:
    return [plain(depth, seed=seed, **options) for depth in DEPTHS[:-1] for seed in (0, 1, 2)]


def wide_runs(scale: str) -> list[TrainConfig]:
    """The same with 8 heads and width 256."""
    return configs(scale, DEPTHS, num_heads=8, embed_dim=256)


def sample_runs(scale: str) -> list[TrainConfig]:
    """Fixed sets of 1,000, 3,000 and 10,000 samples; at scale `cpu` four layers alone."""
    depths = DEPTHS if scale == "full" else (3,) if scale == "smoke" else (4,)
    sizes = (100, 300) if scale == "smoke" else SAMPLES
    return [config for samples in sizes for config in configs(scale, depths, samples=samples)]


def measure_errors(subject: Subject, scale: str) -> Rows:
    """Errors on new strings for every k, dropout off; and on, for a model that has it. With dropout off also at the
    planted strings, whose answers lie far."""
    rows: Rows = []
    task, strings = subject.task, strings_for(scale)
    for dropout in ["off", "on"] if subject.dropout else ["off"]:
        subject.set_dropout(dropout == "on")
        for found in evaluate(task, subject.predict, task.questions, strings=strings, positions=subject.positions):
            rows.append({**_shape(subject), "dropout": dropout, "on": "test", **found.row()})
    subject.set_dropout(False)
    for k in task.questions:
        found = score_planted(task, subject.predict, k, strings=strings)
        rows.append({**_shape(subject), "dropout": "off", "on": "planted", **found.row()})
    return rows


def measure_samples(subject: Subject, scale: str) -> Rows:
    """Errors on new strings, and on the fixed set the model was trained on."""
    assert subject.config is not None
    errors = training_errors(subject, subject.config)
    train = [{**_shape(subject), "dropout": "off", "on": "train", "k": k, **row} for k, row in errors.items()]
    return measure_errors(subject, scale) + train


def training_errors(subject: Subject, config: TrainConfig) -> dict[int, dict[str, Any]]:
    """Wrong and defined positions for each k of a run's own fixed set. The answers are those it was trained on."""
    assert config.samples is not None
    inputs, targets, hops = config.sampler().batch(0, config.samples)
    task = subject.task
    found = {}
    for k in task.questions:
        chosen = hops == k
        if not chosen.any():
            continue
        strings, answers = task.decode(inputs[chosen, 1:]), task.decode(targets[chosen, 1:])
        defined = (answers >= 0) & (answers < task.alphabet_size)
        predicted = np.concatenate(
            [subject.predict(strings[at : at + BATCH], k) for at in range(0, len(strings), BATCH)]
        )
        wrong, total = int(((predicted != answers) & defined).sum()), int(defined.sum())
        found[k] = {
            "strings": len(strings),
            "defined": total,
            "wrong": wrong,
            "error": wrong / total if total else None,
        }
    return found


def mean_errors(rows: Sequence[dict[str, Any]], **chosen: Any) -> dict[int, dict[int, float]]:
    """Mean error over seeds by depth and k, of the rows that have the `chosen` entries.

    >>> rows = [{"depth": 2, "k": 1, "error": e, "on": "test"} for e in (0.1, 0.3)]
    >>> round(mean_errors(rows, on="test")[2][1], 6)
    0.2
    """
    found: dict[int, dict[int, list[float]]] = {}
    for row in rows:
        if row["error"] is not None and all(row.get(name) == value for name, value in chosen.items()):
            found.setdefault(row["depth"], {}).setdefault(row["k"], []).append(row["error"])
    return {d: {k: sum(v) / len(v) for k, v in sorted(by.items())} for d, by in sorted(found.items())}


def _shape(subject: Subject) -> dict[str, Any]:
    config = subject.config
    assert config is not None
    shape = config.model
    sizes = {"depth": shape.depth, "heads": shape.num_heads, "width": shape.embed_dim, "family": shape.family}
    sizes |= {"auxiliary_weight": config.auxiliary_weight}
    return {**sizes, "seed": config.seed, "steps": config.steps, "samples": config.samples, "max_k": config.max_k}
