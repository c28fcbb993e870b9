from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.mpc.spec import Spec
from logdepth.protocols.prefix_sums import PREFIX_SUM, sum_of_magnitudes
from logdepth.protocols.trees import keeping_fan
from tests.protocols.laws import check_laws

GREATEST = 2**63 - 1


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-(2**40), 2**40), max_size=60), st.integers(1, 300), st.integers(0, 200))
def test_sums_are_numpys(values: list[int], q: int, extra: int) -> None:
    spec = Spec(q, 64 + 2 * -(-len(values) // q) + extra, len(values))
    run = PREFIX_SUM.run(np.array(values, np.int64), spec)
    assert run.result.dtype == np.int64
    assert (run.result == np.cumsum(values)).all() and len(run.result) == len(values)
    room = spec.local_memory - -(-len(values) // q) - 1
    assert run.ledger.num_rounds == run.ledger.bound == 2 * keeping_fan(spec, 1, room)[1]


@pytest.mark.parametrize(("size", "q", "s"), [(0, 1, 8), (0, 7, 16), (1, 5, 16), (1000, 37, 90), (100, 300, 24)])
def test_laws(size: int, q: int, s: int) -> None:
    values = np.random.default_rng(size).integers(-99, 99, size)
    assert (check_laws(PREFIX_SUM, values, Spec(q, s, size)).result == np.cumsum(values)).all()


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 16, 17, 1000, 5000])
@pytest.mark.parametrize("delta", [0.34, 0.5, 0.9])
def test_default_machines_are_enough(size: int, delta: float) -> None:
    values = np.arange(size)
    spec = PREFIX_SUM.spec(PREFIX_SUM.config(values), delta)
    assert (PREFIX_SUM.run(values, spec).result == np.cumsum(values)).all()


@pytest.mark.parametrize("values", [[GREATEST], [2**62, 2**62 - 1], [-(2**62), 2**62 - 1], [-GREATEST, 0]])
def test_sums_up_to_the_last_int64(values: list[int]) -> None:
    assert PREFIX_SUM.run(values, Spec(2, 16, 2)).result.tolist() == np.cumsum(np.array(values, object)).tolist()


@given(st.lists(st.integers(-(2**63), GREATEST)))
def test_magnitudes_are_exact(values: list[int]) -> None:
    assert sum_of_magnitudes(np.array(values, np.int64)) == sum(map(abs, values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([GREATEST, 1], "add up to 9223372036854775808"),
        ([-(2**63)], "add up to 9223372036854775808"),
        ([GREATEST, -1], "scale the numbers down"),
        ([1.5], "holds float64"),
        ([True], "holds bool"),
        ([[1, 2]], r"shape \(1, 2\)"),
        (np.array([0, 2**63], np.uint64), "row 1 is 9223372036854775808"),
        ([0, 2**64], "holds object"),
    ],
)
def test_refused(values: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        PREFIX_SUM.run(values)
