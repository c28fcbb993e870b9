"""The Ray engine: the local engine's results and ledger, whatever dies."""

import os
import signal
import sys
import threading
import time

import numpy as np
import pytest
from tests.mpc.test_order import NOTHING, check_order, scatter
from tests.protocols.laws import same as same_value
from tests.protocols.laws import same_ledger

from logdepth.errors import InputError, MemoryExceeded
from logdepth.graphs import graph_from_edges
from logdepth.mpc import Change, Checkpoints, Choose, Local, LocalEngine, Protocol, Send, Spec, Table
from logdepth.mpc.ray_engine import RayEngine
from logdepth.programs import khop_rank
from logdepth.protocols import BUILT_IN
from logdepth.protocols.components import CONNECTIVITY
from logdepth.protocols.inputs.sequences import Symbols
from logdepth.simulation.program_problem import program_problem

pytest.importorskip("ray")


@pytest.fixture(scope="module")
def engine():
    try:
        engine = RayEngine(workers=2)
    except Exception as error:  # a sandbox without shared memory or sockets
        pytest.skip(f"Ray does not start here: {error}")
    with engine:
        yield engine


@pytest.fixture(scope="module")
def case():
    edges = np.random.default_rng(7).permutation(799)
    graph = graph_from_edges(edges, edges + 1)
    config = CONNECTIVITY.config(graph)
    spec = Spec(30, 6000, CONNECTIVITY.words(config))
    protocol = CONNECTIVITY.protocol(spec, **config)
    inputs = CONNECTIVITY.place(spec, graph)
    return protocol, inputs, LocalEngine().run(protocol, inputs)


def same(run, whole):
    assert run.ledger.without_clock() == whole.ledger.without_clock()
    np.testing.assert_array_equal(run.result, whole.result)


def test_same_result_and_ledger(engine, case):
    protocol, inputs, whole = case
    same(engine.run(protocol, inputs), whole)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_problem_gives_the_same(engine, name):
    problem = BUILT_IN[name]
    data = problem.sample(200)
    config = problem.config(data)
    protocol = problem.protocol(problem.spec(config), **config)
    inputs = problem.place(protocol.spec, data)
    run, whole = engine.run(protocol, inputs), LocalEngine().run(protocol, inputs)
    assert same_ledger(run, whole)
    assert same_value(run.result, whole.result)


def test_mail_comes_by_source_as_each_wrote_it(engine):
    check_order(engine.run(scatter(), NOTHING).result)


def test_machines_out_of_step_across_workers(engine):
    def wait(shard):
        return Change()

    stages = [Choose(lambda shard: shard.machines >= 2, [Send("wait", wait)], [Send("wait", wait)] * 2)]
    with pytest.raises(InputError, match="machines out of step: machine 0 is at stage 'wait', machine 2 at 'wait'"):
        engine.run(Protocol("odd", Spec(4, 100, 4), stages, dict), {"n": Table({"n": np.arange(4)}, np.arange(5))})


def test_what_grows_at_the_end_is_counted(engine):
    def grow(shard):
        counts = np.where(shard.machines == 2, 50, 1)
        return Change(keep={"big": Table({"v": np.arange(counts.sum())}, np.concatenate([[0], np.cumsum(counts)]))})

    protocol = Protocol("grow", Spec(4, 20, 4), [Local(grow)], dict)
    with pytest.raises(MemoryExceeded, match=r"machine 2 holds 51 words in round 0 \(the end\)"):
        engine.run(protocol, {"n": Table({"n": np.arange(4)}, np.arange(5))})


def kill_in(engine, target, delay):
    """A progress callback that kills a worker process `delay` seconds into round `target`."""
    done = []

    def progress(rounds, bound):
        if rounds == target and not done:
            done.append(True)
            pid = engine.pids[target % len(engine.pids)]
            if delay:
                threading.Timer(delay, os.kill, (pid, signal.SIGKILL)).start()
            else:
                os.kill(pid, signal.SIGKILL)

    return progress


def survive(engine, case, folder, target, delay):
    protocol, inputs, whole = case
    engine.recovered = engine.rounds_replayed = 0
    began = time.perf_counter()
    run = engine.run(
        protocol, inputs, progress=kill_in(engine, target, delay), checkpoints=Checkpoints(folder, every=4)
    )
    same(run, whole)
    assert engine.rounds_replayed <= 4
    assert engine.recovered == 1 or (delay and engine.recovered == 0)  # the run may be over before the timer
    return engine.rounds_replayed, time.perf_counter() - began


