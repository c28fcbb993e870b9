"""Sparse attention: a sliding window, and Longformer's window with every so many slots seen by all."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Bool
from torch import Tensor
from torch.nn import functional

from logdepth.models.attention import Attend, Heads, softmax_attention
from logdepth.models.config import ModelConfig
from logdepth.models.modern import AttentionModel

NO_STRIDE = 1 << 30


class SparseAttention(Attend):
    """Softmax attention to slots at most `window` apart and to every `stride`-th (Corollary 5.4's mask).

    Slot 0, which says what is asked, is a multiple of every stride, so all slots see it. The mask is applied to all
    pairs: the cost is that of full attention, the sight is not.
    """

    def __init__(self, window: int, stride: int, causal: bool) -> None:
        super().__init__()
        self.window, self.stride, self.causal = window, stride, causal
        self._mask = torch.zeros(0, 0, dtype=torch.bool)

    def forward(self, query: Heads, key: Heads, value: Heads, keep: list[Tensor] | None) -> Heads:
        mask = self.mask(query.shape[2], query.device)
        if keep is None:
            return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return softmax_attention(query, key, value, ~mask, keep)

    def mask(self, length: int, device: torch.device) -> Bool[Tensor, "query key"]:
        """Who sees whom.

        >>> SparseAttention(1, 4, causal=True).mask(6, torch.device("cpu")).int()[5].tolist()
        [1, 0, 0, 0, 1, 1]
        """
        if len(self._mask) != length or self._mask.device != device:
            place = torch.arange(length, device=device)
            seen = ((place[:, None] - place).abs() <= self.window) | (place % self.stride == 0)
            self._mask = seen.tril() if self.causal else seen
        return self._mask

    def state_numbers(self, length: int, num_heads: int, head_dim: int) -> int:
        place = torch.arange(length)
        kept = int(((place > length - 1 - self.window) | (place % self.stride == 0)).sum())
        return 2 * kept * num_heads * head_dim


@final
class WindowTransformer(AttentionModel):
    """A sliding window in every layer, and slot 0, which says what is asked."""

    uses = ("window",)

    @classmethod
    def attend(cls, config: ModelConfig, layer: int) -> Attend:
        return SparseAttention(config.window, NO_STRIDE, config.causal)


@final
class Longformer(AttentionModel):
    """A window, and every `stride`-th slot (Longformer's mask, as section 5 of the paper has it)."""

    uses = ("window", "stride")

    @classmethod
    def attend(cls, config: ModelConfig, layer: int) -> Attend:
        return SparseAttention(config.window, config.stride, config.causal)
