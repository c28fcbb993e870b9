"""What a run shows of itself: to `logdepth top` by a status file, and on a terminal."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from logdepth.cli.main import main
from logdepth.graphs import graph_from_edges
from logdepth.jobs import Job, run_job, status
from logdepth.jobs.status import running_jobs, status_file
from logdepth.mpc import LocalEngine
from logdepth.mpc.spilling import Spill
from logdepth.mpc.watch import Watch
from logdepth.report.status import status_lines


@pytest.fixture
def edges(tmp_path, monkeypatch):
    monkeypatch.setattr(status, "status_folder", lambda: tmp_path / "status")
    monkeypatch.setattr(status, "EVERY", 0.0)
    rng = np.random.default_rng(3)
    graph = graph_from_edges(rng.integers(0, 50, 60), rng.integers(0, 50, 60))
    (tmp_path / "edges").mkdir()
    np.save(tmp_path / "edges" / "a.npy", np.stack([graph.tail, graph.head], axis=1))
    return tmp_path / "edges"


def test_a_run_is_seen_in_every_phase(edges, tmp_path, capsys):
    seen, phases = [], []

    def look(watch):
        seen.extend(running_jobs())
        phases.append(watch.phase)
        assert main(["top"]) == 0 and main(["top", str(tmp_path / "out")]) == 0
        told = capsys.readouterr().out
        assert told.count(f"connectivity on {edges}") == 2

    class Fixed(Spill):
        def ranges(self, spec, workers, store=0):
            return 2

    watch, about = Watch(), {"problem": "connectivity", "source": str(edges), "checkpoint": None}
    with status_file({**about, "out": str(tmp_path / "out")}, watch):
        written = watch.report
        watch.report = lambda now: (written(now), look(now))
        engine = LocalEngine(spill=Fixed(1 << 30, tmp_path / "spill"))
        made = run_job(Job("connectivity", str(edges), machines=8), lambda: engine, progress=watch)
    assert sorted(set(phases), key=phases.index) == ["read", "rounds", "write"]
    last, ledger = seen[-1], made.run.ledger
    assert last["rounds"] == ledger.num_rounds and last["bound"] == ledger.bound
    total = ledger.summary()
    assert last["moved"] == total["words_sent"] - total["words_kept"] > 0
    assert last["pid"] == os.getpid() and len(last["workers"]) == 1
    assert "not there" in status_lines({**last, "source": "not there"}, now=last["began"])[0]
    assert not running_jobs()


def test_the_dead_are_not_shown(edges, tmp_path, capsys):
    (tmp_path / "status").mkdir()
    dead = tmp_path / "status" / "999999999.json"
    dead.write_text(json.dumps({"began": 0}))
    (tmp_path / "status" / "5x.json").write_text("{")
    assert main(["top", "--json"]) == 0 and json.loads(capsys.readouterr().out) == []
    assert not dead.exists()
    assert main(["top"]) == 0 and "nothing is running here" in capsys.readouterr().out
    assert main(["top", str(tmp_path / "no")]) == 2
    assert "no run here has this" in capsys.readouterr().err


def test_progress_is_quiet_in_a_pipe(edges, capsys):
    assert main(["run", "connectivity", "--graph", str(edges), "--progress"]) == 0
    out, err = capsys.readouterr()
    assert "components" in out and err == ""