@pytest.mark.parametrize("target", [1, 6, 15])
def test_a_worker_killed(engine, case, tmp_path, target):
    replayed, _ = survive(engine, case, tmp_path / "c", target, 0)
    assert replayed == target % 4


@pytest.mark.slow
def test_a_worker_killed_in_every_round(engine, case, tmp_path):
    for target in range(1, case[2].ledger.num_rounds):
        survive(engine, case, tmp_path / str(target), target, 0.0005 * (target % 4))


@pytest.fixture(scope="module")
def program_case():
    problem, data = program_problem(khop_rank, k=9), Symbols(np.random.default_rng(2).integers(0, 3, 300), 3)
    config, spec = problem.config(data), Spec(30, 6000, 300)
    protocol, inputs = problem.protocol(spec, **config), problem.place(spec, data)
    return protocol, inputs, LocalEngine().run(protocol, inputs)


@pytest.mark.parametrize("target", [7, *(pytest.param(target, marks=pytest.mark.slow) for target in (2, 20))])
def test_a_worker_killed_while_a_program_runs(engine, program_case, tmp_path, target):
    survive(engine, program_case, tmp_path / "c", target, 0)


def test_killed_without_checkpoints_starts_over(engine, case):
    protocol, inputs, whole = case
    engine.recovered = 0
    same(engine.run(protocol, inputs, progress=kill_in(engine, 9, 0)), whole)
    assert engine.recovered == 1


def test_resumes_what_another_engine_began(engine, case, tmp_path):
    protocol, inputs, whole = case

    class Stop(Exception):
        pass

    def stop(done, bound):
        if done == 22:
            raise Stop

    for one, two, name in [(LocalEngine(), engine, "a"), (engine, LocalEngine(threads=3), "b")]:
        with pytest.raises(Stop):
            one.run(protocol, inputs, progress=stop, checkpoints=Checkpoints(tmp_path / name, every=5))
        same(two.run(protocol, inputs, checkpoints=Checkpoints(tmp_path / name, every=5)), whole)


def test_limits_and_errors_come_through(engine):
    spec = Spec(8, 6, 8)

    def gather(shard):
        return Change(drop=("x",), mail={"x": (shard["x"], np.full(shard["x"].num_rows, 5))})

    def broken(shard):
        raise InputError("the input is odd")

    inputs = {"x": Table({"value": np.arange(8)}, np.arange(9))}
    with pytest.raises(MemoryExceeded, match="machine 5 receives 9 words in round 0"):
        engine.run(Protocol("gather", spec, [Send("gather", gather)], dict), inputs)
    with pytest.raises(InputError, match="the input is odd"):
        engine.run(Protocol("broken", spec, [Send("broken", broken)], dict), inputs)


def test_gives_up_in_the_end(engine, case):
    protocol, inputs, _ = case

    def progress(rounds, bound):
        if rounds >= 3:
            os.kill(engine.pids[0], signal.SIGKILL)

    engine.recovered, kept = 0, engine.recoveries
    engine.recoveries = 1
    try:
        with pytest.raises(InputError, match="workers were lost 2 times, the last time in round"):
            engine.run(protocol, inputs, progress=progress)
    finally:
        engine.recoveries = kept
        engine.recovered = 0


def test_refusals(monkeypatch):
    with pytest.raises(InputError, match="at least 1"):
        RayEngine(workers=0)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match="pip install 'logdepth\\[ray\\]'"):
        RayEngine()


def test_a_full_disk_of_ray_is_no_lost_worker():
    """Nothing is tried again: a line says what is full."""
    ray = pytest.importorskip("ray")
    from logdepth.mpc.ray_engine import _cause

    known = ray.exceptions
    for full in (known.OutOfDiskError("x"), known.ObjectStoreFullError("x")):
        for error in (full, known.RayTaskError("step", "Traceback", full)):
            told = _cause(error, ray)
            assert isinstance(told, InputError) and "object store is full" in str(told) and "\n" not in str(told)
    own = InputError("a.txt:3: no")
    assert _cause(known.RayTaskError("step", "Traceback", own), ray) is own
    assert _cause(known.RayTaskError("step", "Traceback", known.ObjectLostError("0" * 56, None, "")), ray) is None
    assert _cause(known.RayActorError(), ray) is None
