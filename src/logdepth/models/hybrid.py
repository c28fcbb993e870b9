"""A hybrid: linear and full attention in turn."""

from __future__ import annotations

from typing import final

from logdepth.errors import InputError
from logdepth.models.attention import Attend, FullAttention
from logdepth.models.config import ModelConfig
from logdepth.models.linear import LinearAttention
from logdepth.models.modern import AttentionModel


@final
class HybridTransformer(AttentionModel):
    """Linear and full layers in turn, linear ones first (bounds on such: `theory/composition.py`).

    >>> config = ModelConfig("hybrid", vocab_size=7, max_length=5, num_layers=2, embed_dim=8)
    >>> [type(block.attend).__name__ for block in HybridTransformer(config).layers]
    ['LinearAttention', 'FullAttention']
    """

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        super().check(config)
        if config.num_layers < 2:
            raise InputError(f"{cls.described(config)} has linear and full layers: 2 at least")

    @classmethod
    def attend(cls, config: ModelConfig, layer: int) -> Attend:
        return LinearAttention(config.causal) if layer % 2 else FullAttention(config.causal)
