"""Gated DeltaNet: a rival whose state is a table that is corrected, not only added to (Yang et al. 2024, 2412.06464).

In every head `S_t = exp(g_t) S_(t-1)`, then `S_t += k_t (beta_t (v_t - S_t^T k_t))^T`, and `S_t^T q_t` is read. Slots
go in chunks: within one, the corrections solve a triangular system (the paper's WY form); from chunk to chunk goes the
state. Gradients are written out, as in `mamba2.py`. It equals transformers' own (Qwen3-Next's layer,
`tests/models/test_rivals.py`), and can start from a state, as players need. A block has a hidden layer after it, twice
the width, as the published models do.
"""

from __future__ import annotations

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

HEAD, CHUNK, PIECE = 32, 128, 32
EPS = 1e-6  # in lengths, as published
LEAST = 1e-30  # a rate below it corrects nothing
SEEN = (-40.0, 0.0)  # of exponents, for the same reasons as in mamba2.py


@final
class _Within(Function):
    """The corrections `u_i = beta_i (v_i - sum over j < i of exp(sums_i - sums_j) (k_i . k_j) u_j)` and what they add
    to what is read, `sum over j <= i of exp(sums_i - sums_j) (q_i . k_j) u_j`: the WY form. Rows of a head of a string,
    all of these along one axis, PIECE at once: matrices of all pairs of slots are only ever so large.

    What a gradient sums over pairs for `sums` and `beta` is a sum over rows: `sums_i` scales row i of both matrices
    and, the other way, their column i.
    """

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, sums: Tensor, beta: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Rows (heads strings, slots, d), sums and beta (heads strings, slots)."""
        systems, reads, left = (sums.new_empty(*sums.shape, sums.shape[1]) for _ in range(3))
        read, corrections, wanted = torch.empty_like(value), torch.empty_like(value), value * beta[..., None]
        for some in _pieces(sums):
            kept, keys, up = left[some], key[some].transpose(1, 2), sums[some]
            torch.sub(up[:, :, None], up[:, None], out=kept).clamp_(*SEEN).exp_().tril_()
            torch.bmm(key[some], keys, out=systems[some]).mul_(kept).mul_(beta[some, :, None])
            corrections[some] = _solve(systems[some], wanted[some])
            torch.bmm(query[some], keys, out=reads[some]).mul_(kept)
            torch.bmm(reads[some], corrections[some], out=read[some])
        ctx.save_for_backward(query, key, value, beta, systems, reads, left, read, corrections)
        return read, corrections

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        query, key, value, beta, systems, reads, left, read, corrections = ctx.saved_tensors
        to_read, given = grads[0].contiguous(), grads[1].contiguous()
        to_query, to_key, to_value = torch.empty_like(query), torch.empty_like(key), torch.empty_like(value)
        to_sums, to_beta = torch.empty_like(beta), torch.empty_like(beta)
        for some in _pieces(beta):
            q, k, v, u, kept = query[some], key[some], value[some], corrections[some], left[some]
            rate, grad, across = beta[some, :, None], to_read[some], u.transpose(1, 2)
            total = torch.bmm(reads[some].transpose(1, 2), grad).add_(given[some])
            to_wanted = _solve(systems[some].transpose(1, 2), total)
            pairs = torch.bmm(grad, across).mul_(kept)  # of q_i . k_j
            likes = torch.bmm(to_wanted, across).mul_(kept).mul_(rate).tril_(-1)  # of k_i . k_j, its sign turned
            torch.bmm(pairs, k, out=to_query[some])
            torch.bmm(pairs.transpose(1, 2), q, out=to_key[some])
            to_key[some].baddbmm_(likes, k, alpha=-1).baddbmm_(likes.transpose(1, 2), k, alpha=-1)
            torch.sum(to_wanted * u, -1, out=to_beta[some]).div_(beta[some].clamp(min=LEAST))
            torch.mul(to_wanted, rate, out=to_value[some])
            along = (grad * read[some]).addcmul_(to_value[some], v, value=-1).addcmul_(given[some], u)
            torch.sum(along, -1, out=to_sums[some])
        return to_query, to_key, to_value, to_sums, to_beta


def _pieces(x: Tensor) -> list[slice]:
    return [slice(first, first + PIECE) for first in range(0, len(x), PIECE)]


def _solve(system: Tensor, wanted: Tensor) -> Tensor:
    """Of a matrix with ones on its diagonal, by the part beside it; turned round, as LAPACK has rows and columns."""
    upper = not system.is_contiguous()
    turned = torch.linalg.solve_triangular(
        system.transpose(1, 2), wanted.transpose(1, 2), upper=not upper, left=False, unitriangular=True
    )
    return turned.transpose(1, 2)


def delta_rule(
    query: Float[Tensor, "heads batch slots d"],
    key: Float[Tensor, "heads batch slots d"],
    value: Float[Tensor, "heads batch slots d"],
    log_decay: Float[Tensor, "heads batch slots"],
    beta: Float[Tensor, "heads batch slots"],
    state: Float[Tensor, "batch heads d d"] | None,
    keep: bool = True,
) -> tuple[Tensor, Tensor | None]:
    """What is read at every slot, and the state after all of them if it is to be kept. None is zeros."""
    out, table = [], None if state is None else state.transpose(0, 1)
    slots = query.shape[2]
    for first in range(0, slots, CHUNK):
        piece = slice(first, first + CHUNK)
        q, k, v = (part[:, :, piece].contiguous() for part in (query, key, value))
        sums = log_decay[:, :, piece].cumsum(2)
        kept = sums.exp()[..., None]
        wanted = v if table is None else v - kept * (k @ table)
        flat = (part.flatten(0, 1) for part in (q, k, wanted, sums, beta[:, :, piece]))
        found = cast(tuple[Tensor, Tensor], _Within.apply(*flat))
        read, corrections = (part.unflatten(0, sums.shape[:2]) for part in found)
        out.append(read if table is None else read + kept * (q @ table))
        if keep or first + CHUNK < slots:
            added = (k * (sums[..., -1:] - sums).exp()[..., None]).transpose(-1, -2) @ corrections
            table = added if table is None else kept[:, :, -1:] * table + added
    return out[0] if len(out) == 1 else torch.cat(out, 2), table.transpose(0, 1) if keep and table is not None else None


@final
class _Units(Function):
    """Queries, keys and values with their heads first, queries and keys of length 1, queries times d^(-1/2)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x (batch, slots, 3 heads d); each of the three (heads, batch, slots, d)."""
        rows = x.unflatten(2, (3, -1, HEAD)).permute(2, 3, 0, 1, 4).contiguous()
        scale = torch.linalg.vector_norm(rows[:2], dim=-1, keepdim=True).square_().add_(EPS).rsqrt_()
        scale[0] *= HEAD**-0.5
        rows[:2] *= scale
        ctx.save_for_backward(rows, scale)
        return rows[0], rows[1], rows[2]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        rows, scale = ctx.saved_tensors
        _, heads, batch, slots, _ = rows.shape
        out = rows.new_empty(batch, slots, 3, heads, HEAD).permute(2, 3, 0, 1, 4)
        for part, (row, grad, larger) in enumerate(zip(rows[:2], grads[:2], (HEAD, 1), strict=True)):
            along = (row * grad).sum(-1, keepdim=True).mul_(-larger)
            torch.mul(torch.addcmul(grad, row, along), scale[part], out=out[part])
        out[2] = grads[2]
        return out.permute(2, 3, 0, 1, 4).flatten(2)


@final
class _NormGated(Function):
    """RMSNorm of every head's row, without a weight, then the gate; heads first at the door, rows after it."""

    @staticmethod
    def forward(ctx: Any, read: Tensor, gate: Tensor) -> Tensor:
        """read (heads, batch, slots, d), gate (batch, slots, heads d)."""
        scale = torch.linalg.vector_norm(read, dim=-1, keepdim=True).square_().div_(HEAD).add_(EPS).rsqrt_()
        unit, opened = read * scale, functional.silu(gate)
        ctx.save_for_backward(unit, scale, gate, opened)
        out = torch.empty_like(opened)
        torch.mul(opened.unflatten(2, (-1, HEAD)), unit.permute(1, 2, 0, 3), out=out.unflatten(2, (-1, HEAD)))
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        unit, scale, gate, opened = ctx.saved_tensors
        grad, to_unit, to_gate = grads[0].unflatten(2, (-1, HEAD)), torch.empty_like(unit), torch.empty_like(gate)
        torch.mul(grad, opened.unflatten(2, (-1, HEAD)), out=to_unit.permute(1, 2, 0, 3))
        torch.mul(grad, unit.permute(1, 2, 0, 3), out=to_gate.unflatten(2, (-1, HEAD)))
        along = (to_unit * unit).sum(-1, keepdim=True).div_(-HEAD)
        to_unit.addcmul_(unit, along).mul_(scale)
        return to_unit, torch.ops.aten.silu_backward.grad_input(to_gate, gate, grad_input=to_gate)


