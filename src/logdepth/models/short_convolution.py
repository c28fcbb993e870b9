"""The short convolution of Mamba-2 and gated DeltaNet, with its gradient written out.

Rows stay (batch, slots, channels): oneDNN filters them in that order in a third of the time that it takes along
contiguous slots. Its gradients it computes slowly, so they are spelled out: of the rows by the same filter turned
round, of the filter by products, string by string, so that they stay in the cache.
"""

from __future__ import annotations

from typing import Any, cast, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional


def _filtered(x: Tensor, weight: Tensor, bias: Tensor | None, zeros: int = 0) -> Tensor:
    """(batch, slots, channels), with so many zeros before and after, under a filter (channels, size)."""
    image = x.transpose(1, 2)[:, :, None]
    out = functional.conv2d(image, weight[:, None, None].contiguous(), bias, padding=(0, zeros), groups=len(weight))
    return out[:, :, 0].transpose(1, 2)


@final
class _FilterAndSilu(Function):
    """SiLU of each channel's last slots, filtered. What stands before the first slot is part of the rows."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, before: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        rows = torch.cat([before.transpose(1, 2), x], 1)
        sums = _filtered(rows, weight, bias)
        ctx.save_for_backward(rows, sums, weight)
        ctx.has_bias = bias is not None
        return functional.silu(sums)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        rows, sums, weight = ctx.saved_tensors
        (batch, slots, channels), size = sums.shape, weight.shape[1]
        padded = sums.new_empty(batch, slots + size - 1, channels)
        padded[:, slots:] = 0
        grad = padded[:, :slots]
        torch.ops.aten.silu_backward.grad_input(grads[0], sums, grad_input=grad)
        turned = weight.flip(1)
        to_weight = sums.new_zeros(size, slots, channels)
        for each, row in zip(grad, rows, strict=True):  # sums over the batch, one string at a time, stay in the cache
            to_weight.addcmul_(each, row.unfold(0, slots, 1).transpose(1, 2))
        to_bias = grad.sum(0).sum(0) if ctx.has_bias else None
        to_before = None
        if ctx.needs_input_grad[1]:
            to_before = _filtered(grad[:, : size - 1], turned, None, size - 1)[:, : size - 1].transpose(1, 2)
        return _filtered(padded, turned, None), to_before, to_weight.sum(1).T, to_bias


class ShortConvolution(nn.Module):
    """A filter over each channel's last `size` slots, then SiLU, as Mamba-2 and gated DeltaNet have it."""

    def __init__(self, channels: int, size: int = 4, bias: bool = False) -> None:
        super().__init__()
        self.filter = nn.Conv1d(channels, channels, size, groups=channels, bias=bias)

    def initial(self, batch: int) -> Tensor:
        """Zeros before the first slot, (batch, channels, size - 1)."""
        weight = self.filter.weight
        return weight.new_zeros(batch, weight.shape[0], weight.shape[2] - 1)

    def forward(self, x: Float[Tensor, "batch slots channels"], before: Tensor | None) -> Tensor:
        """The filtered rows; None is zeros before them."""
        before = self.initial(len(x)) if before is None else before
        return cast(Tensor, _FilterAndSilu.apply(x, before, self.filter.weight[:, 0], self.filter.bias))

    def remember(self, x: Float[Tensor, "batch slots channels"], before: Tensor | None) -> Tensor:
        """What to hand on after these rows, in place of `before`."""
        before = self.initial(len(x)) if before is None else before
        last = before.shape[2]
        return torch.cat([before, x[:, -last:].transpose(1, 2)], 2)[:, :, -last:]
