"""Rotary positions: the definition and its gradient, with the head's axis anywhere before the last."""

import torch

from logdepth.models.rotary import rotate


def plainly(x, rotation):
    (cosine, sine), (first, second) = rotation, x.chunk(2, -1)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], -1)


def test_the_definition_and_its_gradient():
    made = torch.Generator().manual_seed(0)
    x = torch.randn(3, 5, 2, 8, generator=made, dtype=torch.float64, requires_grad=True)
    angle = torch.randn(5, 1, 4, generator=made, dtype=torch.float64)
    rotation, weight = (angle.cos(), angle.sin()), torch.randn(3, 5, 2, 8, generator=made, dtype=torch.float64)
    found, want = rotate(x, rotation), plainly(x, rotation)
    assert torch.allclose(found, want, rtol=1e-12)
    grads = [torch.autograd.grad((out * weight).sum(), x)[0] for out in (found, want)]
    assert torch.allclose(*grads, rtol=1e-12)
    assert torch.autograd.gradcheck(lambda x: rotate(x, rotation), (x[:1],))


def test_halves_lie_anywhere_in_memory():
    x = torch.arange(48.0).view(2, 3, 8).transpose(0, 1)
    rotation = torch.full((4,), 0.6), torch.full((4,), 0.8)
    assert torch.allclose(rotate(x, rotation), plainly(x, rotation))
