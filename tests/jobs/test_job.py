"""Jobs from files: inputs, machines, results, refusals; and going on after the driver was killed."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from logdepth.errors import InputError, SpecError
from logdepth.jobs import Job, resume_job, run_job
from logdepth.mpc import LocalEngine
from logdepth.protocols import BUILT_IN
from logdepth.protocols.inputs.number_files import read_numbers


@pytest.fixture
def graph_file(tmp_path):
    path = tmp_path / "graph.txt"
    rng = np.random.default_rng(3)
    pairs = rng.integers(-50, 400, (500, 2)) * 10**15
    path.write_text("# ids far apart\n" + "\n".join(f"{a}\t{b}" for a, b in pairs) + "\n")
    return path


def test_labels_are_the_inputs_own_ids(graph_file):
    finished = run_job(Job("connectivity", str(graph_file)))
    table = finished.table()
    least = {}
    parent = {int(vertex): int(label) for vertex, label in zip(table["vertex"], table["label"], strict=True)}
    for line in graph_file.read_text().splitlines()[1:]:
        a, b = map(int, line.split())
        assert parent[a] == parent[b]
    for vertex, label in parent.items():
        least[label] = min(least.get(label, vertex), vertex)
    assert all(label == vertex for label, vertex in least.items())
    assert finished.facts()["components"] == len(least)


@pytest.mark.parametrize(
    ("options", "machines", "memory"),
    [
        ({}, None, None),
        ({"delta": 0.7}, None, None),
        ({"machines": 9}, 9, None),
        ({"machines": 9, "memory": 50_000}, 9, 50_000),
        ({"memory": 50_000}, None, 50_000),
    ],
)
def test_machines(graph_file, options, machines, memory):
    spec = run_job(Job("connectivity", str(graph_file), **options)).run.ledger.spec
    assert machines is None or spec.num_machines == machines
    assert memory is None or spec.local_memory == memory
    assert spec.num_machines * spec.local_memory >= 32 * spec.num_words


def test_refusals(graph_file, tmp_path):
    with pytest.raises(InputError, match="did you mean connectivity"):
        run_job(Job("conectivity", str(graph_file)))
    with pytest.raises(InputError, match="not both"):
        run_job(Job("connectivity", str(graph_file), delta=0.5, machines=3))
    with pytest.raises(
        SpecError, match=r"too small for connectivity on 9 machines: give at least ([\d,]+) words"
    ) as error:
        run_job(Job("connectivity", str(graph_file), machines=9, memory=3))
    least = int(str(error.value).split("give at least ")[1].split()[0].replace(",", ""))
    with pytest.raises(SpecError):
        run_job(Job("connectivity", str(graph_file), machines=9, memory=least - 1))
    run_job(Job("connectivity", str(graph_file), machines=9, memory=least, strict=False))
    numbers = tmp_path / "numbers.txt"
    numbers.write_text("3\n\n# no\nfour\n")
    with pytest.raises(InputError, match=r"numbers.txt:4: 'four' is not a number"):
        run_job(Job("sort", str(numbers)))
    with pytest.raises(InputError, match="khop needs --k"):
        run_job(Job("khop", str(numbers)))
    with pytest.raises(InputError, match="missing"):
        run_job(Job("sort", str(tmp_path / "missing.npy")))


@pytest.mark.parametrize(
    ("text", "values"),
    [("", []), ("7", [7]), ("1\n-2\n\n# c\n3\n", [1, -2, 3]), ("1.5\n2\n", [1.5, 2.0]), ("1\r\n2\r\n", [1, 2])],
)
def test_numbers(tmp_path, text, values):
    path = tmp_path / "numbers.txt"
    path.write_text(text, newline="")
    assert read_numbers(str(path)).tolist() == values
    np.save(tmp_path / "n.npy", np.array(values))
    assert read_numbers(str(tmp_path / "n.npy")).tolist() == values


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_problem_runs_on_a_sample(name):
    problem = BUILT_IN[name]
    data = problem.sample(300)
    run = problem.run(data)
    table, facts = problem.table(data, run.result), problem.facts(data, run.result)
    assert tuple(table) == problem.columns
    assert len({len(column) for column in table.values()}) == 1
    json.dumps(facts)


COMMAND = "from logdepth.__main__ import run; run()"
KILL = """
import os, signal, sys
from pathlib import Path
from logdepth.jobs import Job, run_job
def progress(done, bound):
    if done == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
run_job(Job("connectivity", sys.argv[1]), checkpoint=Path(sys.argv[2]), every=3, progress=progress)
"""


@pytest.mark.parametrize("rounds", [2, 7, 20])
def test_driver_killed_then_resumed_on_other_shards(graph_file, tmp_path, rounds):
    whole = run_job(Job("connectivity", str(graph_file)))
    folder = tmp_path / "checkpoint"
    done = subprocess.run([sys.executable, "-c", KILL, str(graph_file), str(folder), str(rounds)], check=False)
    assert done.returncode == -signal.SIGKILL
    seen = []
    finished = resume_job(folder, lambda: LocalEngine(threads=3), progress=lambda done, bound: seen.append(done))
    assert seen[0] == rounds // 3 * 3 + 1
    assert finished.run.ledger.without_clock() == whole.run.ledger.without_clock()
    np.testing.assert_array_equal(finished.run.result, whole.run.result)


def test_resume_refuses_another_input(graph_file, tmp_path):
    folder = tmp_path / "checkpoint"
    run_job(Job("connectivity", str(graph_file)), checkpoint=folder, every=3)
    moved = tmp_path / "moved.txt"
    graph_file.rename(moved)
    with pytest.raises(InputError, match=r"graph.txt"):
        resume_job(folder)
    resume_job(folder, source=str(moved))
    with moved.open("a") as file:
        file.write("0 10\n")
    with pytest.raises(InputError, match=r"whose (parameters|spec|input) differs"):
        resume_job(folder, source=str(moved))


@pytest.mark.slow
def test_driver_of_a_ray_run_killed(graph_file, tmp_path):
    """SIGKILL of the command itself, its workers left behind; then `resume` on the local engine."""
    whole = run_job(Job("connectivity", str(graph_file)))
    folder = tmp_path / "checkpoint"
    command = [
        "run",
        "connectivity",
        "--graph",
        str(graph_file),
        "--checkpoint",
        str(folder),
        "--checkpoint-every",
        "2",
    ]
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from logdepth.__main__ import run; run()",
            *command,
            "--engine",
            "ray",
            "--workers",
            "2",
        ],
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while not list(folder.glob("round-*")):
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    finished = resume_job(folder)
    assert finished.run.ledger.without_clock() == whole.run.ledger.without_clock()
    np.testing.assert_array_equal(finished.run.result, whole.run.result)
