"""The proof, before anything is written, that rounding never changes an answer: for *every* input of the domain.

Layer by layer, over the symbolic program (no sampling):
1. Every home bit in the residual is exactly -3 or +3 (a sum of small integers), in a mirrored pair. So the mean
   is 0 and LayerNorm multiplies a whole row by one factor 1 + rho. The factor is common to a row: it scales
   all scores of a query alike, and the true score of a key. Constants are read off the coordinates that hold 1,
   so that they scale with the row too. What is left is each entry's own rounding.
2. Head: true gaps are at least one unit (program_to_transformer.py). What rounding can take from the gap is
   bounded; the sharpness makes what is left exceed `silence`, so the softmax is one-hot.
3. What the head writes is a bit with a small relative error, in scratch.
4. Arithmetic: every gate's pre-activation is 2 L + 3/2 with L an integer, checked on the weights' parity; its
   error is bounded below 1/2, so the gate is exactly 0 or 1, and what it writes is exact: errors end with the
   layer they arise in.
5. A count: the head's average is 1/(1 + r) with a bounded relative error; every threshold is checked.
6. The logits' least margin.
All bounds are in units of one bit (an amplitude of 3 in the residual). The format's rules are in floats.py.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from logdepth.compiler.circuits import COUNT_SCALE
from logdepth.compiler.floats import FloatModel, float_model
from logdepth.compiler.gpt2_shape import Gpt2Shape, gain_error, snaps_to_one
from logdepth.compiler.program_to_transformer import order_span
from logdepth.compiler.schedule import HeadPlan, Schedule
from logdepth.transformer import Affine, Circuit, Head, Transformer

_COUNT_SHARPNESS = np.arange(2.0, 48.0, 0.5)


@dataclass(frozen=True)
class HeadBound:
    """One head. For a match, `error` is what rounding can take from a gap of one unit (`limit` 1); for a count,
    how far off the count can look (`limit` 1/2). `gap`: logits between the intended key and any other, at
    least; `leak`: the softmax weight that others get, at most. `sharpness` multiplies the exact scores."""

    layer: int
    head: str
    counts: bool
    limit: float
    error: float
    sharpness: float
    gap: float
    leak: float


@dataclass(frozen=True)
class LayerBound:
    """`row_error`: rho of LayerNorm 1 and 2. `bit_error`: relative error of the bits that heads write.
    `gate_error`: the worst error of a gate's pre-activation; below 1/2 the gate is exactly 0 or 1."""

    layer: int
    row_error: tuple[float, float]
    bit_error: float
    gate_error: float


@dataclass(frozen=True)
class Certificate:
    """Whether a compiled transformer is exact in a number format for every input, and by how much.

    `margin`: the least difference between the right logit and any other. `failure` says what breaks, if so.
    """

    dtype: str
    length: int
    failure: str
    heads: tuple[tuple[HeadBound, ...], ...]
    layers: tuple[LayerBound, ...]
    margin: float

    @property
    def holds(self) -> bool:
        return not self.failure

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"holds": self.holds, **asdict(self)}


@dataclass(frozen=True)
class _Norm:
    """What LayerNorm does to a row: `common`, the error of its factor; `own`, each entry's; `mean`, its size."""

    common: float
    own: float
    mean: float


@dataclass
class _Residual:
    """The residual stream between layers, in bits: exact homes, and what is left in coordinates not in use."""

    live: int
    scratch: int = 0
    scratch_error: float = 0.0
    residues: int = 0
    residue: float = 0.0
    averages: int = 0


def certify(plan: Schedule, model: Transformer, shape: Gpt2Shape, dtype: str) -> Certificate:
    """Prove, or say what fails. Never raises for a failing proof; see `require` in compile.py.

    >>> from logdepth.compiler.normalize import normalize
    >>> from logdepth.compiler.schedule import schedule
    >>> from logdepth.compiler.program_to_transformer import program_to_transformer
    >>> from logdepth.compiler.gpt2_shape import gpt2_shape
    >>> from logdepth.programs import khop_rank
    >>> graph = khop_rank.trace(length=100, alphabet_size=4, k=3)
    >>> plan = schedule(normalize(graph))
    >>> model = program_to_transformer(graph, plan)
    >>> certify(plan, model, gpt2_shape(plan, model, "float32"), "float32").holds
    True
    """
    proof = _Proof(plan, model, shape, float_model(dtype))
    return proof.run()


