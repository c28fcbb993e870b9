"""A model from its config, with fresh weights."""

from __future__ import annotations

from torch import nn

from logdepth.models.config import ModelConfig


def build_model(config: ModelConfig) -> nn.Module:
    """The model of a config; weights from torch's generator, so `torch.manual_seed` settles them.

    >>> config = ModelConfig("modern", vocab_size=7, max_length=5, num_layers=1, embed_dim=8)
    >>> sum(p.numel() for p in build_model(config).parameters())
    908
    """
    if config.family == "modern":
        from logdepth.models.modern import ModernTransformer

        return ModernTransformer(config)
    from logdepth.models.gpt2 import CompiledTransformer, PaperTransformer

    return PaperTransformer(config) if config.family == "paper" else CompiledTransformer(config)
