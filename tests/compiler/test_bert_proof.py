"""BERT's proof against a machine that errs the worst way, and against stock Hugging Face code."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from functools import cache, partial

import numpy as np
import pytest
import torch

from logdepth.compiler.circuits import COUNT_SCALE
from logdepth.compiler.compile import Compilation, compile_program, largest_certified_length
from logdepth.compiler.floats import FLOATS, FloatModel
from logdepth.compiler.targets.bert import certify, loud_layers
from logdepth.lang import Program, Symbol, program
from logdepth.programs import khop_rank, pointer_doubling
from logdepth.rng import rng_for
from tests.bert import logits as bert_logits
from tests.compiler.observed import observe
from tests.compiler.quantities import Ratios, compare
from tests.compiler.second_proof import SecondBert
from tests.compiler.test_khop import strings_of_every_kind
from tests.compiler.test_targets import looks_both_ways
from tests.compiler.test_worst_case import ALONE, EVERYTHING, attacks_on, number_of_mine, walk
from tests.compiler.worst_case import Attack, WorstBert
from tests.gpt2 import margin

U = 2.0**-22  # intervals forget what a row has in common, and what one norm makes of it, the next multiplies
COARSE = FloatModel("float64", norm=U, dot=U, soft=U, exp=64 * U, add=U, store=0, silence=104.0)


@cache
def compiled(name: str, length: int, floats: FloatModel) -> Compilation:
    """Causal programs with the mask left open are bidirectional ones with other answers."""
    programs = {
        "rank": (Program(khop_rank.function, "rank", False), {"k": 3}),
        "walk": (Program(walk.function, "walk", False), {"depth": 3}),
        "pointers": (pointer_doubling, {"k": 7}),
        "both": (looks_both_ways, {}),
        "count": (Program(number_of_mine.function, "number_of_mine", False), {}),
    }
    marked, parameters = programs[name]
    dtype = floats.name if floats in FLOATS.values() else "float32"
    size = length if name == "pointers" else 3
    found = compile_program(
        marked, length=length, alphabet_size=size, dtype=dtype, target="bert", certified=False, **parameters
    )
    return dataclasses.replace(found, certificate=certify(found.schedule, found.transformer, found.shape, floats))


def strings(compilation: Compilation, rows: int, seed: int = 0) -> np.ndarray:
    setting = compilation.graph.setting
    found = strings_of_every_kind(setting.length, setting.alphabet_size, rows, seed)
    return compilation.graph.vocabulary.encode(found)


def _drained(columns: list[int]) -> Callable[..., torch.Tensor]:
    """What is left of one number that scratch held, up or down: 0 where nothing errs."""

    def number(record: torch.Tensor, draw: float, sign: float) -> torch.Tensor:
        flat = record[1:, columns].reshape(-1)  # in the start token's row most of scratch was 0
        return sign * flat[int(draw * len(flat))]

    return number


def drain_attacks(compilation: Compilation, rows: int) -> list[Attack]:
    schedule, rng = compilation.schedule, rng_for(0, "drains")
    found = []
    for number, layer in itertools.cycle(enumerate(schedule.layers)):
        if len(found) == rows:
            return found
        columns = [2 * c for head in layer.heads for read in head.reads for c in schedule.scratch[read].coordinates]
        if columns:
            draw, sign = float(rng.random()), float(rng.choice([-1.0, 1.0]))
            found.append(("after", number, partial(_drained(columns), draw=draw, sign=sign)))


def attacked(compilation: Compilation, floats: FloatModel, rows: int, seed: int = 0) -> Ratios:
    tokens = strings(compilation, rows, seed)
    attacks = [*attacks_on(compilation, rows - 16, seed), *drain_attacks(compilation, 16)]
    seen = WorstBert(compilation, floats).attack(tokens, attacks)
    return compare(compilation, compilation.certificate, tokens, seen, floats)


# How near to its bound each quantity comes in one of three programs, at least: where a part errs alone, or all do.
NEAR = {
    "norm": {"norm 1": 0.99, "norm 2": 0.95, "last norm": 0.85, "query": 0.99, "key": 0.99, "score": 0.99, "home": 0.99}
    | {"later norm 1": 0.95, "gap": 0.99, "average": 0.99, "copied bit": 0.99, "gate": 0.85, "threshold": 0.85}
    | {"residue": 0.75, "margin": 0.7},
    "dot": {"query": 0.99, "key": 0.99, "score": 0.99, "gap": 0.99, "average": 0.99, "copied bit": 0.65, "gate": 0.99}
    | {"norm 2": 0.75, "home": 0.75, "later norm 1": 0.6, "threshold": 0.99, "residue": 0.95, "margin": 0.95},
    "soft": {"gap": 0.99, "average": 0.85, "copied bit": 0.49, "threshold": 0.85},
    "exp": {"average": 0.9, "threshold": 0.85},
    "add": {"query": 0.95, "key": 0.9, "score": 0.9, "home": 0.95, "later norm 1": 0.9, "last norm": 0.75}
    | {"average": 0.85, "copied bit": 0.6, "gate": 0.75, "threshold": 0.85},
    "weights": {"norm 1": 0.99, "later norm 1": 0.95, "query": 0.99, "key": 0.99, "score": 0.99, "average": 0.99}
    | {"copied bit": 0.99, "home": 0.99, "norm 2": 0.9, "gate": 0.75, "last norm": 0.73},
    "everything": {"norm 1": 0.99, "norm 2": 0.95, "query": 0.99, "key": 0.99, "score": 0.99, "gap": 0.99}
    | {"average": 0.95, "copied bit": 0.75, "home": 0.99, "later norm 1": 0.95, "last norm": 0.85, "gate": 0.84}
    | {"threshold": 0.95, "residue": 0.75, "margin": 0.7},
}


@pytest.mark.parametrize("part", [*ALONE, "everything"])
def test_a_machine_that_errs_the_worst_way_comes_near_every_bound_and_passes_none(part: str) -> None:
    floats = ALONE.get(part, EVERYTHING)
    near: dict[str, float] = {}
    for name in ("rank", "walk") if part == "weights" else ("rank", "walk", "both"):
        compilation = compiled(name, 14 if name != "both" else 9, floats)
        assert compilation.certificate.holds, compilation.certificate.failure
        for seed in (0, 1):
            found = attacked(compilation, floats, 96, seed)
            assert max(found.worst.values()) <= 1, {k: (v, found.where[k]) for k, v in found.worst.items() if v > 1}
            near |= {k: max(v, near.get(k, 0.0)) for k, v in found.worst.items()}
    assert all(near[k] >= least for k, least in NEAR[part].items()), {
        k: near[k] for k, least in NEAR[part].items() if near[k] < least
    }


@pytest.mark.parametrize("part", ["norm", "dot", "weights", "everything"])
def test_thresholds_on_a_count_from_the_ends_of_its_average(part: str) -> None:
    """The average at the worst that attention may make of it, beside a row at the worst of its factor, then the worst
    of norm and gate: the certified slack."""
    floats, length = ALONE.get(part, EVERYTHING), 9
    compilation = compiled("count", length, floats)
    schedule, circuit = compilation.schedule, loud_layers(compilation.schedule, compilation.transformer)[0]
    (bound,), layer = compilation.certificate.heads[0], compilation.certificate.layers[0]
    coordinate = schedule.counts[schedule.layers[0].heads[0].match].coordinates[0]
    assert layer.threshold is not None
    units = np.flatnonzero(circuit.read[:, coordinate])
    low, high = bound.averages(length)
    reach = (circuit.bias[units] - 0.5) / -circuit.read[units, coordinate] / COUNT_SCALE
    threshold = np.rint(1 / reach - 0.5).astype(int)
    bits = np.zeros((2 * len(units), compilation.transformer.embed_dim))
    factor = np.repeat([1.0, -1.0], len(units)) * layer.norms[0].common
    bits[:, [schedule.REST, *(c for f in schedule.homes.values() if f.born == 0 for c in f.coordinates)]] = 1
    bits *= 1 + factor[:, None]
    bits[:, coordinate] = COUNT_SCALE * np.concatenate([low[threshold - 1], high[threshold]])
    rows = np.zeros((len(bits), compilation.shape.width))
    rows[:, 0 : 2 * bits.shape[1] : 2], rows[:, 1 : 2 * bits.shape[1] : 2] = 3 * bits, -3 * bits
    signs = np.repeat([1.0, -1.0], len(units))
    pre = WorstBert(compilation, floats).attack_gates(0, rows, np.tile(units, 2), signs) / 6
    slack = np.where(signs > 0, -pre, pre - 1).min()
    assert 0.9 <= (3.5 - slack) / (3.5 - layer.threshold) <= 1, (slack, layer.threshold)


def test_errors_do_not_add_up_with_depth() -> None:
    """A chain of 60 look-ups beside a word that stands from the first layer to the last."""
    found = compile_program(pointer_doubling, length=20, alphabet_size=20, k=2**60 + 1, target="bert")
    assert found.schedule.depth == 61
    layers = found.certificate.layers
    sixth, last = layers[5], layers[-2]
    assert sixth.norms[1].own < last.norms[1].own < 1.01 * sixth.norms[1].own
    assert sixth.bit_error < last.bit_error < 1.01 * sixth.bit_error
    assert found.certificate.heads[5][0].error < found.certificate.heads[-2][0].error < 1e-3


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize(
    ("name", "length", "dtype"),
    [("rank", 40, "float32"), ("walk", 40, "float32"), ("pointers", 60, "float32"), ("both", 20, "float64")],
)
def test_what_is_seen_stays_within_every_bound(name: str, length: int, dtype: str, attention: str) -> None:
    floats = FLOATS[dtype]
    compilation = compiled(name, length, floats)
    assert compilation.certificate.holds, compilation.certificate.failure
    tokens = strings(compilation, 24)
    found = compare(compilation, compilation.certificate, tokens, observe(compilation, tokens, attention), floats)
    assert max(found.worst.values()) <= 1, {k: (v, found.where[k]) for k, v in found.worst.items() if v > 1}


@pytest.mark.parametrize("floats", [FLOATS["float32"], COARSE], ids=["float32", "coarse"])
@pytest.mark.parametrize(("name", "length"), [("rank", 5), ("walk", 5), ("both", 5), ("pointers", 4)])
def test_every_input_of_a_small_domain(name: str, length: int, floats: FloatModel) -> None:
    """Intervals through the stored weights, on every string: no rounding can make an answer wrong."""
    compilation = compiled(name, length, floats)
    assert compilation.certificate.holds
    size = compilation.graph.setting.alphabet_size
    least = np.inf
    for n in range(1, length + 1):
        found = np.array(list(itertools.product(range(size), repeat=n)))
        tokens = compilation.graph.vocabulary.encode(found)
        logits = SecondBert(compilation, floats).run(tokens)
        right = compilation.transformer.run(tokens, "hard")[..., None]
        others = logits.hi.copy()
        np.put_along_axis(others, right, -np.inf, -1)
        least = min(least, (np.take_along_axis(logits.lo, right, -1)[..., 0] - others.max(-1)).min())
    assert 5.7 < least <= compilation.certificate.margin  # intervals lose more than the proof does


def test_a_margin_that_is_gone_is_refused() -> None:
    """Products so coarse that ten of them may outweigh two bits, while every gate still holds."""

    @program(causal=False)
    def itself(x: Symbol):
        return x

    found = compile_program(itself, length=3, alphabet_size=1000, target="bert")
    for dot, failure in ((2.0**-7, "the logits' margin is gone"), (2.0**-12, "")):
        floats = dataclasses.replace(ALONE["dot"], dot=dot)
        certificate = certify(found.schedule, found.transformer, found.shape, floats)
        assert certificate.failure == failure and certificate.holds == (certificate.margin > 0)


@pytest.mark.slow
def test_counts_at_the_edge_of_float32() -> None:
    """All-equal and two-symbol strings, as long as is certified: the averages that lie closest together."""
    both_ways = Program(number_of_mine.function, "number_of_mine", False)
    length = largest_certified_length(both_ways, below=4096, alphabet_size=2, target="bert")
    assert length > 1500
    compilation = compile_program(both_ways, length=length, alphabet_size=2, target="bert")
    found = np.stack([np.zeros(length, int), np.arange(length) % 2, (np.arange(length) > 5).astype(int)])
    truth = np.stack([[0, *np.bincount(string, minlength=2)[string]] for string in found])
    vocabulary = compilation.graph.vocabulary
    tokens, want = vocabulary.encode(found), vocabulary.answer_ids(truth)
    for attention in ("eager", "sdpa"):
        assert margin(bert_logits(compilation, tokens, attention), want) >= compilation.certificate.margin
