"""How a problem runs on an input that lies in parts: read by the machines' workers, and answered by them in parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from logdepth.graphs.parts.survey import PartsSurvey
from logdepth.mpc.placing import Inputs, Outputs
from logdepth.mpc.protocol import Protocol
from logdepth.mpc.spec import Spec


@dataclass(frozen=True)
class Parted:
    """config: of what was found and the vertices that were said, if any, JSON numbers. words: n, of a config.

    protocol: `protocol(spec, **config)`. inputs: where each machine finds its rows. outputs: of a config and an
    `AnswerPlace`, what the workers do with their machines' tables at the end. facts, table: of what comes of that.
    """

    config: Callable[[PartsSurvey, int | None], dict[str, Any]]
    words: Callable[[Mapping[str, Any]], int]
    protocol: Callable[..., Protocol]
    inputs: Callable[[Spec, PartsSurvey, int | None], Inputs]
    outputs: Callable[[Mapping[str, Any], Spec, AnswerPlace], Outputs]
    facts: Callable[[Any], dict[str, Any]]
    table: Callable[[Any], dict[str, Any]]


@dataclass(frozen=True)
class AnswerPlace:
    """Where answers go. folder: the workers write parts into it; rows: they come to the driver, which has room."""

    folder: str | None = None
    rows: bool = False
