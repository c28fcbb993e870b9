from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import FolderError, InputError
from logdepth.models.build import build_model
from logdepth.tasks.khop import all_hops, find, solve
from logdepth.train.batches import Batches
from logdepth.train.config import TrainConfig
from logdepth.train.folder import RunFolder, read_config, read_records, read_state, weights_path
from logdepth.train.logs import tensorboard_log, wandb_log
from logdepth.train.loop import train
from logdepth.train.muon import Muon, orthogonalize
from logdepth.train.optimizers import build_optimizers
from logdepth.train.recipes import configure, fast, paper
from logdepth.train.subject import load_subject
from logdepth.train.sweep import sweep

EVERY: dict[str, Any] = {"evaluate_every": 6, "checkpoint_every": 4, "record_every": 2, "evaluate_strings": 5}
TASK: dict[str, Any] = {"max_k": 3, "length": 12, "batch_size": 4, "steps": 12, **EVERY}
TINY: dict[str, Any] = {"num_heads": 2, "embed_dim": 16, **TASK}


def tiny(depth: int = 2, **changes: Any) -> TrainConfig:
    return fast(depth, **{**TINY, **changes})


def weights(run: Path, step: int) -> bytes:
    return weights_path(run, step).read_bytes()


def losses(run: Path) -> list[tuple[int, float]]:
    return [(row["step"], row["loss"]) for row in read_records(run)]


@pytest.mark.parametrize("changes", [{}, {"samples": 10}, {"planted": True}, {"curriculum": 8}])
@pytest.mark.parametrize("auxiliary", [0.0, 1.0])
def test_batches_ask_and_answer(changes: dict[str, Any], auxiliary: float) -> None:
    config = tiny(auxiliary_weight=auxiliary, deep=False, **changes)
    batches = Batches(config)
    for step in range(9):
        batch = batches[step]
        strings, k = batch.ids[:, 1:] - 4, batch.ids[:, 0]
        for row in range(len(k)):
            answers = solve(strings[row : row + 1], int(k[row]), 4)[0]
            assert (batch.targets[row, 1:] == answers + 4).all()
            if batch.every is not None:
                assert (batch.every[row, 1:, k[row]] == batch.targets[row, 1:]).all()
                assert (batch.every[row, 0] == batch.targets[row, 0]).all()
        if changes.get("curriculum") and step < 4:
            assert k.max() <= 2
    assert (batches[3].ids == Batches(config)[3].ids).all()


def test_a_fixed_set_is_gone_through_in_a_new_order_each_pass() -> None:
    config = tiny(samples=8)
    batches = Batches(config)
    passes = [np.concatenate([batches[step].ids for step in (2 * p, 2 * p + 1)]) for p in range(3)]
    whole = sorted(map(tuple, config.sampler().batch(0, 8).inputs.tolist()))
    assert all(sorted(map(tuple, each.tolist())) == whole for each in passes)
    assert not (passes[0] == passes[1]).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(0, 9), st.booleans())
def test_all_hops_are_the_solvers(seed: int, size: int, most: int, repeats: bool) -> None:
    rng = np.random.default_rng(seed)
    strings = rng.integers(0, size, (3, int(rng.integers(1, 30))))
    if not repeats and size > 1:
        strings = np.cumsum(rng.integers(1, size, strings.shape), 1) % size
    hops = all_hops(strings, most, size)
    for j in range(most + 1):
        assert (hops[:, 1:, j] == solve(strings, j, size)).all()
    assert (hops[:, 0] == size).all() and find(strings, size).shape == hops.shape[:2]


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 4, 12), (1, 12, 4)])
def test_muon_orthogonalises(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalize(torch.randn(shape)))
    assert values.min() > 0.3 and values.max() < 1.4


