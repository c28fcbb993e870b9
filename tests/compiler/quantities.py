"""Every quantity that the proof bounds, as a network really has it, beside its exact value and its bound.

`Seen` is what a run leaves behind: the same for stock Hugging Face code and for the worst-case machine. `compare` holds
it against the exact transformer and the certificate, and gives for each quantity the largest ratio of what was seen to
what was proved: at most 1, if the proof is right.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from logdepth.compiler.certificate import Certificate, NormBound
from logdepth.compiler.circuits import COUNT_SCALE
from logdepth.compiler.compile import Compilation
from logdepth.compiler.floats import FloatModel
from logdepth.compiler.targets.bert import BERT, LOUD, loud_layers
from logdepth.compiler.targets.gpt2 import GPT2
from logdepth.transformer import Affine, Circuit


@dataclass
class Seen:
    """Arrays of one run, a list entry a layer. Residuals and norms are `(batch, slots, width)`."""

    norms: list[np.ndarray] = field(default_factory=list)  # 1 and 2 of each layer, then the last
    queries: list[np.ndarray] = field(default_factory=list)  # (batch, heads, slots, head_dim), as stored
    keys: list[np.ndarray] = field(default_factory=list)
    scores: list[np.ndarray] = field(default_factory=list)  # (batch, heads, query, key), scaled; may be left out
    weights: list[np.ndarray] = field(default_factory=list)  # after the softmax; may be left out
    middle: list[np.ndarray] = field(default_factory=list)  # the residual after attention
    gates: list[np.ndarray] = field(default_factory=list)  # (batch, slots, inner), before relu6
    after: list[np.ndarray] = field(default_factory=list)  # the residual after the layer
    logits: np.ndarray = field(default_factory=lambda: np.zeros(0))


@dataclass
class Ratios:
    """Per quantity the largest ratio of what was seen to what was proved, and where."""

    worst: dict[str, float] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, error: np.ndarray | float, bound: np.ndarray | float, where: str) -> None:
        """`error` (first axis: rows of the batch) against `bound`; equal is as it should be."""
        error, bound = np.broadcast_arrays(np.asarray(error, float), np.asarray(bound, float))
        if not error.size:
            return
        floor = 1e-300
        ratio = np.where(error <= floor, 0.0, error / np.maximum(bound, floor))
        assert not np.isnan(ratio).any(), (name, where)
        if ratio.max() >= self.worst.get(name, -1.0):
            self.worst[name], self.where[name] = float(ratio.max()), where


def halves(paired: np.ndarray) -> np.ndarray:
    """Half the difference of every mirrored pair: what all linear forms read."""
    return (paired[..., 0::2] - paired[..., 1::2]) / 2


def compare(
    compilation: Compilation, certificate: Certificate, tokens: np.ndarray, seen: Seen, floats: FloatModel
) -> Ratios:
    """What was seen against the exact run (hard attention) and the bounds."""
    schedule, model, shape = compilation.schedule, compilation.transformer, compilation.shape
    m, root = model.embed_dim, np.sqrt(shape.head_dim)
    bert = compilation.target == "bert"  # whose homes are off, and loud before a layer's last norm
    normed, loud = (BERT.normed, LOUD) if bert else (GPT2.normed, 1)
    circuits = loud_layers(schedule, model) if bert else [layer.map for layer in model.layers]
    trace = model.trace(tokens, "hard")
    found = Ratios()
    floor = 2.0**-42  # this comparison's own arithmetic
    for number, (layer_plan, layer) in enumerate(zip(schedule.layers, model.layers, strict=True), 1):
        bound = certificate.layers[number - 1]
        before, after = bound.norms
        x = trace.residual[number - 1]
        averages = [f.coordinates[0] for f in schedule.counts.values()]
        digits = x.copy()
        digits[..., averages] = 0
        where = f"layer {number}"
        name = "norm 1" if number == 1 else "later norm 1"
        _norm(found, name, seen.norms[2 * number - 2] / normed, digits, before, 0.0, where)
        for h, (head, head_bound) in enumerate(zip(layer.heads, certificate.heads[number - 1], strict=True)):
            assert isinstance(head.query, Affine) and isinstance(head.key, Affine)
            at = f"{where}, {head.name}"
            q, k = head.query(digits), head.key(digits)
            scale = head_bound.sharpness * root / normed
            dim, c = q.shape[-1], before.common
            seen_q = seen.queries[number - 1][:, h, :, :dim] / scale
            seen_k = seen.keys[number - 1][:, h, :, :dim] / normed
            found.add("query", np.abs(seen_q - q), c * np.abs(q) + (1 + c) * head_bound.query + floor, at)
            found.add("key", np.abs(seen_k - k), c * np.abs(k) + (1 + c) * head_bound.key + floor, at)
            s = q @ k.swapaxes(-1, -2)
            slots = s.shape[-1]
            visible = np.tril(np.ones((slots, slots), bool), 0 if model.causal else slots)
            intended = trace.attention[number - 1][:, h]
            if seen.scores:
                off = np.abs(seen.scores[number - 1][:, h] / head_bound.sharpness - s)
                own = np.broadcast_to(
                    np.where(np.arange(slots) == 0, head_bound.score[1], head_bound.score[0]), s.shape
                )
                allowed = ((1 + c) ** 2 * (1 + floats.dot) ** 4 - 1) * np.abs(s) + (1 + c) ** 2 * own + floor
                allowed += floats.store * (np.abs(s) + allowed)
                found.add("score", off[:, visible], allowed[:, visible], at)
                logits = np.where(visible, seen.scores[number - 1][:, h], -np.inf)
                if not head_bound.counts:
                    best = np.take_along_axis(logits, intended.argmax(-1)[..., None], -1)
                    rest = np.where(intended > 0, -np.inf, logits).max(-1)
                    gap = best[..., 0] - rest
                    real = np.isfinite(gap)
                    found.add(
                        "gap", np.full(real.sum(), head_bound.gap), np.maximum(gap[real], 1e-9) * (1 + 2.0**-42), at
                    )
            if seen.weights:
                leaked = np.where((intended == 0) & visible, seen.weights[number - 1][:, h], 0).sum(-1)
                found.add("leak", leaked, head_bound.leak + 2.0**-140, at)
            if head_bound.counts:
                coordinate = schedule.counts[layer_plan.heads[h].match].coordinates[0]
                v = halves(seen.middle[number - 1])[..., coordinate] / 3 / COUNT_SCALE
                r = np.rint(1 / trace.attention[number - 1][:, h, :, 0] - 1).astype(int)
                low, high = head_bound.averages(certificate.length)
                middle = 1 / (1 + r)
                wide = np.where(v > middle, high[r] - middle, middle - low[r])
                found.add("average", np.abs(v - middle), wide, at)
                found.add("count", np.abs(1 / v - 1 - r), head_bound.error, at)
        x_middle, whole = digits.copy(), x.copy()
        scratch = [c for head in layer_plan.heads for read in head.reads for c in schedule.scratch[read].coordinates]
        for head, weight in zip(layer.heads, np.moveaxis(trace.attention[number - 1], 1, 0), strict=True):
            whole += weight @ head.value(digits)
            if not head.counts:
                x_middle += weight @ head.value(digits)
        held = halves(seen.middle[number - 1])[..., :m] / 3
        found.add("copied bit", np.abs(held - x_middle)[..., scratch], bound.bit_error + floor, where)
        others = np.setdiff1d(np.arange(m), [*averages, *_scratch_of_all(schedule)])
        homes = (1 + before.common) * (1 + before.own) - 1 + floor if bert else 0.0
        found.add("home", np.abs(held - x_middle)[..., others], homes, where)
        copied = (1 + bound.bit_error) / (1 - before.common) - 1 if bert else bound.bit_error
        _norm(found, "norm 2", seen.norms[2 * number - 1] / normed, x_middle, after, copied, where, scratch)
        circuit = circuits[number - 1]
        if isinstance(circuit, Circuit):
            drains = (circuit.bias == 0) & (np.abs(circuit.read).sum(1) == 0.5)
            digital = (circuit.read[:, averages] == 0).all(1) & ~drains
            seen_pre = seen.gates[number - 1][..., : circuit.num_hidden] / 6
            exact_pre = x_middle @ circuit.read.T + circuit.bias
            allowed = bound.gate_error - 1.5 * after.common + after.common * np.abs(exact_pre) + floor
            found.add("gate", np.abs(seen_pre - exact_pre)[..., digital], allowed[..., digital], where)
            on = whole @ circuit.read.T + circuit.bias > 0.5
            wrong = np.where(on, seen_pre < 1, seen_pre > 0)[..., ~drains]
            counting = (circuit.read[:, averages] != 0).any(1)
            if bound.threshold is not None:
                slack = np.where(on, seen_pre - 1, -seen_pre)[..., counting]
                found.add("threshold", 3.5 - slack, 3.5 - bound.threshold, where)  # 7/2 where nothing errs
            found.add("flipped gate", wrong.astype(float), 0.0, where)
        held = halves(seen.after[number - 1])[..., :m] / 3
        left = np.abs(held)[..., scratch]
        if bert:  # half a pair's sum stays, too
            left = np.abs(seen.after[number - 1])[..., [d for c in scratch for d in (2 * c, 2 * c + 1)]] / 3
        found.add("residue", left, bound.residue + floor, where)
        held = held / loud
        following = certificate.layers[number].norms[0] if number < model.depth else certificate.last_norm
        homes = following.own + floor if bert else 0.0
        found.add("home", np.abs(held - trace.residual[number])[..., others], homes, where)
    last = trace.residual[-1].copy()
    last[..., [f.coordinates[0] for f in schedule.counts.values()]] = 0
    _norm(found, "last norm", seen.norms[-1] / normed, last, certificate.last_norm, 0.0, "logits")
    best = trace.logits.argmax(-1)[..., None]
    right = np.take_along_axis(seen.logits, best, -1)[..., 0]
    rest = seen.logits.copy()
    np.put_along_axis(rest, best, -np.inf, -1)
    margin = right - rest.max(-1)
    most = 2 * normed  # where nothing errs
    found.add("margin", most - margin, most - certificate.margin + 2.0**-42, "logits")
    return found


def _scratch_of_all(schedule) -> list[int]:
    return [c for f in schedule.scratch.values() for c in f.coordinates]


def _norm(
    found: Ratios,
    name: str,
    normed: np.ndarray,
    bits: np.ndarray,
    bound: NormBound,
    bit_error: float,
    where: str,
    scratch: list[int] | None = None,
) -> None:
    m = bits.shape[-1]
    live = bits != 0
    relative = np.where(live, np.abs(halves(normed)[..., :m] / np.where(live, bits, 1) - 1), 0.0)
    error = np.zeros(m)
    error[scratch or []] = bit_error
    found.add(name, relative, (1 + bound.common) * (1 + bound.own) * (1 + error) - 1 + 2.0**-42, where)
