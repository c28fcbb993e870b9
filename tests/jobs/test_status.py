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


def test_what_is_shown_of_a_run():
    """What machines keep is not moved; a bound is called one; a run that goes on counts what came before."""
    from logdepth.mpc.ledger import Ledger, Round
    from logdepth.mpc.spec import Spec

    ledger, watch = Ledger(Spec(4, 100, 50), bound=9454), Watch(began=0, since=0)
    rows = [
        Round(at, "send", 0, 0, 0, 0, sent, 60, kept, 0, 1.0) for at, (sent, kept) in enumerate([(70, 30), (60, 50)])
    ]
    ledger.rounds += rows
    watch.round(ledger, [])
    assert (watch.rounds, watch.moved, watch.rate) == (2, 50, 25.0)
    ledger.rounds.append(rows[0])
    watch.round(ledger, [])
    assert watch.moved == 90
    del ledger.rounds[1:]  # back to a checkpoint, and on from it
    watch.round(ledger, [])
    assert watch.moved == 40
    told = status_lines({"problem": "connectivity", "source": "edges/", **watch.to_json()})
    assert "rounds    1 (at most 9,454, the proved bound)" in told
    assert any(line.startswith("words     40 moved, 0.80 for each of the input's, ") for line in told)
    assert "held      60 words on the machines now; the input had 50" in told
