"""A model to question about k-hop: a run's, or a compiled one's, behind one face."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from logdepth.compiled.folder import WEIGHTS, Folder, read_folder
from logdepth.errors import FolderError, InputError
from logdepth.models.build import build_model, choose_device
from logdepth.models.config import ModelConfig
from logdepth.train.config import TrainConfig
from logdepth.train.folder import is_run, load_weights, read_config


@dataclass(frozen=True, eq=False)
class Subject:
    """A trainable model with its task: k in `hops`, strings of up to `longest` symbols over 0..alphabet_size-1.

    length: the strings it was trained on or compiled for. construction: of a compiled k-hop model, `rank` or
    `doubling`, else empty.
    """

    name: str
    model: nn.Module
    alphabet_size: int
    hops: range
    length: int
    longest: int | None
    takes_k: bool
    construction: str = ""
    step: int = 0
    config: TrainConfig | None = None

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    @property
    def shape(self) -> ModelConfig:
        return cast(Any, self.model).config

    @property
    def offset(self) -> int:
        """The token id of symbol 0."""
        return len(self.hops) if self.takes_k else 0

    @property
    def dropout(self) -> float:
        """The largest dropout of any of its layers."""
        rates = [module.p for module in self.model.modules() if isinstance(module, nn.Dropout)]
        return max(rates, default=0.0)

    def check(self, k: int, length: int) -> None:
        """Raise `InputError` for a k or a length of strings that it does not take."""
        if k not in self.hops:
            least, most = self.hops[0], self.hops[-1]
            raise InputError(f"k is {k}; {self.name} takes {least if least == most else f'{least}..{most}'}")
        if length < 1:
            raise InputError(f"length is {length}; it must be at least 1")
        if self.longest is not None and length > self.longest:
            raise InputError(f"length is {length:,}; {self.name} takes {self.longest:,} symbols at most")

    def encode(self, strings: np.ndarray, k: int) -> torch.Tensor:
        """Symbols (batch, n) as token ids (batch, n + 1). Raises `InputError` for a k or length it does not take."""
        self.check(k, strings.shape[1])
        first = np.full((len(strings), 1), k if self.takes_k else self.alphabet_size)
        ids = np.concatenate([first, np.asarray(strings) + self.offset], 1).astype(np.int64)
        return torch.from_numpy(ids).to(self.device)

    def answers(self, logits: torch.Tensor) -> np.ndarray:
        """Logits (batch, slots, classes) as answers at slots 1..n: symbols, alphabet_size for "nothing"."""
        return logits[:, 1:].argmax(-1).cpu().numpy() - self.offset

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
    """A run's folder or a compiled k-hop model's, its model in evaluation mode, on CUDA if it is there.

    Raises `FolderError` if it is neither, holds no checkpoint yet, or is damaged; `InputError` for a compiled program
    that is not k-hop.
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
    longest = None if config.model.positions == "rope" else config.model.max_length - 1
    hops = range(config.max_k + 1)
    return Subject(name, model, config.alphabet_size, hops, config.length, longest, True, "", step, config)


def _compiled_subject(folder: Folder, device: str) -> Subject:
    program, setting = folder.description["program"], folder.graph.setting
    if not (program["built_in"] and program["name"].startswith("khop_")):
        raise InputError(f"{folder.path} is {program['name']}, not k-hop: there are no hops to ask about")
    model = build_model(compiled_model_config(folder))
    load_compiled_weights(folder.path, model)
    construction = program["name"].split("_")[1]
    takes_k = bool(setting.header_size)
    hops = (
        range(setting.header_size)
        if takes_k
        else range(int(program["parameters"]["k"]), int(program["parameters"]["k"]) + 1)
    )
    size, length = setting.alphabet_size, setting.length
    return Subject(str(folder.path), model.to(device).eval(), size, hops, length, length, takes_k, construction)


def compiled_model_config(folder: Folder) -> ModelConfig:
    """The trainable model's config for a compiled model's folder."""
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
