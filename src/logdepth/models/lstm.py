"""A stack of LSTMs: a rival without attention. Its layers can be watched; it has no heads."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from logdepth.models.config import ModelConfig
from logdepth.models.norm import RmsNorm
from logdepth.models.recurrent import RecurrentBlock, RecurrentModel, State


@final
class LstmLayer(RecurrentBlock):
    """One LSTM that adds to the residual stream. Its state is h and c."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = RmsNorm(width)
        self.lstm = nn.LSTM(width, width, batch_first=True)

    def initial(self, batch: int) -> State:
        zeros = self.norm.weight.new_zeros(batch, self.lstm.hidden_size)
        return (zeros, zeros)

    def advance(self, x: Float[Tensor, "batch slots m"], state: State | None) -> tuple[Tensor, State]:
        given = None if state is None else (state[0][None], state[1][None])
        out, (h, c) = self.lstm(self.norm(x), given)
        return x + out, (h[0], c[0])


@final
class Lstm(RecurrentModel):
    """Token ids (batch, slots) to logits (batch, slots, vocab_size), at any length: order is all the position it needs.

    >>> import torch
    >>> config = ModelConfig("lstm", vocab_size=7, max_length=5, num_layers=2, embed_dim=8, **Lstm.defaults)
    >>> Lstm(config)(torch.zeros(2, 9, dtype=torch.long)).shape
    torch.Size([2, 9, 7])
    """

    @classmethod
    def block(cls, config: ModelConfig) -> RecurrentBlock:
        return LstmLayer(config.embed_dim)
