"""Who is compared: architectures of one number of parameters, one task, one supervision, and one search for all.

Every contender is trained with recipe `plain`: one k asked a string, its answer everywhere; those that think are taught
their pointers (or not) and answer at the last position. The search is the same for each: AdamW and Muon, two rates each
(`ARMS`); what it found is in `search_found.json`, made by `reproduce rivals-search`, and its rows are in the docs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from logdepth.models.config import ModelConfig
from logdepth.models.matching import count_parameters, matched_width
from logdepth.train.config import TrainConfig
from logdepth.train.recipes import plain

ARMS = (("adamw", 0.001), ("adamw", 0.003), ("muon", 0.01), ("muon", 0.03))
FOUND = "search_found.json"


@dataclass(frozen=True)
class Contender:
    """name: in rows and pictures; family and options: of the recipe. arch: whose bounds it is under; layers: instead of
    the experiment's, if the architecture is about a depth."""

    name: str
    family: str
    arch: str
    options: dict[str, Any] = field(default_factory=dict, hash=False)
    layers: int | None = None


CONTENDERS = (
    Contender("transformer", "modern", "transformer"),
    Contender("hybrid", "hybrid", "transformer"),
    Contender("longformer", "longformer", "longformer"),
    Contender("window", "window", "longformer"),
    Contender("linear", "linear", "performer"),
    Contender("performer", "performer", "performer"),
    Contender("deltanet", "deltanet", "rnn"),
    Contender("mamba2", "mamba2", "ssm"),
    Contender("lstm", "lstm", "rnn"),
    Contender("gru", "gru", "rnn"),
    Contender("gnn", "gnn", "gnn"),
    Contender("thinking, 2 layers", "cot", "cot", {}, 2),
    Contender("thinking, 1 layer", "cot", "cot", {}, 1),
    Contender("silent thoughts, 2 layers", "cot", "cot", {"spoken": False}, 2),
)


def find_contender(name: str) -> Contender:
    """A contender by name.

    >>> find_contender("mamba2").arch
    'ssm'
    """
    return next(made for made in CONTENDERS if made.name == name)


def contender_run(made: Contender, *, layers: int, width: int, arm: tuple[str, float], **options: Any) -> TrainConfig:
    """The run of a contender, its parameters as near as its width allows to a transformer's of `layers` and `width`.

    >>> config = contender_run(find_contender("lstm"), layers=2, width=64, arm=("adamw", 0.001), max_k=4, length=30)
    >>> config.model.embed_dim, config.optimizer
    (64, 'adamw')
    """
    matched = _width(made.name, layers, width, options.get("max_k", 16), options.get("length", 98))
    given: dict[str, Any] = {"optimizer": arm[0], "learning_rate": arm[1], "embed_dim": matched}
    return plain(made.layers or layers, family=made.family, **given, **made.options, **options)


@cache
def _width(name: str, layers: int, width: int, max_k: int, length: int) -> int:
    made = find_contender(name)
    sizes: dict[str, Any] = {"max_k": max_k, "length": length}
    wanted = count_parameters(plain(layers, embed_dim=width, **sizes).model)

    def shape(width: int) -> ModelConfig:
        return plain(made.layers or layers, family=made.family, embed_dim=width, **sizes, **made.options).model

    return matched_width(shape, wanted)


@cache
def _found() -> dict[str, Any]:
    return json.loads(files("logdepth.experiments").joinpath(FOUND).read_text(encoding="utf-8"))


def searched() -> bool:
    """Whether the arms are what a search found; if not, they are by rule: AdamW for what does not attend, else Muon."""
    return _found()["searched"]


def best_arm(made: Contender) -> tuple[str, float]:
    """What the search found for a contender.

    >>> best_arm(find_contender("transformer")) in ARMS
    True
    """
    optimizer, rate = _found()["arms"][made.name]
    return optimizer, float(rate)
