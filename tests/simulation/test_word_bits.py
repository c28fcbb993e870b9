"""Words of p bits: rounded to the nearest, refused where they don't fit, and C.1's bound beside what happens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.simulation.transformer_to_protocol import transformer_to_protocol
from logdepth.simulation.word_bits import find_words, precision_bound
from tests.simulation.models import small_model, tokens_for

ALL = [(64, "float"), (32, "float"), (16, "float"), (16, "bfloat"), (64, "fixed"), (32, "fixed"), (16, "fixed")]


@given(st.sampled_from([16, 32, 64]), st.floats(-127, 127))
def test_fixed_point_is_the_nearest(bits, value):
    words = find_words(bits, "fixed")
    back = words.decode(words.encode(np.array([value])))[0]
    assert abs(back - value) <= 2.0 ** (-bits // 2 - 1) and words.encode(np.array([value])).itemsize * 8 == bits


@pytest.mark.parametrize(("bits", "kind"), ALL)
def test_nothing_is_clipped(bits, kind):
    words = find_words(bits, kind)
    given = np.array([-np.inf, -1.5, 0.0, 3.0], words.arithmetic)
    back = words.decode(words.encode(given))
    assert back.dtype == words.arithmetic and back.tolist() == given.tolist()
    limit = {"float16": 65504.0, "bfloat16": 3.3e38}.get(words.name, 2.0 ** (bits // 2 - 1))
    if kind == "fixed" or bits == 16:
        assert np.isfinite(words.decode(words.encode(np.array([0.99 * limit], words.arithmetic)))).all()
        above = np.array([3.402e38 if words.name == "bfloat16" else 1.01 * limit], words.arithmetic)
        with pytest.raises(InputError, match=r"has to write .* reaches .* give more --word-bits"):
            words.encode(above)
    if kind == "fixed":
        with pytest.raises(InputError, match="has to write"):
            words.encode(np.array([np.nan]))


def test_unknown_words():
    for bits, kind in ((8, "float"), (32, "bfloat"), (16, "posit")):
        with pytest.raises(InputError, match="there are"):
            find_words(bits, kind)


@pytest.mark.parametrize("form", ["faithful", "blocked"])
@pytest.mark.parametrize("padded", [False, True])
def test_errors_follow_the_words(form, padded):
    seen = np.arange(20) < (15 if padded else 20)
    errors = {}
    for bits, kind in ALL:
        words = find_words(bits, kind)
        model = small_model(2, dtype=words.arithmetic.type)
        tokens = tokens_for(model, 20)
        want = small_model(2).logits(tokens, seen)[seen]
        made = transformer_to_protocol(model, 20, form=form, words=words, padded=padded)
        run = made.run(tokens, seen if padded else None)
        errors[words.name] = np.abs(run.result[seen] - want).max()
    assert errors["float64"] < 1e-13 and errors["float32"] < 1e-4
    assert errors["fixed64"] < 1e-8 < errors["fixed32"] < 1e-3 < errors["fixed16"] < 1
    assert errors["float32"] < errors["float16"] < errors["bfloat16"]


def test_the_bound_at_least_holds_where_it_says_something():
    bound = precision_bound(4, 3, 64, 20)
    assert not bound.vacuous and bound.log2 == 3 * 5 + (10 - 64) / 2
    assert precision_bound(4, 3, 32, 20).vacuous and precision_bound(2, 1, 16, 2).vacuous == (4 + (2 - 16) / 2 >= 0)
    model = small_model(1)
    tokens = tokens_for(model, 20)
    run = transformer_to_protocol(model, 20, form="faithful", words=find_words(64, "fixed")).run(tokens)
    assert np.abs(run.result - model.logits(tokens)).max() < 2**bound.log2
