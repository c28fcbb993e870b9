"""A second proof, by intervals through the stored weights: on every input of small domains, and on abstract bits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from logdepth.compiler.circuits import COUNT_SCALE
from logdepth.compiler.compile import Compilation
from logdepth.compiler.floats import FLOATS, FloatModel
from logdepth.transformer import Affine, Circuit
from tests.compiler.second_proof import Interval, SecondProof
from tests.compiler.test_worst_case import compiled

U = 2.0**-17
FINER = FloatModel("float64", norm=U / 4, dot=U / 4, soft=U / 4, exp=16 * U, add=U / 4, store=0, silence=104.0)
COARSE = FloatModel("float64", norm=U, dot=U, soft=U, exp=64 * U, add=U, store=0, silence=104.0)


@pytest.mark.parametrize("floats", [FLOATS["float32"], FINER], ids=["float32", "coarse"])
@pytest.mark.parametrize("name", ["rank", "doubling", "walk"])
def test_every_input_of_a_small_domain(name: str, floats: FloatModel) -> None:
    """All 243 strings of 5 symbols out of 3 (and so all shorter ones): no rounding can make an answer wrong."""
    compilation = compiled(name, 5, floats)
    assert compilation.certificate.holds
    tokens = np.array([(3, *string) for string in itertools.product(range(3), repeat=5)])
    logits = SecondProof(compilation, floats).run(tokens)
    right = compilation.transformer.run(tokens, "hard")[..., None]
    others = logits.hi.copy()
    np.put_along_axis(others, right, -np.inf, -1)
    least = (np.take_along_axis(logits.lo, right, -1)[..., 0] - others.max(-1)).min()
    assert 1.9 < least <= compilation.certificate.margin  # intervals lose more than the proof does


class Layers:
    """A compilation's layers one by one, on rows with any bits at all: what is live, and what scratch holds."""

    def __init__(self, compilation: Compilation, floats: FloatModel) -> None:
        self.compilation, self.floats = compilation, floats
        self.schedule, self.model = compilation.schedule, compilation.transformer
        self.proof = SecondProof(compilation, floats)
        self.live = {c for f in self.schedule.homes.values() if f.born == 0 for c in f.coordinates}
        self.used: set[int] = set()  # scratch that earlier layers left something in
        self.residue = 0.0
        self.averages: list[int] = []
        start = np.array([[compilation.graph.setting.alphabet_size]])
        self.start = [residual[0] for residual in self.model.trace(start, "hard").residual]

    def rows(self, read: np.ndarray, errors: dict[int, float]) -> tuple[np.ndarray, Interval]:
        """Rows after the start token with the bits that are read in every combination, the other live ones 1: exact,
        and as the residual may hold them (`errors`: those of the bits in scratch)."""
        held = [c for c in read if c in self.live or c in errors]
        assert len(held) <= 14, "too many bits to enumerate"
        bits = np.zeros((1 << len(held), self.model.embed_dim))
        bits[:, [self.schedule.REST, *self.live, *errors]] = 1.0
        bits[:, held] = 1.0 - 2.0 * (np.arange(len(bits))[:, None] >> np.arange(len(held)) & 1)
        return bits, self.spread(bits, errors)

    def spread(self, bits: np.ndarray, errors: dict[int, float]) -> Interval:
        x = Interval(3 * bits, 3 * bits)
        off = np.zeros(bits.shape[1])
        off[list(self.used)] = 3 * self.residue
        off[list(errors)] = [3 * error for error in errors.values()]
        low, high = x.lo - off, x.hi + off
        high[:, self.averages] = 3 * COUNT_SCALE * 1.01
        width = self.compilation.shape.width
        paired = Interval(np.zeros((len(bits), width)), np.zeros((len(bits), width)))
        last = 2 * bits.shape[1]
        paired.lo[:, 0:last:2], paired.hi[:, 0:last:2] = low, high
        paired.lo[:, 1:last:2], paired.hi[:, 1:last:2] = -high, -low
        return paired

    def projected(self, number: int, part: int, h: int, x: Interval) -> Interval:
        """Head h's queries (part 0), keys (1) or values (2) of rows."""
        w, p, dim = self.proof.w, f"transformer.h.{number - 1}.", self.compilation.shape.head_dim
        first = part * self.compilation.shape.width + h * dim
        return self.proof.linear(
            self.proof.norm(x, w[p + "ln_1.weight"]), w[p + "attn.c_attn.weight"][:, first : first + dim]
        )

    def copied(self, number: int) -> dict[int, float]:
        """The errors of the bits that a layer's heads write: a key's norm, its value, the weights, what was there."""
        floats, errors = self.floats, {}
        _, x = self.rows(np.array([], int), {})
        for h, head in enumerate(self.schedule.layers[number - 1].heads):
            if head.match.kind == "count":
                continue
            values = self.projected(number, 2, h, x).rounded(4 * floats.soft)
            written = values.map(lambda v: 3 * v).rounded(floats.dot).widened(3 * self.residue).rounded(floats.add)
            targets = [c for read in head.reads for c in self.schedule.scratch[read].coordinates]
            for place, target in enumerate(targets):
                bit = written[0, place]
                least = min(abs(bit.lo), abs(bit.hi))
                errors[target] = float(max(bit.size / 3 - 1, 1 - least / 3))
        return errors

    def check_head(self, number: int, h: int) -> None:
        """Every query against every key: what scores less than a match or the start token is silent beside it."""
        head, bound = self.model.layers[number - 1].heads[h], self.compilation.certificate.heads[number - 1][h]
        assert isinstance(head.query, Affine) and isinstance(head.key, Affine)
        sides = []
        for form in (head.query, head.key):
            read = np.flatnonzero(np.abs(form.weight).sum(0))
            sides.append(self.rows(read[read > 1], {}))
        (query_bits, queries), (key_bits, keys) = sides
        start = self.start[number - 1][:1].copy()
        start[:, self.averages] = 0
        key_bits = np.concatenate([key_bits, start])
        first = self.spread(start, {})
        keys = Interval(np.concatenate([keys.lo, first.lo]), np.concatenate([keys.hi, first.hi]))
        q, k = self.projected(number, 0, h, queries), self.projected(number, 1, h, keys)
        exact = head.query(query_bits) @ head.key(key_bits).T
        exact = np.rint(2 * exact) / 2
        for row in range(len(exact)):
            s = self.proof.scores(q[row : row + 1], k)
            levels, place = np.unique(exact[row], return_inverse=True)
            least, most = np.full(len(levels), np.inf), np.full(len(levels), -np.inf)
            np.minimum.at(least, place, s.lo[0])
            np.maximum.at(most, place, s.hi[0])
            gap = least[1:] - np.maximum.accumulate(most)[:-1]
            if bound.counts:  # ties at 0, everything else below
                tied = levels == 0
                assert (most[tied] - least[tied] <= 2.02 * bound.apart).all()
                assert (gap[levels[1:] == 0] >= 0.99 * (bound.gap - bound.apart)).all()
            else:
                assert (gap[levels[1:] >= 0] >= self.floats.silence * (1 - 2.0**-20)).all(), (number, head.name)

    def check_gates(self, number: int, errors: dict[int, float]) -> float:
        """Every gate on every combination of the bits that it reads. The worst error in units of a gate."""
        circuit = self.model.layers[number - 1].map
        assert isinstance(circuit, Circuit)
        drains = (circuit.bias == 0) & (np.abs(circuit.read).sum(1) == 0.5)
        counting = (circuit.read[:, self.averages] != 0).any(1)
        groups: dict[tuple[int, ...], list[int]] = {}
        for unit in np.flatnonzero(~drains & ~counting):
            read = np.flatnonzero(circuit.read[unit])
            groups.setdefault(tuple(int(c) for c in read if c > 1), []).append(int(unit))
        worst = 0.0
        p = f"transformer.h.{number - 1}."
        for read, units in groups.items():
            bits, x = self.rows(np.array(read, int), errors)
            y = self.proof.norm(x, self.proof.w[p + "ln_2.weight"])
            pre = self.proof.linear(y, self.proof.w[p + "mlp.c_fc.weight"][:, units])
            exact = bits @ circuit.read[units].T + circuit.bias[units]
            assert (np.where(exact > 0.5, pre.lo >= 6, pre.hi <= 0)).all(), (number, read)
            near = np.abs(exact - 0.5) <= 1
            off = np.maximum(np.abs(pre.lo / 6 - exact), np.abs(pre.hi / 6 - exact))
            worst = max(worst, float(off[near].max(initial=0.0)))
        return worst


