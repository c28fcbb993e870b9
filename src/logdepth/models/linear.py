"""Linear attention: a rival whose layers are sums over what has been."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from logdepth.models.attention import Attend, Heads, KernelAttention
from logdepth.models.config import ModelConfig
from logdepth.models.modern import AttentionModel


class LinearAttention(KernelAttention):
    """Features elu(x) + 1 (Katharopoulos et al. 2020, "Transformers are RNNs", section 3.2)."""

    def features(self, x: Heads) -> Float[Tensor, "batch heads slots features"]:
        return functional.elu(x) + 1

    def num_features(self, head_dim: int) -> int:
        return head_dim


@final
class LinearTransformer(AttentionModel):
    """Linear attention in every layer.

    >>> model = LinearTransformer(ModelConfig("linear", vocab_size=7, max_length=5, num_layers=1, embed_dim=8))
    >>> model.state_numbers(5) == model.state_numbers(500) == 4 * 2 * 3
    True
    """

    @classmethod
    def attend(cls, config: ModelConfig, layer: int) -> Attend:
        return LinearAttention(config.causal)
