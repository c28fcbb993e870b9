"""Gated DeltaNet: a rival whose state is a table that is corrected, not only added to (Yang et al. 2024, 2412.06464).

In every head `S_t = exp(g_t) S_(t-1)`, then `S_t += k_t (beta_t (v_t - S_t^T k_t))^T`, and `S_t^T q_t` is read. Slots
go in
chunks: within one, the corrections solve a triangular system (the paper's WY form); from chunk to chunk goes the state.
It equals transformers' own (Qwen3-Next's layer, `tests/models/test_rivals.py`), and can start from a state, as players
need. A block has a hidden layer after it, twice the width, as the published models do.
"""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from logdepth.errors import InputError
from logdepth.models.config import ModelConfig
from logdepth.models.recurrent import RecurrentBlock, RecurrentModel, ShortConvolution, State, decays

HEAD, CHUNK = 32, 64


def delta_rule(
    query: Float[Tensor, "batch heads slots d"],
    key: Float[Tensor, "batch heads slots d"],
    value: Float[Tensor, "batch heads slots d"],
    log_decay: Float[Tensor, "batch heads slots"],
    beta: Float[Tensor, "batch heads slots"],
    state: Float[Tensor, "batch heads d d"],
) -> tuple[Tensor, Tensor]:
    """What is read at every slot, and the state after all of them."""
    out = []
    for first in range(0, query.shape[2], CHUNK):
        piece = slice(first, first + CHUNK)
        q, k, v, b = query[:, :, piece], key[:, :, piece], value[:, :, piece], beta[:, :, piece, None]
        sums, left = decays(log_decay[:, :, piece])
        kept = sums.exp()[..., None]
        system = (b * (k @ k.transpose(-1, -2)) * left).tril(-1)  # + 1 on the diagonal
        wanted = b * (v - kept * (k @ state))
        corrections = torch.linalg.solve_triangular(system, wanted, upper=False, unitriangular=True)
        out.append(kept * (q @ state) + (q @ k.transpose(-1, -2) * left) @ corrections)
        rest = (sums[..., -1:] - sums).exp()[..., None]
        state = sums[..., -1, None, None].exp() * state + (k * rest).transpose(-1, -2) @ corrections
    return torch.cat(out, 2), state


@final
class DeltaLayer(RecurrentBlock):
    """A gated delta layer, then one hidden layer; both add to the residual stream."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.width, self.heads = width, width // HEAD
        self.norm = nn.RMSNorm(width)
        self.enter = nn.Linear(width, 4 * width + 2 * self.heads, bias=False)
        self.convolution = ShortConvolution(3 * width)
        self.step_bias = nn.Parameter(torch.ones(self.heads))
        self.log_rate = nn.Parameter(torch.empty(self.heads).uniform_(0.01, 16).log())
        self.head_norm = nn.RMSNorm(HEAD, eps=1e-6)
        self.leave = nn.Linear(width, width, bias=False)
        self.hidden_norm = nn.RMSNorm(width)
        self.hidden = nn.Linear(width, hidden, bias=False)
        self.hidden_out = nn.Linear(hidden, width, bias=False)

    def initial(self, batch: int) -> State:
        return (self.convolution.initial(batch), self.step_bias.new_zeros(batch, self.heads, HEAD, HEAD))

    def advance(self, x: Float[Tensor, "batch slots m"], state: State | None) -> tuple[Tensor, State]:
        mixed, after = self.mix(self.norm(x), state or self.initial(len(x)))
        x = x + mixed
        return x + self.hidden_out(functional.gelu(self.hidden(self.hidden_norm(x)))), after

    def mix(self, x: Float[Tensor, "batch slots m"], state: State) -> tuple[Tensor, State]:
        """What the delta rule adds to the residual stream, and the state after."""
        entered, gate, beta, step = self.enter(x).split([3 * self.width, self.width, self.heads, self.heads], -1)
        filtered, remembered = self.convolution(entered, state[0])
        query, key, value = filtered.unflatten(-1, (3, self.heads, HEAD)).permute(2, 0, 3, 1, 4)
        query, key = _unit(query) * HEAD**-0.5, _unit(key)
        log_decay = (-self.log_rate.exp() * functional.softplus(step + self.step_bias)).transpose(1, 2)
        read, table = delta_rule(query, key, value, log_decay, beta.sigmoid().transpose(1, 2), state[1])
        read = self.head_norm(read).transpose(1, 2).flatten(2)
        return self.leave(read * functional.silu(gate)), (remembered, table)


def _unit(x: Tensor) -> Tensor:
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)


@final
class DeltaNet(RecurrentModel):
    """Token ids (batch, slots) to logits (batch, slots, classes), at any length. Heads of 32, a table of 32 by 32 each.

    >>> config = ModelConfig("deltanet", vocab_size=7, max_length=5, num_layers=1, embed_dim=32, **DeltaNet.defaults)
    >>> DeltaNet(config)(torch.zeros(2, 70, dtype=torch.long)).shape
    torch.Size([2, 70, 7])
    """

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        super().check(config)
        if config.embed_dim % HEAD:
            raise InputError(f"{cls.described(config)} has heads of {HEAD}: its width is a multiple of {HEAD}")

    @classmethod
    def block(cls, config: ModelConfig) -> RecurrentBlock:
        return DeltaLayer(config.embed_dim, 2 * config.embed_dim)