def test_muon_together_is_muon_one_by_one() -> None:
    torch.manual_seed(0)
    start = [torch.randn(6, 4) for _ in range(3)]
    gradients = [[torch.randn(6, 4) for _ in range(3)] for _ in range(4)]
    together = [torch.nn.Parameter(x.clone()) for x in start]
    alone = [torch.nn.Parameter(x.clone()) for x in start]
    optimizers = [Muon(together), *(Muon([x]) for x in alone)]
    for step in gradients:
        for parameters in (together, alone):
            for parameter, gradient in zip(parameters, step, strict=True):
                parameter.grad = gradient.clone()
        for optimizer in optimizers:
            optimizer.step()
    for one, other in zip(together, alone, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_every_parameter_has_one_optimizer() -> None:
    for config in (tiny(), tiny(optimizer="adamw"), tiny(num_loops=2), paper(2)):
        model = build_model(config.model)
        found = [p for o in build_optimizers(config, model) for g in o.param_groups for p in g["params"]]
        assert sorted(map(id, found)) == sorted(map(id, model.parameters()))


RUNS = [
    tiny(),
    tiny(samples=10, curriculum=5, auxiliary_weight=0.0, deep=False),
    tiny(1, num_loops=2, positions="learned", planted=True),
    paper(2, num_heads=2, embed_dim=32, **TASK),
]


@pytest.mark.parametrize("config", RUNS, ids=["fast", "fixed samples", "looped", "paper"])
def test_broken_off_at_any_step_it_ends_the_same(config: TrainConfig, tmp_path: Path) -> None:
    """To the bit: weights, losses, errors (dropout's random numbers and the momenta included)."""

    class Stop(Exception):
        pass

    train(config, tmp_path / "whole", threads=1)
    for at in (1, 4, 7, 11):

        def stop(done: int, total: int, at: int = at) -> None:
            if done == at:
                raise Stop

        with pytest.raises(Stop):
            train(config, tmp_path / f"cut{at}", threads=1, progress=stop)
        train(config, tmp_path / f"cut{at}")
        assert weights(tmp_path / f"cut{at}", 12) == weights(tmp_path / "whole", 12)
        assert losses(tmp_path / f"cut{at}") == losses(tmp_path / "whole")


def worker(config: TrainConfig, run: Path, parent: int | None = None) -> list[str]:
    """The command of a sweep's worker."""
    request = run.with_suffix(".request.json")
    request.write_text(json.dumps(config.to_json()))
    given = [str(request), str(run), "cpu", "1", str(parent or os.getpid())]
    return [sys.executable, "-m", "logdepth.train.worker", *given]


def test_a_worker_whose_sweep_has_gone_ends_at_once(tmp_path: Path) -> None:
    done = subprocess.run(worker(tiny(), tmp_path / "run", parent=1), capture_output=True, text=True)
    assert done.returncode == 1 and "the sweep has gone" in done.stderr and read_state(tmp_path / "run").step == 0


def test_a_worker_waits_for_one_that_is_ending(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run", tiny()).lock():
        process = subprocess.Popen(worker(tiny(), tmp_path / "run"))
        time.sleep(5)
        assert process.poll() is None
    assert process.wait() == 0 and read_state(tmp_path / "run").step == 12


def test_killed_it_goes_on_to_the_same_end(tmp_path: Path) -> None:
    config = tiny(steps=400, checkpoint_every=40, evaluate_every=400)
    process = subprocess.Popen(worker(config, tmp_path / "killed"))
    while read_state(tmp_path / "killed").step < 80:
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert 0 < read_state(tmp_path / "killed").step < 400
    train(config, tmp_path / "killed")
    train(config, tmp_path / "whole", threads=1)
    assert weights(tmp_path / "killed", 400) == weights(tmp_path / "whole", 400)
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")


def test_what_another_process_did_meanwhile_counts(tmp_path: Path) -> None:
    mine = RunFolder(tmp_path / "run", tiny())
    assert mine.last == 0
    train(tiny(), tmp_path / "run", threads=1)
    with mine.lock():
        assert mine.last == 12


def test_cpu_seconds_add_up_over_a_break(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done == 6:
            raise Stop

    with pytest.raises(Stop):
        train(tiny(), tmp_path / "run", threads=1, progress=stop)
    before = [row["cpu_seconds"] for row in read_records(tmp_path / "run") if row["step"] <= 4][-1]
    train(tiny(), tmp_path / "run")
    spent = [row["cpu_seconds"] for row in read_records(tmp_path / "run")]
    assert spent == sorted(spent) and 0 < before < spent[2] and len(spent) == 6


def test_training_learns(tmp_path: Path) -> None:
    config = fast(2, embed_dim=32, num_heads=2, max_k=1, length=20, steps=300, evaluate_strings=50)
    train(config, tmp_path / "run", threads=1)
    errors = read_records(tmp_path / "run")[-1]["errors"]
    assert errors["0"] < 0.01 and errors["1"] < 0.2


def test_the_loss_is_not_a_number(tmp_path: Path) -> None:
    config = tiny(optimizer="adamw", learning_rate=1e30, warmup=0, auxiliary_weight=0.0, deep=False, checkpoint_every=1)
    with pytest.raises(InputError, match=r"the loss is nan at step \d+; the checkpoint of step \d+ is kept"):
        train(config, tmp_path / "run", threads=1)
    subject = load_subject(tmp_path / "run")
    assert subject.step == read_state(tmp_path / "run").step > 0
    strings = np.array([[0, 1, 2, 0, 1, 2]])
    assert torch.isfinite(subject.model(subject.encode(strings, 1))).all()  # good, not only there
    spoilt = dataclasses.replace(config, steps=subject.step + 1, decay=0)  # by its very last step
    with pytest.raises(InputError, match=rf"the loss is nan at step {spoilt.steps}; the checkpoint of step"):
        train(spoilt, tmp_path / "last", threads=1)


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, calls = tiny(), []

    def full(self: Path, data: bytes) -> int:
        calls.append(1)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        with self.open("wb") as file:
            return file.write(data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"step 8 to .*No space left on device; the checkpoint of step 4 is kept"):
        train(config, tmp_path / "run", threads=1)
    monkeypatch.undo()
    assert load_subject(tmp_path / "run").step == 4
    train(config, tmp_path / "run")
    train(config, tmp_path / "whole", threads=1)
    assert weights(tmp_path / "run", 12) == weights(tmp_path / "whole", 12)


def test_files_of_another_run_are_refused(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    train(tiny(), mine, threads=1)
    train(tiny(seed=1), theirs, threads=1)
    for ending in ("safetensors", "state"):  # same names, same shapes
        file = mine / f"step-000012.{ending}"
        kept = file.read_bytes()
        file.write_bytes((theirs / file.name).read_bytes())
        with pytest.raises(FolderError, match=f"step-000012.{ending} was damaged or replaced"):
            train(tiny(), mine)
        file.write_bytes(kept)
    assert train(tiny(), mine).step == 12


def test_folders_that_do_not_fit(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(tiny(), run, threads=1)
    with pytest.raises(InputError, match="a run with another seed; give another --out"):
        train(tiny(seed=1), run)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear")
    with pytest.raises(InputError, match="holds no run"):
        train(tiny(), tmp_path / "mine")
    with RunFolder(run, tiny()).lock(), pytest.raises(InputError, match="another process is training"):
        train(tiny(), run)
    content = json.loads((run / "config.json").read_text())
    config, shape = content["config"], content["config"]["model"]
    for change, message in (
        ({"version": 7}, "version 7; this logdepth reads version 1"),
        ({"config": {**config, "colour": 1}}, "colour"),
        ({"config": {**config, "model": {**shape, "embed_dim": 20}}}, "contradicts"),
        ({"config": {**config, "model": {**shape, "num_layers": 3}}}, r"missing blocks\.2"),
    ):
        (run / "config.json").write_text(json.dumps({**content, **change}))
        with pytest.raises(FolderError, match=message):
            load_subject(run)
    for damaged in ("{", '{"version": 1}', '{"config": {}}', "\x00"):
        (run / "config.json").write_text(damaged)
        for read in (read_config, load_subject):
            with pytest.raises(FolderError, match=r"config\.json is damaged, or not the config of a run"):
                read(run)
    (run / "config.json").write_text(json.dumps(content))
    weights_path(run, 12).write_bytes(weights(run, 12)[:-9])
    with pytest.raises(FolderError, match="damaged or replaced"):
        load_subject(run)
    weights_path(run, 12).unlink()
    with pytest.raises(FolderError, match="missing"):
        load_subject(run)
    (run / "state.json").write_text('{"step": 12, "threads": 1}')
    with pytest.raises(FolderError, match=r"state\.json cannot be read"):
        load_subject(run)
    with pytest.raises(FolderError, match="neither a run"):
        load_subject(tmp_path / "mine")
    RunFolder(tmp_path / "new", tiny())
    with pytest.raises(FolderError, match="no checkpoint yet"):
        load_subject(tmp_path / "new")


BAD = [
    ({"steps": 0}, "steps is 0"),
    ({"max_k": -1}, "max_k is -1"),
    ({"samples": 0}, "samples are 0"),
    ({"optimizer": "sgd"}, "optimizer is 'sgd'"),
    ({"precision": "float16"}, "precision is 'float16'"),
    ({"auxiliary_weight": 0.0, "deep": True}, "deep needs an auxiliary_weight"),
    ({"alphabet_size": 1}, "one symbol"),
    ({"planted": True, "length": 4}, "planted strings"),
    ({"learning_rate": float("nan")}, "learning_rate is nan; it must be a finite number"),
    ({"small_rate": float("inf")}, "small_rate is inf; it must be a finite number"),
    ({"weight_decay": float("nan")}, "weight_decay is nan; it must be a finite number"),
    ({"auxiliary_weight": float("inf")}, "auxiliary_weight is inf; it must be a finite number"),
    ({"weight_decay": -0.1}, "weight_decay is -0.1; it must be at least 0"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_configs(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        tiny(**change)


def test_bad_recipes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no recipe 'quick'; there are: fast, paper, plain"):
        configure("quick", {})
    with pytest.raises(InputError, match="muon is not for models of family paper"):
        paper(2, optimizer="muon")
    with pytest.raises(InputError, match="bfloat16 is for CUDA"):
        train(tiny(precision="bfloat16"), tmp_path / "run", device="cpu")
    config = tiny()
    assert TrainConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_a_sweep_skips_shares_and_goes_on(tmp_path: Path) -> None:
    configs = [tiny(seed=0), tiny(seed=1), tiny(seed=0)]
    folders = sweep(configs, tmp_path, workers=2)
    assert len(folders) == 2
    stamps = {name: weights_path(folder, 12).stat().st_mtime_ns for name, folder in folders.items()}
    assert sweep(configs, tmp_path) == folders
    assert {name: weights_path(folder, 12).stat().st_mtime_ns for name, folder in folders.items()} == stamps
    train(configs[1], tmp_path / "alone", threads=1)
    assert weights(folders[configs[1].id], 12) == weights(tmp_path / "alone", 12)


def test_a_sweep_says_which_run_failed(tmp_path: Path) -> None:
    bad = tiny(optimizer="adamw", learning_rate=1e30, warmup=0, auxiliary_weight=0.0, deep=False)
    with pytest.raises(InputError, match=f"run {bad.id}: the loss is nan at step"):
        sweep([bad, tiny()], tmp_path, workers=1)
    sweep([tiny()], tmp_path)


def test_tensorboard_has_the_records(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = tiny()
    RunFolder(tmp_path / "run", config)
    with tensorboard_log(tmp_path / "run") as log:
        assert log is not None
        train(config, tmp_path / "run", threads=1, logs=[log])
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    found = [(e.step, e.value) for e in events.Scalars("loss")]
    assert [s for s, _ in found] == [s for s, _ in losses(tmp_path / "run")]
    assert np.allclose([v for _, v in found], [v for _, v in losses(tmp_path / "run")])
    assert "error/k=3" in events.Tags()["scalars"]


def test_a_killed_sweep_leaves_nothing_running_and_goes_on(tmp_path: Path) -> None:
    configs = [tiny(steps=3000, checkpoint_every=50, evaluate_every=3000, seed=seed) for seed in (0, 1)]
    script = tmp_path / "sweep.py"
    script.write_text(
        "import json, sys\n"
        "from logdepth.train.config import TrainConfig\n"
        "from logdepth.train.sweep import sweep\n"
        "sweep([TrainConfig.from_json(c) for c in json.loads(sys.argv[1])], sys.argv[2], workers=2)\n"
    )
    given = json.dumps([config.to_json() for config in configs])
    process = subprocess.Popen([sys.executable, str(script), given, str(tmp_path / "runs")])
    folders = [tmp_path / "runs" / config.id for config in configs]
    while min(read_state(folder).step for folder in folders) < 50:
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    for folder, config in zip(folders, configs, strict=True):
        deadline = time.monotonic() + 30
        while True:  # the worker ends by itself, and lets go of the folder
            try:
                with RunFolder(folder, config).lock():
                    break
            except InputError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert 50 <= read_state(folder).step < 3000


def test_wandb_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(InputError, match="wandb is not installed"), wandb_log("project", tiny()):
        pass


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_torch_compile_trains_the_same(tmp_path: Path) -> None:
    plain = tiny(steps=2, checkpoint_every=2)
    train(plain, tmp_path / "plain", threads=1)
    train(tiny(steps=2, checkpoint_every=2, compile=True), tmp_path / "compiled", threads=1)
    gaps = [
        abs(a - b) for (_, a), (_, b) in zip(losses(tmp_path / "plain"), losses(tmp_path / "compiled"), strict=True)
    ]
    assert max(gaps) < 1e-4
