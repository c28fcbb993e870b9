"""A second proof by another method: intervals through the stored weights, knowing nothing of how they were made.

`run` takes inputs through the whole GPT-2, every operation widened by what the floating-point model allows it: what
comes out encloses whatever a conforming implementation computes. The parts of it serve for rows of any bits, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from logdepth.compiler.compile import Compilation
from logdepth.compiler.floats import FloatModel
from logdepth.compiler.targets.bert import BERT
from logdepth.compiler.targets.gpt2 import GPT2

_SELF = 2.0**-48  # what these intervals' own float64 arithmetic may be off, relatively


@dataclass
class Interval:
    """Arrays of lower and upper ends."""

    lo: np.ndarray
    hi: np.ndarray

    @staticmethod
    def exactly(values: np.ndarray) -> Interval:
        return Interval(values, values)

    @property
    def size(self) -> np.ndarray:
        return np.maximum(np.abs(self.lo), np.abs(self.hi))

    def widened(self, by: np.ndarray | float) -> Interval:
        by = by + _SELF * self.size
        return Interval(self.lo - by, self.hi + by)

    def rounded(self, roundoff: float) -> Interval:
        """After one operation with that roundoff."""
        return self.widened(roundoff * self.size)

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.lo + other.lo, self.hi + other.hi)

    def times(self, other: Interval) -> Interval:
        ends = [a * b for a in (self.lo, self.hi) for b in (other.lo, other.hi)]
        return Interval(np.minimum.reduce(ends), np.maximum.reduce(ends))

    def map(self, increasing) -> Interval:
        return Interval(increasing(self.lo), increasing(self.hi))

    def __getitem__(self, index) -> Interval:
        return Interval(self.lo[index], self.hi[index])


class SecondProof:
    """The stored weights of a compilation, in a float model that stores what it computes."""

    epsilon = GPT2.epsilon

    def __init__(self, compilation: Compilation, floats: FloatModel) -> None:
        assert not floats.mixed
        self.floats, self.shape = floats, compilation.shape
        checkpoint = compilation.export()
        self.depth, self.causal = compilation.schedule.depth, compilation.graph.causal
        self.w = {name: floats.stored(tensor) for name, tensor in checkpoint.tensors.items()}
        for name, tensor in self.w.items():  # what is added to the residual is mirrored, x and -x
            if name.endswith(("wte.weight", "wpe.weight", "c_proj.weight", "c_proj.bias")):
                assert (tensor[..., 0::2] == -tensor[..., 1::2]).all(), name
        self.scale = Interval.exactly(np.zeros(0))  # what the last norm multiplied each entry by

    def norm(self, x: Interval, gain: np.ndarray) -> Interval:
        u, d = self.floats.norm, x.lo.shape[-1]
        exact = ((x.lo == x.hi) & (x.lo == np.rint(x.lo))).all(-1, keepdims=True)
        slack = np.where(exact, 0.0, self.floats.gamma(d + 1, u)) * x.size.mean(-1, keepdims=True)
        mean = self.mean(x).widened(slack)
        away = Interval(x.lo - mean.hi, x.hi - mean.lo)
        crosses = (away.lo < 0) & (away.hi > 0)
        least = np.where(crosses, 0.0, np.minimum(np.abs(away.lo), np.abs(away.hi)))
        variance = Interval((least**2).mean(-1, keepdims=True), (away.size**2).mean(-1, keepdims=True))
        gamma = np.where(exact, self.floats.gamma(2, u), self.floats.gamma(d + 5, u))
        variance = variance.widened(gamma * variance.hi).map(lambda v: v + self.epsilon)
        factor = Interval(1 / np.sqrt(variance.hi), 1 / np.sqrt(variance.lo)).rounded((1 + u) ** 4 - 1)
        self.scale = factor.times(Interval.exactly(gain)).rounded((1 + u) ** 3 - 1)
        return away.times(self.scale)

    def mean(self, x: Interval) -> Interval:
        """Of mirrored pairs: 0."""
        return Interval.exactly(np.zeros((*x.lo.shape[:-1], 1)))

    def linear(self, x: Interval, weight: np.ndarray) -> Interval:
        """Sums of products in any order; exact where all products are integers."""
        up, down = np.maximum(weight, 0), np.minimum(weight, 0)
        y = Interval(x.lo @ up + x.hi @ down, x.hi @ up + x.lo @ down)
        held = ((x.lo != 0) | (x.hi != 0)).astype(float)
        terms = held @ (weight != 0).astype(float)
        whole = ((x.lo == x.hi) & (x.lo == np.rint(x.lo))).astype(float)
        real = (held * (1 - whole)) @ (weight != 0).astype(float) + held @ (weight != np.rint(weight)).astype(float)
        gamma = terms * self.floats.dot / (1 - terms * self.floats.dot)
        wide = y.widened(gamma * (x.size @ np.abs(weight)))
        return Interval(np.where(real > 0, wide.lo, y.lo), np.where(real > 0, wide.hi, y.hi))

    def add(self, x: Interval, out: Interval) -> Interval:
        y = x + out
        whole = (y.lo == y.hi) & (y.lo == np.rint(y.lo))
        wide = y.rounded(self.floats.add)
        return Interval(np.where(whole, y.lo, wide.lo), np.where(whole, y.hi, wide.hi))

    def projections(self, layer: int, y: Interval) -> list[Interval]:
        """Queries, keys and values: `(..., heads, head_dim)` each."""
        qkv = self.linear(y, self.w[f"transformer.h.{layer}.attn.c_attn.weight"])
        shape = (*qkv.lo.shape[:-1], 3, self.shape.num_heads, self.shape.head_dim)
        whole = Interval(qkv.lo.reshape(shape), qkv.hi.reshape(shape))
        return [whole[..., i, :, :] for i in range(3)]

    def scores(self, q: Interval, k: Interval) -> Interval:
        """`(..., queries, dim)` against `(..., keys, dim)`, scaled."""
        terms = ((q.size > 0).astype(float) @ (k.size > 0).astype(float).swapaxes(-1, -2)) + 2
        total = None
        for c in range(q.lo.shape[-1]):  # products of intervals, a coordinate at a time
            product = q[..., c][..., :, None].times(k[..., c][..., None, :])
            total = product if total is None else total + product
        assert total is not None
        size = q.size @ k.size.swapaxes(-1, -2)
        gamma = terms * self.floats.dot / (1 - terms * self.floats.dot)
        return total.widened(gamma * size).rounded(3 * self.floats.dot).map(lambda s: s / np.sqrt(self.shape.head_dim))

    def attention(self, q: Interval, k: Interval, v: Interval) -> Interval:
        """`(batch, heads, slots, dim)`."""
        floats = self.floats
        s = self.scores(q, k)
        hidden = np.triu(np.ones(s.lo.shape[-2:], bool), 1) & self.causal
        top = Interval(*(np.where(hidden, -np.inf, end).max(-1, keepdims=True) for end in (s.lo, s.hi)))
        away = Interval(np.minimum(s.lo - top.hi, 0.0), np.minimum(s.hi - top.lo, 0.0))
        away = Interval(away.lo * (1 + floats.soft), away.hi * (1 - floats.soft))
        silent = np.where(hidden | (away.hi < -floats.silence), 0.0, 1.0)
        exp = away.map(np.exp).rounded(floats.exp)
        exp = Interval(np.maximum(exp.lo, 0) * silent * (away.lo >= -floats.silence), exp.hi * silent)
        terms = silent.sum(-1, keepdims=True)
        rest = Interval(exp.lo.sum(-1, keepdims=True) - exp.lo, exp.hi.sum(-1, keepdims=True) - exp.hi)
        share = Interval(exp.lo / np.maximum(exp.lo + rest.hi, 1e-300), exp.hi / np.maximum(exp.hi + rest.lo, 1e-300))
        share = share.rounded(terms * floats.soft)
        share = Interval(np.maximum(share.lo, 0), share.hi)
        out = None
        for j in range(share.lo.shape[-1]):
            product = share[..., j][..., None].times(v[..., j, :][..., None, :])
            out = product if out is None else out + product
        assert out is not None
        terms = (share.hi > 0).astype(float) @ (v.size > 0).astype(float)
        return out.widened(terms * floats.soft * (share.hi @ v.size))

    def run(self, tokens: np.ndarray) -> Interval:
        """Enclosures of the logits."""
        w = self.w
        x = Interval.exactly(w["transformer.wte.weight"][tokens] + w["transformer.wpe.weight"][: tokens.shape[1]])
        for layer in range(self.depth):
            p = f"transformer.h.{layer}."
            q, k, v = self.projections(layer, self.norm(x, w[p + "ln_1.weight"]))
            q, k, v = (Interval(t.lo.swapaxes(1, 2), t.hi.swapaxes(1, 2)) for t in (q, k, v))
            out = self.attention(q, k, v)
            shape = (*tokens.shape, -1)
            flat = Interval(out.lo.swapaxes(1, 2).reshape(shape), out.hi.swapaxes(1, 2).reshape(shape))
            x = self.add(x, self.linear(flat, w[p + "attn.c_proj.weight"]))
            x = self.arithmetic(layer, x)
        return self.linear(self.norm(x, w["transformer.ln_f.weight"]), w["lm_head.weight"].T)

    def gates(self, layer: int, x: Interval) -> Interval:
        """Pre-activations of a layer's hidden units."""
        p = f"transformer.h.{layer}."
        return self.linear(self.norm(x, self.w[p + "ln_2.weight"]), self.w[p + "mlp.c_fc.weight"])

    def arithmetic(self, layer: int, x: Interval) -> Interval:
        """The residual after a layer's hidden units.

        Intervals forget that what a pair of ramps takes away from a coordinate is that coordinate's own value, so this
        is said in closed form: with x in the pair (x, -x), x - 3 scale x is left, and the roundings on the way.
        """
        p = f"transformer.h.{layer}.mlp.c_proj."
        pre = self.gates(layer, x)
        hidden = pre.map(lambda a: np.clip(a, 0, 6))
        y = self.add(x, self.linear(hidden, self.w[p + "weight"]) + Interval.exactly(self.w[p + "bias"]))
        drained = self.drained(layer)
        if drained.size:
            assert (x.size[..., drained] < 5).all(), "a ramp leaves its linear part"
            missed = self.floats.gamma(2) + 2 * self.floats.dot
            taken = self.scale[..., drained].map(lambda f: 3 * f).rounded(missed)
            left = x[..., drained].times(Interval(1 - taken.hi, 1 - taken.lo)).rounded(self.floats.add)
            y.lo[..., drained], y.hi[..., drained] = left.lo, left.hi
        return y

    def drained(self, layer: int) -> np.ndarray:
        """Dimensions whose own value two ramps take away, found out from the stored weights."""
        p = f"transformer.h.{layer}.mlp."
        read, write = self.w[p + "c_fc.weight"], self.w[p + "c_proj.weight"]
        found = []
        for c in range(0, read.shape[0], 2):
            units = np.flatnonzero((np.abs(read[c]) == 1.5) & ((read != 0).sum(0) == 2) & (read[c] == -read[c + 1]))
            if len(units) == 2 and not np.delete(write[:, c], units).any() and read[c, units].sum() == 0:
                assert (write[units, c] == -np.sign(read[c, units])).all()
                assert (write[units, c + 1] == np.sign(read[c, units])).all()
                assert not self.w[p + "c_proj.bias"][[c, c + 1]].any()
                found += [c, c + 1]
        return np.array(found, int)


