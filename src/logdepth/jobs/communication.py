"""A model by its name or its folder, played at the blackboard."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from logdepth.errors import InputError
from logdepth.separations.blackboard import Played, segments
from logdepth.separations.meter import MeterReading, chase_inputs, measure_communication
from logdepth.separations.random_models import FORMS, RandomSizes

FAMILY = "family:"
TORCH_FORMS = ("lstm", "gru", "mamba2", "deltanet", "linear", "window")  # random models of this library's own families
OWN_TOO = ("performer", "longformer", "cot")  # of these there are two; `family:NAME` is this library's own
MOST_NUMBERS = 1 << 28


@dataclass(frozen=True, eq=False)
class Asking:
    """A model to play, and on what. what: in words. own: its outputs by itself, if they are not `model.forward`."""

    model: Played
    ids: np.ndarray
    answers: np.ndarray
    alphabet: int
    what: str
    own: Callable[[np.ndarray], np.ndarray] | None = None


def communication(
    name: str, players: int, *, inputs: int = 1000, length: int | None = None, seed: int = 0, **sizes: int
) -> tuple[MeterReading, str]:
    """Play a run's model, or a random one of a form, on `inputs` inputs; the reading, and in words what was played.

    Random models get strings of layered chases, `length` tokens (default: 15 a player); runs get their task's strings,
    at the length that they were trained on, and the question that is nearest to k = players. sizes: of a random model
    (`RandomSizes`). Raises `InputError` for names, folders and sizes that cannot be.

    >>> communication("hop-tables", 3, inputs=20)[0].right
    1.0
    """
    if inputs < 1:
        raise InputError(f"inputs is {inputs}; it must be at least 1")
    if Path(name).is_dir():
        if sizes:
            raise InputError(f"{name} is a run: its sizes are what they are; leave out --{next(iter(sizes))}")
        asked = _of_run(name, players, inputs, length, seed)
    else:
        asked = _random(name, players, inputs, length or 15 * players, seed, sizes)
    reading = measure_communication(
        asked.model, asked.ids, players, answers=asked.answers, alphabet=asked.alphabet, own=asked.own
    )
    return reading, asked.what


def _random(name: str, players: int, inputs: int, length: int, seed: int, sizes: dict[str, int]) -> Asking:
    known = (*FORMS, *TORCH_FORMS, *(FAMILY + name for name in OWN_TOO))
    if name not in known:
        near = difflib.get_close_matches(name, known, 1, 0.5)
        hint = f"did you mean {near[0]}?" if near else f"forms: {', '.join(known)}"
        raise InputError(f"{name} is neither a folder of a run nor a form of random model; {hint}")
    if inputs * length > MOST_NUMBERS:
        raise InputError(f"{inputs:,} inputs of {length:,} tokens are more than {MOST_NUMBERS:,}; give fewer")
    ids, answers = chase_inputs(length, players, inputs, seed=seed)
    alphabet = 2 * ((length // players - 1) // 4 * 2) + 2
    given: dict[str, Any] = {"k": players, **sizes} if name == "hop-tables" else sizes
    asked = RandomSizes(classes=alphabet, length=length, seed=seed, **given)
    if name in TORCH_FORMS or name.startswith(FAMILY):
        model, own = _random_family(name.removeprefix(FAMILY), asked)
        return Asking(model, ids, answers, alphabet, f"a random {name.removeprefix(FAMILY)}", own)
    what = "the exact recurrent model" if name == "hop-tables" else f"a random {name}"
    return Asking(FORMS[name](asked), ids, answers, alphabet, what)


def _random_family(name: str, sizes: RandomSizes) -> tuple[Played, Callable[[np.ndarray], np.ndarray]]:
    """A model of one of this library's families, with weights that let it say something."""
    import torch

    from logdepth.models.build import build_model
    from logdepth.models.config import ModelConfig
    from logdepth.models.families import find_family
    from logdepth.separations.from_models import own_outputs, played_model

    kind = find_family(name)
    shape: dict[str, Any] = {"vocab_size": sizes.classes, "max_length": sizes.length, "embed_dim": sizes.width}
    shape |= {"num_heads": sizes.heads} if kind.has_heads else {}
    shape |= {option: getattr(sizes, option) for option in kind.uses if hasattr(sizes, option)}
    layers = 1 if kind.last_only else sizes.layers
    config = ModelConfig(name, num_layers=layers, **{**kind.defaults, **shape})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(sizes.seed)
        model = build_model(config)
        for parameter in model.parameters():
            if parameter.ndim == 2 and not parameter.any():  # readouts and projections begin at nothing
                torch.nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)
    return played_model(model), lambda ids: own_outputs(model, ids)


def _of_run(name: str, players: int, inputs: int, length: int | None, seed: int) -> Asking:
    from logdepth.separations.from_models import own_outputs, played_model
    from logdepth.train.subject import load_subject

    subject = load_subject(name, device="cpu")
    task = subject.task if length is None else subject.task.with_length(length - 1)
    segments(task.length + 1, players)  # refuses early
    k = min(max(players, task.questions[0]), task.questions[-1])
    subject.check(k, task.length)
    model = played_model(subject.model)  # pyright: ignore[reportArgumentType]
    strings = task.strings(inputs, seed, "communication")
    answers = task.vocabulary.output_ids(task.solve(strings, k)[:, -1:])[:, 0]
    what = f"{name} (step {subject.step:,}) on {task.name}, k = {k}, {task.length} symbols and the first token"
    own = subject.model
    ids = task.encode(strings, k)
    return Asking(model, ids, answers, task.alphabet_size, what, lambda ids: own_outputs(own, ids))  # pyright: ignore
