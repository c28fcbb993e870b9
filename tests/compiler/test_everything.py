"""Random programs with all features, both targets; `benchmarks/bench_random_programs.py` runs 2,000 of them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.compiler.everything import Case, cases, check


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(cases)
def test_compiled_is_interpreted_is_brute_force(case: Case) -> None:
    check(case)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases)
def test_many_more(case: Case) -> None:
    check(case)