class _Proof:
    def __init__(self, plan: Schedule, model: Transformer, shape: Gpt2Shape, floats: FloatModel) -> None:
        self.plan, self.model, self.shape, self.floats = plan, model, shape, floats
        self.length = plan.normal.graph.setting.length
        self.failures: list[str] = []

    def _check_liveness(self) -> None:
        """Our own invariant, on which every norm rests: which coordinates hold a bit after each layer."""
        plan, tables = self.plan, self.model.embedding
        flags = [plan.START, plan.REST]
        live: set[int] = set()
        for table in (np.delete(tables.tokens, flags, 1), np.delete(tables.positions, flags, 1)):
            bits = np.abs(table)
            assert (bits == bits[0]).all() and set(np.unique(bits)) <= {0.0, 1.0}, "an embedded bit is not +-1"
            written = set((np.flatnonzero(bits[0]) + len(flags)).tolist())
            assert not live & written
            live |= written
        for number, layer in enumerate(plan.layers, 1):
            assert len(live) == plan.digits_live[number - 1]
            scratch = [c for head in layer.heads for read in head.reads for c in plan.scratch[read].coordinates]
            assert not live & set(scratch) and len(set(scratch)) == len(scratch)
            assert set(layer.clears) <= live | set(scratch) and set(scratch) <= set(layer.clears)
            live -= set(layer.clears)
            for field in plan.homes.values():
                if field.born == number:
                    assert not live & set(field.coordinates), "two words in one coordinate"
                    live |= set(field.coordinates)
        assert len(live) == plan.digits_live[plan.depth]

    def run(self) -> Certificate:
        plan, floats = self.plan, self.floats
        self._check_liveness()
        heads: list[tuple[HeadBound, ...]] = []
        layers: list[LayerBound] = []
        stream = _Residual(live=plan.digits_live[0] + 1)
        for number, (layer, exact) in enumerate(zip(plan.layers, self.model.layers, strict=True), 1):
            stream.live = plan.digits_live[number - 1] + 1  # START or REST is one more bit
            before = self._norm(stream)
            bounds = tuple(
                self._count(number, head, head_plan, before)
                if head.counts
                else self._match(number, head, head_plan, before)
                for head, head_plan in zip(exact.heads, layer.heads, strict=True)
            )
            heads.append(bounds)
            written = sum(len(plan.scratch[read].coordinates) for head in layer.heads for read in head.reads)
            error = self._bit_error(before, max((b.leak for b in bounds if not b.counts), default=0.0), stream)
            stream.scratch, stream.scratch_error = written, error
            stream.averages += sum(head.counts for head in exact.heads)
            after = self._norm(stream)
            gate_error = 0.0
            if isinstance(exact.map, Circuit):
                gate_error = self._gates(number, exact.map, after, stream)
                for head, head_plan, bound in zip(exact.heads, layer.heads, bounds, strict=True):
                    if head.counts:
                        coordinate = plan.counts[head_plan.match].coordinates[0]
                        self._count_gates(number, exact.map, head, bound, coordinate, before, after)
            layers.append(LayerBound(number, (before.common, after.common), error, gate_error))
            # clearing subtracts exactly 3: what is left is the bit's error and what was there before
            stream.residue = (error + stream.residue) * (1 + 4 * floats.u)
            stream.residues = max(stream.residues, written) if stream.residue else 0
            stream.scratch, stream.scratch_error = 0, 0.0
        stream.live = plan.digits_live[plan.depth] + 1
        margin = self._margin(self._norm(stream))
        if margin <= 0:
            self.failures.append("the logits' margin is gone")
        failure = "; ".join(dict.fromkeys(self.failures))
        return Certificate(floats.name, self.length, failure, tuple(heads), tuple(layers), margin)

    # -- LayerNorm -------------------------------------------------------------------------------------

    def _norm(self, stream: _Residual) -> _Norm:
        """Mean and variance of mirrored pairs. Sums of exact +-3 (and of their squares, 9) are exact."""
        floats, d = self.floats, self.shape.width
        bits = stream.live + stream.scratch
        exact = not (stream.scratch or stream.residues or stream.averages)
        uneven = stream.scratch * stream.scratch_error + stream.residues * stream.residue
        uneven += stream.averages * COUNT_SCALE * 8 * floats.u
        mean = 2 * uneven / d
        size = 2 * (bits + stream.residues * stream.residue + stream.averages * COUNT_SCALE) / d
        if not exact:
            mean += floats.gamma(d) * size
        e = stream.scratch_error
        drift = 2 * stream.scratch * (2 * e + e * e) + 2 * stream.residues * stream.residue**2
        drift += 2 * stream.averages * COUNT_SCALE**2 + 3 * d * mean**2
        variance = drift / (2 * bits)
        variance += (4 * floats.acc if exact else floats.gamma(d + 8)) * (1 + variance)
        common = 0.5 * variance / (1 - min(variance, 0.5)) + 4 * floats.acc
        own = 6 * floats.acc * (1 + mean)
        if floats.mixed:
            gain = gain_error(bits, d, floats.name)
            if snaps_to_one(gain, common + own + e):
                return _Norm(0.0, 0.0, mean)  # stored as exactly +-1
            common += abs(gain)
        return _Norm(common, own + floats.store, mean)

    # -- heads -----------------------------------------------------------------------------------------

    def _entries(self, map_: Affine, norm: _Norm, scale: float, drop: int) -> tuple[np.ndarray, np.ndarray]:
        """For each entry of a query or key: its largest absolute value, and its own error.

        A bit is half the difference of a mirrored pair; constants are bits too. `drop`: the coordinate (START
        or REST) that is exactly 0 in the rows considered.
        """
        floats = self.floats
        weight = np.abs(map_.weight).copy()
        weight[:, drop] = 0.0
        size = weight.sum(1) + np.abs(map_.bias)
        terms = (weight > 0).sum(1) + (map_.bias != 0)
        relative = (1 + norm.own) * (1 + floats.u) - 1
        gamma = np.array([floats.gamma(2 * int(n) + 2) for n in terms])
        error = size * ((1 + relative) * (1 + gamma) * (1 + floats.store) - 1)
        if floats.mixed and norm.own == 0:  # multiples of one power of two, few enough to be stored exactly
            values = np.concatenate([map_.weight * scale, (map_.bias * scale)[:, None]], 1)
            for i, row in enumerate(values):
                used = np.abs(row[row != 0])
                if not used.size or _exactly_stored(used):
                    error[i] = 0.0
        return size, error

    def _score_error(self, head: Head, norm: _Norm, scale: float) -> tuple[float, float]:
        """Own rounding of a score, in units, for keys after the start token and for the start token."""
        assert isinstance(head.query, Affine) and isinstance(head.key, Affine)
        floats, plan = self.floats, self.plan
        errors = []
        for drop in (
            plan.START,
            plan.REST,
        ):  # a key after the start token holds 0 at START; the start token at REST
            q_size, q_error = self._entries(head.query, norm, scale, plan.START)
            k_size, k_error = self._entries(head.key, norm, 1.0, drop)
            used = k_size > 0
            terms = int(used.sum())
            cross = (q_size + q_error) * (k_size + k_error)
            error = float((q_size * k_error + k_size * q_error + q_error * k_error)[used].sum())
            if error or not floats.mixed:
                error += floats.gamma(terms + 3) * float(cross[used].sum())
            errors.append(error)
        return errors[0], errors[1]

    def _match(self, number: int, head: Head, plan: HeadPlan, norm: _Norm) -> HeadBound:
        """Scores: best match in 1..reach, start token 0, mismatch at most -1; matches one apart."""
        floats, root = self.floats, math.sqrt(self.shape.head_dim)
        reach = float(order_span(self.plan, plan.match) + 1)
        own, start = self._score_error(head, norm, 1.0)
        stored = 0.0
        if floats.mixed and not (reach <= 128 and own == start == 0 and math.log2(root).is_integer()):
            stored = 4 * floats.store * (reach + own + start)
        common = 2 * norm.common + norm.common**2
        taken = 2 * common * reach + max(2 * own, own + start) + stored
        gap_units = 1.0 - taken
        if gap_units <= 0:
            self._fail(number, head.name, f"rounding of scores may take {taken:.3g} of a gap of 1")
            gap_units = 1.0
        wanted = floats.silence / gap_units
        scale = 2.0 ** math.ceil(math.log2(wanted * root))  # a power of two: scaling the query is exact
        sharpness = scale / root
        gap = sharpness * gap_units * (1 - 8 * floats.acc)
        leak = self.length * math.exp(-gap) if gap < 700 else 0.0
        return HeadBound(number, head.name, False, 1.0, taken, sharpness, gap, leak)

    def _bit_error(self, norm: _Norm, leak: float, stream: _Residual) -> float:
        """Relative error of a bit that a one-hot head copies: the key row's norm, the weight 1, two products."""
        floats = self.floats
        if floats.mixed and norm.own == norm.common == 0 and leak < floats.u / 4:
            return 0.0
        product = (1 + norm.common) * (1 + norm.own) * (1 + floats.u) ** 6 * (1 + floats.gamma(8))
        return product - 1 + 2 * leak + stream.residue + 4 * floats.store

    # -- arithmetic ------------------------------------------------------------------------------------

    def _gates(self, number: int, circuit: Circuit, norm: _Norm, stream: _Residual) -> float:
        """The worst error of a gate on bits, relative to the row's factor; parity shows where it may stand."""
        floats, plan = self.floats, self.plan
        averages = [f.coordinates[0] for f in plan.counts.values()]
        digital = (circuit.read[:, averages] == 0).all(1)
        weight, bias = circuit.read[digital], circuit.bias[digital]
        if not len(weight):
            return 0.0
        # sum of w x over x = +-1 has the parity of sum w: pre-activations are ..., -1/2, 3/2, 7/2, ...
        assert (weight == np.rint(weight)).all() and (np.mod(weight.sum(1) + bias, 2) == 1.5).all()
        own = np.full(self.model.embed_dim, norm.own)
        for coordinates in (plan.scratch[r].coordinates for h in plan.layers[number - 1].heads for r in h.reads):
            own[list(coordinates)] += stream.scratch_error * (1 + norm.own)
        size = np.abs(weight).sum(1) + np.abs(bias)
        terms = (weight != 0).sum(1) + 1
        gamma = np.array([floats.gamma(2 * int(n) + 2) for n in terms])
        error = np.abs(weight) @ own + np.abs(bias) * norm.own
        rounding = (floats.u + gamma + floats.store) * (size + error)
        # at least 3/2 (1 - rho) - error must reach 1, at most -1/2 (1 - rho) + error must not pass 0
        if floats.mixed:  # where bits are exactly +-1 and the weights few enough bits, so is the sum
            rows = np.concatenate([6 * weight, 6 * bias[:, None]], 1)
            exact = np.array([_exactly_stored(np.abs(row[row != 0])) for row in rows])
            rounding = np.where(exact & (error == 0), 0.0, rounding + floats.store * (size + error))
        worst = float((error + rounding).max()) * (1 + norm.common) + 1.5 * norm.common
        if worst >= 0.5:
            self._fail(number, "arithmetic", f"a gate's error may reach {worst:.3g} of 1/2")
        return worst

    def _count(self, number: int, head: Head, plan: HeadPlan, norm: _Norm) -> HeadBound:
        """The sharpness at which a count looks least wrong: mismatches leak less with it, rounding grows."""
        best: HeadBound | None = None
        for sharpness in _COUNT_SHARPNESS:
            low, high, leak = self._average(head, norm, float(sharpness))
            r = np.arange(self.length + 1)
            error = float(np.maximum(np.abs(1 / low - 1 - r), np.abs(1 / high - 1 - r)).max())
            if best is None or error < best.error:
                gap = 2 * float(sharpness) * (1 - norm.common)
                best = HeadBound(number, head.name, True, 0.5, error, float(sharpness), gap, leak)
        assert best is not None
        if best.error >= 0.5:
            self._fail(number, head.name, f"a count may look {best.error:.3g} off, and 1/2 is a wrong count")
        return best

    def _average(self, head: Head, norm: _Norm, sharpness: float) -> tuple[np.ndarray, np.ndarray, float]:
        """Least and largest value of the average 1/(1 + r), for r = 0..length, as the residual holds it."""
        floats = self.floats
        root = math.sqrt(self.shape.head_dim)
        own, start = self._score_error(head, norm, sharpness * root)
        apart = sharpness * (own + start) * (1 + 8 * floats.acc)
        if floats.mixed:
            apart += 4 * floats.store * sharpness * (own + start)
        r = np.arange(self.length + 1)
        leak = (self.length - r) * math.exp(-2 * sharpness * (1 - norm.common) + apart)
        relative = norm.common + norm.own + 2 * floats.exp_error + floats.gamma(self.length + 3) + 16 * floats.acc
        relative += 4 * floats.acc * (self.length // 64)  # an online softmax rescales once a block of keys
        relative += 5 * floats.store
        high = (1 + relative) / (1 + r * math.exp(-apart))
        low = (1 - min(relative, 0.5)) / (1 + r * math.exp(apart) + leak)
        return low, high, float(leak.max())

    def _count_gates(
        self,
        number: int,
        circuit: Circuit,
        head: Head,
        bound: HeadBound,
        coordinate: int,
        before: _Norm,
        after: _Norm,
    ) -> None:
        """Every threshold on a count: the gate is 0 one count below and 1 at it."""
        floats = self.floats
        rows = np.flatnonzero(circuit.read[:, coordinate])
        if not rows.size:
            return
        low, high, _ = self._average(head, before, bound.sharpness)
        slope = -circuit.read[rows, coordinate] * COUNT_SCALE
        bias = circuit.bias[rows]
        # the gate [r >= t] is -slope v + bias with its middle at v = (bias - 1/2) / slope between 1/t and 1/(1+t)
        threshold = np.rint(1 / ((bias - 0.5) / slope) - 0.5).astype(np.int64)
        uneven = after.common if floats.mixed else 0.0

        def error(v: np.ndarray) -> np.ndarray:
            read = after.own * (v + after.mean / COUNT_SCALE) + uneven * v + floats.store * v
            size = slope * v + np.abs(bias)
            return slope * read + np.abs(bias) * after.own + (floats.u + floats.gamma(8) + floats.store) * size

        off = (-slope * low[threshold - 1] + bias) + error(low[threshold - 1])
        on = (-slope * high[threshold] + bias) - error(high[threshold])
        slack = float(min((-off).min(), (on * (1 - after.common) - 1).min()))
        if slack <= 0:
            self._fail(number, bound.head, f"a threshold on the count is missed by {-slack:.3g}")

    # -- logits ----------------------------------------------------------------------------------------

    def _margin(self, norm: _Norm) -> float:
        """p against at most p - 2: two, less rounding of both."""
        floats, weight = self.floats, np.abs(self.model.readout.map.weight)
        size = float(weight.sum(1).max())
        terms = int((weight > 0).sum(1).max())
        error = size * ((1 + norm.own) * (1 + floats.u) * (1 + floats.gamma(2 * terms + 2)) - 1)
        if floats.mixed:  # whole numbers up to 256 are stored exactly
            error = 0.0 if norm.own == 0 and size <= 256 else error + floats.store * size
        return (2.0 - 2 * error) * (1 - norm.common)

    def _fail(self, layer: int, what: str, why: str) -> None:
        self.failures.append(f"layer {layer}, {what}: {why}")


def _exactly_stored(values: np.ndarray) -> bool:
    """Whether every sum of +-values is a multiple of one power of two below 256 of it: exact in 8 bits."""
    mantissa, exponent = np.frexp(values)
    scaled = mantissa * 2.0**53
    trailing = np.array([(int(m) & -int(m)).bit_length() - 1 for m in scaled])
    unit = 2.0 ** float((exponent - 53 + trailing).min())
    return float(values.sum()) <= 256 * unit
