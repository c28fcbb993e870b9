"""Parts that are not what they should be: one line that names the part, the host or the folder, and nothing written."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest
from tests.jobs.test_faults import Faulty, edges, left, right  # noqa: F401  a fixture

from logdepth.cli.main import main
from logdepth.errors import InputError
from logdepth.jobs import AnswerWanted, Job, run_job
from logdepth.mpc import LocalEngine
from logdepth.protocols.label_parts import LabelParts
from logdepth.protocols.parted import AnswerPlace

polars = pytest.importorskip("polars")


def cut(path):
    path.write_bytes(path.read_bytes()[:-30])


def replaced(**columns):
    return lambda path: polars.DataFrame(columns).write_parquet(path)


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda path: path.unlink(), "part-00002.parquet is missing: .*logdepth.json names it among 4 parts"),
        (cut, "part-00002.parquet is truncated or was changed"),
        (replaced(tail=[1.5], head=[2.0]), "part-00002.parquet is truncated or was changed"),
    ],
)
def test_what_the_manifest_knows(edges, tmp_path, harm, told):  # noqa: F811
    harm(edges / "part-00002.parquet")
    with pytest.raises(InputError, match=told):
        run_job(Job("connectivity", str(edges)), wanted=AnswerWanted(tmp_path / "labels"))
    assert not (tmp_path / "labels").exists()


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (cut, "cannot read .*part-00002.parquet, which may be truncated or damaged"),
        (replaced(tail=[1.5], head=[2.0]), "part-00002.parquet: 'tail' is Float64; ids are whole numbers or strings"),
        (replaced(x=[1], y=[2]), "part-00002.parquet has another schema: its edges are columns x, y"),
        (replaced(tail=[1]), "part-00002.parquet: columns 'tail': an edge needs two"),
        (replaced(tail=["a"], head=["b"]), r"ids of different kinds: .*part-00002.parquet has names \(a\); give --ids"),
        (replaced(tail=[1, None], head=[1, 2]), "part-00002.parquet: row 1: 'tail' is missing"),
    ],
)
def test_without_a_manifest(edges, tmp_path, harm, told):  # noqa: F811
    (edges / "logdepth.json").unlink()
    harm(edges / "part-00002.parquet")
    with pytest.raises(InputError, match=told):
        run_job(Job("connectivity", str(edges)), wanted=AnswerWanted(tmp_path / "labels"))
    assert not (tmp_path / "labels").exists()


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (replaced(tail=[1], head=[2]), "part-00002.parquet was changed while it was being read: .* bytes"),
        (lambda path: os.utime(path, ns=(1, 1)), "part-00002.parquet was changed while it was being read"),
        (lambda path: path.unlink(), f"part-00002.parquet: no such file on host {socket.gethostname()}, though it was"),
    ],
)
def test_between_the_look_and_the_reading(edges, tmp_path, harm, told):  # noqa: F811
    """As a node sees it, too, that does not share the file system."""
    engine = Faulty(LocalEngine(), "read", lambda: harm(edges / "part-00002.parquet"))
    with pytest.raises(InputError, match=told):
        run_job(Job("connectivity", str(edges)), lambda: engine, wanted=AnswerWanted(tmp_path / "labels"))
    assert not (tmp_path / "labels").exists() and not list(tmp_path.glob(".labels*"))


def test_a_folder_that_a_worker_does_not_see(edges, tmp_path):  # noqa: F811
    class Elsewhere(LocalEngine):
        def run(self, *args, outputs, **given):
            away = AnswerPlace(str(tmp_path / "not here"))
            return super().run(*args, **given, outputs=LabelParts(outputs.num_machines, 1, False, away))

    with pytest.raises(InputError, match=f"not here: no such folder on host {socket.gethostname()}; the workers"):
        run_job(Job("connectivity", str(edges)), Elsewhere, wanted=AnswerWanted(tmp_path / "labels"))
    assert not (tmp_path / "labels").exists()


class Leaving(LocalEngine):
    """Before its workers write their parts, others, that are lost, wrote some of other ranges of machines."""

    def run(self, *args, outputs, **given):
        before = LabelParts(outputs.num_machines, outputs.width, outputs.names, outputs.place)

        class Both(LabelParts):
            def take(self, first, last, tables):
                before.take(0, 1, {name: table.part(0, 1) for name, table in tables.items()})
                return super().take(first, last, tables)

        both = Both(outputs.num_machines, outputs.width, outputs.names, outputs.place)
        return super().run(*args, **given, outputs=both)


def test_what_lost_workers_wrote_is_no_part_of_the_answer(edges, tmp_path):  # noqa: F811
    run_job(Job("connectivity", str(edges), machines=12), Leaving, wanted=AnswerWanted(tmp_path / "labels"))
    manifest = json.loads((tmp_path / "labels" / "logdepth.json").read_text())
    names = [part["name"] for part in manifest["parts"]]
    assert sorted(path.name for path in (tmp_path / "labels").iterdir()) == ["logdepth.json", *names]
    assert right(tmp_path / "labels", edges)


def test_a_part_that_this_host_does_not_see(edges, tmp_path):  # noqa: F811
    class Elsewhere(LocalEngine):
        def run(self, *args, outputs, **given):
            made = super().run(*args, **given, outputs=outputs)
            (Path(outputs.place.folder) / made.result.parts[0]["name"]).unlink()
            return made

    told = rf"part-0000000-0000012.parquet, .* is not to be seen on host {socket.gethostname()}"
    with pytest.raises(InputError, match=told):
        run_job(Job("connectivity", str(edges), machines=12), Elsewhere, wanted=AnswerWanted(tmp_path / "labels"))
    assert not left(tmp_path) and not (tmp_path / "labels").exists()


def test_as_a_user(edges, tmp_path, capsys, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    for arguments, told in [
        (["--graph", "no/*.parquet"], "no/*.parquet matches no file of edges"),
        (["--graph", "edges", "--out", "mine/"], "mine exists and is not empty"),
        (["--graph", "edges", "--out", "mine/", "--force"], "mine was not written by logdepth"),
        (["--graph", "edges", "--worker-memory", "300MiB"], "give at least 444 MiB"),
    ]:
        assert main(["run", "connectivity", *arguments]) == 2
        line = capsys.readouterr().err
        assert told in line and line.count("\n") == 1


def test_a_checkpoint_that_others_do_not_see(edges, tmp_path):  # noqa: F811
    """Workers of other hosts write into a folder of that name of their own."""
    warned = []

    class Elsewhere(LocalEngine):
        def run(self, *args, checkpoints, **given):
            save = checkpoints.save
            checkpoints.save = lambda ledger, parts: save(ledger, lambda folder: _removed(folder, parts(folder)))
            return super().run(*args, checkpoints=checkpoints, **given)

    def _removed(folder, parts):
        (folder / parts[0][2]).unlink()
        return parts

    run_job(Job("connectivity", str(edges)), Elsewhere, checkpoint=tmp_path / "c", every=5, warn=warned.append)
    assert warned and f"not to be seen on host {socket.gethostname()}" in warned[0]
