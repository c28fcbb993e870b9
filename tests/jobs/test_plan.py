"""The cost model: predictions against runs at 2 and 4 times the size; units."""

import numpy as np
import pytest

from logdepth.errors import InputError, SpecError
from logdepth.jobs.plan import measure, plan, predict
from logdepth.jobs.quantities import Memory, parse_bandwidth, parse_memory, parse_seconds
from logdepth.mpc import Spec
from logdepth.protocols import BUILT_IN

CLUSTER = {"bandwidth": 1e9, "latency": 1e-3}


@pytest.mark.parametrize("name", ["connectivity", "sort", "khop"])
def test_predictions_hold_at_larger_sizes(name):
    problem = BUILT_IN[name]
    machines = 16

    def run(size):
        return measure(problem, size, 2 * size if "graph" in problem.kind else None, machines)

    rows = [run(1000), run(2000), run(4000)]
    config = problem.config(problem.sample(4000, edges=8000))
    for factor in (2, 4):
        real = run(4000 * factor)
        memory = problem.slack * real.input_words // machines
        target = Spec(machines, memory, real.input_words)
        seen = predict(problem, rows, target, real.input_words, config)
        assert seen.peak_words == pytest.approx(real.peak_words, rel=0.25)
        assert seen.moved_words == pytest.approx(real.moved_words, rel=0.25)
        assert abs(seen.num_rounds - real.num_rounds) <= 0.3 * real.num_rounds


def test_a_plan_says_what_is_too_small():
    problem = BUILT_IN["connectivity"]
    with pytest.raises(SpecError, match="each needs at least"):
        plan(
            problem,
            10**9,
            edges=10**10,
            machines=4,
            memory=Memory(10**9, in_bytes=True),
            bandwidth=1e9,
            latency=1e-3,
            calibration_words=20_000,
        )
    found = plan(
        problem,
        10**6,
        edges=10**7,
        machines=64,
        memory=Memory(2**31, in_bytes=True),
        bandwidth=1e9,
        latency=1e-3,
        calibration_words=50_000,
    )
    assert found.fits and found.least_memory_words <= found.memory_words
    assert found.seconds == pytest.approx(found.latency_seconds + found.network_seconds + found.compute_seconds)
    assert found.prediction.num_rounds <= found.num_rounds_bound
    twice = plan(
        problem,
        10**6,
        edges=10**7,
        machines=64,
        memory=Memory(2**31, in_bytes=True),
        bandwidth=2e9,
        latency=1e-3,
        calibration_words=50_000,
    )
    assert twice.network_seconds == pytest.approx(found.network_seconds / 2)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_problem_has_a_plan(name):
    found = plan(
        BUILT_IN[name],
        10**5,
        edges=2 * 10**5,
        machines=32,
        memory=Memory(2**30, in_bytes=True),
        bandwidth=1e9,
        latency=1e-3,
        calibration_words=5000,
    )
    assert found.fits and np.isfinite(found.seconds)


def test_units():
    assert parse_memory("64GiB") == Memory(64 * 2**30, in_bytes=True)
    assert parse_memory("512MB") == Memory(512 * 10**6, in_bytes=True)
    assert parse_bandwidth("10Gbit") == 10**10 / 8
    assert parse_bandwidth("8Gb") == 10**9
    assert parse_seconds("20us") == pytest.approx(20e-6)
    for parse, text in [
        (parse_memory, "64 elephants"),
        (parse_bandwidth, ""),
        (parse_seconds, "soon"),
        (parse_memory, "-1"),
    ]:
        with pytest.raises(InputError, match="write"):
            parse(text)
