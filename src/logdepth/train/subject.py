"""A model to question about a task: a run's, or a compiled one's, behind one face."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from logdepth.compiled.contents import FORMAT, WEIGHTS
from logdepth.compiled.folder import Folder, read_folder
from logdepth.compiled.task import pointer_task_of
from logdepth.errors import FolderError, InputError
from logdepth.models.build import build_model, choose_device
from logdepth.models.config import ModelConfig
from logdepth.models.families import find_family
from logdepth.tasks.registry import TASKS
from logdepth.tasks.task import Task
from logdepth.train.config import TrainConfig
from logdepth.train.folder import is_run, load_weights, read_config


@dataclass(frozen=True, eq=False)
class Subject:
    """A trainable model with its task, at the length it was trained on or compiled for.

    longest: the most symbols a string may have. construction: of a compiled model, what its task calls it, else empty.
    circuit: of a compiled model, its layout (`compiled/circuit.py`).
    """

    name: str
    model: nn.Module
    task: Task
    longest: int | None
    construction: str = ""
    step: int = 0
    config: TrainConfig | None = None
    circuit: dict[str, Any] | None = None

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    @property
    def shape(self) -> ModelConfig:
        return cast(Any, self.model).config

    @property
    def positions(self) -> slice:
        """Where it answers: everywhere, or (a model that thinks first) at the last position alone."""
        return slice(-1, None) if find_family(self.shape.family).last_only else slice(None)

    @property
    def dropout(self) -> float:
        """The largest dropout of any of its layers."""
        rates = [module.p for module in self.model.modules() if isinstance(module, nn.Dropout)]
        return max(rates, default=0.0)

    def check(self, k: int, length: int) -> None:
        """Raise `InputError` for a k or a length of strings that it does not take."""
        if k not in self.task.questions:
            least, most = self.task.questions[0], self.task.questions[-1]
            raise InputError(f"k is {k}; {self.name} takes {least if least == most else f'{least}..{most}'}")
        self.task.with_length(length)  # refuses what cannot be
        if self.longest is not None and length > self.longest:
            raise InputError(f"length is {length:,}; {self.name} takes {self.longest:,} symbols at most")

    def encode(self, strings: np.ndarray, k: int) -> torch.Tensor:
        """Symbols (batch, n) as token ids (batch, n + 1). Raises `InputError` for a k or length it does not take."""
        self.check(k, strings.shape[1])
        return torch.from_numpy(self.task.encode(strings, k)).to(self.device)

    def answers(self, logits: torch.Tensor) -> np.ndarray:
        """Logits (batch, slots, classes) as answers at slots 1..n: symbols, alphabet_size for "nothing"."""
        return self.task.decode(logits[:, 1:].argmax(-1).cpu().numpy())

    @torch.no_grad()
    def predict(self, strings: np.ndarray, k: int) -> np.ndarray:
        """Answers (batch, n)."""
        return self.answers(self.model(self.encode(strings, k)))

    def set_dropout(self, on: bool) -> None:
        """Evaluate with dropout on or off. Raises `InputError` if there is none to switch on."""
        if on and not self.dropout:
            raise InputError(f"{self.name} has no dropout to switch on")
        self.model.train(on)


def load_subject(path: str | Path, *, device: str | None = None) -> Subject:
    """A run's folder or a compiled model's, its model in evaluation mode, on CUDA if it is there.

    Raises `FolderError` if it is neither, holds no checkpoint yet, or is damaged; `InputError` for a compiled program
    that computes no task.
    """
    path = Path(path)
    chosen = choose_device(device)
    if (path / "logdepth.json").is_file():
        return _compiled_subject(read_folder(path), chosen)
    if not is_run(path):
        raise FolderError(f"{path} is neither a run (config.json with a version) nor a compiled model (logdepth.json)")
    config = read_config(path)
    model = build_model(config.model)
    step = load_weights(path, model)
    if not step:
        raise FolderError(f"{path} has no checkpoint yet; run `logdepth train` with --out {path} again to go on")
    return run_subject(str(path), model.to(chosen).eval(), config, step)


def run_subject(name: str, model: nn.Module, config: TrainConfig, step: int) -> Subject:
    """The subject of a run whose model is at hand."""
    longest = None if config.model.positions in ("rope", "none") else config.model.max_length - 1
    return Subject(name, model, config.make_task(), longest, "", step, config)


def _compiled_subject(folder: Folder, device: str) -> Subject:
    name, task = folder.description["program"]["name"], pointer_task_of(folder)
    if task is None:
        raise InputError(f"{folder.path} is {name}, which computes none of the tasks: {', '.join(TASKS)}")
    model = build_model(compiled_model_config(folder))
    load_compiled_weights(folder.path, model)
    circuit = folder.description["layout"] if folder.description["format"] == FORMAT else None
    model = model.to(device).eval()
    return Subject(str(folder.path), model, task, task.length, task.programs[name], circuit=circuit)


def compiled_model_config(folder: Folder) -> ModelConfig:
    """The trainable model's config for a compiled model's folder. Raises `InputError` if it is no GPT-2."""
    if folder.target.name != "gpt2":
        raise InputError(f"{folder.path} is a {folder.target.stock.title}; only GPT-2s can be trained or analysed")
    stock = json.loads((folder.path / "config.json").read_text(encoding="utf-8"))
    return ModelConfig(
        "compiled",
        vocab_size=stock["vocab_size"],
        max_length=stock["n_positions"],
        num_layers=stock["n_layer"],
        num_heads=stock["n_head"],
        embed_dim=stock["n_embd"],
        hidden_dim=stock["n_inner"] or 0,
        positions="learned",
        stock=stock,
    )


def load_compiled_weights(path: Path, model: nn.Module) -> None:
    """Load a compiled folder's weights into a `CompiledTransformer`. Raises `FolderError` if they do not fit."""
    from safetensors.torch import load_file

    try:
        found = load_file(Path(path) / WEIGHTS)
    except Exception as error:  # safetensors' own class
        raise FolderError(f"{path}/{WEIGHTS} cannot be read: {error}") from error
    backbone = cast(Any, model).backbone
    wrong = backbone.load_state_dict({name: value.float() for name, value in found.items()}, strict=False)
    missing = [name for name in wrong.missing_keys if name != "lm_head.weight"]
    if missing or wrong.unexpected_keys:
        raise FolderError(f"{path}: weights do not fit: {', '.join((missing + wrong.unexpected_keys)[:3])}")
