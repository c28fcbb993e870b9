"""Muon for many small matrices: matrices of one shape are orthogonalised together, in one batch.

Momentum, then the polar factor of the update by five Newton-Schulz iterations, scaled by `sqrt(max(1, rows/columns))`.
Source: K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024). torch has
`torch.optim.Muon`, in bfloat16 and one matrix at a time, slow on CPUs that have no units for it (`bench_step.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # steepest at 0: singular values end within 0.7 to 1.2


def orthogonalize(updates: Tensor, iterations: int = 5) -> Tensor:
    """About the nearest orthogonal matrices to (count, rows, columns): every singular value becomes about 1."""
    a, b, c = COEFFICIENTS
    tall = updates.shape[1] > updates.shape[2]
    x = updates.transpose(1, 2) if tall else updates
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(iterations):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    """For weight matrices of hidden layers. Other parameters need another optimizer."""

    def __init__(
        self, matrices: Iterable[Tensor], lr: float = 0.02, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(list(matrices), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            shapes: dict[tuple[int, ...], list[Tensor]] = {}
            for matrix in group["params"]:
                if matrix.grad is not None:
                    shapes.setdefault(tuple(matrix.shape), []).append(matrix)
            for matrices in shapes.values():
                self._step_together(matrices, group)

    def _step_together(self, matrices: list[Tensor], group: dict) -> None:
        gradients = torch.stack([matrix.grad for matrix in matrices])  # type: ignore[misc]
        state = self.state[matrices[0]]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(gradients)
        momentum = state["momentum"]
        momentum.lerp_(gradients, 1 - group["momentum"])
        update = orthogonalize(gradients.lerp(momentum, group["momentum"]))  # Nesterov
        rows, columns = matrices[0].shape
        scale = group["lr"] * max(1.0, rows / columns) ** 0.5
        for matrix, change in zip(matrices, update, strict=True):
            matrix.mul_(1 - group["lr"] * group["weight_decay"]).sub_(change, alpha=scale)
