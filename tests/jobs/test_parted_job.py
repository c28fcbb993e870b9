"""Runs on parts, whole: the answers of one process, in parts or in a file; resumed; and every way they can go wrong."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
import pytest

from logdepth.cli.main import main
from logdepth.errors import InputError
from logdepth.graphs.generating import Recipe, generate_parts
from logdepth.jobs import AnswerWanted, Job, resume_job, run_job
from logdepth.mpc import LocalEngine
from logdepth.mpc.spilling import Spill

polars = pytest.importorskip("polars")


@pytest.fixture
def edges(tmp_path, monkeypatch):
    generate_parts(Recipe("random", 2000, 2400, key=5), tmp_path / "edges", parts=4)
    monkeypatch.chdir(tmp_path)
    columns = polars.concat([polars.read_parquet(path) for path in sorted(tmp_path.glob("edges/*.parquet"))])
    np.savez(tmp_path / "one.npz", tail=columns["tail"].to_numpy(), head=columns["head"].to_numpy())
    return "edges/*.parquet"


def one_process():
    return polars.DataFrame(run_job(Job("connectivity", "one.npz")).table())


def told(capsys, *arguments):
    assert main(list(arguments)) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    return line


def test_a_folder_of_labels_and_its_manifest(edges, tmp_path, capsys):
    assert main(["run", "connectivity", "--graph", edges, "--out", "labels/", "--workers", "3", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    files = sorted((tmp_path / "labels").glob("*.parquet"))
    assert len(files) == 3
    parts = [polars.read_parquet(path) for path in files]
    assert all(part["vertex"].is_sorted() and part.columns == ["vertex", "label"] for part in parts)
    want = one_process()
    assert polars.concat(parts).sort("vertex").equals(want)
    manifest = json.loads((tmp_path / "labels" / "logdepth.json").read_text())
    assert [part["rows"] for part in manifest["parts"]] == [len(part) for part in parts]
    assert manifest["vertices"] == len(want) == said["result"]["vertices"]
    assert said["result"]["components"] == want["label"].n_unique()
    assert {label.split(":")[0] for label in said["driver"]} == {"read", "collect"}
    assert "not empty" in told(capsys, "run", "connectivity", "--graph", edges, "--out", "labels/")
    assert main(["run", "connectivity", "--graph", edges, "--out", "labels/", "--force"]) == 0


def test_a_file_of_labels_and_numbered_vertices(edges, tmp_path):
    assert main(["run", "connectivity", "--graph", edges, "--out", "all.parquet"]) == 0
    assert polars.read_parquet("all.parquet").equals(one_process())
    assert main(["run", "connectivity", "--graph", edges, "--vertices", "2000", "--out", "all.csv"]) == 0
    found, want = polars.read_csv("all.csv"), one_process()
    assert found["vertex"].to_list() == list(range(2000))
    assert found.filter(polars.col("vertex").is_in(want["vertex"].implode())).equals(want)


def test_standard_input(edges, tmp_path, capsys, monkeypatch):
    data = np.load("one.npz")
    text = "".join(f"{a} {b}\n" for a, b in zip(data["tail"], data["head"], strict=True))
    (tmp_path / "all.txt").write_text(text)
    with open("all.txt", encoding="utf-8") as file:
        monkeypatch.setattr("sys.stdin", file)
        assert main(["run", "connectivity", "--graph", "-", "--out", "all.parquet"]) == 0
    assert polars.read_parquet("all.parquet").equals(one_process())
    assert "cannot be read again" in told(capsys, "run", "connectivity", "--graph", "-", "--checkpoint", "c")


class Stop(Exception):
    pass


def stop_at(rounds):
    def progress(done, bound):
        if done == rounds:
            raise Stop

    return progress


@pytest.mark.parametrize("rounds", [1, 9, 30, 60])  # numbering, numbering, settling, settling or after
def test_resumes_in_every_phase(edges, tmp_path, rounds):
    job, whole = Job("connectivity", os.path.abspath(edges)), run_job(Job("connectivity", edges))
    with pytest.raises(Stop):
        run_job(job, checkpoint=tmp_path / "c", every=3, progress=stop_at(rounds))
    again = resume_job(tmp_path / "c", lambda: LocalEngine(threads=2), wanted=AnswerWanted(tmp_path / "labels"))
    assert again.run.ledger.without_clock() == whole.run.ledger.without_clock()
    found = polars.concat([polars.read_parquet(path) for path in sorted((tmp_path / "labels").glob("*.parquet"))])
    assert found.sort("vertex").equals(one_process())


def test_a_checkpoint_of_parts_that_changed(edges, tmp_path):
    with pytest.raises(Stop):
        run_job(Job("connectivity", os.path.abspath(edges)), checkpoint=tmp_path / "c", every=3, progress=stop_at(9))
    os.utime("edges/part-00002.parquet", ns=(1, 1))
    with pytest.raises(InputError, match="holds a checkpoint whose input differs"):
        resume_job(tmp_path / "c")


def test_a_disk_that_is_full_while_labels_are_written(edges, tmp_path, monkeypatch):
    import logdepth.graphs.write as write

    class Full(polars.DataFrame):
        def write_parquet(self, *_, **__):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(polars, "DataFrame", Full)
    assert write
    with pytest.raises(InputError, match="No space left"):
        run_job(Job("connectivity", os.path.abspath(edges)), checkpoint=tmp_path / "c", every=3,
                wanted=AnswerWanted(tmp_path / "labels"))  # fmt: skip
    assert not (tmp_path / "labels").exists() and not list(tmp_path.glob(".labels*"))
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    again = resume_job(tmp_path / "c", wanted=AnswerWanted(tmp_path / "labels"))
    assert again.facts()["components"] == one_process()["label"].n_unique()


def test_refusals(edges, tmp_path, capsys):
    assert "no/*.parquet matches no file" in told(capsys, "run", "connectivity", "--graph", "no/*.parquet")
    assert "msf reads one file and answers in one" in told(capsys, "run", "msf", "--graph", edges)
    assert "--format csv is for one file" in told(capsys, "run", "connectivity", "--graph", edges, "--format", "csv")
    assert "is not in 0..9" in told(capsys, "run", "connectivity", "--graph", edges, "--vertices", "10")
    assert "give it a unit" in told(capsys, "run", "connectivity", "--graph", edges, "--worker-memory", "5")
    assert "--spill is for --worker-memory" in told(capsys, "run", "connectivity", "--graph", edges, "--spill", "x")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    assert "not empty" in told(capsys, "run", "connectivity", "--graph", edges, "--out", "mine")
    whole = (tmp_path / "edges" / "part-00001.parquet").read_bytes()
    (tmp_path / "edges" / "part-00001.parquet").write_bytes(whole[:-9])
    assert "part-00001.parquet is truncated" in told(capsys, "run", "connectivity", "--graph", edges)


def test_workers_of_ray(edges, tmp_path):
    """One test, since Ray takes its time to start: parts, a worker killed, machines on disk, a folder not there."""
    pytest.importorskip("ray")
    from logdepth.mpc.ray_engine import RayEngine

    class Fixed(Spill):
        def ranges(self, spec, workers, store=0):
            return 2

    try:
        engine = RayEngine(workers=2)
    except Exception as error:  # a sandbox without shared memory or sockets
        pytest.skip(f"Ray does not start here: {error}")

    class Kept:
        """The engine, which the job is not to close."""

        def __init__(self):
            self.run, self.map, self.close = engine.run, engine.map, lambda: None

    killed = []

    def kill(done, bound):
        if done == 20 and not killed:
            killed.append(os.kill(engine.pids[1], signal.SIGKILL))

    with engine:
        job, folder = Job("connectivity", os.path.abspath(edges), machines=12), tmp_path / "labels"
        whole, engine.spill = run_job(job), Fixed(1 << 30, tmp_path / "spill")
        made = run_job(job, Kept, progress=kill, wanted=AnswerWanted(folder, rows=True))
        assert made.run.ledger.without_clock() == whole.run.ledger.without_clock()
        assert len(list(folder.glob("*.parquet"))) == 4
        found = polars.concat([polars.read_parquet(path) for path in folder.glob("*.parquet")])
        assert found.sort("vertex").equals(one_process()) and polars.DataFrame(made.table()).equals(one_process())
        assert engine.recovered == 1 and killed
        path = tmp_path / "edges" / "part-00001.parquet"
        (tmp_path / "edges" / "logdepth.json").unlink()
        path.write_bytes(path.read_bytes()[:-9])
        with pytest.raises(InputError, match="which may be truncated or damaged"):
            run_job(job, Kept)
    assert list((tmp_path / "spill").iterdir()) == []
