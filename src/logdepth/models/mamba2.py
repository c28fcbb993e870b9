"""Mamba-2: a rival whose layers are state-space models chosen by the input (Dao and Gu 2024, arXiv 2405.21060).

The layer of the paper in plain torch: a projection, a short convolution, the recurrence
`h_t = exp(dt_t A) h_(t-1) + dt_t x_t B_t^T`, `y_t = h_t C_t + D x_t` in every head, a gated norm, a projection. Slots
go
in chunks: within a chunk all pairs at once (the dual form), from chunk to chunk by the state. It equals transformers'
own layer, weight for weight (`tests/models/test_rivals.py`), and can start from a state, as players need.
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
from logdepth.models.recurrent import RecurrentBlock, RecurrentModel, State
from logdepth.models.short_convolution import ShortConvolution

HEAD, STATE, EXPAND, CHUNK = 32, 32, 2, 128
STEPS = (0.001, 0.1)  # dt at the start, log-uniform, as published
LEAST_STEP = -60.0  # below it, a slot writes nothing that float32 could tell from nothing
# What is left of a slot by another counts for nothing below e^-40, which is nothing beside 1 even in float64; without
# the limit exp and products meet numbers that processors take a hundred times as long for.
SEEN = (-40.0, 30.0)


@final
class _Within(Function):
    """`y_i = sum over j <= i of exp(up_i - down_j) (c_i . b_j) x_j + skip x_i`, head by head: the dual form.

    One head's pairs of slots stay in the cache. What a gradient sums over pairs for `up` and `down` is a sum over y
    and over the gradient of x: `up_i` scales all of row i, `down_j` all that comes of x_j.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, up: Tensor, down: Tensor, b: Tensor, c: Tensor, skip: Tensor) -> Tensor:
        """x (heads, batch, slots, p), up and down (heads, batch, slots), b and c (batch, slots, n), skip (heads)."""
        likes = c @ b.transpose(1, 2)
        left, y = x.new_empty(*up.shape, up.shape[2]), torch.empty_like(x)
        pairs = torch.empty_like(likes)
        for head, kept in enumerate(left):
            torch.sub(up[head, :, :, None], down[head, :, None], out=kept).clamp_(*SEEN).exp_().tril_()
            torch.mul(kept, likes, out=pairs).diagonal(dim1=1, dim2=2).add_(skip[head])
            torch.bmm(pairs, x[head], out=y[head])
        ctx.save_for_backward(x, y, left, likes, b, c, skip)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        x, y, left, likes, b, c, skip = ctx.saved_tensors
        grad = grads[0].contiguous()
        to_x, to_likes = torch.empty_like(x), torch.zeros_like(likes)
        to_up, to_down, skipped = (x.new_empty(x.shape[:3]) for _ in range(3))
        pairs, product = torch.empty_like(likes), torch.empty_like(x[0])
        for head, kept in enumerate(left):
            torch.mul(kept, likes, out=pairs).diagonal(dim1=1, dim2=2).add_(skip[head])
            torch.bmm(pairs.transpose(1, 2), grad[head], out=to_x[head])
            to_likes.addcmul_(torch.bmm(grad[head], x[head].transpose(1, 2), out=pairs), kept)
            for one, other, sums in ((grad, y, to_up), (x, to_x, to_down), (grad, x, skipped)):
                torch.sum(torch.mul(one[head], other[head], out=product), -1, out=sums[head])
        through = skipped * skip[:, None, None]
        to_c, to_b = to_likes @ b, to_likes.transpose(1, 2) @ c
        return to_x, to_up - through, through - to_down, to_b, to_c, skipped.sum((1, 2))


def scan(
    x: Float[Tensor, "heads batch slots p"],
    log_decay: Float[Tensor, "heads batch slots"],
    log_step: Float[Tensor, "heads batch slots"],
    b: Float[Tensor, "batch slots n"],
    c: Float[Tensor, "batch slots n"],
    skip: Float[Tensor, " heads"],
    state: Float[Tensor, "batch heads p n"] | None,
    keep: bool = True,
) -> tuple[Tensor, Tensor | None]:
    """`h_t = exp(log_decay_t) h_(t-1) + exp(log_step_t) x_t b_t^T`, `y_t = h_t c_t + skip x_t` from a state on: y, and
    the last state if it is to be kept. None is zeros.
    """
    out, h = [], None if state is None else state.transpose(0, 1)
    slots = x.shape[2]
    for first in range(0, slots, CHUNK):
        piece = slice(first, first + CHUNK)
        sums = log_decay[:, :, piece].cumsum(2)
        down, rows, keys, queries = sums - log_step[:, :, piece], x[:, :, piece].contiguous(), b[:, piece], c[:, piece]
        y = cast(Tensor, _Within.apply(rows, sums, down, keys, queries, skip))
        out.append(y if h is None else y + sums.exp()[..., None] * (queries @ h.transpose(-1, -2)))
        if keep or first + CHUNK < slots:
            added = (rows * (sums[..., -1:] - down).exp()[..., None]).transpose(-1, -2) @ keys
            h = added if h is None else sums[..., -1, None, None].exp() * h + added
    return out[0] if len(out) == 1 else torch.cat(out, 2), h.transpose(0, 1) if keep and h is not None else None


