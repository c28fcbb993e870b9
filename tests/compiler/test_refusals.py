"""Every refusal of the certificate is reached, in a floating-point model that brings it about; depth brings none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from logdepth.compiler.certificate import Certificate
from logdepth.compiler.compile import compile_program
from logdepth.compiler.floats import FLOATS, FloatModel
from logdepth.compiler.targets.gpt2 import certify
from logdepth.errors import CertificateError
from logdepth.lang import Position, Program, Symbol, at, count, interpret, program, theirs
from logdepth.programs import khop_rank
from tests.compiler.test_worst_case import NOTHING, latest, walk
from tests.gpt2 import hugging_face, logits, margin


@program
def mine(x: Symbol):
    return x


@program
def rank(x: Symbol):
    return count(where=theirs(x) == x)


@program
def chain(x: Symbol, position: Position, depth: int):
    """As many look-ups one after another as are asked for."""
    word = x
    for _ in range(depth):
        word = at(position - 1).read(word)
    return word


def certified(marked: Program, length: int, floats: FloatModel, **parameters: int) -> Certificate:
    found = compile_program(marked, length=length, alphabet_size=3, certified=False, **parameters)
    return certify(found.schedule, found.transformer, found.shape, floats)


REFUSALS = [
    ("rounding of scores may take", latest, 60, {"norm": 2.0**-11}, {}),
    ("a bit that a head writes may be", chain, 8, {"soft": 0.15}, {"depth": 1}),
    ("written by too many gates", rank, 60, {"dot": 2.0**-7}, {}),
    ("a gate's error may reach", walk, 8, {"add": 0.05}, {"depth": 1}),
    ("a count may look", rank, 12, {"exp": 0.125}, {}),
    ("a threshold on the count is missed", rank, 12, {"norm": 2.0**-10}, {}),
    ("the logits' margin is gone", mine, 4, {"dot": 0.1}, {}),
]


@pytest.mark.parametrize(("message", "marked", "length", "parts", "parameters"), REFUSALS)
def test_every_refusal_is_reached(message: str, marked: Program, length: int, parts: dict, parameters: dict) -> None:
    floats = dataclasses.replace(NOTHING, **parts)
    assert message in certified(marked, length, floats, **parameters).failure
    eased = dataclasses.replace(NOTHING, **{part: u / 4096 for part, u in parts.items()})
    assert certified(marked, length, eased, **parameters).holds


def test_depth_has_no_part_in_the_bounds() -> None:
    """200 layers at length 64 in float32: certified, right as stock GPT-2, and every bound settles after a few."""
    compilation = compile_program(chain, length=64, alphabet_size=4, depth=200)
    certificate = compilation.certificate
    assert compilation.transformer.depth == 200
    later = certificate.layers[9:]
    for name in ("bit_error", "residue", "gate_error"):
        found = [getattr(layer, name) for layer in later]
        assert max(found) <= min(found) * (1 + 1e-6), name
    strings = np.random.default_rng(0).integers(0, 4, (4, 64))
    strings[0] = 0
    tokens = np.concatenate([np.full((4, 1), 4), strings], 1)
    want = interpret(compilation.graph, strings)
    assert isinstance(want, np.ndarray)
    for attention in ("eager", "sdpa"):
        assert margin(logits(hugging_face(compilation, attention), tokens), want) >= certificate.margin


def test_arithmetic_in_every_layer_of_a_deep_program() -> None:
    compilation = compile_program(walk, length=64, alphabet_size=4, depth=60)
    assert compilation.transformer.depth > 150
    strings = np.random.default_rng(1).integers(0, 4, (2, 64))
    tokens = np.concatenate([np.full((2, 1), 4), strings], 1)
    node = compilation.graph.nodes[compilation.graph.output]
    words = interpret(compilation.graph, strings)
    assert isinstance(words, np.ndarray)
    assert margin(logits(hugging_face(compilation), tokens), words - node.lo + 5) >= compilation.certificate.margin


def test_ways_out_are_ones_that_work() -> None:
    with pytest.raises(CertificateError, match="use float64 or --length ") as refused:
        compile_program(khop_rank, length=4096, alphabet_size=4, k=3)
    fits = int(str(refused.value).split("--length ")[1].split()[0])
    assert compile_program(khop_rank, length=fits, alphabet_size=4, k=3).certificate.holds
    with pytest.raises(CertificateError, match="bfloat16 does not hold this program at any length; use float64"):
        compile_program(wide, length=600, alphabet_size=2, dtype="bfloat16")


@program
def wide(x: Symbol, position: Position):
    """Arithmetic on words that are as wide at every length."""
    large = at(position - 1).read(x) + 0
    for _ in range(9):
        large = large + large
    return at(position - 1).read(large) + large


def test_the_formats_are_what_they_say() -> None:
    for name, floats in FLOATS.items():
        assert floats.name == name
        bits = {"float32": 24, "float64": 53, "bfloat16": 24}[name]
        parts = {floats.norm, floats.dot, floats.soft, floats.add, floats.exp / 64}
        assert parts == {2.0**-bits}
        assert floats.store == (2.0**-8 if name == "bfloat16" else 0.0)
        assert floats.silence >= {"float64": 745.2}.get(name, 103.98)  # e to minus that is below the least number
