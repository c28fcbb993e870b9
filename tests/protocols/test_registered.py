"""The laws over everything registered: one result and one ledger, whatever the shards and kernels."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.jobs.samples import sample_input
from logdepth.protocols import BUILT_IN
from tests.protocols.laws import check_laws


@pytest.mark.parametrize("name", BUILT_IN)
@settings(max_examples=6, deadline=None)
@given(size=st.integers(1, 250), seed=st.integers(0, 1000), delta=st.sampled_from([0.34, 0.5, 0.8]))
def test_laws(name, size, seed, delta):
    problem = BUILT_IN[name]
    data = sample_input(problem, size, edges=2 * size, k=seed % 40, seed=seed)
    config = problem.config(data)
    run = check_laws(problem, data, problem.spec(config, delta))
    table = problem.table(data, run.result)
    assert tuple(table) == problem.columns


@pytest.mark.parametrize("name", BUILT_IN)
def test_names(name):
    problem = BUILT_IN[name]
    assert problem.name == name
    assert problem.summary and problem.kind in ("graph", "weighted graph", "sequence", "numbers", "pointers")
