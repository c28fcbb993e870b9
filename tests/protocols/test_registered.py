"""The laws over everything registered: one result and one ledger, whatever the shards and kernels."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.mpc.engine import LocalEngine
from logdepth.mpc.spec import Spec
from logdepth.protocols import BUILT_IN
from logdepth.protocols.inputs.input import Size
from tests.protocols.laws import Shuffled, by_sorting, check_laws, same, same_ledger


@pytest.mark.parametrize("name", BUILT_IN)
@settings(max_examples=6, deadline=None)
@given(size=st.integers(1, 250), seed=st.integers(0, 1000), delta=st.sampled_from([0.34, 0.5, 0.8]))
def test_laws(name, size, seed, delta):
    problem = BUILT_IN[name]
    data = problem.sample(size, edges=2 * size, k=seed % 40, seed=seed)
    config = problem.config(data)
    run = check_laws(problem, data, problem.spec(config, delta))
    table = problem.table(data, run.result)
    assert tuple(table) == problem.columns


@pytest.mark.parametrize("name", BUILT_IN)
def test_names(name):
    problem = BUILT_IN[name]
    assert problem.name == name
    assert problem.summary and problem.kind in ("graph", "weighted graph", "sequence", "numbers", "pointers")


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("size", [Size(1, 2, 0), Size(64), Size(100, 7, 5)])
def test_the_sizes_of_an_input_that_is_not_there_are_those_of_one_that_is(name, size):
    problem = BUILT_IN[name]
    assert problem.input.sized(size) == problem.config(problem.sample(size.rows, edges=size.edges, k=size.k))
    assert problem.words(problem.input.sized(size)) > 0


def small(name, crowded):
    """An input of few rows; `crowded`: on machines too many and too small for direct reads, so all goes by sorting."""
    problem = BUILT_IN[name]
    data = problem.sample(12 if crowded else 24, edges=16 if crowded else 30, k=5, seed=3)
    config = problem.config(data)
    return problem, data, Spec(480, 3800, problem.words(config)) if crowded else Spec(7, 2000, problem.words(config))


@pytest.mark.parametrize(
    ("crowded", "orders"), [(False, 20), (True, 1), pytest.param(True, 20, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("name", BUILT_IN)
def test_any_order_of_delivery_sorted_back_by_source(name, crowded, orders):
    """Results and ledgers depend on the source of a message, the order in which that wrote, and on nothing else."""
    problem, data, spec = small(name, crowded)
    whole = problem.run(data, spec)
    merged = crowded and name in (
        "connectivity",
        "bipartiteness",
        "one-versus-two-cycle",
    )  # few vertices: one machine's
    assert by_sorting(whole) == (crowded and not merged) or name in ("sort", "prefix-sum")
    for seed in range(orders):
        run = problem.run(data, spec, LocalEngine(deliver=Shuffled(seed), threads=1 + seed % 3))
        assert same(whole.result, run.result) and same_ledger(whole, run)


def test_the_order_by_source_matters():
    """So the law above has something to say: without the sort by source answers of reads meet the wrong questions."""
    wrong = 0
    for name in BUILT_IN:
        problem, data, spec = small(name, False)
        whole = problem.run(data, spec)
        try:
            run = problem.run(data, spec, LocalEngine(deliver=Shuffled(1, sorted_back=False)))
            wrong += not same(whole.result, run.result)
        except (AssertionError, ValueError, IndexError):
            wrong += 1
    assert wrong >= 4


@pytest.mark.parametrize("name", BUILT_IN)
def test_kernels_and_threads_change_nothing(name):
    problem, data, spec = small(name, False)
    whole = problem.run(data, spec, LocalEngine(kernels="numba"))
    for threads in range(1, 8):
        run = problem.run(data, spec, LocalEngine(kernels="numpy", threads=threads))
        assert same(whole.result, run.result) and same_ledger(whole, run)


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_done_outside_the_rounds_is_in_the_ledger(name):
    problem, data, spec = small(name, False)
    run = problem.run(data, spec)
    protocol = problem.protocol(spec, **problem.config(data))
    assert protocol.collects and set(problem.driver) == {"place", "table", "facts"}
    assert list(run.ledger.driver) == [f"place: {problem.driver['place']}", f"collect: {protocol.collects}"]
    assert all(seconds >= 0 for seconds in run.ledger.driver.values())
    assert run.ledger.to_json()["driver"] == run.ledger.driver
    assert run.ledger.summary()["driver_seconds"] == sum(run.ledger.driver.values())
