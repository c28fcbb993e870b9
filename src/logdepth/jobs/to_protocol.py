"""A model in a folder, run as a protocol on a row of tokens, and held against torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.graphs.numpy_files import load_array
from logdepth.jobs.opened_model import OpenedModel, open_model
from logdepth.mpc import LocalEngine, Run
from logdepth.mpc.engine import Progress
from logdepth.mpc.ledger import timed
from logdepth.simulation.faithful import Faithful, plan_faithful
from logdepth.simulation.transformer_to_protocol import Simulation, transformer_to_protocol
from logdepth.simulation.word_bits import find_words, precision_bound


@dataclass(frozen=True)
class ToProtocol:
    """What is to be run. model: a folder; tokens: a .npy file. The rest as `transformer_to_protocol`, and
    `find_words` (word_bits, words)."""

    model: str
    tokens: str
    form: str = "blocked"
    memory: int | None = None
    branching: int | None = None
    fused: bool = False
    word_bits: int = 64
    words: str = "float"


@dataclass(frozen=True, eq=False)
class SimulatedRun:
    """A run beside torch's answer. reference: logits in float64, (n, classes)."""

    job: ToProtocol
    opened: OpenedModel
    simulation: Simulation
    run: Run
    reference: np.ndarray

    @property
    def max_abs_difference(self) -> float:
        """Between the protocol's logits and torch's."""
        return float(np.abs(self.run.result.astype(np.float64) - self.reference).max())

    @property
    def different_answers(self) -> int:
        """Positions at which another class has the largest logit."""
        return int((self.run.result.argmax(-1) != self.reference.argmax(-1)).sum())

    def facts(self) -> dict[str, Any]:
        """Sizes, rounds in every count, words, and the comparison: a flat mapping, but for `theory`."""
        plan, ledger = self.simulation.plan, self.run.ledger
        model, count = plan.model, len(self.reference)
        facts: dict[str, Any] = {
            "form": self.simulation.form, "kind": self.opened.kind, "num_layers": len(model.blocks),
            "num_heads": max((block.num_heads for block in model.blocks), default=0),
            "embed_dim": model.embed_dim, "num_classes": model.num_classes, "num_tokens": count,
            "word": plan.words.name, "word_bits": plan.words.bits,
        }  # fmt: skip
        if isinstance(plan, Faithful):
            nodes, layers = plan.machines, len(model.blocks)
            bound = precision_bound(nodes.branching, nodes.depth, plan.words.bits, count)
            facts |= {
                "branching": nodes.branching, "tree_depth": nodes.depth, "fused": nodes.fused,
                "num_rounds_paper": layers * (2 * nodes.depth + 3),
                "num_rounds_unfused": layers * (2 * nodes.depth + 2),
                "num_rounds_fused": 2 * nodes.depth * layers + 2,
                "least_memory": _least(plan, count),
                "precision_bound_log2": bound.log2, "precision_bound_vacuous": bound.vacuous,
            }  # fmt: skip
        else:
            facts |= {"tile": plan.tiles.tile, "fan": plan.tiles.fan}
        return {
            **facts,
            **ledger.summary(),
            "max_abs_difference": self.max_abs_difference,
            "different_answers": self.different_answers,
            "driver": dict(ledger.driver),
        }


def run_to_protocol(
    job: ToProtocol, engine: Callable[[], Any] = LocalEngine, *, progress: Progress | None = None
) -> SimulatedRun:
    """Load the model, plan the machines, run the protocol (limits strict), and ask torch the same.

    `engine()` makes the engine, once all that was given has been checked. Raises `InputError`: for tokens outside the
    vocabulary or more than the model takes, a folder that is no model, a part of a model that is not known, s below the
    least that can work.
    """
    words = find_words(job.word_bits, job.words)
    driver: dict[str, float] = {}
    with timed(driver, "read: the tokens, the model's weights"):
        tokens = read_tokens(job.tokens)
        opened = open_model(job.model)
        model = opened.simulated(words.arithmetic, len(tokens))
    try:
        model.check(tokens)
    except InputError as error:
        raise InputError(f"{job.tokens}: {error}") from None
    options = {"form": job.form, "memory": job.memory, "branching": job.branching, "fused": job.fused}
    simulation = transformer_to_protocol(model, len(tokens), words=words, **options)
    inputs = simulation.place(tokens)
    made = engine()
    try:
        run = made.run(simulation.protocol, inputs, progress=progress)
    finally:
        made.close()
    with timed(driver, "compare: the same by torch, in float64"):
        reference = opened.reference(tokens)
    run.ledger.driver = {**driver, **run.ledger.driver}
    return SimulatedRun(job, opened, simulation, run, reference)


def read_tokens(path: str | Path) -> np.ndarray:
    """Token ids, int64, (n,), out of a .npy file of one row, (n,) or (1, n). Raises `InputError` for anything else."""
    array = load_array(Path(path))
    if array.ndim == 2 and len(array) == 1:
        array = array[0]
    if array.ndim != 1 or not array.size or array.dtype.kind not in "iu":
        raise InputError(f"{path}: one row of token ids is needed, (n,) or (1, n), not {array.dtype} {array.shape}")
    return array.astype(np.int64)


def _least(plan: Faithful, count: int) -> int:
    """The least s of this form: with trees that branch in two."""
    options = {"branching": 2, "fused": plan.machines.fused, "words": plan.words, "padded": plan.padded}
    return plan_faithful(plan.model, count, **options).busiest
