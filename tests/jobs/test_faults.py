"""Whatever fails in whichever phase: the right answer, or one clear line and all kept, from which a run goes on.

Phases: look (the parts are counted), read, number (ids), settle (labels), write. A Ray cluster of several node
processes loses nodes and gains some; the driver is killed; disks are full.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from logdepth.errors import InputError
from logdepth.graphs.generating import Recipe, generate_parts
from logdepth.jobs import AnswerWanted, Job, run_job
from logdepth.mpc import LocalEngine
from logdepth.mpc.spilling import Spill, worker_bytes

polars = pytest.importorskip("polars")


class Fixed(Spill):
    def ranges(self, spec, workers, store=0):
        return 3


PHASES = ("look", "read", "number", "settle", "write")
ROUND = {"number": 6, "settle": 20}


@dataclass(frozen=True)
class Slow:
    """Inputs, outputs or work that take their time, so that something can happen meanwhile."""

    inner: Any
    seconds: float = 0.6

    @property
    def does(self):
        return self.inner.does

    def __call__(self, item):
        time.sleep(self.seconds)
        return self.inner(item)

    def part(self, first, last):
        time.sleep(self.seconds)
        return self.inner.part(first, last)

    def digest(self):
        return self.inner.digest()

    def take(self, first, last, tables):
        time.sleep(self.seconds)
        return self.inner.take(first, last, tables)

    def gather(self, taken):
        return self.inner.gather(taken)


class Faulty:
    """An engine in which `happen` happens in the middle of a phase, once."""

    def __init__(self, engine, phase, happen, close=True, seconds=0.6):
        self.engine, self.phase, self.happen, self.closes, self.seconds = engine, phase, happen, close, seconds

    def _soon(self, phase, wrapped):
        if phase != self.phase:
            return wrapped
        self.phase = ""
        threading.Timer(0.2, self.happen).start()
        return Slow(wrapped, self.seconds)

    def map(self, work, items):
        return self.engine.map(self._soon("look", work), items)

    def run(self, protocol, inputs, **given):
        def progress(done, bound):
            if done == ROUND.get(self.phase):
                self.phase = ""
                self.happen()

        outputs = given.pop("outputs")
        if self.phase == "write":
            outputs = _Last(self, outputs)
        return self.engine.run(protocol, self._soon("read", inputs), **{**given, "progress": progress}, outputs=outputs)

    def close(self):
        if self.closes:
            self.engine.close()


class _Last:
    """Outputs that start the fault when they are first asked for: then all machines have halted."""

    def __init__(self, faulty, inner):
        self.faulty, self.inner = faulty, inner
        self.gather, self.does = inner.gather, inner.does

    @property
    def take(self):
        return self.faulty._soon("write", self.inner).take


@pytest.fixture
def edges(tmp_path):
    generate_parts(Recipe("random", 2000, 2400, key=5), tmp_path / "edges", parts=4)
    return tmp_path / "edges"


def right(folder, edges):
    """Whether the labels in the folder are those of a union-find."""
    rows = polars.concat([polars.read_parquet(path) for path in sorted(edges.glob("*.parquet"))])
    parent = np.arange(2000)
    for tail, head in rows.iter_rows():
        while parent[tail] != tail:
            tail = parent[tail]
        while parent[head] != head:
            head = parent[head]
        parent[max(tail, head)] = min(tail, head)
    while not np.array_equal(up := parent[parent], parent):
        parent = up
    found = polars.concat([polars.read_parquet(path) for path in sorted(folder.glob("*.parquet"))]).sort("vertex")
    assert found["vertex"].to_list() == sorted({*rows["tail"], *rows["head"]})
    assert found["label"].to_list() == parent[found["vertex"].to_numpy()].tolist()
    return True


def left(tmp_path):
    """What lies about: hidden, or on a shelf."""
    return [path for path in tmp_path.rglob("*") if path.name.startswith((".labels", ".logdepth", "logdepth-"))]


# --- nodes of a cluster ---------------------------------------------------------------------------------------------


_ALERT = {"health_check_initial_delay_ms": 1000, "health_check_period_ms": 1000, "health_check_failure_threshold": 5}


@pytest.fixture(scope="module")
def cluster():
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    try:
        cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "_system_config": _ALERT})
    except Exception as error:  # a sandbox without shared memory or sockets
        pytest.skip(f"Ray does not start here: {error}")
    import ray

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # nodes do not see where the tests are
    yield cluster

    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def engine(cluster):
    from logdepth.mpc.ray_engine import RayEngine

    while len(cluster.worker_nodes) < 2:
        cluster.add_node(num_cpus=1)
    with RayEngine(workers=2, address=cluster.address, patience=120) as engine:
        yield engine


@pytest.mark.parametrize("phase", ["settle", *(pytest.param(each, marks=pytest.mark.slow) for each in PHASES)])
def test_a_node_is_lost(cluster, engine, edges, tmp_path, phase):
    whole = run_job(Job("connectivity", str(edges), machines=12))

    def lose():
        cluster.remove_node(sorted(cluster.worker_nodes, key=str)[0], allow_graceful=False)

    made = run_job(Job("connectivity", str(edges), machines=12), lambda: Faulty(engine, phase, lose, False),
                   checkpoint=tmp_path / "c", every=3, wanted=AnswerWanted(tmp_path / "labels"))  # fmt: skip
    assert made.run.ledger.without_clock() == whole.run.ledger.without_clock()
    assert right(tmp_path / "labels", edges) and not left(tmp_path)


@pytest.mark.slow
def test_a_node_is_lost_and_another_comes(cluster, engine, edges, tmp_path):
    def change():
        one = sorted(cluster.worker_nodes, key=str)[0]  # of those that have a worker, which the new one has not
        cluster.add_node(num_cpus=1)
        cluster.remove_node(one, allow_graceful=False)

    made = run_job(Job("connectivity", str(edges), machines=12), lambda: Faulty(engine, "number", change, False),
                   wanted=AnswerWanted(tmp_path / "labels"))  # fmt: skip
    assert right(tmp_path / "labels", edges) and engine.recovered >= 1
    assert made.run.ledger.num_rounds > 30


@pytest.mark.slow
def test_all_nodes_are_lost(cluster, engine, edges, tmp_path):
    def lose():
        for node in list(cluster.worker_nodes):
            cluster.remove_node(node, allow_graceful=False)

    job, engine.patience = Job("connectivity", str(edges), machines=12), 40  # it takes Ray a while to see it
    with pytest.raises(InputError, match="no worker could be started in 40 s: the Ray cluster has 0 CPUs"):
        run_job(job, lambda: Faulty(engine, "settle", lose, False), checkpoint=tmp_path / "c", every=3,
                wanted=AnswerWanted(tmp_path / "labels"))  # fmt: skip
    assert not (tmp_path / "labels").exists()
    run_job(job, checkpoint=tmp_path / "c", wanted=AnswerWanted(tmp_path / "labels"))
    assert right(tmp_path / "labels", edges) and not left(tmp_path)


# --- the driver -----------------------------------------------------------------------------------------------------

_DRIVER = """
import os, sys
from pathlib import Path
from tests.jobs.test_faults import Faulty, killed_driver
killed_driver(*sys.argv[1:])
"""


def killed_driver(edges, place, phase, kind):
    """What the process that is killed does."""
    place = Path(place)
    spill = Fixed(1 << 30, place / "spill")

    def engine():
        if kind == "ray":
            from logdepth.mpc.ray_engine import RayEngine

            made = RayEngine(workers=2, spill=spill)
        else:
            made = LocalEngine(spill=spill)
        return Faulty(made, phase, lambda: os.kill(os.getpid(), signal.SIGKILL))

    run_job(Job("connectivity", edges, machines=12), engine, checkpoint=place / "c", every=3,
            wanted=AnswerWanted(place / "labels"))  # fmt: skip


@pytest.mark.parametrize(
    ("phase", "kind"),
    [
        ("settle", "local"),
        *(pytest.param(phase, kind, marks=pytest.mark.slow) for phase in PHASES for kind in ("local", "ray")),
    ],
)
def test_the_driver_is_killed(edges, tmp_path, phase, kind):
    command = [sys.executable, "-c", _DRIVER, str(edges), str(tmp_path), phase, kind]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, timeout=300, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert not (tmp_path / "labels").exists()
    if kind == "ray":
        time.sleep(3)  # its workers see that it is gone, and end

    job, spill = Job("connectivity", str(edges), machines=12), Fixed(1 << 30, tmp_path / "spill")
    wanted = AnswerWanted(tmp_path / "labels")
    made = run_job(job, lambda: LocalEngine(spill=spill), checkpoint=tmp_path / "c", wanted=wanted)
    whole = run_job(job)
    assert made.run.ledger.without_clock() == whole.run.ledger.without_clock()
    assert right(tmp_path / "labels", edges) and not left(tmp_path)


# --- disks ----------------------------------------------------------------------------------------------------------


def full(*_: Any, **__: Any):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("phase", ["number", "settle"])
def test_the_disk_is_full_where_machines_are_put_aside(edges, tmp_path, monkeypatch, phase):
    job = Job("connectivity", str(edges), machines=12)

    def engine(happen=lambda: None):
        return Faulty(LocalEngine(spill=Fixed(1 << 30, tmp_path / "spill")), phase, happen)

    wanted = AnswerWanted(tmp_path / "labels")
    monkeypatch.setattr("logdepth.mpc.shelf._SMALL", 0)
    patch = pytest.MonkeyPatch()
    filled = engine(partial(patch.setattr, "logdepth.mpc.shelf.write_array", full))
    with pytest.raises(InputError, match=r"spill.*put aside: No space left on device"):
        run_job(job, lambda: filled, checkpoint=tmp_path / "c", every=3, wanted=wanted)
    patch.undo()
    assert not (tmp_path / "labels").exists() and not left(tmp_path)
    run_job(job, engine, checkpoint=tmp_path / "c", wanted=wanted)
    assert right(tmp_path / "labels", edges) and not left(tmp_path)


def test_the_disk_is_full_at_the_checkpoint(edges, tmp_path, monkeypatch):
    warned = []
    job, wanted = Job("connectivity", str(edges), machines=12), AnswerWanted(tmp_path / "labels")
    with monkeypatch.context() as patch:
        engine = Faulty(LocalEngine(), "settle", lambda: patch.setattr(np, "savez", full))
        run_job(job, lambda: engine, checkpoint=tmp_path / "c", every=3, warn=warned.append, wanted=wanted)
    assert right(tmp_path / "labels", edges)
    assert warned and all("No space left on device" in line for line in warned)


def test_the_disk_is_full_while_text_is_unpacked(tmp_path, monkeypatch):
    import gzip
    import shutil

    (tmp_path / "edges").mkdir()
    with gzip.open(tmp_path / "edges" / "a.txt.gz", "wb") as file:
        file.write(b"1 2\n2 3\n" * 1000)
    import logdepth.graphs.parts.text_range as text_range

    class Full(text_range.TextFile):
        def blocks(self, size):
            yield b"1 2\n"
            full()

    job = Job("connectivity", str(tmp_path / "edges"))
    with monkeypatch.context() as patch:
        patch.setattr(text_range, "TextFile", Full)
        with pytest.raises(InputError, match=r"cannot write .*a\.txt: No space left on device"):
            run_job(job, wanted=AnswerWanted(tmp_path / "labels"))
    assert shutil.which("true") and not (tmp_path / "labels").exists()
    assert run_job(job).facts() == {"vertices": 3, "components": 1}


@pytest.mark.slow
def test_a_worker_keeps_to_its_memory(tmp_path):
    """As stated, and no wild guess: without a limit the same run takes more than the limit, and less than is stated."""
    generate_parts(Recipe("random", 32_000_000, 4_000_000, key=1), tmp_path / "edges", parts=16)
    limit, found = 480 << 20, []
    for options in ([], ["--worker-memory", "480MiB", "--spill", str(tmp_path / "spill")]):
        command = ["run", "connectivity", "--graph", str(tmp_path / "edges"), "--machines", "256", "--json", *options]
        done = subprocess.run([sys.executable, "-m", "logdepth", *command], capture_output=True, check=True)
        found.append(json.loads(done.stdout))
    free, kept = (each["peak_bytes"]["driver"] for each in found)
    assert kept <= limit < free <= worker_bytes(8_000_000, 1) < 2.5 * free
    rounds = [[{**row, "seconds": 0} for row in each["rounds"]] for each in found]
    assert rounds[0] == rounds[1] and found[0]["result"] == found[1]["result"]
