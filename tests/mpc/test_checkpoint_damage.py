"""What was damaged, edited or left behind in a checkpoint's folder; and two runs in one folder."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import numpy as np
import pytest

from logdepth.errors import InputError
from logdepth.graphs import graph_from_edges
from logdepth.jobs import Job, resume_job, run_job
from logdepth.mpc import Checkpoints, LocalEngine, Spec
from logdepth.mpc.checkpoint import MANIFEST, load_machines, read_manifest
from logdepth.protocols.components import CONNECTIVITY


class Stop(Exception):
    pass


def stop(done, bound):
    if done == 5:
        raise Stop


@pytest.fixture
def saved(tmp_path):
    """A run broken off in round 5, its checkpoint of round 4."""
    rng = np.random.default_rng(5)
    graph = graph_from_edges(rng.integers(0, 40, 45), rng.integers(0, 40, 45))
    config = CONNECTIVITY.config(graph)
    spec = Spec(4, 6000, CONNECTIVITY.words(config))
    protocol, inputs, folder = CONNECTIVITY.protocol(spec, **config), CONNECTIVITY.place(spec, graph), tmp_path / "c"
    with pytest.raises(Stop):
        LocalEngine().run(protocol, inputs, checkpoints=Checkpoints(folder, every=4), progress=stop)
    return folder, lambda: LocalEngine().run(protocol, inputs, checkpoints=Checkpoints(folder))


def test_every_kind_of_damage_to_a_part_is_named(saved):
    """Flips everywhere in the file: in a zip's directory they drop a table, rename it, or change its size."""
    folder, _ = saved
    part = next(folder.glob("round-*/*.npz"))
    state, data, rng = read_manifest(folder)["state"], part.read_bytes(), random.Random(0)
    directory = data.index(b"PK\x01\x02")  # from here on names, sizes, checksums, offsets
    places = [*rng.sample(range(directory), 100), *range(directory, len(data))]
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= 1 << rng.randrange(8)
        part.write_bytes(damaged)
        with pytest.raises(InputError, match="missing or damaged: its SHA-256"):
            load_machines(folder, state, 0, 4)
    for damaged in (data[:-1], data + b"x", b""):
        part.write_bytes(damaged)
        with pytest.raises(InputError, match="missing or damaged"):
            load_machines(folder, state, 0, 4)


def test_an_edited_manifest_is_refused(saved):
    folder, run = saved
    text = (folder / MANIFEST).read_text()
    manifest = json.loads(text)
    for key, value in manifest.items():
        if key not in ("sha256", "version"):
            edited = {**manifest, key: {**value, "more": 1} if isinstance(value, dict) else f"{value}1"}
            (folder / MANIFEST).write_text(json.dumps(edited))
            with pytest.raises(InputError, match="was damaged or edited"):
                run()
    manifest["state"]["rounds"][2]["words_sent"] += 1
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="was damaged or edited"):
        run()
    for broken in (text[: len(text) // 2], "[]", "[" * 100_000, ""):
        (folder / MANIFEST).write_text(broken)
        with pytest.raises(InputError, match=r"cannot be read|version None"):
            run()
    (folder / MANIFEST).write_text(json.dumps(json.loads(text), indent=1))  # another layout of the same
    run()


def test_what_a_kill_left_is_cleared(saved):
    folder, run = saved
    (folder / "round-000009").mkdir()
    (folder / "round-000009" / "machines-0000000-0000004.npz").write_bytes(b"half")
    (folder / f".{MANIFEST}.x7").write_text("half")
    run()
    assert sorted(path.name for path in folder.iterdir() if path.name != ".lock") == [
        MANIFEST,
        read_manifest(folder)["state"]["folder"],
    ]


HOLD = """
import sys, time
from pathlib import Path
from logdepth.mpc import Checkpoints
with Checkpoints(Path(sys.argv[1])).lock():
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_in_the_folder_is_refused(tmp_path):
    folder, source = tmp_path / "c", tmp_path / "graph.txt"
    source.write_text("1 2\n2 3\n")
    job = Job("connectivity", str(source))
    whole = run_job(job, checkpoint=folder, every=3)
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        for again in (lambda: resume_job(folder), lambda: run_job(job, checkpoint=folder)):
            with pytest.raises(InputError, match="another run is saving itself in"):
                again()
    finally:
        holder.kill()
        holder.communicate()
    assert resume_job(folder).run.ledger.without_clock() == whole.run.ledger.without_clock()


def test_a_lock_leaves_no_folder_behind(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        run_job(Job("connectivity", str(tmp_path / "missing.txt")), checkpoint=tmp_path / "c")
    assert not list(tmp_path.iterdir())
    (tmp_path / "precious").write_text("x")
    with pytest.raises(InputError, match="not empty and holds no checkpoint"):
        run_job(Job("connectivity", str(tmp_path / "missing.txt")), checkpoint=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