@final
class DeltaLayer(MixingBlock):
    """A gated delta layer, then one hidden layer; both add to the residual stream."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.width, self.heads = width, width // HEAD
        self.norm = RmsNorm(width)
        self.enter = nn.Linear(width, 4 * width + 2 * self.heads, bias=False)
        self.convolution = ShortConvolution(3 * width)
        self.step_bias = nn.Parameter(torch.ones(self.heads))
        self.log_rate = nn.Parameter(torch.empty(self.heads).uniform_(0.01, 16).log())
        self.head_norm = RmsNorm(HEAD, eps=EPS)
        self.leave = nn.Linear(width, width, bias=False)
        self.hidden_norm = RmsNorm(width)
        self.hidden = nn.Linear(width, hidden, bias=False)
        self.hidden_out = nn.Linear(hidden, width, bias=False)

    def initial(self, batch: int) -> State:
        return (self.convolution.initial(batch), self.step_bias.new_zeros(batch, self.heads, HEAD, HEAD))

    def advance(self, x: Float[Tensor, "batch slots m"], state: State | None) -> tuple[Tensor, State]:
        mixed, after = self.mix(self.norm(x), state)
        return self._think(x + mixed), cast(State, after)

    def forward(self, x: Float[Tensor, "batch slots m"]) -> Float[Tensor, "batch slots m"]:
        return self._think(x + self.mix(self.norm(x), None, keep=False)[0])

    def _think(self, x: Tensor) -> Tensor:
        return x + self.hidden_out(functional.gelu(self.hidden(self.hidden_norm(x))))

    def _mix(self, x: Float[Tensor, "batch slots m"], state: State | None, keep: bool) -> tuple[Tensor, State | None]:
        before, table = (None, None) if state is None else state
        sizes = [3 * self.width, self.width, 2 * self.heads]
        entered, gate, steps = project(x, self.enter.weight, sizes)
        query, key, value = cast(tuple[Tensor, ...], _Units.apply(self.convolution(entered, before)))
        beta, step = steps.permute(2, 0, 1).split(self.heads)
        log_decay = -self.log_rate.exp()[:, None, None] * functional.softplus(step + self.step_bias[:, None, None])
        read, table = delta_rule(query, key, value, log_decay, beta.sigmoid(), table, keep)
        weight = self.leave.weight * self.head_norm.weight.repeat(self.heads)
        out = cast(Tensor, _NormGated.apply(read, gate)) @ weight.T
        if table is None:
            return out, None
        return out, (self.convolution.remember(entered, before), table)


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
