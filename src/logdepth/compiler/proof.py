"""The proof, before anything is written, that rounding never changes an answer: for *every* input of the domain.

`Proof` has a bound for each step of a network; in which order an architecture takes them, and what becomes of the
residual stream on the way, is its target's to say (`targets/`). Over the symbolic program (nothing is sampled):
1. Every bit in the residual is a mirrored pair. The mean of a row is 0 but for rounding, and LayerNorm multiplies the
   whole row by one factor 1 + rho. The factor is common to a row: it scales all scores of a query alike, and the true
   score of a key. Constants are read off the coordinates that hold 1, so that they scale with the row too. A bit is
   read as half the difference of its pair, which the mean leaves alone. What is left is each entry's own rounding.
2. Head: true gaps are at least one unit (program_to_transformer.py). What rounding can take from the gap is
   bounded; the sharpness makes what is left exceed `silence`, so the softmax is one-hot.
3. What the head writes is a bit with a small relative error, in scratch, on top of what was left there.
4. Arithmetic: every gate's pre-activation is 2 L + 3/2 with L an integer, checked on the weights' parity; its
   error is bounded below 1/2, so the gate is exactly 0 or 1, and what it writes is exact. Scratch is drained: what is
   left of its content x is x times the share by which the ramps miss it, however x came about.
5. A count: the head's average is 1/(1 + r) with a bounded relative error; every threshold is checked. A union: its bits'
   averages are 1/(1 + n) or more, or nearly 0; every threshold is checked.
6. The logits' least margin.
All bounds are in units of one bit. The format's rules are in floats.py. Each roundoff stands where its operation does;
counts of operations are in the comments.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from logdepth.compiler.certificate import HeadBound, NormBound, UnionBound
from logdepth.compiler.circuits import COUNT_SCALE, UNION_SCALE
from logdepth.compiler.floats import FloatModel, float_model
from logdepth.compiler.mirrored import AMPLITUDE, MirroredBlock, folded, gain_error, snaps_to_one
from logdepth.compiler.program_to_transformer import order_span
from logdepth.compiler.schedule import Schedule, ScheduledHead
from logdepth.compiler.target import Shape
from logdepth.transformer import Affine, Circuit, Head, Transformer

_COUNT_SHARPNESS = np.arange(2.0, 48.0, 0.5)
_MADE = 2.0**-51  # relative error of a weight that is no short fraction, from being worked out in float64


@dataclass
class Residual:
    """The residual stream at a LayerNorm, in bits: homes, scratch with its error, what is left in scratch not in use,
    and the largest value of each count's average.

    Homes are exact, and pairs mirrored, unless a target says otherwise: `home`, the error of half a pair's difference
    beside the row's factor, which is within `factor` of 1; `lean`, half a pair's sum; `mean`, the row's own.
    `amplitude`: what a bit is in the residual.
    """

    live: int
    scratch: int = 0
    error: float = 0.0
    residues: int = 0
    residue: float = 0.0
    averages: tuple[float, ...] = ()
    home: float = 0.0
    factor: float = 0.0
    lean: float = 0.0
    mean: float = 0.0
    amplitude: float = AMPLITUDE


class Proof:
    """The bounds of a compiled transformer's steps in a stock architecture's blocks; what fails is in `failures`."""

    def __init__(
        self, schedule: Schedule, model: Transformer, shape: Shape, dtype: str | FloatModel, block: MirroredBlock
    ) -> None:
        self.schedule, self.model, self.shape, self.block = schedule, model, shape, block
        self.floats = float_model(dtype) if isinstance(dtype, str) else dtype
        self.root = block.score_divisor(shape.head_dim)
        self.length = schedule.normal.graph.setting.length
        self.failures: list[str] = []
        self.leftover = 0.0  # what drains left of averages of unions, in the coordinates that a layer's unions write
        self._check_liveness()

    def _check_liveness(self) -> None:
        """Our own invariant, on which every norm rests: which coordinates hold a bit after each layer."""
        schedule, tables = self.schedule, self.model.embedding
        flags = [schedule.START, schedule.REST]
        live: set[int] = set()
        for table in (np.delete(tables.tokens, flags, 1), np.delete(tables.positions, flags, 1)):
            bits = np.abs(table)
            assert (bits == bits[0]).all() and set(np.unique(bits)) <= {0.0, 1.0}, "an embedded bit is not +-1"
            written = set((np.flatnonzero(bits[0]) + len(flags)).tolist())
            assert not live & written
            live |= written
        for number, layer in enumerate(schedule.layers, 1):
            assert len(live) == schedule.digits_live[number - 1]
            scratch = self.scratch(number)
            assert not live & set(scratch) and len(set(scratch)) == len(scratch)
            assert not (live | set(scratch)) & set(self.united(number))
            assert set(layer.clears) <= live
            live -= set(layer.clears)
            for field in schedule.homes.values():
                if field.born == number:
                    assert not live & set(field.coordinates), "two words in one coordinate"
                    live |= set(field.coordinates)
            assert not live & set(scratch), "a home in this layer's scratch"
        assert len(live) == schedule.digits_live[schedule.depth]

    def scratch(self, number: int) -> list[int]:
        """The coordinates that a layer's heads write bits into."""
        heads = self.schedule.layers[number - 1].heads
        return [c for head in heads for read in head.reads for c in self.schedule.scratch[read].coordinates]

    def united(self, number: int) -> list[int]:
        """The coordinates that a layer's unions write averages into."""
        heads, unions = self.schedule.layers[number - 1].heads, self.schedule.unions
        return [c for head in heads for index in head.unions for c in unions[index].coordinates]

    def heads(self, number: int, norm: NormBound) -> tuple[HeadBound, ...]:
        """A layer's heads on rows that come out of that norm."""
        pairs = zip(self.model.layers[number - 1].heads, self.schedule.layers[number - 1].heads, strict=True)
        return tuple(
            self._union(number, head, norm)
            if head_plan.match.kind == "union"
            else self._count(number, head, norm)
            if head.counts
            else self._match(number, head, head_plan, norm)
            for head, head_plan in pairs
        )

    def thresholds(self, number: int, circuit: Circuit, bounds: tuple[HeadBound, ...], norm: NormBound) -> float | None:
        """The least slack of a layer's thresholds on counts and unions, if there are any."""
        slacks: list[float] = []
        for head_plan, bound in zip(self.schedule.layers[number - 1].heads, bounds, strict=True):
            if isinstance(bound, UnionBound):
                slacks += self._union_gates(number, circuit, bound, head_plan, norm)
            elif bound.counts:
                coordinate = self.schedule.counts[head_plan.match].coordinates[0]
                slacks += self._count_gates(number, circuit, bound, coordinate, norm)
        return min(slacks, default=None)

    # -- LayerNorm -------------------------------------------------------------------------------------

    def norm(self, stream: Residual) -> NormBound:
        """Mean and variance of mirrored pairs. Sums of exact +-3 (and of their squares, 9) are exact."""
        floats, d, e = self.floats, self.shape.width, stream.error
        bits = stream.live + stream.scratch
        exact = not ((stream.scratch and e) or stream.residues or stream.averages or stream.home or stream.lean)
        size = 2 * (bits + stream.scratch * e + stream.residues * stream.residue + sum(stream.averages)) / d
        size += 2 * stream.live * (stream.home + stream.lean) / d
        mean = 0.0 if exact else floats.gamma(d + 1, floats.norm) * size  # the sum, divided by d
        mean += stream.mean
        drift = 2 * stream.scratch * (2 * e + e * e) + 2 * stream.residues * stream.residue**2
        drift += 2 * sum(average**2 for average in stream.averages) + d * mean**2
        drift += 2 * d * mean * stream.mean + 2 * stream.live * (2 * stream.home + stream.home**2 + stream.lean**2)
        variance = drift / (2 * bits)
        if stream.factor:  # the row's factor scales the variance, and not epsilon
            share = self.block.epsilon * d / (2 * bits * stream.amplitude**2)
            variance += share * ((1 - stream.factor) ** -2 - 1)
        # exact: divided by d, plus epsilon. Else: twice x - mean, squared, summed, divided, plus epsilon
        variance += floats.gamma(2 if exact else d + 5, floats.norm) * (1 + variance)
        common = (1 + 0.5 * variance / (1 - min(variance, 0.5))) * (1 + floats.norm) ** 4 - 1  # 1 over its root
        gain_off = gain_error(bits, d, floats, self.block, stream.amplitude)
        gain = abs(gain_off) + _MADE
        size = 1 + mean + stream.lean
        entry = ((1 + floats.norm) ** 3 - 1) * size  # less the mean, times the factor, times the gain
        own = (1 + stream.home) * (1 + entry) * (1 + floats.store) - 1
        scaled = (1 + common) * (1 + gain) - 1
        analog = (1 + scaled) * (1 + own) - 1
        slack = (1 + common) * (1 + entry) * (1 + e) - 1
        if floats.mixed and snaps_to_one(gain_off, slack, floats.store):
            return NormBound(0.0, 0.0, mean, analog)  # a bit is stored as exactly +-1
        return NormBound(scaled, own, mean, analog)

    # -- heads -----------------------------------------------------------------------------------------

    def _entries(self, form: Affine, norm: NormBound, scale: float, drop: int) -> tuple[np.ndarray, np.ndarray]:
        """For each entry of a query or key: its largest absolute value, and its error beside the row's factor.

        A bit is half the difference of a mirrored pair; constants are bits too. `scale`: what the stored weights
        are multiplied by. `drop`: the coordinate (START or REST) that is exactly 0 in the rows considered.
        """
        floats = self.floats
        weight = folded(form, self.schedule)
        stored = floats.stored(weight * scale / 2) / scale * 2
        weight[:, drop] = stored[:, drop] = 0.0
        size = np.abs(stored).sum(1)
        gamma = np.array([floats.gamma(2 * int(n)) for n in (weight != 0).sum(1)])  # two products a pair
        error = size * ((1 + norm.own) * (1 + gamma) * (1 + floats.store) - 1) + np.abs(stored - weight).sum(1)
        error += size * (0.0 if math.frexp(scale)[0] == 0.5 else _MADE)
        if floats.mixed and norm.own == 0:  # multiples of one power of two, few enough to be stored exactly
            for i, row in enumerate(weight):
                if (stored[i] == row).all() and _few_bits(np.abs(row[row != 0] * scale)):
                    error[i] = 0.0
        return size, error

    def _scores(self, head: Head, norm: NormBound, scale: float) -> tuple[float, float, tuple[float, float]]:
        """The largest errors of a query's and a key's coordinates, and of a score, in units, beside its rows' factors:
        for keys after the start token, and for the start token."""
        assert isinstance(head.query, Affine) and isinstance(head.key, Affine)
        floats, schedule = self.floats, self.schedule
        q_size, q_error = self._entries(head.query, norm, scale, schedule.START)
        queries, keys, errors = float(q_error.max(initial=0.0)), 0.0, []
        for drop in (
            schedule.START,
            schedule.REST,
        ):  # a key after the start token holds 0 at START; the start token at REST
            k_size, k_error = self._entries(head.key, norm, 1.0, drop)
            keys = max(keys, float(k_error.max(initial=0.0)))
            used = k_size > 0
            cross = (q_size + q_error) * (k_size + k_error)
            error = float((q_size * k_error + k_size * q_error + q_error * k_error)[used].sum())
            if error or not floats.mixed:  # else products and sums are of few bits, too
                error += floats.gamma(int(used.sum()) + 2) * float(cross[used].sum())  # scaled before or after
            errors.append(error)
        return queries, keys, (errors[0], errors[1])

    def _match(self, number: int, head: Head, schedule: ScheduledHead, norm: NormBound) -> HeadBound:
        """Scores: best match in 1..reach, start token 0, mismatch at most -1; matches one apart.

        Let a be the best score and b another: a - b >= 1 and |a| <= reach, and b >= -reach where a - b < 2. With keys'
        factors off by c and the query's too, (1 - c)(a - b - c (|a| + |b|)) is left, or more.
        """
        floats, root, normed = self.floats, self.root, self.block.normed
        reach = float(order_span(self.schedule, schedule.match) + 1)
        query, key, score = self._scores(head, norm, 1.0)
        own = max(2 * score[0], score[0] + score[1]) * (1 + norm.common) ** 2
        stored = 0.0
        if floats.mixed and not (reach <= 128 and score == (0, 0) and math.log2(root).is_integer()):
            stored = 4 * floats.store * (reach + sum(score))
        taken = norm.common + 2 * norm.common * reach + own + stored
        gap_units = 1.0 - taken
        if gap_units <= 0:
            self._fail(number, head.name, f"rounding of scores may take {taken:.3g} of a gap of 1")
            gap_units = 1.0
        wanted = floats.silence / gap_units
        scale = 2.0 ** math.ceil(math.log2(wanted * root / normed**2))  # a power of two: scaling the query is exact
        sharpness = normed**2 * scale / root
        # the root as stored, its inverse, the scaling's own factor; the difference from the maximum
        gap = sharpness * gap_units * (1 - 4 * floats.dot - floats.soft)
        leak = self.length * math.exp(-gap) * (1 + 2 * floats.exp) if gap < 700 else 0.0
        return HeadBound(number, head.name, False, 1.0, taken, sharpness, gap, leak, query, key, score)

    def bit_error(self, number: int, norm: NormBound, leak: float, stream: Residual) -> float:
        """Relative error of the bits in scratch: a key row's bit, copied by a one-hot head, on what was left there."""
        floats = self.floats
        if not stream.scratch:
            return 0.0
        if floats.mixed and norm.own == norm.common == 0 and leak < floats.store / 4:
            return stream.residue
        value = (1 + norm.common) * (1 + norm.own) * (1 + floats.gamma(2)) * (1 + floats.store)
        # the weight's sum, division, storing, product; an online softmax divides last and multiplies before
        copied = value * (1 + floats.soft) ** 4 * (1 + floats.store) ** 2
        written = copied * (1 + floats.dot) * (1 + floats.store)  # times 3
        error = (written - 1 + 2 * leak + stream.residue) * (1 + floats.add) + floats.add
        error += floats.store * (1 + error)
        if error >= 0.5:
            self._fail(number, "scratch", f"a bit that a head writes may be {error:.3g} off, of 1/2")
        return min(error, 1.0)  # 1 is a failure already; bounded, later layers stay finite

    # -- arithmetic ------------------------------------------------------------------------------------

    def gates(self, number: int, circuit: Circuit, norm: NormBound, stream: Residual) -> float:
        """The worst error of a gate on bits, relative to the row's factor; parity shows where it may stand."""
        floats, schedule = self.floats, self.schedule
        averages = schedule.averages()
        drains = (circuit.bias == 0) & (np.abs(circuit.read).sum(1) == 0.5)
        digital = (circuit.read[:, averages] == 0).all(1) & ~drains
        writes = np.abs(circuit.write[:, ~drains])
        if writes.size and self.block.ceiling * writes.sum(1).max() >= 1 / max(floats.dot, 2.0**-53):
            self._fail(number, "arithmetic", "a word is written by too many gates for their sum to be exact")
        assert not (circuit.write[np.ix_(self._others(number), np.flatnonzero(drains))]).any()
        weight, bias = circuit.read[digital], circuit.bias[digital]
        if not len(weight):
            return 0.0
        # sum of w x over x = +-1 has the parity of sum w: pre-activations are ..., -1/2, 3/2, 7/2, ...
        assert (weight == np.rint(weight)).all() and (np.mod(weight.sum(1) + bias, 2) == 1.5).all()
        assert (np.mod(weight[:, [schedule.START, schedule.REST]], 2) == 0).all()  # these are 0 or 1
        own = np.full(self.model.embed_dim, norm.own)
        own[self.scratch(number)] += stream.error * (1 + norm.own)
        form = folded(Affine(weight, bias), schedule)
        stored = floats.stored(self.block.gate * form) / self.block.gate
        size = np.abs(weight).sum(1) + np.abs(bias)
        error = np.abs(weight) @ own + np.abs(bias) * norm.own
        rounding = np.array([floats.gamma(2 * int(n) + 2) for n in (weight != 0).sum(1)]) * (size + error)
        if floats.mixed:  # where bits are exactly +-1 and the weights few enough bits, so is the sum
            exact = np.array([_few_bits(2 * self.block.gate * np.abs(row[row != 0])) for row in form])
            rounding = np.where(exact & (error == 0), 0.0, rounding + floats.store * (size + error))
        rounding += np.abs(stored - form).sum(1)
        # at least 3/2 (1 - rho) - error must reach 1, at most -1/2 (1 - rho) + error must not pass 0
        worst = float((error + rounding).max()) * (1 + norm.common) + 1.5 * norm.common
        if worst >= 0.5:
            self._fail(number, "arithmetic", f"a gate's error may reach {worst:.3g} of 1/2")
        return worst

    def _others(self, number: int) -> np.ndarray:
        """The coordinates that are drained by no circuit of this layer."""
        return np.setdiff1d(np.arange(self.model.embed_dim), [*self.scratch(number), *self.united(number)])

    def drained(self, norm: NormBound, error: float) -> float:
        """What is left in scratch of a bit with that error: the share by which the ramps miss it.

        One of the two ramps is 0, the other reads a pair (two products) and is written times +-1. The difference of
        two numbers so close is exact, or rounded to itself.
        """
        floats = self.floats
        if floats.mixed and norm.own == norm.common == 0:
            return error
        missed = (1 + norm.common) * (1 + norm.own) * (1 + floats.gamma(2)) * (1 + floats.store) ** 2 - 1
        return (1 + error) * missed * (1 + floats.add + floats.store)

    def drained_average(self, norm: NormBound, most: float) -> float:
        """What is left in a union's coordinate that held `most`, in the same units: as `drained`, of a number that is no
        bit."""
        floats = self.floats
        missed = (1 + norm.analog) * (1 + floats.gamma(2)) * (1 + floats.store) ** 2 - 1
        return most * missed * (1 + floats.add + floats.store)

    # -- counts ----------------------------------------------------------------------------------------

    def _count(self, number: int, head: Head, norm: NormBound) -> HeadBound:
        """The sharpness at which a count looks least wrong: mismatches leak less with it, rounding grows."""
        r = np.arange(self.length + 1)
        best: HeadBound | None = None
        for sharpness in _COUNT_SHARPNESS:
            bound = self._averaging(number, head, norm, float(sharpness))
            low, high = bound.averages(self.length)
            error = float(np.maximum(np.abs(1 / low - 1 - r), np.abs(1 / high - 1 - r)).max())
            if best is None or error < best.error:
                best = HeadBound(**{**vars(bound), "error": error})
        assert best is not None
        if best.error >= 0.5:
            self._fail(number, head.name, f"a count may look {best.error:.3g} off, and 1/2 is a wrong count")
        return best

    def _averaging(self, number: int, head: Head, norm: NormBound, sharpness: float) -> HeadBound:
        """A count's head at a sharpness (its `error` left open): ties apart, mismatches' leak, the average's error."""
        floats, length = self.floats, self.length
        query, key, score = self._scores(head, norm, sharpness * self.root / self.block.normed**2)
        apart = sharpness * sum(score) * (1 + norm.common) ** 2 * (1 + 4 * floats.dot + floats.soft)
        apart += 4 * floats.store * sharpness * sum(score)
        gap = 2 * sharpness * (1 - norm.common) ** 2 * (1 - 4 * floats.dot - floats.soft)
        leak = length * math.exp(min(apart - gap, 0.0)) * (1 + 2 * floats.exp)
        # the start token's value, its weight's exp over the others', their sum and the division; times 3, added
        average = norm.common + norm.own + floats.gamma(2) + 2 * floats.exp / (1 - floats.exp)
        average += floats.gamma(length + 4, floats.soft) + 2 * floats.soft * (length // 64 + 1)  # online: by blocks
        average += floats.dot + floats.add + 5 * floats.store
        return HeadBound(
            number, head.name, True, 0.5, 0.0, sharpness, gap, leak, query, key, score, apart, average * (1 + average)
        )

    def _count_gates(
        self, number: int, circuit: Circuit, bound: HeadBound, coordinate: int, norm: NormBound
    ) -> list[float]:
        """Every threshold on a count: the gate is 0 one count below and 1 at it. The least slack, if there are any."""
        floats = self.floats
        rows = np.flatnonzero(circuit.read[:, coordinate])
        if not rows.size:
            return []
        low, high = bound.averages(self.length)
        slope = -circuit.read[rows, coordinate] * COUNT_SCALE
        bias = circuit.bias[rows]
        gate = self.block.gate
        stored_slope, stored_bias = (floats.stored(gate * w) / gate for w in (slope / COUNT_SCALE, bias))
        stored_slope *= COUNT_SCALE
        # the gate [r >= t] is -slope v + bias with its middle at v = (bias - 1/2) / slope between 1/t and 1/(1+t)
        threshold = np.rint(1 / ((bias - 0.5) / slope) - 0.5).astype(np.int64)
        # where bits are stored as exactly +-1 the constant has no part in the row's factor, the average has
        uneven = norm.analog if floats.mixed else 0.0

        def error(v: np.ndarray) -> np.ndarray:
            read = norm.own * (v + norm.mean / COUNT_SCALE) + (uneven + floats.store) * v
            found = slope * read + np.abs(bias) * norm.own
            found += np.abs(stored_slope - slope) * v + np.abs(stored_bias - bias)
            found += 4 * _MADE * (slope * v + np.abs(bias))
            return found + (floats.gamma(4) + floats.store) * (slope * v + np.abs(bias) + found)

        off = (-slope * low[threshold - 1] + bias) + error(low[threshold - 1])
        on = (-slope * high[threshold] + bias) - error(high[threshold])
        slack = float(min((-off * (1 - norm.common)).min(), (on * (1 - norm.common) - 1).min()))
        if slack <= 0:
            self._fail(number, bound.head, f"a threshold on the count is missed by {-slack:.3g}")
        return [slack]

    # -- unions ----------------------------------------------------------------------------------------

    def _union(self, number: int, head: Head, norm: NormBound) -> UnionBound:
        """The sharpness at which present and absent bits are furthest apart.

        A value is (REST + x) / 2 of a token, and (x - x0) / 2 of the start token, whose x0 is known: 1 or 0, off by the
        row's factor if it is 1, and by `own` beside that. A bit is least where one of n matches has it, the others'
        weights are larger, and all else is off downwards: a weight of 1/(1 + n e^apart + leak). It is most where none
        has it if all that is not tied has it, and all values are off upwards: `leak` and `own`.
        """
        floats, n = self.floats, self.length
        exact = floats.mixed and norm.own == norm.common == 0  # bits are +-1, their half differences 0 or 1
        own = 0.0 if exact else (1 + norm.own) * (1 + floats.gamma(6)) * (1 + floats.store) - 1
        off = (1 + norm.common) * (1 + own) - 1  # of a 1
        best: UnionBound | None = None
        for sharpness in _COUNT_SHARPNESS:
            bound = self._averaging(number, head, norm, float(sharpness))
            least = 1 / (1 + n * math.exp(bound.apart) + bound.leak)
            present = least * (1 - off) * (1 - min(bound.average, 1.0)) - (1 + norm.common) * own
            absent = (bound.leak * (1 + off) + (1 + norm.common) * own) * (1 + bound.average)
            error = 1 - (present - absent) * (1 + n)
            if best is None or error < best.error:
                most = (1 + off) * (1 + bound.average)
                stated = {**vars(bound), "limit": 1.0, "error": error}
                best = UnionBound(**stated, present=present, absent=absent, most=most)
        assert best is not None
        if best.error >= 1:
            self._fail(number, head.name, f"rounding of averages may take {best.error:.3g} of 1/(1 + {n})")
        return best

    def _union_gates(
        self, number: int, circuit: Circuit, bound: UnionBound, head: ScheduledHead, norm: NormBound
    ) -> list[float]:
        """Every threshold on a union's bit: the gate is 1 for the least average of one that is there, 0 for the largest of
        one that is not, and 0 at the start token whatever its average. The least slack, if there are any.

        The coordinate holds what drains left of an earlier union's bit, too: `leftover`, beside the average.
        """
        floats, gate = self.floats, self.block.gate
        columns = [c for index in head.unions for c in self.schedule.unions[index].coordinates]
        rows = np.flatnonzero(circuit.read[:, columns].any(1) & (circuit.bias != 0))  # the others are drains
        if not rows.size:
            return []
        slope, bias = float(circuit.read[rows[0], columns].max()) * UNION_SCALE, float(circuit.bias[rows[0]])
        start = float(-circuit.read[rows[0], self.schedule.START])
        assert (circuit.read[rows].sum(1) == slope / UNION_SCALE - start).all() and (circuit.bias[rows] == bias).all()
        form = gate * np.array([slope / UNION_SCALE, bias, bias - start])
        off = np.abs(floats.stored(form) - form) / gate  # of slope, bias, and bias at the start token
        uneven = norm.analog if floats.mixed else 0.0

        def error(v: float, constant: float, constant_off: float) -> float:
            read = norm.own * (v + norm.mean / UNION_SCALE) + (uneven + floats.store) * v
            found = slope * read + constant * norm.own + off[0] * UNION_SCALE * v + constant_off
            return found + (floats.gamma(6) + floats.store) * (slope * v + constant + found)

        scaled = 1 - norm.common
        low, high, most = bound.present - self.leftover, bound.absent + self.leftover, bound.most + self.leftover
        present = slope * low + bias - error(low, abs(bias), float(off[1]))
        absent = slope * high + bias + error(high, abs(bias), float(off[1]))
        first = slope * most + bias - start + error(most, abs(bias - start), float(off[2]))
        slack = min(present * scaled - 1, -absent * scaled, -first * scaled)
        if slack <= 0:
            self._fail(number, bound.head, f"a threshold on a union is missed by {-slack:.3g}")
        return [slack]

    # -- logits ----------------------------------------------------------------------------------------

    def margin(self, norm: NormBound) -> float:
        """p against at most p - 2: two, less rounding of both."""
        floats, weight = self.floats, np.abs(self.model.readout.map.weight)
        size = float(weight.sum(1).max())
        terms = int((weight > 0).sum(1).max())
        error = size * ((1 + norm.own) * (1 + floats.gamma(2 * terms)) - 1)
        if floats.mixed:  # whole numbers up to 256 are stored exactly
            error = 0.0 if norm.own == 0 and size <= 256 else error + floats.store * size
        return (2.0 - 2 * error) * (1 - norm.common) * self.block.normed

    def _fail(self, layer: int, what: str, why: str) -> None:
        self.failures.append(f"layer {layer}, {what}: {why}")


def _few_bits(values: np.ndarray) -> bool:
    """Whether every sum of +-values is a multiple of one power of two, at most 256 times it: exact in 8 bits."""
    if not values.size:
        return True
    mantissa, exponent = np.frexp(values)
    scaled = mantissa * 2.0**53
    trailing = np.array([(int(m) & -int(m)).bit_length() - 1 for m in scaled])
    unit = 2.0 ** float((exponent - 53 + trailing).min())
    return float(values.sum()) <= 256 * unit
