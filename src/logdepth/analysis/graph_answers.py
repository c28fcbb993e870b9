"""What a net that learned graphs says of one, as yes and no, beside what is true: what ablation and patching look at.

Whoever was asked in training which vertices are connected with which (the second readout) is asked that, of all pairs;
others the lesson's own question.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
import torch
from jaxtyping import Bool, Int

from logdepth.errors import InputError
from logdepth.models.modern import AttentionModel
from logdepth.tasks.lessons import GraphLesson
from logdepth.train.subject import Subject


class Said(NamedTuple):
    """said, truth, counted: (graphs, answers)."""

    said: Bool[np.ndarray, "graphs answers"]
    truth: Bool[np.ndarray, "graphs answers"]
    counted: Bool[np.ndarray, "graphs answers"]

    @property
    def error(self) -> float:
        """The share of counted answers that are wrong."""
        return float((self.said != self.truth)[self.counted].mean())


def lesson_of(subject: Subject) -> GraphLesson:
    """Its lesson. Raises `InputError` for a subject without one."""
    if not isinstance(subject.task, GraphLesson):
        raise InputError(f"{subject.name} is about {subject.task.name}, which has no graphs")
    return subject.task


def asked_of(subject: Subject) -> str:
    """`all pairs` or `the question`."""
    model = subject.model
    return "all pairs" if isinstance(model, AttentionModel) and model.auxiliary is not None else "the question"


@torch.no_grad()
def say(subject: Subject, strings: Int[np.ndarray, "graphs n"], k: int) -> Said:
    """Its answers; under `edited` those of the edited net.

    >>> from logdepth.models.build import build_model
    >>> from logdepth.train.recipes import GraphTold, fast
    >>> from logdepth.train.subject import run_subject
    >>> config = fast(1, embed_dim=8, num_heads=2, task="connectivity", graph=GraphTold(8))
    >>> subject = run_subject("tiny", build_model(config.model).eval(), config, 0)
    >>> say(subject, subject.task.strings(3), 3).said.shape
    (3, 64)
    """
    lesson, ids = lesson_of(subject), subject.encode(strings, k)
    if asked_of(subject) == "all pairs":
        model = cast(Any, subject.model)
        said = (model.read_vertices(model.hidden_states(ids)[-1][:, lesson.vertex_slots]) > 0).cpu().numpy()
        truth = lesson.distances(strings) < lesson.alphabet_size
        counted = np.broadcast_to(~np.eye(lesson.alphabet_size, dtype=bool), truth.shape)
    else:
        said = subject.answers(subject.model(ids))[:, lesson.asked] > 0
        truth = lesson.solve(strings, k)[:, lesson.asked] > 0
        kinds, of = lesson.classes(strings, k)
        counted = np.array([kind.asked for kind in kinds])[of][:, lesson.asked]
    return Said(*(part.reshape(len(strings), -1) for part in (said, truth, counted)))
