"""What a step minimises: cross-entropy over all positions, and the auxiliary questions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from logdepth.models.modern import ModernTransformer
from logdepth.train.config import TrainConfig


def loss_of(config: TrainConfig, model: nn.Module, ids: Tensor, targets: Tensor, every: Tensor | None) -> Tensor:
    """ids, targets: (batch, slots); every: (batch, slots, max_k + 1), or None without an auxiliary weight."""
    if every is None:
        return functional.cross_entropy(model(ids).flatten(0, 1), targets.flatten())
    assert isinstance(model, ModernTransformer)
    states = model.hidden_states(ids)[1:]
    main = functional.cross_entropy(model.read(states[-1]).flatten(0, 1), targets.flatten())
    asked = list(enumerate(states, 1)) if config.deep else [(len(states), states[-1])]
    side = torch.zeros((), device=ids.device)
    for layer, x in asked:
        known = min(1 << (layer - 1), config.max_k + 1) if layer < len(states) else config.max_k + 1
        side = side + functional.cross_entropy(model.read_hops(x, known).flatten(0, 2), every[..., :known].flatten())
    return main + config.auxiliary_weight / len(asked) * side
