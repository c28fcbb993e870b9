"""Rotary position embedding with its gradient written out: no joined halves, nothing kept but the angles."""

from __future__ import annotations

from typing import Any, cast, final

import torch
from torch import Tensor
from torch.autograd import Function


@final
class _Rotate(Function):
    """The gradient of a turn is the turn back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        ctx.save_for_backward(cosine, sine)
        return _turn(x, cosine, sine, 1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        cosine, sine = ctx.saved_tensors
        return _turn(grads[0], cosine, sine, -1), None, None


def _turn(x: Tensor, cosine: Tensor, sine: Tensor, direction: int) -> Tensor:
    turned = torch.empty_like(x)
    (first, second), (one, two) = x.chunk(2, -1), turned.chunk(2, -1)
    torch.mul(first, cosine, out=one).addcmul_(second, sine, value=-direction)
    torch.mul(second, cosine, out=two).addcmul_(first, sine, value=direction)
    return turned


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Each slot's vectors turned by its angles: x is (.., head), cosines and sines broadcast to (.., head / 2).

    The i-th coordinate of the first half and the i-th of the second are a plane (Su et al., "RoFormer", 2021). Under
    autocast, which mixes formats, torch's own operations do it.

    >>> quarter = torch.tensor([0.0]), torch.tensor([1.0])
    >>> rotate(torch.tensor([[1.0, 2.0]]), quarter).tolist()
    [[-2.0, 1.0]]
    """
    if torch.is_autocast_enabled(x.device.type):
        (cosine, sine), (first, second) = rotation, x.chunk(2, -1)
        return torch.cat([first * cosine - second * sine, first * sine + second * cosine], -1)
    return cast(Tensor, _Rotate.apply(x, *rotation))
