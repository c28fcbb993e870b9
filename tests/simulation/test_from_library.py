"""Exact transformers of this library: affine heads, circuits, and any row function."""

from __future__ import annotations

import numpy as np
import pytest

from logdepth import compile
from logdepth.programs import khop_doubling, khop_rank
from logdepth.simulation.from_library import from_transformer
from logdepth.simulation.transformer_to_protocol import transformer_to_protocol
from logdepth.tasks.khop import random_strings
from logdepth.transformer import Affine, Head, Layer, RowFunction, Transformer
from logdepth.transformer.transformer import Embedding, Readout


@pytest.mark.parametrize("program", [khop_rank, khop_doubling])
@pytest.mark.parametrize("k", [0, 1, 5])
def test_compiled_programs(program, k):
    compiled = compile(program, length=20, alphabet=4, k=k)
    model = from_transformer(compiled.transformer)
    tokens = compiled.encode(random_strings(3, 20, 4, seed=k))
    for row in tokens:
        want = compiled.transformer.trace(row[None]).logits[0]
        for options in ({"form": "faithful", "branching": 3}, {"form": "faithful", "fused": True}, {"memory": 2000}):
            run = transformer_to_protocol(model, len(row), **options).run(row)
            np.testing.assert_allclose(run.result, want, atol=1e-9 * np.abs(want).max())
            np.testing.assert_array_equal(run.result.argmax(-1), want.argmax(-1))


@pytest.mark.parametrize("causal", [False, True])
def test_row_functions_and_heads_of_different_widths(causal):
    rng = np.random.default_rng(3)

    def affine(rows: int) -> Affine:
        return Affine(rng.normal(size=(rows, 4)), rng.normal(size=rows))

    value = Affine(np.diag([1.0, 0, 0, 2.0]), np.zeros(4))  # reaches two coordinates only
    heads = (
        Head("narrow", affine(1), affine(1), value),
        Head("wide", affine(3), RowFunction(lambda row, index: row[:3] * (index - 1)), affine(4)),
        Head("any", RowFunction(lambda row, index: row), affine(4), RowFunction(lambda row, index: row[::-1] + index)),
    )
    layers = (Layer(heads, RowFunction(lambda row, index: np.tanh(row) * index)), Layer(()), Layer(heads[:1]))
    embedding = Embedding(rng.normal(size=(5, 4)), rng.normal(size=(12, 4)))
    model = Transformer(tuple("abcd"), embedding, layers, Readout(affine(3)), causal=causal, sharpness=0.7)
    tokens = rng.integers(0, 5, (1, 11))
    want = model.trace(tokens).logits[0]
    ours = from_transformer(model)
    assert ours.blocks[0].key_dim == 4 and ours.blocks[2].value_dim == 2
    for options in ({"form": "faithful", "branching": 2}, {"memory": 250}):
        run = transformer_to_protocol(ours, 11, **options).run(tokens[0])
        np.testing.assert_allclose(run.result, want, atol=1e-12)
