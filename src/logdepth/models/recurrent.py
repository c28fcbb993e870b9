"""What recurrent rivals have in common: layers that run from left to right and hand a state on.

A layer takes rows and the state before them to rows and the state after them, so that a string can be run in pieces, as
players do at the blackboard (`separations/recurrent.py`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from logdepth.models.config import ModelConfig
from logdepth.models.embedding import token_embedding
from logdepth.models.family import TrainableModel
from logdepth.models.norm import RmsNorm

State = tuple[Tensor, ...]


class RecurrentBlock(nn.Module, ABC):
    """A layer that adds to the residual stream, (batch, slots, width)."""

    @abstractmethod
    def initial(self, batch: int) -> State:
        """The state before the first slot, each part (batch, ..)."""

    @abstractmethod
    def advance(self, x: Float[Tensor, "batch slots m"], state: State | None) -> tuple[Tensor, State]:
        """Rows, and the state after them; None is the initial state."""

    def forward(self, x: Float[Tensor, "batch slots m"]) -> Float[Tensor, "batch slots m"]:
        return self.advance(x, None)[0]


class MixingBlock(RecurrentBlock):
    """One whose mixing of slots is written out, gradients too, in the format of its weights: autocast stops here."""

    @abstractmethod
    def _mix(self, x: Float[Tensor, "batch slots m"], state: State | None, keep: bool) -> tuple[Tensor, State | None]:
        """As `mix`, in one format."""

    def mix(
        self, x: Float[Tensor, "batch slots m"], state: State | None, keep: bool = True
    ) -> tuple[Tensor, State | None]:
        """What is added to the residual stream, and the state after if it is to be kept; None is the initial state."""
        with torch.autocast(x.device.type, enabled=False):
            return self._mix(x.to(next(self.parameters()).dtype), state, keep)


class RecurrentModel(TrainableModel):
    """Token ids (batch, slots) to logits (batch, slots, classes), at any length: order is all the position it needs."""

    has_heads = False
    takes_muon = True
    defaults = {  # noqa: RUF012
        **{"num_heads": 0, "hidden_dim": 0, "num_loops": 1, "positions": "none", "causal": True, "dropout": 0.0},
        "num_auxiliary": 0,
    }

    @classmethod
    @abstractmethod
    def block(cls, config: ModelConfig) -> RecurrentBlock:
        """A fresh layer."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = token_embedding(config)
        self.blocks = nn.ModuleList(self.block(config) for _ in range(config.num_layers))
        self.final_norm = RmsNorm(config.embed_dim)
        self.unembed = nn.Linear(config.embed_dim, config.classes, bias=False)

    @property
    def layers(self) -> list[Any]:
        return [cast(RecurrentBlock, block) for block in self.blocks]

    def forward(self, ids: Int[Tensor, "batch slots"]) -> Float[Tensor, "batch slots classes"]:
        x = self.tokens(ids)
        for layer in self.layers:
            x = layer(x)
        return self.unembed(self.final_norm(x))

    def state_numbers(self, length: int) -> int | None:
        return sum(part[0].numel() for layer in self.layers for part in layer.initial(1))
