"""What determines a training run: one frozen config. Recipes (`recipes.py`) are functions that return one."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from logdepth.errors import InputError
from logdepth.models.config import ModelConfig
from logdepth.models.families import find_family
from logdepth.tasks.lessons import GraphLesson
from logdepth.tasks.registry import DEFAULT, LESSONS, find_learned
from logdepth.tasks.task import Sampler, Task
from logdepth.train.names import run_id

OPTIMIZERS = ("adamw", "muon")
PRECISIONS = ("float32", "bfloat16")
RATES = ("learning_rate", "small_rate", "weight_decay", "auxiliary_weight")
AT_LEAST_ONE = (
    *("length", "alphabet_size", "steps", "batch_size"),
    *("evaluate_every", "evaluate_strings", "checkpoint_every", "record_every"),
)


@dataclass(frozen=True)
class TrainConfig:
    """A run on a task, k uniform in 0..max_k, on strings of `length` symbols. Raises `InputError` where that cannot be.

    samples: a fixed set of so many strings, or None for fresh ones in every step. planted: strings whose answers lie
        far. curriculum: steps over which the largest k drawn rises from 1 to max_k (0: no curriculum).
    optimizer: `muon` (learning_rate for the blocks' matrices, small_rate and AdamW for the rest) or `adamw` (all).
    warmup, decay: steps at the start and the end over which rates rise from and fall to 0, linearly.
    auxiliary_weight: of the loss of predicting the answer to every k at every slot; `deep` asks it after every layer,
        layer l for those below 2^(l-1) (what *rank* could know there), the last for all.
    graphs: of a task of graphs, which set of them ("": its first). Of such a task alphabet_size is the number of
        vertices, max_k the largest diameter, and the auxiliary question who is within 2^(l-1) of a vertex.
    precision: `float32`, or `bfloat16` (autocast, on CUDA). init: a run's or compiled model's folder to start from.

    >>> from logdepth.train.recipes import fast
    >>> fast(num_layers=2).model.num_layers
    2
    """

    model: ModelConfig
    length: int = 98
    alphabet_size: int = 4
    max_k: int = 16
    samples: int | None = None
    planted: bool = False
    curriculum: int = 0
    seed: int = 0
    steps: int = 4000
    batch_size: int = 32
    optimizer: str = "muon"
    learning_rate: float = 0.02
    small_rate: float = 0.003
    weight_decay: float = 0.0
    warmup: int = 100
    decay: int = 1200
    auxiliary_weight: float = 0.0
    deep: bool = False
    precision: str = "float32"
    compile: bool = False
    init: str = ""
    evaluate_every: int = 500
    evaluate_strings: int = 200
    checkpoint_every: int = 500
    record_every: int = 50
    task: str = DEFAULT
    graphs: str = ""

    def __post_init__(self) -> None:
        for name in AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("max_k", "curriculum", "warmup", "decay", *RATES):
            if getattr(self, name) < 0:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least 0")
        for name in RATES:
            if not math.isfinite(getattr(self, name)):
                raise InputError(f"{name} is {getattr(self, name)}; it must be a finite number")
        if self.samples is not None and self.samples < 1:
            raise InputError(f"samples are {self.samples}; at least 1, or none for fresh strings")
        for name, allowed in (("optimizer", OPTIMIZERS), ("precision", PRECISIONS)):
            if getattr(self, name) not in allowed:
                raise InputError(f"{name} is {getattr(self, name)!r}; there are: {', '.join(allowed)}")
        if self.optimizer == "muon" and not find_family(self.model.family).takes_muon:
            raise InputError(f"muon is not for models of family {self.model.family}; give --optimizer adamw")
        task = self.make_task()
        needed, graphs = task.vocabulary.size, isinstance(task, GraphLesson)
        if graphs and (self.model.vertices, self.model.classes) != (self.alphabet_size, 2):
            raise InputError(f"{self.task} needs a model of {self.alphabet_size} vertices and 2 classes")
        if not graphs and (self.model.vertices or self.graphs):
            raise InputError(f"{self.task} has no graphs; those that do: {', '.join(LESSONS)}")
        if graphs and find_family(self.model.family).last_only:
            raise InputError(f"family {self.model.family} thinks in a task's pointers; {self.task} has none")
        if self.model.vocab_size < needed:
            raise InputError(
                f"vocab_size is {self.model.vocab_size}; k up to {self.max_k} and {self.alphabet_size} symbols need "
                f"{needed}"
            )
        if self.model.max_length < self.length + 1:
            raise InputError(
                f"max_length is {self.model.max_length}; {self.length} symbols and the start token need "
                f"{self.length + 1}"
            )
        asked = self.alphabet_size if graphs else self.max_k + 1
        if self.auxiliary_weight and self.model.num_auxiliary != asked:
            what = "one a vertex" if graphs else "max_k + 1"
            raise InputError(f"auxiliary_weight needs a model with num_auxiliary = {what} = {asked}")
        if self.deep and not self.auxiliary_weight:
            raise InputError("deep needs an auxiliary_weight")
        self.sampler()  # refuses what cannot be drawn

    def make_task(self) -> Task:
        """The task at this run's sizes. Raises `InputError` if there is none of that name."""
        kind = find_learned(self.task)
        told: dict[str, Any] = {}
        if issubclass(kind, GraphLesson):
            told = {"graphs": self.graphs, "form": self.model.graph or "pairs"}
        return kind(self.length, self.alphabet_size, max_k=self.max_k, **told)

    def sampler(self, split: str = "train") -> Sampler:
        """The strings of a split."""
        return self.make_task().sampler(seed=self.seed, split=split, planted=self.planted)

    def to_json(self) -> dict[str, Any]:
        """Plain data. The task is left out where it is the default, as in the configs from before there were others."""
        found = dataclasses.asdict(self)
        if self.task == DEFAULT:
            del found["task"]
        return found

    @property
    def id(self) -> str:
        """Eight characters that hash what determines the run's weights (`names.py`)."""
        return run_id(self)

    @staticmethod
    def from_json(found: dict[str, Any]) -> TrainConfig:
        """The reverse of `to_json`. Raises `InputError` for unknown or missing entries."""
        try:
            return TrainConfig(**{**found, "model": ModelConfig(**found["model"])})
        except (KeyError, TypeError) as error:
            raise InputError(f"not a training config of this version: {error}") from None
