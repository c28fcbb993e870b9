from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.mpc.spec import Spec
from logdepth.protocols.pointer_doubling import POINTER_DOUBLING, Pointers
from tests.protocols.laws import by_sorting, check_laws


def after_steps(ptr: np.ndarray, steps: int) -> np.ndarray:
    """`ptr` applied `steps` times, one after another."""
    out = np.arange(len(ptr))
    for _ in range(steps):
        out = ptr[out]
    return out


def chain(n: int) -> np.ndarray:
    return np.maximum(np.arange(n) - 1, 0)


def one_owner(n: int, q: int) -> np.ndarray:
    """Every cell that anyone points at lies on machine 0, each pointed at from every machine."""
    return np.maximum(np.arange(n) // q - 1, 0) * q


def shuffled(ptr: np.ndarray) -> np.ndarray:
    name = np.random.default_rng(len(ptr)).permutation(len(ptr))
    out = np.empty_like(ptr)
    out[name] = name[ptr]
    return out


FORESTS = {
    "chain": chain,
    "shuffled chain": lambda n: shuffled(chain(n)),
    "star": lambda n: np.zeros(n, int),
    "roots": np.arange,
    "binary": lambda n: np.maximum((np.arange(n) - 1) // 2, 0),
    "random": lambda n: (np.random.default_rng(n).random(n) * np.arange(n)).astype(int),
    "hub": lambda n: np.minimum(np.arange(n), n // 2),
    "one owner": lambda n: one_owner(n, 20),
}


@pytest.mark.parametrize("name", FORESTS)
@pytest.mark.parametrize(("size", "q", "s"), [(600, 1, 9000), (600, 20, 2000), (200, 230, 2500)])
def test_forests_to_the_end(name: str, size: int, q: int, s: int) -> None:
    ptr = FORESTS[name](size)
    run = POINTER_DOUBLING.run(Pointers(ptr), Spec(q, s, size))
    assert (run.result == after_steps(ptr, size)).all()
    assert run.ledger.num_rounds <= run.ledger.bound


def test_shallow_forests_stop_early() -> None:
    spec = Spec(20, 2000, 600)
    rounds = {name: POINTER_DOUBLING.run(Pointers(FORESTS[name](600)), spec).ledger.num_rounds for name in FORESTS}
    assert rounds["roots"] < rounds["star"] < rounds["binary"] < rounds["chain"]


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(1, 30), st.integers(1, 50))
def test_any_map_ends_in_roots_or_is_refused(data: st.DataObject, n: int, q: int) -> None:
    ptr = np.array(data.draw(st.lists(st.integers(0, n - 1), min_size=n, max_size=n)))
    end = after_steps(ptr, n)
    spec = Spec(q, 3000, n)
    if (ptr[end] == end).all():
        assert (POINTER_DOUBLING.run(Pointers(ptr), spec).result == end).all()
        return
    with pytest.raises(InputError, match="runs into a cycle") as refusal:
        POINTER_DOUBLING.run(Pointers(ptr), spec)
    vertex, through = map(int, re.findall(r"vertex (\d+)", str(refusal.value)))
    assert ptr[end[vertex]] != end[vertex]
    seen = [after_steps(ptr, steps)[through] for steps in range(1, n + 1)]
    assert through in seen, "the vertex named as on the cycle comes back to itself"
    assert through in [after_steps(ptr, steps)[vertex] for steps in range(2 * n)]


@pytest.mark.parametrize("length", [2, 3, 4, 7, 8, 100])
def test_cycles_are_refused_whatever_their_length(length: int) -> None:
    ptr = np.append(np.roll(np.arange(length), -1), [length, 0])  # a cycle, a root, a vertex that leads to the cycle
    for q in (1, 5):
        with pytest.raises(InputError, match="vertex 0 has no root"):
            POINTER_DOUBLING.run(Pointers(ptr), Spec(q, 3000, length + 2))


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(1, 30), st.integers(0, 40), st.integers(1, 50))
def test_powers(data: st.DataObject, n: int, power: int, q: int) -> None:
    ptr = np.array(data.draw(st.lists(st.integers(0, n - 1), min_size=n, max_size=n)))
    run = POINTER_DOUBLING.run(Pointers(ptr, power), Spec(q, 3000, n))
    assert (run.result == after_steps(ptr, power)).all()


def test_a_huge_power_turns_a_cycle() -> None:
    turn = POINTER_DOUBLING.run(Pointers(np.roll(np.arange(97), -1), 10**30), Spec(5, 3000, 97)).result
    assert (turn == (np.arange(97) + 10**30 % 97) % 97).all()


def test_reads_are_the_logarithm_of_the_power() -> None:
    spec = Spec(20, 3000, 500)

    def bound(power: int) -> int:
        return POINTER_DOUBLING.protocol(spec, 500, power).num_rounds

    assert bound(0) == bound(1) == 0
    assert [bound(2**j) for j in range(1, 6)] == [j * bound(2) for j in range(1, 6)]
    assert bound(3) == 2 * bound(2) and bound(6) == 3 * bound(2)
    assert bound(10**9) <= 30 * (bound(7) - 2 * bound(2))  # 7 has one read with two askers


@pytest.mark.parametrize(
    ("name", "power", "size", "q", "s"),
    [
        ("chain", None, 0, 3, 2000),
        ("chain", 5, 0, 3, 2000),
        ("chain", None, 1, 3, 2000),
        ("chain", 5, 1, 3, 2000),
        ("shuffled chain", None, 300, 20, 2000),
        ("random", 13, 300, 20, 2000),
        ("star", None, 300, 1, 9000),
        ("one owner", None, 1000, 20, 1990),
        ("one owner", 5, 1000, 20, 1990),
    ],
)
def test_laws(name: str, power: int | None, size: int, q: int, s: int) -> None:
    ptr = FORESTS[name](size)
    run = check_laws(POINTER_DOUBLING, Pointers(ptr, power), Spec(q, s, size))
    assert (run.result == after_steps(ptr, size if power is None else power)).all()
    assert by_sorting(run) == (name == "one owner")


def test_laws_where_no_machine_can_ask() -> None:
    ptr = chain(4)
    run = check_laws(POINTER_DOUBLING, Pointers(ptr), Spec(400, 3100, 4))
    assert by_sorting(run) and (run.result == 0).all()


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 16, 91, 257, 1077, 3000])
@pytest.mark.parametrize("delta", [0.34, 0.5])
def test_default_machines_are_enough(size: int, delta: float) -> None:
    q = POINTER_DOUBLING.spec({"size": size}, delta).num_machines
    for ptr in (chain(size), np.zeros(size, int), one_owner(size, q)):
        for power in (None, 11):
            data = Pointers(ptr, power)
            run = POINTER_DOUBLING.run(data, POINTER_DOUBLING.spec(POINTER_DOUBLING.config(data), delta))
            assert (run.result == after_steps(ptr, size if power is None else power)).all()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (Pointers(np.array([0, 3, 1])), r"row 1 is 3; .* 0\.\.2"),
        (Pointers(np.array([0, 1, -1])), "row 2 is -1"),
        (Pointers(np.array([0.0, 1.0])), "holds float64"),
        (Pointers(np.array([0, 1]), -1), "power is -1"),
    ],
)
def test_refused(data: Pointers, message: str) -> None:
    with pytest.raises(InputError, match=message):
        POINTER_DOUBLING.run(data)