def agree(enclosed: float, proved: float) -> None:
    """Intervals forget what errors have in common, so they find up to ten times as much, and never less."""
    assert 0.1 * enclosed <= proved <= 1.01 * enclosed, (enclosed, proved)


LARGE = [("rank", 28, FLOATS["float32"]), ("doubling", 500, FLOATS["float32"]), ("walk", 40, FLOATS["float32"])]


@pytest.mark.parametrize(("name", "length", "floats"), [*LARGE, ("rank", 14, COARSE), ("walk", 12, COARSE)])
def test_abstract_bits_of_a_large_domain(name: str, length: int, floats: FloatModel) -> None:
    """Layer by layer, for every combination of the bits that a head or a gate reads, reachable or not. The enclosures
    agree with the certificate's bounds: none is much below what intervals find, none far above."""
    compilation = compiled(name, length, floats)
    certificate, schedule = compilation.certificate, compilation.schedule
    assert certificate.holds
    layers = Layers(compilation, floats)
    for number, layer in enumerate(schedule.layers, 1):
        bound = certificate.layers[number - 1]
        for h in range(len(layer.heads)):
            layers.check_head(number, h)
        errors = layers.copied(number)
        layers.averages += [schedule.counts[h.match].coordinates[0] for h in layer.heads if h.match.kind == "count"]
        gate = layers.check_gates(number, errors)
        agree(gate, bound.gate_error)
        if errors:
            _, x = layers.rows(np.array([], int), errors)
            left = layers.proof.arithmetic(number - 1, x)
            residue = max(float(left.size[:, 2 * c].max()) / 3 for c in errors)
            agree(max(errors.values()), bound.bit_error)
            agree(residue, bound.residue)
            layers.residue = max(layers.residue, residue)
            layers.used |= set(errors)
        layers.live -= set(layer.clears)
        layers.live |= {c for f in schedule.homes.values() if f.born == number for c in f.coordinates}
