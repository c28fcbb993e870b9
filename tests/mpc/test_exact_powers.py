"""Machines from delta and gamma: exact for every decimal, and quick."""

import time
from fractions import Fraction

import pytest

from logdepth.errors import InputError
from logdepth.mpc import Spec
from logdepth.mpc.spec import MOST_MACHINES, ceil_power

SIZES = [1, 2, 3, 64, 1000, 1024, 3**20, 10**6, 10**6 + 1, 2**30, 10**9, 10**10 - 1, 2**39 + 7, 10**12]


@pytest.mark.parametrize("base", SIZES)
def test_every_two_digit_exponent_against_big_integers(base):
    for hundredths in range(1, 200):
        exponent = Fraction(hundredths, 100)
        found, target = ceil_power(base, exponent), base**exponent.numerator
        assert (found - 1) ** exponent.denominator < target <= found**exponent.denominator


@pytest.mark.parametrize("text", ["0.3333333", "0.14", "0.30000000000000004", "1e-9", "0.9999999999999999", "5e-324"])
@pytest.mark.parametrize("base", [2, 10**9, 10**12, 2**40])
def test_long_decimals_are_quick_and_between_their_neighbours(base, text):
    began, exponent = time.perf_counter(), Fraction(text)
    found = ceil_power(base, exponent)
    assert time.perf_counter() - began < 5
    below = Fraction(int(exponent * 60), 60)  # an exponent a little less, and one a little more, in whole sixtieths
    assert ceil_power(base, below) <= found <= ceil_power(base, below + Fraction(1, 60))


def test_whole_powers_are_hit_exactly():
    assert ceil_power(1024, Fraction("0.6")) == 64
    assert ceil_power(10**12, Fraction("0.5")) == 10**6
    assert ceil_power(10**12 + 1, Fraction("0.5")) == 10**6 + 1
    assert ceil_power(10**12 - 1, Fraction("0.5")) == 10**6
    assert ceil_power(3**20, Fraction("0.35")) == 3**7
    assert ceil_power(2**100, Fraction("0.14")) == 2**14
    assert ceil_power(2**100 + 1, Fraction("0.14")) == 2**14 + 1


def test_gamma_is_taken_as_written():
    """In floats 1 + 0.14 is 1.1400000000000001: a power with sixteen more digits, and the wrong one."""
    for hundredths in range(100):
        gamma = hundredths / 100
        spec = Spec.from_delta(2**20, 0.5, slack=1, gamma=gamma)
        assert spec.num_machines == -(-ceil_power(2**20, Fraction(100 + hundredths, 100)) // 1024)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), -1e-9])
def test_what_is_no_exponent_is_refused(value):
    with pytest.raises(InputError, match="delta is"):
        Spec.from_delta(10, value, slack=1)
    with pytest.raises(InputError, match="gamma is"):
        Spec.from_delta(10, 0.5, slack=1, gamma=value)


def test_too_many_machines_are_refused_with_their_number():
    with pytest.raises(InputError, match=r"about 10\^3000002 machines .* smaller gamma"):
        Spec.from_delta(1000, 0.5, slack=1, gamma=1e6)
    with pytest.raises(InputError, match=f"num_machines is {10**19}; it must be at most 9,223,372,036,854,775,807"):
        Spec(10**19, 1, 1)
    with pytest.raises(InputError, match="local_memory is"):
        Spec(1, 2**63, 1)
    assert Spec(MOST_MACHINES, 1, 1).num_machines == MOST_MACHINES
