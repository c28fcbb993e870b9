"""Recipes: functions that return a whole config. What was tried on the way, with its rows: `docs/training.md`."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from logdepth.compiled.folder import read_folder
from logdepth.compiled.task import pointer_task_of
from logdepth.errors import InputError
from logdepth.models.config import ModelConfig
from logdepth.models.families import find_family
from logdepth.models.thinking import thoughts_a_hop
from logdepth.tasks.lessons import GraphLesson
from logdepth.tasks.registry import DEFAULT, LESSONS, find_learned, find_task
from logdepth.train.config import TrainConfig
from logdepth.train.subject import compiled_model_config

PAPER_VOCABULARY = 30  # of the released models; at least K + A + 3 are needed


@dataclass(frozen=True)
class GraphTold:
    """Of a task of graphs: how many vertices, the largest diameter (0: the largest there is), which set, how told."""

    vertices: int = 32
    diameter: int = 0
    graphs: str = ""
    form: str = "pairs"


def fast(
    num_layers: int = 4,
    *,
    num_heads: int = 4,
    embed_dim: int = 128,
    hidden_dim: int = 0,
    num_loops: int = 1,
    positions: str = "rope",
    causal: bool = True,
    max_k: int = 16,
    length: int = 98,
    alphabet_size: int = 4,
    task: str = DEFAULT,
    graph: GraphTold | None = None,
    steps: int = 2000,
    learning_rate: float = 0.03,
    warmup: int = 100,
    decay: int | None = None,
    auxiliary_weight: float = 4.0,
    deep: bool | None = None,
    **others: Any,
) -> TrainConfig:
    """The fewest steps to the paper's errors that we found: Muon, rotary positions, every k asked for at every slot
    after every layer, a narrow row-wise map.

    On graphs (`graph` says which) the model sees all slots, and is asked after layer l who is within 2^(l-1) of whom.
    hidden_dim defaults to 2 embed_dim, decay to the last 30 % of the steps, deep to whether there is an auxiliary
    weight. Other names are `TrainConfig`'s.

    >>> fast().id == fast(num_layers=4).id != fast(seed=1).id
    True
    """
    asked = _asked(task, graph, length, alphabet_size, max_k)
    many = asked.told.get("vertices", asked.sizes["max_k"] + 1)
    model = ModelConfig(
        "modern",
        vocab_size=asked.vocab_size,
        max_length=asked.sizes["length"] + 1,
        num_layers=num_layers,
        num_heads=num_heads,
        embed_dim=embed_dim,
        hidden_dim=hidden_dim or 2 * embed_dim,
        num_loops=num_loops,
        positions=positions,
        causal=causal and not asked.told,
        num_auxiliary=many if auxiliary_weight else 0,
        **asked.told,
    )
    return TrainConfig(
        model,
        **asked.sizes,
        steps=steps,
        learning_rate=learning_rate,
        warmup=min(warmup, steps // 2),
        decay=steps * 3 // 10 if decay is None else decay,
        auxiliary_weight=auxiliary_weight,
        deep=bool(auxiliary_weight) if deep is None else deep,
        **{"evaluate_strings": 100, **others},
    )


def paper(
    num_layers: int = 4,
    *,
    num_heads: int = 4,
    embed_dim: int = 128,
    max_k: int = 16,
    length: int = 98,
    alphabet_size: int = 4,
    task: str = DEFAULT,
    steps: int = 100_000,
    warmup: int = 1000,
    **others: Any,
) -> TrainConfig:
    """The paper's settings (Appendix G): GPT-2 without LM head, dropout 0.1, AdamW at 1e-4 with weight decay 0.01,
    1,000 steps up and then linearly to 0 at step 100,000; 98 symbols and a header token; vocabulary 30, 100 positions.

    >>> config = paper(num_layers=2)
    >>> config.model.max_length, config.model.dropout, config.steps
    (100, 0.1, 100000)
    """
    model = ModelConfig(
        "paper",
        vocab_size=_vocabulary(task, length, alphabet_size, max_k),
        max_length=length + 2,
        num_layers=num_layers,
        num_heads=num_heads,
        embed_dim=embed_dim,
        positions="learned",
        dropout=0.1,
    )
    warmup = min(warmup, steps // 2)
    settings = {"optimizer": "adamw", "learning_rate": 1e-4, "weight_decay": 0.01, "decay": steps - warmup}
    often = {"evaluate_every": 5000, "checkpoint_every": 1000, "record_every": 100}
    return TrainConfig(
        model,
        length=length,
        alphabet_size=alphabet_size,
        max_k=max_k,
        task=task,
        steps=steps,
        warmup=warmup,
        **{**settings, **often, **others},  # type: ignore[arg-type]
    )


def plain(
    num_layers: int = 4,
    *,
    family: str = "modern",
    num_heads: int | None = None,
    embed_dim: int = 128,
    hidden_dim: int | None = None,
    positions: str | None = None,
    causal: bool | None = None,
    max_k: int = 16,
    length: int = 98,
    alphabet_size: int = 4,
    task: str = DEFAULT,
    graph: GraphTold | None = None,
    window: int | None = None,
    stride: int | None = None,
    features: int | None = None,
    state_dim: int | None = None,
    thoughts: int | None = None,
    spoken: bool | None = None,
    steps: int | None = None,
    optimizer: str | None = None,
    learning_rate: float | None = None,
    warmup: int = 100,
    decay: int | None = None,
    **others: Any,
) -> TrainConfig:
    """What the paper's nets were taught and nothing else: one k a string, its answer at every slot, no auxiliary
    question. The modern model learns it as `fast` does otherwise (Muon), in 2,500 steps, from four layers on in 5,000.

    A family that does not attend: AdamW, 2,000 steps. What the family fixes is set so; a thinking one gets as many
    thoughts as the longest way takes, a graph network reads strings as graphs (`models/gnn.py`).

    >>> plain(2, family="lstm").model.positions, plain(2).steps, plain(4).steps, plain(1, family="cot").model.thoughts
    ('none', 2500, 5000, 32)
    """
    kind = find_family(family)
    method = optimizer or kind.optimizer
    if steps is None:
        steps = 2000 if kind.optimizer == "adamw" else 2500 if num_layers < 4 else 5000
    if learning_rate is None:
        learning_rate = 0.03 if method == "muon" else 0.001
    if hidden_dim is None and kind.takes_muon and "hidden_dim" not in kind.defaults:
        hidden_dim = 2 * embed_dim
    asked = _asked(task, graph, length, alphabet_size, max_k)
    if kind.last_only and thoughts is None:
        thoughts = max(1, asked.sizes["max_k"]) * thoughts_a_hop(num_layers)
    given: dict[str, Any] = {"num_heads": num_heads, "hidden_dim": hidden_dim, "positions": positions}
    given |= {"causal": causal, "window": window, "stride": stride, "features": features, "state_dim": state_dim}
    given |= {"thoughts": thoughts, "spoken": spoken, **asked.told}
    if asked.told and "causal" not in kind.defaults and causal is None:
        given["causal"] = False
    if kind.graph and not asked.told:
        given["graph"] = kind.graph
    model = ModelConfig(
        family,
        vocab_size=asked.vocab_size,
        max_length=asked.sizes["length"] + 1,
        num_layers=num_layers,
        embed_dim=embed_dim,
        **{**kind.defaults, **{name: value for name, value in given.items() if value is not None}},
    )
    return TrainConfig(
        model,
        **asked.sizes,
        steps=steps,
        optimizer=method,
        learning_rate=learning_rate,
        warmup=min(warmup, steps // 2),
        decay=steps * 3 // 10 if decay is None else decay,
        **{"evaluate_strings": 100, **others},
    )


def from_compiled(folder: str | Path, *, steps: int = 1000, learning_rate: float = 3e-7, **others: Any) -> TrainConfig:
    """Training that goes on from a compiled any-k model: its task, shape, length, alphabet and weights, AdamW.

    The rate is small: a compiled model's queries are large, so small changes move its attention (a hundred steps at
    3e-6 ruin it, at 1e-6 they do not). Raises `InputError` for a model compiled for one k (it takes no
    header) or of a program that computes no task, or for an option of the shape; `FolderError` for other folders.
    """
    found = read_folder(folder)
    task = pointer_task_of(found)
    if task is None or not task.takes_k:
        raise InputError(f"{folder}: training needs a model of a task, compiled with --max-k")
    fixed = {
        "task": task.name,
        "length": task.length,
        "alphabet_size": task.alphabet_size,
        "max_k": task.max_k,
        "init": str(folder),
    }
    wrong = [name for name in fixed if name in others and others.pop(name) != fixed[name]]
    if wrong:
        raise InputError(f"{folder} has {', '.join(f'{name} {fixed[name]}' for name in wrong)}")
    unknown = [name for name in others if name not in {field.name for field in dataclasses.fields(TrainConfig)}]
    if unknown:
        raise InputError(f"{folder} has a shape of its own; training from it takes no {', '.join(unknown)}")
    settings = {"optimizer": "adamw", "warmup": min(100, steps // 2), "decay": steps * 3 // 10}
    model = compiled_model_config(found)
    return TrainConfig(model, steps=steps, learning_rate=learning_rate, **{**settings, **fixed, **others})  # type: ignore[arg-type]


class _Asked(NamedTuple):
    """sizes: entries of a `TrainConfig`; told: those of a `ModelConfig` that say what graph there is."""

    vocab_size: int
    sizes: dict[str, Any]
    told: dict[str, Any]


def _asked(task: str, graph: GraphTold | None, length: int, alphabet_size: int, max_k: int) -> _Asked:
    kind = find_learned(task)
    if not issubclass(kind, GraphLesson):
        if graph is not None:
            raise InputError(f"{task} has no graphs; those that do: {', '.join(LESSONS)}")
        sizes = {"length": length, "alphabet_size": alphabet_size, "max_k": max_k, "task": task}
        return _Asked(_vocabulary(task, length, alphabet_size, max_k), sizes, {})
    graph = graph or GraphTold()
    lesson = kind.of_size(graph.vertices, max_k=graph.diameter or None, graphs=graph.graphs, form=graph.form)
    sizes = {"length": lesson.length, "alphabet_size": graph.vertices, "max_k": lesson.largest, "task": task}
    told = {"graph": graph.form, "vertices": graph.vertices, "num_classes": lesson.vocabulary.num_answers}
    return _Asked(max(PAPER_VOCABULARY, lesson.vocabulary.size), {**sizes, "graphs": graph.graphs}, told)


def _vocabulary(task: str, length: int, alphabet_size: int, max_k: int) -> int:
    return max(PAPER_VOCABULARY, find_task(task)(length, alphabet_size, max_k=max_k).vocabulary.size)


GRAPH_OPTIONS = tuple(field.name for field in dataclasses.fields(GraphTold))
RECIPES: dict[str, Callable[..., TrainConfig]] = {"fast": fast, "paper": paper, "plain": plain}


def configure(name: str, options: dict[str, Any]) -> TrainConfig:
    """The config of a recipe with options of its own and of `TrainConfig`. Raises `InputError` for others.

    >>> configure("paper", {"num_layers": 3}).model.num_layers
    3
    """
    if name not in RECIPES:
        raise InputError(f"there is no recipe {name!r}; there are: {', '.join(RECIPES)}")
    known = {*inspect.signature(RECIPES[name]).parameters, *(field.name for field in dataclasses.fields(TrainConfig))}
    if told := {name: options[name] for name in GRAPH_OPTIONS if name in options}:
        options = {name: value for name, value in options.items() if name not in told}
        options["graph"] = GraphTold(**told)
    unknown = [option for option in options if option not in known]
    if unknown:
        raise InputError(f"recipe {name} takes no {', '.join(unknown)}")
    return RECIPES[name](**options)
