"""One projection, cut into parts that each lie whole in memory: what follows reads and writes no strided rows."""

from __future__ import annotations

from typing import Any, cast, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional


@final
class _Project(Function):
    """`x weight^T`, cut by rows of the weight; gradients meet in place."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, sizes: list[int]) -> tuple[Tensor, ...]:
        ctx.save_for_backward(x, weight)
        ctx.sizes = sizes
        return tuple(x @ part.T for part in weight.split(sizes))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        x, weight = ctx.saved_tensors
        to_weight, rows = torch.empty_like(weight), x.flatten(0, 1)
        to_x = None
        for grad, part, to_part in zip(grads, weight.split(ctx.sizes), to_weight.split(ctx.sizes), strict=True):
            flat = grad.reshape(len(rows), -1)
            to_x = flat @ part if to_x is None else to_x.addmm_(flat, part)
            torch.mm(flat.T, rows, out=to_part)
        return cast(Tensor, to_x).view(x.shape), to_weight, None


def project(
    x: Float[Tensor, "batch slots m"], weight: Float[Tensor, "out m"], sizes: list[int]
) -> tuple[Float[Tensor, "batch slots _"], ...]:
    """`x weight^T` in parts of these sizes. Under autocast, which mixes formats, torch's own operations do it.

    >>> a, b = project(torch.ones(1, 2, 3), torch.arange(6.0).view(2, 3), [1, 1])
    >>> a.flatten().tolist(), b.flatten().tolist()
    ([3.0, 3.0], [12.0, 12.0])
    """
    if torch.is_autocast_enabled(x.device.type):
        return functional.linear(x, weight).split(sizes, -1)
    return cast(tuple[Tensor, ...], _Project.apply(x, weight, sizes))
