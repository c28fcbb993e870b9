"""Mamba-2: a rival whose layers are state-space models chosen by the input (Dao and Gu 2024, arXiv 2405.21060).

The layer of the paper in plain torch: a projection, a short convolution, the recurrence
`h_t = exp(dt_t A) h_(t-1) + dt_t x_t B_t^T`, `y_t = h_t C_t + D x_t` in every head, a gated norm, a projection. Slots
go in chunks: within a chunk by pairs (the dual form), from chunk to chunk by the state. Gradients are written out:
autograd's own pass over memory many times more often. It equals transformers' own layer, weight for weight
(`tests/models/test_rivals.py`), and can start from a state, as players need.
"""

from __future__ import annotations

from math import log
from typing import Any, cast, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional

from logdepth.errors import InputError
from logdepth.models.config import ModelConfig
from logdepth.models.norm import RmsNorm
from logdepth.models.projection import project
from logdepth.models.recurrent import MixingBlock, RecurrentBlock, RecurrentModel, State
from logdepth.models.short_convolution import ShortConvolution

HEAD, STATE, EXPAND, CHUNK = 32, 32, 2, 128
BLOCK = 50  # slots whose pairs are worked out at once
EPS = 1e-5  # of the gated norm, as published
STEPS = (0.001, 0.1)  # dt at the start, log-uniform, as published
LEAST_STEP = -60.0  # below it, a slot writes nothing that float32 could tell from nothing
# What is left of a slot by another counts for nothing below e^-40, which is nothing beside 1 even in float64; without
# the limit exp and products meet numbers that processors take a hundred times as long for.
SEEN = (-40.0, 30.0)


@final
class _Within(Function):
    """`y_i = sum over j <= i of exp(up_i - down_j) (c_i . b_j) x_j + skip x_i` in every head: the dual form.

    Head by head and block by block, so that pairs of slots stay in the cache; blocks of pairs that no one sees are left
    out. What gradients sum over pairs for `up` and `down` are sums over y and over the gradient of x: y_i is linear in
    `exp(up_i)`, and all that comes of x_j in `exp(-down_j)`.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, up: Tensor, down: Tensor, b: Tensor, c: Tensor, skip: Tensor) -> Tensor:
        """x (batch, slots, heads p), up and down (heads, batch, slots), b and c (batch, slots, n), skip (heads)."""
        likes = (c @ b.transpose(1, 2)).tril_()
        y = torch.empty_like(x)
        for rows in _blocks(x.shape[1]):
            seen = slice(0, rows.stop)
            some = likes[:, rows, seen]
            pairs = some.new_empty(some.shape)
            itself, out = pairs[:, :, rows].diagonal(dim1=1, dim2=2), x.new_empty(len(x), pairs.shape[1], HEAD)
            for head, columns in _columns(skip):
                torch.sub(up[head, :, rows, None], down[head, :, None, seen], out=pairs).clamp_(*SEEN).exp_().mul_(some)
                itself.add_(skip[head])
                y[:, rows, columns] = torch.bmm(pairs, x[:, seen, columns], out=out)
        ctx.save_for_backward(x, y, up, down, likes, b, c, skip)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        x, y, up, down, likes, b, c, skip = ctx.saved_tensors
        grad = grads[0].contiguous()
        to_x, to_likes, skipped = torch.empty_like(x), torch.zeros_like(likes), torch.empty_like(up)
        for seen in _blocks(x.shape[1]):
            rows = slice(seen.start, x.shape[1])
            some, to_some = likes[:, rows, seen], to_likes[:, rows, seen]
            left, pairs = some.new_empty(some.shape), some.new_empty(some.shape)
            itself, out = pairs.diagonal(dim1=1, dim2=2), x.new_empty(len(x), pairs.shape[2], HEAD)
            for head, columns in _columns(skip):
                torch.sub(up[head, :, rows, None], down[head, :, None, seen], out=left).clamp_(*SEEN).exp_()
                torch.mul(left, some, out=pairs)
                itself.add_(skip[head])
                to_x[:, seen, columns] = torch.bmm(pairs.transpose(1, 2), grad[:, rows, columns], out=out)
                torch.bmm(grad[:, rows, columns], x[:, seen, columns].transpose(1, 2), out=pairs)
                skipped[head, :, seen] = itself
                to_some.addcmul_(pairs, left)
        to_likes.tril_()
        heads = len(skip)
        through = skipped * skip[:, None, None]
        to_up = (grad * y).unflatten(2, (heads, HEAD)).sum(3).permute(2, 0, 1) - through
        to_down = through - (x * to_x).unflatten(2, (heads, HEAD)).sum(3).permute(2, 0, 1)
        return to_x, to_up, to_down, to_likes.transpose(1, 2) @ c, to_likes @ b, skipped.sum((1, 2))


def _blocks(slots: int) -> list[slice]:
    return [slice(first, min(first + BLOCK, slots)) for first in range(0, slots, BLOCK)]


def _columns(skip: Tensor) -> list[tuple[int, slice]]:
    return [(head, slice(head * HEAD, (head + 1) * HEAD)) for head in range(len(skip))]


def scan(
    x: Float[Tensor, "batch slots d"],
    log_decay: Float[Tensor, "heads batch slots"],
    log_step: Float[Tensor, "heads batch slots"],
    b: Float[Tensor, "batch slots n"],
    c: Float[Tensor, "batch slots n"],
    skip: Float[Tensor, " heads"],
    state: Float[Tensor, "batch d n"] | None,
    keep: bool = True,
) -> tuple[Tensor, Tensor | None]:
    """`h_t = exp(log_decay_t) h_(t-1) + exp(log_step_t) x_t b_t^T`, `y_t = h_t c_t + skip x_t` in heads of 32, from a
    state on (None is zeros): y, and the last state if it is to be kept.
    """
    out, h, slots = [], state, x.shape[1]
    for first in range(0, slots, CHUNK):
        piece = slice(first, first + CHUNK)
        up = log_decay[:, :, piece].cumsum(2)
        down, rows, keys, queries = up - log_step[:, :, piece], x[:, piece], b[:, piece], c[:, piece]
        y = cast(Tensor, _Within.apply(rows, up, down, keys, queries, skip))
        out.append(y if h is None else y + _spread(up.exp()) * (queries @ h.transpose(1, 2)))
        if keep or first + CHUNK < slots:
            added = (rows * _spread((up[..., -1:] - down).exp())).transpose(1, 2) @ keys
            h = added if h is None else _spread(up[..., -1:].exp()).transpose(1, 2) * h + added
    return out[0] if len(out) == 1 else torch.cat(out, 1), h if keep else None


def _spread(x: Float[Tensor, "heads batch slots"]) -> Float[Tensor, "batch slots d"]:
    """A head's number to all of its columns."""
    return x.permute(1, 2, 0).repeat_interleave(HEAD, 2)


