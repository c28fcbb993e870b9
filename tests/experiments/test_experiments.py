from __future__ import annotations

import json
from pathlib import Path

import pytest

from logdepth.errors import InputError
from logdepth.experiments.errors import training_errors
from logdepth.experiments.experiment import configs, reproduce
from logdepth.experiments.published import published_errors
from logdepth.experiments.registry import EXPERIMENTS, find_experiment
from logdepth.train.loop import train
from logdepth.train.recipes import fast


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reproduced")


@pytest.mark.parametrize("name", ["figure-2", "pointer-table", "depth-by-k"])
def test_smoke(name: str, out: Path) -> None:
    """The runs are shared: the first experiment trains them."""
    found = reproduce(find_experiment(name), "smoke", out)
    assert all(file.exists() and file.stat().st_size for file in found.files)
    rows = [json.loads(line) for line in found.files[0].read_text().splitlines()]
    assert rows == found.rows and {row["scale"] for row in rows} == {"smoke"}
    assert len(list((out / "runs").glob("*/config.json"))) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["attention-maps", "best-pointer", "finite-samples", "width", "variants"])
def test_smoke_of_the_others(name: str, out: Path) -> None:
    found = reproduce(find_experiment(name), "smoke", out)
    assert all(file.exists() and file.stat().st_size for file in found.files)


def test_every_scale_has_runs_of_the_papers_shape() -> None:
    for name, experiment in EXPERIMENTS.items():
        if name == "variants":
            continue
        for scale in ("cpu", "full"):
            for config in experiment.runs(scale):
                shape = config.model
                wide = name == "width"
                assert (shape.num_heads, shape.embed_dim) == ((8, 256) if wide else (4, 128))
                assert (config.length, config.alphabet_size, config.max_k) == (98, 4, 16)
                assert shape.family == ("paper" if scale == "full" else "modern")
    with pytest.raises(InputError, match="scale is 'huge'; there are: smoke, cpu, full"):
        configs("huge", [2])


def test_the_published_errors_are_all_there() -> None:
    for heads in (4, 8):
        found = published_errors(heads)
        assert sorted({depth for depth, _ in found}) == [2, 3, 4, 5, 6] and len(found) == 85


def test_broken_off_runs_want_resume(tmp_path: Path) -> None:
    experiment = find_experiment("depth-by-k")
    config = experiment.runs("smoke")[0]

    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done == 101:
            raise Stop

    from dataclasses import replace

    begun = replace(config, checkpoint_every=100)
    broken = type(experiment)(**{**vars(experiment), "runs": lambda scale: [begun]})
    with pytest.raises(Stop):
        train(begun, tmp_path / "runs" / begun.id, threads=1, progress=stop)
    with pytest.raises(InputError, match=r"1 runs in .* were broken off; give --resume"):
        reproduce(broken, "smoke", tmp_path)
    assert reproduce(broken, "smoke", tmp_path, resume=True).rows


def test_training_errors_are_on_the_fixed_set(tmp_path: Path) -> None:
    config = fast(1, embed_dim=16, num_heads=2, max_k=2, length=10, samples=30, steps=2, batch_size=4)
    found = training_errors(train(config, tmp_path / "run", threads=1), config)
    assert sum(row["strings"] for row in found.values()) == 30


def test_names() -> None:
    with pytest.raises(InputError, match="did you mean figure-2"):
        find_experiment("figure2")
