"""A disk that is really full, in the middle of each phase: one line that names the place, and a run that goes on later.

The disk is a small file system in memory, which takes a system that lets this process mount one (Linux, root).
"""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.jobs.test_faults import Faulty, Fixed, left

from logdepth.cli.main import main
from logdepth.errors import InputError
from logdepth.graphs.generating import Recipe, generate_parts
from logdepth.jobs import AnswerWanted, Job, run_job
from logdepth.mpc import LocalEngine

polars = pytest.importorskip("polars")

pytestmark = pytest.mark.slow
NO_SPACE = "No space left on device"


@pytest.fixture
def disk(tmp_path):
    """A folder with room for 32 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(place)]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk, leave=0):
    """Write until nothing more goes there, then give `leave` bytes back."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(b"\0" * size)
            except OSError:
                size //= 2
        file.truncate(max(file.tell() - leave, 0))


@pytest.fixture
def edges(tmp_path):
    generate_parts(Recipe("random", 200_000, 300_000, key=5), tmp_path / "edges", parts=4)
    return tmp_path / "edges"


@pytest.fixture
def job(edges):
    return Job("connectivity", str(edges), machines=12)


def labels(folder):
    return polars.concat([polars.read_parquet(path) for path in folder.glob("*.parquet")]).sort("vertex")


def wanted_labels(job):
    return polars.DataFrame(run_job(job).table())


def engine_of(kind, spill=None):
    if kind == "local":
        return LocalEngine(spill=spill)
    pytest.importorskip("ray")
    from logdepth.mpc.ray_engine import RayEngine

    try:
        return RayEngine(workers=2, spill=spill)
    except Exception as error:  # a sandbox without shared memory or sockets
        pytest.skip(f"Ray does not start here: {error}")


@pytest.mark.parametrize("kind", ["local", "ray"])
@pytest.mark.parametrize("phase", ["read", "number", "settle"])
def test_where_machines_are_put_aside(disk, job, tmp_path, phase, kind):
    wanted = AnswerWanted(tmp_path / "labels")
    engine = Faulty(engine_of(kind, Fixed(1 << 30, disk / "spill")), phase, lambda: fill(disk))
    with pytest.raises(InputError, match=rf"disk/spill.*, where machines are put aside: {NO_SPACE}") as told:
        run_job(job, lambda: engine, checkpoint=tmp_path / "c", every=3, wanted=wanted)
    assert "\n" not in str(told.value)
    (disk / "ballast").unlink()
    assert not (tmp_path / "labels").exists() and not left(tmp_path)

    made = run_job(
        job, lambda: LocalEngine(spill=Fixed(1 << 30, disk / "spill")), checkpoint=tmp_path / "c", wanted=wanted
    )
    assert made.run.ledger.without_clock() == run_job(job).run.ledger.without_clock()
    assert labels(tmp_path / "labels").equals(wanted_labels(job)) and not left(tmp_path)


@pytest.mark.parametrize("kind", ["local", "ray"])
def test_where_the_answer_is_written(disk, job, tmp_path, kind):
    wanted = AnswerWanted(disk / "labels")
    engine = Faulty(engine_of(kind), "write", lambda: fill(disk, leave=60_000))
    with pytest.raises(InputError, match=rf"cannot write .*disk/.*labels.*: {NO_SPACE}") as told:
        run_job(job, lambda: engine, checkpoint=tmp_path / "c", every=3, wanted=wanted)
    assert "\n" not in str(told.value)
    assert [path.name for path in disk.iterdir()] == ["ballast"]
    (disk / "ballast").unlink()

    run_job(job, checkpoint=tmp_path / "c", wanted=wanted)
    assert labels(disk / "labels").equals(wanted_labels(job))


@pytest.mark.parametrize("kind", ["local", "ray"])
def test_where_the_checkpoint_is(disk, job, tmp_path, kind):
    """The run goes on; what was saved before stays, and is taken up."""
    warned, place = [], disk / "c"
    engine = Faulty(engine_of(kind), "settle", lambda: fill(disk))
    run_job(
        job, lambda: engine, checkpoint=place, every=3, warn=warned.append, wanted=AnswerWanted(tmp_path / "labels")
    )
    assert warned and all(NO_SPACE in line and "the one of round 18 is kept" in line for line in warned)
    want = wanted_labels(job)
    assert labels(tmp_path / "labels").equals(want)

    seen = []
    run_job(job, checkpoint=place, progress=lambda done, bound: seen.append(done), every=10**6,
            warn=warned.append, wanted=AnswerWanted(tmp_path / "again"))  # fmt: skip
    assert seen[0] == 19 and labels(tmp_path / "again").equals(want)


def test_where_text_is_unpacked(disk, tmp_path, monkeypatch):
    lines = "".join(f"{tail} {tail + 1}\n" for tail in range(100_000)).encode()
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(lines))
    fill(disk, leave=500_000)
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    told = rf"cannot write .*disk/.*a\.txt: {NO_SPACE}"
    for source in (tmp_path / "a.txt.gz", f"file://{tmp_path}/a.txt.gz"):
        with pytest.raises(InputError, match=told):
            run_job(Job("connectivity", str(source)), wanted=AnswerWanted(tmp_path / "labels"))
        assert [path.name for path in disk.iterdir()] == ["ballast"] and not (tmp_path / "labels").exists()
    with (tmp_path / "a.txt.gz").open() as file, monkeypatch.context() as patch:
        patch.setattr("sys.stdin", file)
        with pytest.raises(InputError, match=rf"cannot write .*disk/.*stdin\.txt: {NO_SPACE}"):
            run_job(Job("connectivity", "-"))
    assert [path.name for path in disk.iterdir()] == ["ballast"]


def test_where_one_file_is_written(disk, edges, tmp_path, capsys, monkeypatch):
    """The result goes elsewhere, and the line says where."""
    fill(disk, leave=60_000)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    out = disk / "labels.npz"
    assert main(["run", "connectivity", "--graph", str(edges), "--machines", "12", "--out", str(out)]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and f"cannot write {out}: {NO_SPACE}; the result is in " in line
    with np.load(Path(line.split("the result is in ")[1].strip())) as found:
        assert len(found["vertex"]) == len(wanted_labels(Job("connectivity", str(edges), machines=12)))
    assert [path.name for path in disk.iterdir()] == ["ballast"]


def test_where_parts_are_generated(disk):
    recipe = Recipe("random", 200_000, 300_000, key=5)
    fill(disk, leave=1_000_000)
    with pytest.raises(InputError, match=rf"cannot write .*disk/.*: {NO_SPACE}"):
        generate_parts(recipe, disk / "edges", parts=4)
    assert not (disk / "edges").exists()
    (disk / "ballast").unlink()
    made = generate_parts(recipe, disk / "edges", parts=4)
    assert len(made["parts"]) == 4 and sorted(path.name for path in disk.iterdir()) == ["edges"]
