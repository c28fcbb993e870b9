"""What a step minimises: cross-entropy over all that is asked, and the auxiliary questions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from logdepth.models.modern import AttentionModel
from logdepth.models.thinking import ThinkingTransformer
from logdepth.train.config import TrainConfig


def loss_of(config: TrainConfig, model: nn.Module, ids: Tensor, targets: Tensor, every: Tensor | None) -> Tensor:
    """ids, targets: (batch, slots); every: as in `TrainBatch`."""
    if isinstance(model, ThinkingTransformer):
        assert every is not None
        return model.loss(ids, targets[:, -1], every)
    if every is None:
        return functional.cross_entropy(model(ids).flatten(0, 1), targets.flatten())
    assert isinstance(model, AttentionModel)
    states = model.hidden_states(ids)[1:]
    main = functional.cross_entropy(model.read(states[-1]).flatten(0, 1), targets.flatten())
    asked = list(enumerate(states, 1)) if config.deep else [(len(states), states[-1])]
    side = torch.zeros((), device=ids.device)
    for layer, x in asked:
        if config.model.vertices:
            side = side + near_loss(config, model, x, every, layer if layer < len(states) else None)
            continue
        known = min(1 << (layer - 1), config.max_k + 1) if layer < len(states) else config.max_k + 1
        side = side + functional.cross_entropy(model.read_hops(x, known).flatten(0, 2), every[..., :known].flatten())
    return main + config.auxiliary_weight / len(asked) * side


def near_loss(config: TrainConfig, model: AttentionModel, x: Tensor, every: Tensor, layer: int | None) -> Tensor:
    """Of every two vertices whether they are within 2^(layer - 1), asked after a layer; None: whether they are
    connected.

    every: distances at the slots of vertices, (batch, slots, V), V for "not connected".
    """
    vertices = config.model.vertices
    slots = slice(config.length - vertices, config.length)
    far = vertices if layer is None else min((1 << (layer - 1)) + 1, vertices)
    near = (every[:, slots] < far).to(x.dtype)
    return functional.binary_cross_entropy_with_logits(model.read_vertices(x[:, slots]), near)
