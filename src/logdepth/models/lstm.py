"""A stack of LSTMs: a rival without attention. Its layers can be watched; it has no heads."""

from __future__ import annotations

from typing import cast

from jaxtyping import Float, Int
from torch import Tensor, nn

from logdepth.models.config import ModelConfig
from logdepth.models.family import TrainableModel


class LstmLayer(nn.Module):
    """One LSTM that adds to the residual stream."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(width)
        self.lstm = nn.LSTM(width, width, batch_first=True)

    def forward(self, x: Float[Tensor, "batch slots m"]) -> Float[Tensor, "batch slots m"]:
        """x: (batch, slots, width)."""
        return x + self.lstm(self.norm(x))[0]


class Lstm(TrainableModel):
    """Token ids (batch, slots) to logits (batch, slots, vocab_size), at any length: order is all the position it needs.

    >>> import torch
    >>> config = ModelConfig("lstm", vocab_size=7, max_length=5, num_layers=2, embed_dim=8, **Lstm.defaults)
    >>> Lstm(config)(torch.zeros(2, 9, dtype=torch.long)).shape
    torch.Size([2, 9, 7])
    """

    has_heads = False
    defaults = {  # noqa: RUF012
        **{"num_heads": 0, "hidden_dim": 0, "num_loops": 1, "positions": "none", "causal": True, "dropout": 0.0},
        "num_auxiliary": 0,
    }

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocab_size, config.embed_dim)
        self.blocks = nn.ModuleList(LstmLayer(config.embed_dim) for _ in range(config.num_layers))
        self.final_norm = nn.RMSNorm(config.embed_dim)
        self.unembed = nn.Linear(config.embed_dim, config.vocab_size, bias=False)

    @property
    def layers(self) -> list[LstmLayer]:
        return [cast(LstmLayer, block) for block in self.blocks]

    def forward(self, ids: Int[Tensor, "batch slots"]) -> Float[Tensor, "batch slots classes"]:
        x = self.tokens(ids)
        for layer in self.layers:
            x = layer(x)
        return self.unembed(self.final_norm(x))
