"""Runs released by the paper's authors: a folder with `config.yaml` and `model_<step>.pt`, read into a run of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from logdepth.errors import FolderError, InputError
from logdepth.files import new_folder, sha256
from logdepth.models.build import build_model
from logdepth.models.config import ModelConfig
from logdepth.train.config import TrainConfig
from logdepth.train.folder import VERSION, RunState, weights_path, write_state
from logdepth.train.recipes import paper
from logdepth.train.tensors import read_tensors

MASKS = (".attn.bias", ".attn.masked_bias")  # constants that older transformers kept among the weights


def import_run(folder: str | Path, out: str | Path, *, step: int | None = None) -> TrainConfig:
    """Write a released run as a run folder that `evaluate` and `analyze` take; its config.

    step: which checkpoint (default: the last). Raises `FolderError` if the folder lacks a part, or a weight is missing,
    unexpected or of another shape than the config says; `InputError` if `out` exists and is not empty.
    """
    folder, out = Path(folder), Path(out)
    config = _read_released_config(folder)
    file, number = _checkpoint(folder, step)
    tensors = _read_weights(file)
    positions = tensors.get("backbone.wpe.weight")
    if positions is None:
        raise FolderError(f"{file}: missing backbone.wpe.weight")
    model = _model_config(config, len(positions), folder / "config.yaml")
    _check(tensors, model, file)
    try:
        found = paper(
            model.num_layers,
            num_heads=model.num_heads,
            embed_dim=model.embed_dim,
            max_k=config["training.task_kwargs.max_hops"],
            alphabet_size=config["training.task_kwargs.char_tokens"],
            length=config["training.task_kwargs.seq_len"] - 2,
            steps=max(number, 1),
        )
        found = TrainConfig.from_json({**found.to_json(), "model": {**found.to_json()["model"], **_sizes(model)}})
    except InputError as error:
        raise FolderError(f"{folder / 'config.yaml'}: {error}") from error
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} exists and is not empty; give another --out")
    from safetensors.torch import save

    with new_folder(out) as temporary:
        weights = weights_path(temporary, found.steps)
        weights.write_bytes(save(tensors))
        content = {"version": VERSION, "config": found.to_json(), "imported_from": str(file)}
        (temporary / "config.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        write_state(temporary, RunState(found.steps, None, {weights.name: sha256(weights)}))
    return found


def _read_released_config(folder: Path) -> dict[str, Any]:
    """The entries that matter, under dotted names, as integers."""
    file = folder / "config.yaml"
    if not file.is_file():
        raise FolderError(f"{folder} is no released run: it has no config.yaml")
    try:
        import yaml
    except ImportError as error:
        raise InputError("pyyaml is not installed: pip install 'logdepth[train]'") from error
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise FolderError(f"{file} cannot be read: {' '.join(str(error).split())}") from error
    flat = _flat(content) if isinstance(content, dict) else {}
    names = [f"model.{name}" for name in ("depth", "headcount", "dim_embedding", "vocab_size")]
    names += [f"training.task_kwargs.{name}" for name in ("seq_len", "char_tokens", "min_hops", "max_hops")]
    missing = [name for name in names if not isinstance(flat.get(name), int)]
    if missing:
        raise FolderError(f"{file}: no whole number under {', '.join(missing)}")
    if flat["training.task_kwargs.min_hops"] != 0:
        raise FolderError(f"{file}: min_hops is {flat['training.task_kwargs.min_hops']}; only 0 is understood")
    return flat


def _flat(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def _checkpoint(folder: Path, step: int | None) -> tuple[Path, int]:
    steps = {}
    for file in folder.glob("model_*.pt"):
        number = file.stem.removeprefix("model_")
        if number.isdigit():
            steps[int(number)] = file
    if not steps:
        raise FolderError(f"{folder} has no checkpoint (model_<step>.pt)")
    if step is not None and step not in steps:
        raise FolderError(f"{folder} has no checkpoint of step {step}; there are: {', '.join(map(str, sorted(steps)))}")
    number = max(steps) if step is None else step
    return steps[number], number


def _read_weights(file: Path) -> dict[str, torch.Tensor]:
    found = read_tensors(file)
    if not isinstance(found, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in found.values()):
        raise FolderError(f"{file} cannot be read: it holds no named tensors")
    return {name: tensor.float().contiguous() for name, tensor in found.items() if not name.endswith(MASKS)}


def _model_config(config: dict[str, Any], num_positions: int, file: Path) -> ModelConfig:
    try:
        return ModelConfig(
            "paper",
            vocab_size=config["model.vocab_size"],
            max_length=num_positions,
            num_layers=config["model.depth"],
            num_heads=config["model.headcount"],
            embed_dim=config["model.dim_embedding"],
            positions="learned",
            dropout=0.1,
        )
    except InputError as error:
        raise FolderError(f"{file}: {error}") from error


def _sizes(model: ModelConfig) -> dict[str, int]:
    return {"vocab_size": model.vocab_size, "max_length": model.max_length}


def _check(tensors: dict[str, torch.Tensor], config: ModelConfig, file: Path) -> None:
    wanted = build_model(config).state_dict()
    odd = [f"missing {name}" for name in wanted if name not in tensors]
    odd += [f"unexpected {name}" for name in tensors if name not in wanted]
    for name, tensor in tensors.items():
        if name in wanted and wanted[name].shape != tensor.shape:
            odd.append(f"{name} is {tuple(tensor.shape)}, config.yaml says {tuple(wanted[name].shape)}")
    if odd:
        raise FolderError(f"{file} contradicts config.yaml: {'; '.join(odd[:3])}{' ..' if len(odd) > 3 else ''}")