@final
class _Gated(Function):
    """`y silu(gate)`, y with its heads first: one pass over each, and no rows are moved."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, gate: Tensor) -> Tensor:
        """y (heads, batch, slots, p), gate (batch, slots, heads p)."""
        opened = functional.silu(gate)
        ctx.save_for_backward(y, gate, opened)
        out = torch.empty_like(opened)
        torch.mul(opened.unflatten(2, (len(y), -1)), y.permute(1, 2, 0, 3), out=out.unflatten(2, (len(y), -1)))
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        y, gate, opened = ctx.saved_tensors
        grad, rows, to_y = grads[0].unflatten(2, (len(y), -1)), y.permute(1, 2, 0, 3), torch.empty_like(y)
        torch.mul(grad, opened.unflatten(2, (len(y), -1)), out=to_y.permute(1, 2, 0, 3))
        to_gate = torch.empty_like(gate)
        torch.mul(grad, rows, out=to_gate.unflatten(2, (len(y), -1)))
        return to_y, torch.ops.aten.silu_backward.grad_input(to_gate, gate, grad_input=to_gate)


@final
class Mamba2Layer(RecurrentBlock):
    """A Mamba-2 layer that adds to the residual stream. Its state is what the convolution remembers, and h."""

    def __init__(self, width: int, state_dim: int) -> None:
        super().__init__()
        self.inner, self.heads, self.state_dim = EXPAND * width, EXPAND * width // HEAD, state_dim
        self.norm = RmsNorm(width)
        channels = self.inner + 2 * state_dim
        self.enter = nn.Linear(width, self.inner + channels + self.heads, bias=False)
        self.convolution = ShortConvolution(channels, bias=True)
        step = (torch.rand(self.heads) * log(STEPS[1] / STEPS[0]) + log(STEPS[0])).exp()
        self.step_bias = nn.Parameter(step + torch.log(-torch.expm1(-step)))  # softplus undone
        self.log_rate = nn.Parameter(torch.arange(1, self.heads + 1).float().log())
        self.skip = nn.Parameter(torch.ones(self.heads))
        self.gated_norm = RmsNorm(self.inner, eps=1e-5)
        self.leave = nn.Linear(self.inner, width, bias=False)

    def initial(self, batch: int) -> State:
        h = self.skip.new_zeros(batch, self.heads, HEAD, self.state_dim)
        return (self.convolution.initial(batch), h)

    def advance(self, x: Float[Tensor, "batch slots m"], state: State | None) -> tuple[Tensor, State]:
        mixed, after = self.mix(self.norm(x), state)
        return x + mixed, cast(State, after)

    def forward(self, x: Float[Tensor, "batch slots m"]) -> Float[Tensor, "batch slots m"]:
        return x + self.mix(self.norm(x), None, keep=False)[0]

    def mix(
        self, x: Float[Tensor, "batch slots m"], state: State | None, keep: bool = True
    ) -> tuple[Tensor, State | None]:
        """What is added to the residual stream, and the state after if it is to be kept; None is the initial state."""
        before, h = (None, None) if state is None else state
        channels = self.inner + 2 * self.state_dim
        gate, entered, step = (x @ part.T for part in self.enter.weight.split([self.inner, channels, self.heads]))
        rows, b, c = self.convolution(entered, before).split([self.inner, self.state_dim, self.state_dim], -1)
        rows = rows.unflatten(-1, (self.heads, HEAD)).permute(2, 0, 1, 3)
        raw = (step + self.step_bias).permute(2, 0, 1)
        log_decay = -functional.softplus(raw) * self.log_rate.exp()[:, None, None]
        log_step = functional.softplus(raw.clamp(min=LEAST_STEP)).log()
        y, h = scan(rows, log_decay, log_step, b, c, self.skip, h, keep)
        out = self.leave(self.gated_norm(cast(Tensor, _Gated.apply(y, gate))))
        if h is None:
            return out, None
        return out, (self.convolution.remember(entered, before), h)


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
