"""Checkpoints: go on elsewhere, refuse what does not match, keep the last good one."""

import json
import os

import numpy as np
import pytest

from logdepth.errors import InputError
from logdepth.graphs import graph_from_edges
from logdepth.mpc import Checkpoints, LocalEngine, Protocol, Spec
from logdepth.mpc.checkpoint import MANIFEST, digest, read_manifest
from logdepth.protocols.components import CONNECTIVITY


@pytest.fixture(scope="module")
def case():
    edges = np.random.default_rng(5).permutation(1199)  # a path, its edges in any order: some 45 rounds
    graph = graph_from_edges(edges, edges + 1)
    config = CONNECTIVITY.config(graph)
    spec = Spec(24, 6000, CONNECTIVITY.words(config))
    protocol = CONNECTIVITY.protocol(spec, **config)
    inputs = CONNECTIVITY.place(spec, graph)
    return protocol, inputs, LocalEngine().run(protocol, inputs)


class Stop(Exception):
    pass


def stop_after(rounds):
    def progress(done, bound):
        if done == rounds:
            raise Stop

    return progress


def killed(case, folder, rounds, every=4, **engine):
    protocol, inputs, _ = case
    with pytest.raises(Stop):
        LocalEngine(**engine).run(
            protocol, inputs, checkpoints=Checkpoints(folder, every=every), progress=stop_after(rounds)
        )


@pytest.mark.parametrize("rounds", [1, 4, 5, 17, 30])
def test_resume_with_other_shards(case, tmp_path, rounds):
    protocol, inputs, whole = case
    killed(case, tmp_path / "c", rounds)
    saved = read_manifest(tmp_path / "c")["state"]
    assert (0 if saved is None else len(saved["rounds"])) == rounds // 4 * 4
    engine = LocalEngine(kernels="numpy", ranges=[(0, 1), (1, 7), (7, 24)])
    run = engine.run(protocol, inputs, checkpoints=Checkpoints(tmp_path / "c", every=3))
    assert run.ledger.without_clock() == whole.ledger.without_clock()
    np.testing.assert_array_equal(run.result, whole.result)


def test_a_chain_of_crashes(case, tmp_path):
    protocol, inputs, whole = case
    rounds = 3
    while rounds < whole.ledger.num_rounds:
        killed(case, tmp_path / "c", rounds, every=2, threads=1 + rounds % 3)
        rounds += 5
    run = LocalEngine().run(protocol, inputs, checkpoints=Checkpoints(tmp_path / "c"))
    assert run.ledger.without_clock() == whole.ledger.without_clock()
    np.testing.assert_array_equal(run.result, whole.result)


def test_refuses_what_differs(case, tmp_path):
    protocol, inputs, _ = case
    folder = tmp_path / "c"
    killed(case, folder, 9)
    other = {**inputs, "input": inputs["input"].with_columns(tail=inputs["input"]["tail"][::-1].copy())}
    with pytest.raises(InputError, match="whose input differs"):
        LocalEngine().run(protocol, other, checkpoints=Checkpoints(folder))
    spec = Spec(24, 7000, protocol.spec.num_words)
    with pytest.raises(InputError, match=r"whose spec differs: .*6000.* there, .*7000.* here"):
        LocalEngine().run(CONNECTIVITY.protocol(spec, **protocol.config), inputs, checkpoints=Checkpoints(folder))
    with pytest.raises(InputError, match="whose strict differs"):
        LocalEngine().run(protocol, inputs, strict=False, checkpoints=Checkpoints(folder))
    other = Protocol("msf", protocol.spec, protocol.stages, protocol.collect, dict(protocol.config))
    with pytest.raises(InputError, match="whose protocol differs"):
        LocalEngine().run(other, inputs, checkpoints=Checkpoints(folder))
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "version": 1}))
    with pytest.raises(InputError, match="version 1; this logdepth reads version 2"):
        LocalEngine().run(protocol, inputs, checkpoints=Checkpoints(folder))
    (folder / MANIFEST).write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        LocalEngine().run(protocol, inputs, checkpoints=Checkpoints(folder))


def test_a_folder_of_something_else(case, tmp_path):
    protocol, inputs, _ = case
    (tmp_path / "precious").write_text("x")
    with pytest.raises(InputError, match="not empty and holds no checkpoint"):
        LocalEngine().run(protocol, inputs, checkpoints=Checkpoints(tmp_path))
    with pytest.raises(InputError, match="holds no checkpoint"):
        read_manifest(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write checkpoints"):
        LocalEngine().run(protocol, inputs, checkpoints=Checkpoints(tmp_path / "file" / "c"))


@pytest.mark.parametrize("harm", ["cut", "flip", "remove"])
def test_a_damaged_part(case, tmp_path, harm):
    protocol, inputs, _ = case
    folder = tmp_path / "c"
    killed(case, folder, 9)
    part = next(folder.glob("round-*/*.npz"))
    data = bytearray(part.read_bytes())
    if harm == "cut":
        part.write_bytes(data[:-10])
    elif harm == "flip":
        data[len(data) // 2] ^= 16
        part.write_bytes(data)
    else:
        part.unlink()
    with pytest.raises(InputError, match="missing or damaged"):
        LocalEngine().run(protocol, inputs, checkpoints=Checkpoints(folder))


def test_a_full_disk_keeps_the_last_good_one(case, tmp_path, monkeypatch):
    protocol, inputs, whole = case
    folder = tmp_path / "c"
    real, calls, warnings = os.fsync, [0], []

    def full(handle):
        calls[0] += 1
        if 12 <= calls[0] <= 14:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    saves = Checkpoints(folder, every=4, warn=warnings.append)
    run = LocalEngine().run(protocol, inputs, checkpoints=saves)
    np.testing.assert_array_equal(run.result, whole.result)
    assert warnings and all("No space left on device" in line and "is kept" in line for line in warnings)
    state = read_manifest(folder)["state"]
    assert (folder / state["folder"]).is_dir()
    again = LocalEngine().run(protocol, inputs, checkpoints=Checkpoints(folder))
    assert again.ledger.without_clock() == whole.ledger.without_clock()


def test_only_the_last_round_is_kept(case, tmp_path):
    protocol, inputs, _ = case
    LocalEngine().run(protocol, inputs, checkpoints=Checkpoints(tmp_path / "c", every=2))
    assert len(list((tmp_path / "c").glob("round-*"))) == 1
    assert not list((tmp_path / "c").glob(".*"))


def test_adaptive_checkpoints_cost_little(case, tmp_path):
    protocol, inputs, whole = case
    saves = Checkpoints(tmp_path / "c", overhead=0.0)
    LocalEngine().run(protocol, inputs, checkpoints=saves)
    assert not saves.has_state
    eager = Checkpoints(tmp_path / "d", overhead=1e9)
    LocalEngine().run(protocol, inputs, checkpoints=eager)
    assert len(read_manifest(tmp_path / "d")["state"]["rounds"]) == whole.ledger.num_rounds


def test_digest_sees_every_word(case):
    _, inputs, _ = case
    first = digest(inputs)
    changed = inputs["input"]["head"].copy()
    changed[7] ^= 1
    assert digest({**inputs, "input": inputs["input"].with_columns(head=changed)}) != first
