"""A model from its config, with fresh weights."""

from __future__ import annotations

import torch

from logdepth.errors import InputError
from logdepth.models.config import ModelConfig
from logdepth.models.families import find_family
from logdepth.models.family import TrainableModel


def build_model(config: ModelConfig) -> TrainableModel:
    """The model of a config; weights from torch's generator, so `torch.manual_seed` settles them.

    >>> config = ModelConfig("modern", vocab_size=7, max_length=5, num_layers=1, embed_dim=8)
    >>> sum(p.numel() for p in build_model(config).parameters())
    908
    """
    return find_family(config.family)(config)


def choose_device(name: str | None) -> str:
    """The device of that name; by default CUDA if it is there, else the CPU. Raises `InputError` if there is none.

    >>> choose_device("cpu")
    'cpu'
    """
    if name is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"there is no device {name!r}; there are: cpu, cuda, cuda:0, ..") from error
    there = torch.cuda.device_count()
    if device.type not in ("cpu", "cuda") or (device.type == "cuda" and (device.index or 0) >= there):
        raise InputError(f"device {name!r} is not here: cpu and {there or 'no'} CUDA devices are")
    return name
