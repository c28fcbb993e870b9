from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.mpc.spec import Spec
from logdepth.protocols.khop import KHOP, Sequence
from logdepth.tasks.khop import solve, solve_by_definition
from tests.protocols.laws import by_sorting, check_laws


def reference(data: Sequence) -> np.ndarray:
    return solve(np.asarray(data.tokens)[None], data.k, data.alphabet_size)[0]


SEQUENCES = {
    "one symbol": lambda rng, n: (np.zeros(n, int), 1),
    "two symbols": lambda rng, n: (rng.integers(0, 2, n), 2),
    "alternating": lambda rng, n: (np.arange(n) % 2, 2),
    "period 7": lambda rng, n: (np.arange(n) % 7, 7),
    "all distinct": lambda rng, n: (rng.permutation(n), max(n, 1)),
    "four symbols": lambda rng, n: (rng.integers(0, 4, n), 4),
    "skewed": lambda rng, n: (np.minimum(rng.pareto(1, n).astype(int), 99), 100),
    "blocks": lambda rng, n: (np.arange(n) * 5 // max(n, 1), 5),
}


@pytest.mark.parametrize("name", SEQUENCES)
@pytest.mark.parametrize(("size", "q", "s"), [(500, 1, 12000), (500, 20, 2600), (150, 250, 3000)])
def test_every_kind_of_sequence(name: str, size: int, q: int, s: int) -> None:
    tokens, alphabet_size = SEQUENCES[name](np.random.default_rng(q), size)
    for k in (0, 1, 2, 3, 16, 21, size + 5):
        data = Sequence(tokens, k, alphabet_size)
        run = KHOP.run(data, Spec(q, s, size))
        assert run.result.dtype == np.int64 and (run.result == reference(data)).all(), (name, k)
        assert run.ledger.num_rounds <= run.ledger.bound


@settings(deadline=None, max_examples=80)
@given(st.lists(st.integers(0, 3), max_size=30), st.integers(0, 40), st.integers(1, 60))
def test_the_definition(tokens: list[int], k: int, q: int) -> None:
    run = KHOP.run(Sequence(np.array(tokens, int), k, 4), Spec(q, 4000, len(tokens)))
    assert run.result.tolist() == solve_by_definition(tokens, k, 4)


@pytest.mark.parametrize("k", [10**9, 10**30])
def test_huge_k_costs_no_more_than_n(k: int) -> None:
    tokens = np.arange(300) % 3
    spec = Spec(10, 3000, 300)
    run = KHOP.run(Sequence(tokens, k, 3), spec)
    assert (run.result == reference(Sequence(tokens, 300, 3))).all()
    assert run.ledger.bound == KHOP.protocol(spec, 300, 300, 3).num_rounds


def test_rounds_grow_by_one_read_as_k_doubles() -> None:
    spec = Spec(20, 4000, 500)

    def bound(k: int) -> int:
        return KHOP.protocol(spec, 500, k, 4).num_rounds

    read = bound(2) - bound(1)
    assert bound(0) == 0
    assert [bound(2**j) for j in range(8)] == [bound(1) + j * read for j in range(8)]


@pytest.mark.parametrize(
    ("name", "k", "size", "q", "s"),
    [
        ("one symbol", 3, 0, 3, 2000),
        ("one symbol", 3, 1, 3, 2000),
        ("four symbols", 0, 50, 7, 2000),
        ("four symbols", 13, 400, 20, 3000),
        ("one symbol", 5, 400, 20, 3000),
        ("period 7", 10**9, 300, 20, 3000),
        ("skewed", 6, 400, 1, 9000),
    ],
)
def test_laws(name: str, k: int, size: int, q: int, s: int) -> None:
    tokens, alphabet_size = SEQUENCES[name](np.random.default_rng(size), size)
    data = Sequence(tokens, k, alphabet_size)
    assert (check_laws(KHOP, data, Spec(q, s, size)).result == reference(data)).all()


def test_laws_where_no_machine_can_ask() -> None:
    data = Sequence(np.array([1, 0, 4, 1, 2, 0, 1, 4, 1, 3, 4, 0]), 1, 5)
    run = check_laws(KHOP, data, Spec(400, 3100, 12))
    assert by_sorting(run) and (run.result == reference(data)).all()


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 16, 91, 257, 1077, 3000])
@pytest.mark.parametrize("delta", [0.34, 0.5])
def test_default_machines_are_enough(size: int, delta: float) -> None:
    for name in ("one symbol", "four symbols", "period 7", "all distinct"):
        tokens, alphabet_size = SEQUENCES[name](np.random.default_rng(size), size)
        data = Sequence(tokens, 13, alphabet_size)
        run = KHOP.run(data, KHOP.spec(KHOP.config(data), delta))
        assert (run.result == reference(data)).all()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (Sequence(np.array([0, 2, 1]), 1, 2), r"row 1 is 2, which is no symbol of 0\.\.1"),
        (Sequence(np.array([0, 1, -1]), 1, 2), "row 2 is -1"),
        (Sequence(np.array([0, 1]), -1, 2), "k is -1"),
        (Sequence(np.array([[0, 1]]), 1, 2), r"shape \(1, 2\)"),
    ],
)
def test_refused(data: Sequence, message: str) -> None:
    with pytest.raises(InputError, match=message):
        KHOP.run(data)
