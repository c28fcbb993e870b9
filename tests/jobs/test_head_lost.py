"""The head of a Ray cluster is lost while workers work: one line, before Ray ends the process; what was saved stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.jobs import test_faults
from tests.jobs.test_faults import Faulty, edges, left, right  # noqa: F401  a fixture

from logdepth.errors import InputError
from logdepth.jobs import AnswerWanted, Job, run_job

pytest.importorskip("polars")

_DRIVER = """
import sys
from tests.jobs.test_head_lost import driver
sys.exit(driver(*sys.argv[1:]))
"""


def driver(source, place, address):
    """What the process does whose cluster goes away: its workers take their time to write, so it waits for them."""
    import ray

    from logdepth.mpc.ray_engine import RayEngine

    ray.cloudpickle.register_pickle_by_value(test_faults)  # nodes do not see where the tests are
    engine = RayEngine(workers=1, address=address)
    engine = Faulty(engine, "write", (Path(place) / "now").touch, seconds=120)
    try:
        run_job(Job("connectivity", source, machines=12), lambda: engine, checkpoint=Path(place) / "c", every=3,
                wanted=AnswerWanted(Path(place) / "labels"))  # fmt: skip
    except InputError as error:
        print(f"told: {error}")
        return 2
    return 0


@pytest.mark.slow
def test_the_head_is_lost(edges, tmp_path):  # noqa: F811
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    try:
        cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    except Exception as error:  # a sandbox without shared memory or sockets
        pytest.skip(f"Ray does not start here: {error}")
    try:
        cluster.add_node(num_cpus=1)
        address = cluster.address
        command = [sys.executable, "-c", _DRIVER, str(edges), str(tmp_path), address]
        env = {**os.environ, "RAY_gcs_rpc_server_reconnect_timeout_s": "24"}
        with open(tmp_path / "said", "w+") as said:
            run = subprocess.Popen(command, cwd=Path(__file__).parents[2], env=env, stdout=said, stderr=said)
            until = time.monotonic() + 400
            while not (tmp_path / "now").exists() and run.poll() is None and time.monotonic() < until:
                time.sleep(0.1)
            assert (tmp_path / "now").exists()
            cluster.remove_node(cluster.head_node, allow_graceful=False)
            status = run.wait(timeout=100)
            said.seek(0)
            told = [line for line in said if line.startswith("told: ")]
    finally:
        cluster.shutdown()
    assert status == 2 and len(told) == 1
    assert f"the head of the Ray cluster, {address}, has not answered for 18 s; what a --checkpoint" in told[0]
    assert not (tmp_path / "labels").exists() and not left(tmp_path)
    run_job(Job("connectivity", str(edges), machines=12), checkpoint=tmp_path / "c",
            wanted=AnswerWanted(tmp_path / "labels"))  # fmt: skip
    assert right(tmp_path / "labels", edges)