@final
class _GatedNormLinear(Function):
    """`norm(y silu(gate)) weight^T`, RMSNorm without a weight; rows are scaled after the product."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, gate: Tensor, weight: Tensor) -> Tensor:
        opened = functional.silu(gate)
        z = opened * y
        scale = torch.linalg.vector_norm(z, dim=-1, keepdim=True).square_().div_(z.shape[-1]).add_(EPS).rsqrt_()
        out = z @ weight.T
        ctx.save_for_backward(y, gate, weight, opened, z, scale, out)
        return out * scale

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        y, gate, weight, opened, z, scale, out = ctx.saved_tensors
        to_scale = (grads[0] * out).sum(-1, keepdim=True).mul_(scale.pow(3)).div_(-z.shape[-1])
        to_out = (grads[0] * scale).flatten(0, 1)
        to_z = (to_out @ weight).view_as(z).addcmul_(z, to_scale)
        to_gate = to_z * y
        torch.ops.aten.silu_backward.grad_input(to_gate, gate, grad_input=to_gate)
        return to_z.mul_(opened), to_gate, to_out.T @ z.flatten(0, 1)


@final
class Mamba2Layer(MixingBlock):
    """A Mamba-2 layer that adds to the residual stream. Its state is what the convolution remembers, and h."""

    def __init__(self, width: int, state_dim: int) -> None:
        super().__init__()
        self.inner, self.heads, self.state_dim = EXPAND * width, EXPAND * width // HEAD, state_dim
        self.norm = RmsNorm(width)
        self.channels = self.inner + 2 * state_dim
        self.enter = nn.Linear(width, self.inner + self.channels + self.heads, bias=False)
        self.convolution = ShortConvolution(self.channels, bias=True)
        step = (torch.rand(self.heads) * log(STEPS[1] / STEPS[0]) + log(STEPS[0])).exp()
        self.step_bias = nn.Parameter(step + torch.log(-torch.expm1(-step)))  # softplus undone
        self.log_rate = nn.Parameter(torch.arange(1, self.heads + 1).float().log())
        self.skip = nn.Parameter(torch.ones(self.heads))
        self.gated_norm = RmsNorm(self.inner, eps=EPS)
        self.leave = nn.Linear(self.inner, width, bias=False)

    def initial(self, batch: int) -> State:
        h = self.skip.new_zeros(batch, self.inner, self.state_dim)
        return (self.convolution.initial(batch), h)

    def advance(self, x: Float[Tensor, "batch slots m"], state: State | None) -> tuple[Tensor, State]:
        mixed, after = self.mix(self.norm(x), state)
        return x + mixed, cast(State, after)

    def forward(self, x: Float[Tensor, "batch slots m"]) -> Float[Tensor, "batch slots m"]:
        return x + self.mix(self.norm(x), None, keep=False)[0]

    def _mix(self, x: Float[Tensor, "batch slots m"], state: State | None, keep: bool) -> tuple[Tensor, State | None]:
        before, h = (None, None) if state is None else state
        gate, entered, step = project(x, self.enter.weight, [self.inner, self.channels, self.heads])
        rows, b, c = self.convolution(entered, before).split([self.inner, self.state_dim, self.state_dim], -1)
        raw = (step + self.step_bias).permute(2, 0, 1)
        log_decay = -functional.softplus(raw) * self.log_rate.exp()[:, None, None]
        log_step = functional.softplus(raw.clamp(min=LEAST_STEP)).log()
        y, h = scan(rows, log_decay, log_step, b, c, self.skip, h, keep)
        weight = self.leave.weight * self.gated_norm.weight
        out = cast(Tensor, _GatedNormLinear.apply(y, gate, weight))
        return out, None if h is None else (self.convolution.remember(entered, before), h)


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
