"""Ways to attend: what heads read from queries, keys and values, (batch, heads, slots, head dimension) each.

Not here: the block around them (`modern.py`), and the ways of single families.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

Heads = Float[Tensor, "batch heads slots d"]


class Attend(nn.Module, ABC):
    """What heads read; `keep`, if given, receives the weights, (batch, heads, query, key), whose rows add up to 1."""

    @abstractmethod
    def forward(self, query: Heads, key: Heads, value: Heads, keep: list[Tensor] | None) -> Heads: ...

    @abstractmethod
    def state_numbers(self, length: int, num_heads: int, head_dim: int) -> int:
        """How many numbers a layer hands on to those after `length` slots when it runs from left to right."""


class FullAttention(Attend):
    """Softmax attention to all slots, or (causal) to those up to one's own."""

    def __init__(self, causal: bool) -> None:
        super().__init__()
        self.causal = causal

    def forward(self, query: Heads, key: Heads, value: Heads, keep: list[Tensor] | None) -> Heads:
        if keep is None:
            return functional.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        later = torch.ones(query.shape[2], key.shape[2], dtype=torch.bool, device=query.device).triu(1)
        return softmax_attention(query, key, value, later if self.causal else None, keep)

    def state_numbers(self, length: int, num_heads: int, head_dim: int) -> int:
        return 2 * length * num_heads * head_dim


class KernelAttention(Attend):
    """Attention whose weights are products of positive features of query and key, divided by their sum.

    Sums over keys are all that a query needs, so a layer is a recurrent one of `features x (d + 1)` numbers a head;
    here all pairs are taken at once, which is faster up to some hundred slots.
    """

    def __init__(self, causal: bool) -> None:
        super().__init__()
        self.causal = causal

    @abstractmethod
    def features(self, x: Heads) -> Float[Tensor, "batch heads slots features"]: ...

    @abstractmethod
    def num_features(self, head_dim: int) -> int: ...

    def forward(self, query: Heads, key: Heads, value: Heads, keep: list[Tensor] | None) -> Heads:
        weights = self.features(query) @ self.features(key).transpose(-1, -2)
        if self.causal:
            weights = weights.tril()
        weights = weights / weights.sum(-1, keepdim=True)
        if keep is not None:
            keep.append(weights)
        return weights @ value

    def state_numbers(self, length: int, num_heads: int, head_dim: int) -> int:
        return num_heads * self.num_features(head_dim) * (head_dim + 1)


def softmax_attention(query: Heads, key: Heads, value: Heads, unseen: Tensor | None, keep: list[Tensor]) -> Heads:
    """The same by hand; `keep` receives the weights. unseen: (query, key), True where a slot is not seen."""
    scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
    if unseen is not None:
        scores = scores.masked_fill(unseen, -torch.inf)
    keep.append(scores.softmax(-1))
    return keep[-1] @ value