class SecondBert(SecondProof):
    """The same for a BERT. That ramps take away what a coordinate holds need not be said: gains of 0 clear it."""

    epsilon = BERT.epsilon

    def mean(self, x: Interval) -> Interval:
        return Interval(x.lo.mean(-1, keepdims=True), x.hi.mean(-1, keepdims=True))

    def run(self, tokens: np.ndarray) -> Interval:
        w, e, heads = self.w, "bert.embeddings.", self.shape.num_heads
        positions = w[e + "position_embeddings.weight"][: tokens.shape[1]]
        y = self.norm(Interval.exactly(w[e + "word_embeddings.weight"][tokens] + positions), w[e + "LayerNorm.weight"])

        def split(t: np.ndarray) -> np.ndarray:
            return t.reshape(*tokens.shape, heads, -1).swapaxes(1, 2)

        def joined(t: np.ndarray) -> np.ndarray:
            return t.swapaxes(1, 2).reshape(*tokens.shape, -1)

        for layer in range(self.depth):
            p = f"bert.encoder.layer.{layer}."
            parts = [self.linear(y, w[f"{p}attention.self.{name}.weight"].T) for name in ("query", "key", "value")]
            out = self.attention(*(Interval(split(part.lo), split(part.hi)) for part in parts))
            flat = Interval(joined(out.lo), joined(out.hi))
            x = self.add(y, self.linear(flat, w[p + "attention.output.dense.weight"].T))
            y = self.norm(x, w[p + "attention.output.LayerNorm.weight"])
            hidden = self.linear(y, w[p + "intermediate.dense.weight"].T).map(lambda a: np.clip(a, 0, 6))
            out = self.linear(hidden, w[p + "output.dense.weight"].T) + Interval.exactly(w[p + "output.dense.bias"])
            y = self.norm(self.add(y, out), w[p + "output.LayerNorm.weight"])
        return self.linear(y, w["classifier.weight"].T)
