from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.mpc import Spec
from logdepth.mpc.spec import ceil_power


@given(st.integers(1, 10**12), st.integers(1, 12), st.integers(1, 12))
def test_ceil_power_is_exact(base, numerator, denominator):
    root = ceil_power(base, Fraction(numerator, denominator))
    assert root**denominator >= base**numerator or root == 1
    assert root == 1 or (root - 1) ** denominator < base**numerator


@given(st.integers(0, 10**9), st.sampled_from([0.1, 0.25, 0.34, 0.5, 0.6, 1.0]), st.integers(1, 64))
def test_from_delta_holds_the_input(num_words, delta, slack):
    spec = Spec.from_delta(num_words, delta, slack=slack)
    assert spec.num_machines * spec.local_memory >= slack * num_words
    assert spec.slack >= slack


def test_refusals():
    for delta in (0, -1, 1.01):
        with pytest.raises(InputError, match="delta"):
            Spec.from_delta(10, delta, slack=1)
    with pytest.raises(InputError, match="gamma"):
        Spec.from_delta(10, 0.5, slack=1, gamma=-0.1)
    with pytest.raises(InputError, match="num_machines"):
        Spec(0, 1, 1)
