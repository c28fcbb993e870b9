"""Performer: a rival that attends through random features of softmax's kernel."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from logdepth.models.attention import Attend, Heads, KernelAttention
from logdepth.models.config import ModelConfig
from logdepth.models.modern import AttentionModel


class PerformerAttention(KernelAttention):
    """Positive random features `exp(W x - |x|^2 / 2)`, whose products are softmax's exp(q k / sqrt(d)) in the mean.

    Rows of W are orthogonal in blocks of d, with the norms of normal vectors, drawn once (Choromanski et al. 2021,
    "Rethinking attention with Performers", Lemma 1 and section 2.4).
    """

    projection: Tensor

    def __init__(self, head_dim: int, features: int, causal: bool) -> None:
        super().__init__(causal)
        blocks = [torch.linalg.qr(torch.randn(head_dim, head_dim))[0] for _ in range(-(-features // head_dim))]
        norms = torch.randn(features, head_dim).norm(dim=1, keepdim=True)
        self.register_buffer("projection", torch.cat(blocks)[:features] * norms)

    def features(self, x: Heads) -> Float[Tensor, "batch heads slots features"]:
        x = x * x.shape[-1] ** -0.25
        return torch.exp(x @ self.projection.T - x.square().sum(-1, keepdim=True) / 2) + 1e-6

    def num_features(self, head_dim: int) -> int:
        return len(self.projection)


@final
class Performer(AttentionModel):
    """Random features for softmax's kernel in every layer; `features` of them a head."""

    uses = ("features",)

    @classmethod
    def attend(cls, config: ModelConfig, layer: int) -> Attend:
        head = config.embed_dim // config.num_heads
        return PerformerAttention(head, config.features or head, config.causal)
