from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.mpc.engine import LocalEngine, Run
from logdepth.mpc.spec import Spec
from logdepth.protocols.sample_sort import plan_sort
from logdepth.protocols.sorting import SORT, float_words
from logdepth.protocols.trees import keeping_fan
from tests.protocols.laws import check_laws


def check_sorted(run: Run, values: np.ndarray) -> None:
    order = np.argsort(values, kind="stable")
    assert run.result["index"].tolist() == order.tolist()
    assert (run.result["value"] == values[order]).all()


DISTRIBUTIONS = {
    "uniform": lambda rng, n: rng.integers(-(2**63), 2**63 - 1, n),
    "equal": lambda rng, n: np.full(n, 7),
    "sorted": lambda rng, n: np.arange(n),
    "reversed": lambda rng, n: -np.arange(n),
    "two values": lambda rng, n: rng.integers(0, 2, n),
    "skewed": lambda rng, n: (rng.pareto(1, n) * 10).astype(np.int64),
    "sawtooth": lambda rng, n: np.arange(n) % 31,
    "organ pipes": lambda rng, n: np.minimum(np.arange(n), np.arange(n)[::-1]),
    "floats": lambda rng, n: rng.normal(size=n),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize(("size", "q", "s"), [(1000, 1, 4000), (1000, 20, 900), (3000, 60, 1800), (900, 300, 6000)])
def test_every_distribution(name: str, size: int, q: int, s: int) -> None:
    values = DISTRIBUTIONS[name](np.random.default_rng(q), size)
    run = SORT.run(values, Spec(q, s, size))
    check_sorted(run, values)
    rounds = plan_sort(Spec(q, s, size), 1, 2, size).num_rounds + 2 * keeping_fan(Spec(q, s, size), 1)[1] + 1
    assert run.ledger.num_rounds == run.ledger.bound == rounds


@pytest.mark.parametrize(
    ("name", "size", "q", "s"),
    [
        ("uniform", 0, 7, 1000),
        ("uniform", 1, 7, 1000),
        ("uniform", 500, 20, 900),
        ("equal", 500, 20, 900),
        ("floats", 300, 130, 2400),
        ("skewed", 2000, 1, 9000),
    ],
)
def test_laws(name: str, size: int, q: int, s: int) -> None:
    values = DISTRIBUTIONS[name](np.random.default_rng(3), size)
    check_sorted(check_laws(SORT, values, Spec(q, s, size)), values)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1), max_size=50), st.integers(1, 40))
def test_whole_numbers(values: list[int], q: int) -> None:
    array = np.array(values, np.int64)
    check_sorted(SORT.run(array, Spec(q, 1500, len(values))), array)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(allow_nan=False), max_size=50), st.integers(1, 40))
def test_floats(values: list[float], q: int) -> None:
    run = SORT.run(np.array(values, float), Spec(q, 1500, len(values)))
    truth = sorted(range(len(values)), key=lambda row: (values[row], np.copysign(1, values[row]), row))
    assert run.result["index"].tolist() == truth
    assert run.result["value"].view(np.int64).tolist() == np.array(values, float)[truth].view(np.int64).tolist()


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_words_of_floats_keep_the_order(x: float, y: float) -> None:
    a, b = float_words(np.array([x, y]))
    assert (a < b) == (x < y or (x == y and np.copysign(1, x) < np.copysign(1, y)))


@pytest.mark.parametrize(("size", "q"), [(0, 4), (5, 9), (100, 7), (101, 10), (99, 100)])
def test_rows_end_in_equal_blocks(size: int, q: int) -> None:
    values = np.random.default_rng(size).integers(0, 9, size)
    protocol = replace(SORT.protocol(Spec(q, 2400, size), **SORT.config(values)), collect=lambda tables: tables)
    rows = LocalEngine().run(protocol, SORT.place(protocol.spec, values)).result["sorted"]
    block = max(1, -(-size // q))
    assert rows.offsets.tolist() == [min(i * block, size) for i in range(q + 1)]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 16, 91, 257, 1077, 5000])
@pytest.mark.parametrize("delta", [0.34, 0.5])
def test_default_machines_are_enough(size: int, delta: float) -> None:
    for name in ("equal", "reversed", "two values"):
        values = DISTRIBUTIONS[name](np.random.default_rng(size), size)
        check_sorted(SORT.run(values, SORT.spec(SORT.config(values), delta)), values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.0, np.nan, np.nan], "row 1 is NaN"),
        (np.zeros(2, np.longdouble), "float128|longdouble"),
        ([1j], "complex"),
        (["a"], "holds"),
        (np.zeros((2, 2)), r"shape \(2, 2\)"),
        (np.array([2**63], np.uint64), "row 0"),
    ],
)
def test_refused(values: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        SORT.run(values)


def test_smaller_types_are_sorted_as_64_bits() -> None:
    result = SORT.run(np.array([2.5, -1.0], np.float16)).result
    assert result["value"].dtype == np.float64 and result["value"].tolist() == [-1.0, 2.5]
    assert SORT.run(np.array([2, 1], np.uint8)).result["value"].tolist() == [1, 2]
