"""Which optimizer gets which parameters, and the rate at every step."""

from __future__ import annotations

import torch
from torch import nn

from logdepth.train.config import TrainConfig
from logdepth.train.muon import Muon


def build_optimizers(config: TrainConfig, model: nn.Module) -> list[torch.optim.Optimizer]:
    """Muon for the blocks' matrices and AdamW for the rest, or AdamW for all. Each group knows its `full_rate`."""
    if config.optimizer == "adamw":
        found: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(model.parameters(), config.learning_rate, weight_decay=config.weight_decay)
        ]
    else:
        matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and name.startswith("blocks.")]
        chosen = set(map(id, matrices))
        rest = [p for p in model.parameters() if id(p) not in chosen]
        found = [
            Muon(matrices, config.learning_rate, weight_decay=config.weight_decay),
            torch.optim.AdamW(rest, config.small_rate, betas=(0.9, 0.95), weight_decay=0.0),
        ]
    for optimizer in found:
        for group in optimizer.param_groups:
            group["full_rate"] = group["lr"]
    return found


def rate_factor(config: TrainConfig, step: int) -> float:
    """The share of the full rate at a step: up over `warmup`, then 1, down towards 0 over the last `decay`.

    >>> from logdepth.train.recipes import fast
    >>> config = fast(steps=10, warmup=2, decay=4)
    >>> [rate_factor(config, step) for step in range(10)]
    [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25]
    """
    rise = (step + 1) / config.warmup if step < config.warmup else 1.0
    left = config.steps - step
    fall = left / config.decay if left < config.decay else 1.0
    return min(rise, fall)


def set_rates(config: TrainConfig, optimizers: list[torch.optim.Optimizer], step: int) -> None:
    """Set every group's rate for a step."""
    factor = rate_factor(config, step)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["full_rate"] * factor
