"""A machine that computes a compiled model within the floating-point model and errs in the direction that hurts most.

Every operation's result is its exact value (in float64) plus a deviation times what the model allows it: one roundoff,
or gamma(n) times the sum of absolute values. A run with all deviations at 0 gives the gradient of one chosen quantity
with respect to each of them; a second run takes every deviation to +1 or -1 by the gradient's sign. Rows of a batch
are independent, so each row attacks a quantity of its own. Nothing here is taken from the proof: what is exact in the
model (sums of integers, products with 0, the mirror of a pair) is found out from the numbers at hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from logdepth.compiler.compile import Compilation
from logdepth.compiler.floats import FLOATS, FloatModel
from logdepth.compiler.targets.bert import BERT
from logdepth.compiler.targets.gpt2 import GPT2
from tests.compiler.quantities import Seen

Records = dict[str, list[torch.Tensor]]
Attack = tuple[str, int, Callable[[torch.Tensor], torch.Tensor]]  # (record, its index, the row's number out of it)


def unit(values: torch.Tensor) -> float:
    """The largest power of two of which all numbers are multiples."""
    values = values.detach()[values.detach() != 0]
    if not values.numel():
        return 1.0
    mantissa, exponent = torch.frexp(values)
    whole = (mantissa * 2.0**53).long()
    return float(torch.ldexp((whole & -whole).double(), exponent - 53).min())


class Halfway(ArithmeticError):
    """A gate that is neither 0 nor 1: something has flipped, or is about to."""


class WorstCase:
    """The stored weights of a compilation, run with deviations within a float model."""

    epsilon = GPT2.epsilon

    def __init__(self, compilation: Compilation, floats: FloatModel) -> None:
        self.floats, self.shape = floats, compilation.shape
        self.stores = 0
        checkpoint = compilation.export()
        self.depth, self.causal = compilation.schedule.depth, compilation.graph.causal
        self.weights = {name: torch.tensor(floats.stored(tensor)) for name, tensor in checkpoint.tensors.items()}
        self.deviations: dict[str, torch.Tensor] = {}
        self.made: dict[str, torch.Tensor] | None = None

    def attack(self, tokens: np.ndarray, attacks: list[Attack]) -> Seen:
        """Row b of the batch is run so that `attacks[b]`'s number becomes as large as the model allows."""
        self.made, self.deviations = {}, {}
        records = self.run(tokens)
        goal = torch.zeros((), dtype=torch.float64)
        for row, (name, index, number) in enumerate(attacks):
            goal = goal + number(records[name][index][row])
        names = list(self.made)
        gradients = torch.autograd.grad(goal, [self.made[name] for name in names], allow_unused=True)
        self.deviations = {n: torch.sign(g) for n, g in zip(names, gradients, strict=True) if g is not None}
        self.made = None
        with torch.no_grad():
            records = self.run(tokens)
        arrays = {name: [t.numpy() for t in found] for name, found in records.items()}
        return Seen(**{**arrays, "logits": arrays["logits"][0]})

    def attack_gates(self, layer: int, residual: np.ndarray, units: np.ndarray, signs: np.ndarray) -> np.ndarray:
        """Pre-activations of one unit a row, of rows of the residual after attention, pushed up or down by signs."""
        gain, weight = self.gate_weights(layer)
        x, rows = torch.tensor(residual), torch.arange(len(residual))

        def once() -> torch.Tensor:
            self.stores = 0
            return self.linear("gates", self.norm("norm", x, gain), weight)[rows, torch.as_tensor(units)]

        self.made, self.deviations = {}, {}
        goal = (once() * torch.as_tensor(signs)).sum()
        gradients = torch.autograd.grad(goal, list(self.made.values()), allow_unused=True)
        self.deviations = {n: torch.sign(g) for n, g in zip(self.made, gradients, strict=True) if g is not None}
        self.made = None
        with torch.no_grad():
            return once().numpy()

    def gate_weights(self, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The gain of the norm before a layer's arithmetic, and what its units read."""
        p = f"transformer.h.{layer}."
        return self.weights[p + "ln_2.weight"], self.weights[p + "mlp.c_fc.weight"]

    def run(self, tokens: np.ndarray) -> Records:
        """The network, every quantity kept."""
        w, shape = self.weights, self.shape
        self.stores = 0
        ids = torch.as_tensor(tokens)
        slots = ids.shape[1]
        x = w["transformer.wte.weight"][ids] + w["transformer.wpe.weight"][:slots]
        seen: Records = {
            name: [] for name in ("norms", "queries", "keys", "scores", "weights", "middle", "gates", "after", "logits")
        }
        for layer in range(self.depth):
            p = f"transformer.h.{layer}."
            y = self.norm(f"{layer} norm 1", x, w[p + "ln_1.weight"])
            seen["norms"].append(y)
            qkv = self.linear(f"{layer} qkv", y, w[p + "attn.c_attn.weight"])
            q, k, v = (t.unflatten(-1, (shape.num_heads, shape.head_dim)).transpose(1, 2) for t in qkv.chunk(3, -1))
            seen["queries"].append(q)
            seen["keys"].append(k)
            written = self.attention(f"{layer} attention", q, k, v, seen).transpose(1, 2).flatten(-2)
            out = self.linear(f"{layer} project", written, w[p + "attn.c_proj.weight"], mirrored=True)
            x = self.add(f"{layer} add 1", x, out)
            seen["middle"].append(x)
            y = self.norm(f"{layer} norm 2", x, w[p + "ln_2.weight"])
            seen["norms"].append(y)
            pre = self.linear(f"{layer} gates", y, w[p + "mlp.c_fc.weight"])
            seen["gates"].append(pre)
            out = self.linear(f"{layer} write", pre.clamp(0, 6), w[p + "mlp.c_proj.weight"], mirrored=True)
            x = self.add(f"{layer} add 2", x, out + w[p + "mlp.c_proj.bias"])
            seen["after"].append(x)
        y = self.norm("last norm", x, w["transformer.ln_f.weight"])
        seen["norms"].append(y)
        seen["logits"].append(self.linear("logits", y, w["lm_head.weight"].T))
        return seen

    # -- deviations ------------------------------------------------------------------------------------

    def deviation(self, name: str, like: torch.Tensor) -> torch.Tensor:
        """Numbers in -1..1, one for each of a result's; all 0, and watched, in the first run."""
        if self.made is not None:
            self.made[name] = torch.zeros_like(like, requires_grad=True)
            return self.made[name]
        return self.deviations.get(name, torch.zeros_like(like))

    def err(self, name: str, value: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
        return value + self.deviation(name, value) * allowed.detach()

    def store(self, value: torch.Tensor) -> torch.Tensor:
        """Rounded to memory where that is coarser: in bfloat16 to nearest, which leaves no choice; in a format made up
        for a test either way, unless the value is one of the format's."""
        if not self.floats.mixed:
            return value
        if self.floats in FLOATS.values():
            return value + (value.bfloat16().double() - value).detach()
        mantissa, exponent = torch.frexp(value.detach())
        bits = -math.log2(self.floats.store)
        inside = torch.ldexp(torch.round(mantissa * 2.0**bits) / 2.0**bits, exponent) == value.detach()
        self.stores += 1
        return self.err(f"store {self.stores}", value, self.floats.store * value.abs() * ~inside)

    # -- operations ------------------------------------------------------------------------------------

    def norm(self, name: str, x: torch.Tensor, gain: torch.Tensor) -> torch.Tensor:
        u, d = self.floats.norm, x.shape[-1]
        whole = (x == x.round()).all(-1, keepdim=True)
        gamma = self.floats.gamma(d + 1, u)
        mean = self.err(name + " mean", x.mean(-1, keepdim=True), gamma * x.abs().mean(-1, keepdim=True) * ~whole)
        away = x - mean
        variance = (away * away).mean(-1, keepdim=True)
        gamma = torch.where(whole, self.floats.gamma(2, u), self.floats.gamma(d + 5, u))
        variance = self.err(name + " variance", variance, gamma * variance) + self.epsilon
        factor = variance.rsqrt()
        factor = self.err(name + " factor", factor, ((1 + u) ** 4 - 1) * factor)  # an inverse root, to 2 ulp
        y = away * factor * gain
        return self.store(self.err(name + " entries", y, ((1 + u) ** 3 - 1) * y.abs()))

    def linear(self, name: str, x: torch.Tensor, weight: torch.Tensor, mirrored: bool = False) -> torch.Tensor:
        """A sum of products in any order; exact where all products are integers."""
        y = x @ weight
        held, used = (x != 0).double(), (weight != 0).double()
        real = (x != x.round()).double() @ used + held @ (weight != weight.round()).double()
        terms = held @ used
        if mirrored:  # one product, the same in both members of a pair but for its sign: one deviation
            if (terms[real > 0] > 1).any():
                raise Halfway(name)
            real = real * (held @ (used * (torch.frexp(weight).mantissa.abs() != 0.5)))  # powers of 2 round nothing
            allowed = self.floats.dot * y.abs() * (real > 0)
            share = self.deviation(name, y[..., 0::2]).repeat_interleave(2, -1) * y.sign().detach()
            return self.store(y + share * allowed.detach())
        gamma = terms * self.floats.dot / (1 - terms * self.floats.dot)
        size = x.abs() @ weight.abs()
        if self.floats.mixed and size.max() < unit(x) * unit(weight) / max(self.floats.dot, 2.0**-53):
            return self.store(y)  # sums of few bits
        return self.store(self.err(name, y, gamma * size * (real > 0)))

    def attention(self, name: str, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, seen: Records) -> torch.Tensor:
        floats = self.floats
        raw, size = q @ k.mT, q.abs() @ k.abs().mT
        terms = (q != 0).double() @ (k != 0).double().mT + 2
        exact = size.max() < unit(q) * unit(k) / max(floats.dot, 2.0**-53)  # sums of few bits
        scores = self.err(name + " scores", raw, floats.gamma(1) * terms * size * ~exact) / self.shape.head_dim**0.5
        common = self.deviation(name + " scale", scores[:, :, :1, :1])
        scores = self.store(scores * (1 + 3 * floats.dot * common))
        hidden = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1) & self.causal
        scores = scores.masked_fill(hidden, -torch.inf)
        seen["scores"].append(scores)
        away = (scores - scores.max(-1, keepdim=True).values).nan_to_num(neginf=0)
        away = self.err(name + " away", away, floats.soft * away.abs()).masked_fill(hidden, -torch.inf)
        exp = torch.where(away < -floats.silence, 0.0, away.exp())
        exp = self.err(name + " exp", exp, floats.exp * exp)
        total = exp.sum(-1, keepdim=True)
        terms = (exp > 0).sum(-1, keepdim=True) - 1
        total = self.err(name + " total", total, terms * floats.soft * total)
        weights = exp / total
        weights = self.store(self.err(name + " weights", weights, floats.soft * weights))
        seen["weights"].append(weights)
        terms = ((weights > 0).double() @ (v != 0).double()) * floats.soft
        out = weights @ v
        return self.store(self.err(name + " average", out, terms * (weights @ v.abs())))

    def add(self, name: str, x: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        """To the residual, rounded once, alike in both members of a pair; sums of integers, and with 0, are exact."""
        y = x + out
        real = ((x != x.round()) | (out != out.round())) & (x != 0) & (out != 0)
        share = self.deviation(name, y[..., 0::2]).repeat_interleave(2, -1) * y.sign().detach()
        return self.store(y + share * (self.floats.add * y.abs() * real).detach())


class WorstBert(WorstCase):
    """The same for a BERT, whose norms stand in the residual."""

    epsilon = BERT.epsilon

    def gate_weights(self, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        p = f"bert.encoder.layer.{layer}."
        gain = self.weights[p + "attention.output.LayerNorm.weight"]
        return gain, self.weights[p + "intermediate.dense.weight"].T

    def run(self, tokens: np.ndarray) -> Records:
        w, shape = self.weights, self.shape
        self.stores = 0
        ids, e = torch.as_tensor(tokens), "bert.embeddings."
        x = w[e + "word_embeddings.weight"][ids] + w[e + "position_embeddings.weight"][: ids.shape[1]]
        seen: Records = {
            name: [] for name in ("norms", "queries", "keys", "scores", "weights", "middle", "gates", "after", "logits")
        }
        y = self.norm("first norm", x, w[e + "LayerNorm.weight"])
        seen["norms"].append(y)
        for layer in range(self.depth):
            p = f"bert.encoder.layer.{layer}."
            q, k, v = (
                self.linear(f"{layer} {name}", y, w[p + f"attention.self.{name}.weight"].T)
                .unflatten(-1, (shape.num_heads, shape.head_dim))
                .transpose(1, 2)
                for name in ("query", "key", "value")
            )
            seen["queries"].append(q)
            seen["keys"].append(k)
            written = self.attention(f"{layer} attention", q, k, v, seen).transpose(1, 2).flatten(-2)
            out = self.linear(f"{layer} project", written, w[p + "attention.output.dense.weight"].T, mirrored=True)
            assert not ((y != 0) & (out != 0)).any(), "a head writes where something stands"
            x = y + out
            seen["middle"].append(x)
            y = self.norm(f"{layer} norm 1", x, w[p + "attention.output.LayerNorm.weight"])
            seen["norms"].append(y)
            pre = self.linear(f"{layer} gates", y, w[p + "intermediate.dense.weight"].T)
            seen["gates"].append(pre)
            out = self.linear(f"{layer} write", pre.clamp(0, 6), w[p + "output.dense.weight"].T, mirrored=True)
            x = self.add_members(f"{layer} add", y, out + w[p + "output.dense.bias"])
            seen["after"].append(x)
            y = self.norm(f"{layer} norm 2", x, w[p + "output.LayerNorm.weight"])
            seen["norms"].append(y)
        seen["logits"].append(self.linear("logits", y, w["classifier.weight"].T))
        return seen

    def add_members(self, name: str, x: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        """To the residual, each member of a pair rounded for itself."""
        y = x + out
        return self.err(name, y, self.floats.add * y.abs() * ((x != 0) & (out != 0)))
