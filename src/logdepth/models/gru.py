"""A stack of GRUs: a rival without attention."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from logdepth.models.config import ModelConfig
from logdepth.models.norm import RmsNorm
from logdepth.models.recurrent import RecurrentBlock, RecurrentModel, State


@final
class GruLayer(RecurrentBlock):
    """One GRU that adds to the residual stream. Its state is h."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = RmsNorm(width)
        self.gru = nn.GRU(width, width, batch_first=True)

    def initial(self, batch: int) -> State:
        return (self.norm.weight.new_zeros(batch, self.gru.hidden_size),)

    def advance(self, x: Float[Tensor, "batch slots m"], state: State | None) -> tuple[Tensor, State]:
        out, h = self.gru(self.norm(x), None if state is None else state[0][None])
        return x + out, (h[0],)


@final
class Gru(RecurrentModel):
    """Token ids (batch, slots) to logits (batch, slots, classes), at any length.

    >>> config = ModelConfig("gru", vocab_size=7, max_length=5, num_layers=2, embed_dim=8, **Gru.defaults)
    >>> Gru(config).state_numbers(5)
    16
    """

    @classmethod
    def block(cls, config: ModelConfig) -> RecurrentBlock:
        return GruLayer(config.embed_dim)
