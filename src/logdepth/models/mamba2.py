"""Mamba-2: a rival whose layers are state-space models chosen by the input (Dao and Gu 2024, arXiv 2405.21060).

The layer of the paper in plain torch: a projection, a short convolution, the recurrence
`h_t = exp(dt_t A) h_(t-1) + dt_t x_t B_t^T`, `y_t = h_t C_t + D x_t` in every head, a gated norm, a projection. Slots
go
in chunks: within a chunk all pairs at once (the dual form), from chunk to chunk by the state. It equals transformers'
own layer, weight for weight (`tests/models/test_rivals.py`), and can start from a state, as players need.
"""

from __future__ import annotations

from math import log
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from logdepth.errors import InputError
from logdepth.models.config import ModelConfig
from logdepth.models.recurrent import RecurrentBlock, RecurrentModel, ShortConvolution, State, decays

HEAD, STATE, EXPAND, CHUNK = 32, 32, 2, 64
STEPS = (0.001, 0.1)  # dt at the start, log-uniform, as published


def scan(
    x: Float[Tensor, "batch heads slots p"],
    log_decay: Float[Tensor, "batch heads slots"],
    b: Float[Tensor, "batch slots n"],
    c: Float[Tensor, "batch slots n"],
    state: Float[Tensor, "batch heads p n"],
) -> tuple[Tensor, Tensor]:
    """`h_t = exp(log_decay_t) h_(t-1) + x_t b_t^T`, `y_t = h_t c_t` from a state on: y, and the last state."""
    out = []
    for first in range(0, x.shape[2], CHUNK):
        piece = slice(first, first + CHUNK)
        sums, left = decays(log_decay[:, :, piece])
        rows, keys, queries = x[:, :, piece], b[:, None, piece], c[:, None, piece]
        within = (queries @ keys.transpose(-1, -2) * left) @ rows
        out.append(within + sums.exp()[..., None] * (queries @ state.transpose(-1, -2)))
        rest = (sums[..., -1:] - sums).exp()[..., None]
        state = sums[..., -1, None, None].exp() * state + (rows * rest).transpose(-1, -2) @ keys
    return torch.cat(out, 2), state


@final
class Mamba2Layer(RecurrentBlock):
    """A Mamba-2 layer that adds to the residual stream. Its state is what the convolution remembers, and h."""

    def __init__(self, width: int, state_dim: int) -> None:
        super().__init__()
        self.inner, self.heads, self.state_dim = EXPAND * width, EXPAND * width // HEAD, state_dim
        self.norm = nn.RMSNorm(width)
        channels = self.inner + 2 * state_dim
        self.enter = nn.Linear(width, self.inner + channels + self.heads, bias=False)
        self.convolution = ShortConvolution(channels, bias=True)
        step = (torch.rand(self.heads) * log(STEPS[1] / STEPS[0]) + log(STEPS[0])).exp()
        self.step_bias = nn.Parameter(step + torch.log(-torch.expm1(-step)))  # softplus undone
        self.log_rate = nn.Parameter(torch.arange(1, self.heads + 1).float().log())
        self.skip = nn.Parameter(torch.ones(self.heads))
        self.gated_norm = nn.RMSNorm(self.inner, eps=1e-5)
        self.leave = nn.Linear(self.inner, width, bias=False)

    def initial(self, batch: int) -> State:
        h = self.skip.new_zeros(batch, self.heads, HEAD, self.state_dim)
        return (self.convolution.initial(batch), h)

    def advance(self, x: Float[Tensor, "batch slots m"], state: State | None) -> tuple[Tensor, State]:
        mixed, after = self.mix(self.norm(x), state or self.initial(len(x)))
        return x + mixed, after

    def mix(self, x: Float[Tensor, "batch slots m"], state: State) -> tuple[Tensor, State]:
        """What is added to the residual stream, and the state after."""
        channels = self.inner + 2 * self.state_dim
        gate, filtered, step = self.enter(x).split([self.inner, channels, self.heads], -1)
        filtered, remembered = self.convolution(filtered, state[0])
        rows, b, c = filtered.split([self.inner, self.state_dim, self.state_dim], -1)
        rows = rows.unflatten(-1, (self.heads, HEAD)).transpose(1, 2)
        step = functional.softplus(step + self.step_bias).transpose(1, 2)
        y, h = scan(rows * step[..., None], -step * self.log_rate.exp()[:, None], b, c, state[1])
        y = (y + rows * self.skip[:, None, None]).transpose(1, 2).flatten(2)
        return self.leave(self.gated_norm(y * functional.silu(gate))), (remembered, h)


@final
class Mamba2(RecurrentModel):
    """Token ids (batch, slots) to logits (batch, slots, classes), at any length. Heads of 32, `state_dim` numbers to
    each of their dimensions (default 32).

    >>> config = ModelConfig("mamba2", vocab_size=7, max_length=5, num_layers=1, embed_dim=16, **Mamba2.defaults)
    >>> Mamba2(config)(torch.zeros(2, 70, dtype=torch.long)).shape
    torch.Size([2, 70, 7])
    """

    uses = ("state_dim",)

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        super().check(config)
        if EXPAND * config.embed_dim % HEAD:
            raise InputError(
                f"{cls.described(config)} has heads of {HEAD}: its width is a multiple of {HEAD // EXPAND}"
            )

    @classmethod
    def block(cls, config: ModelConfig) -> RecurrentBlock:
        return Mamba2Layer(config.embed_dim, config.state_dim or STATE)
