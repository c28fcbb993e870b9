from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from logdepth.errors import InputError
from logdepth.experiments.contenders import ARMS, CONTENDERS, best_arm
from logdepth.experiments.curves import curves_of, draw_by_k
from logdepth.experiments.error_plots import draw_by_depth
from logdepth.experiments.errors import training_errors
from logdepth.experiments.experiment import Experiment, Measure, configs, read_known, reproduce
from logdepth.experiments.published import published_errors, released_errors
from logdepth.experiments.registry import EXPERIMENTS, find_experiment
from logdepth.experiments.rivals import SEEDS, rival_runs, search_runs
from logdepth.models.matching import count_parameters
from logdepth.train.evaluate import reach
from logdepth.train.loop import train
from logdepth.train.recipes import fast, plain

RIVALS = ("rivals", "rivals-search", "depth-against-steps", "connectivity-by-diameter")
OTHERS = ("attention-maps", "best-pointer", "finite-samples", "width", "variants", "end-question")


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


@pytest.mark.parametrize("name", ["connectivity-by-diameter", "depth-against-steps"])
def test_smoke_of_rivals(name: str, tmp_path: Path) -> None:
    found = reproduce(find_experiment(name), "smoke", tmp_path)
    assert all(file.exists() and file.stat().st_size for file in found.files)
    assert {row["scale"] for row in found.rows} == {"smoke"}


def test_rivals_are_of_one_size_and_searched_alike() -> None:
    """Parameters within a quarter of the transformer's; every contender with every arm; a best arm for each."""
    wanted = count_parameters(plain(4).model)
    for config in rival_runs("cpu")[:: len(SEEDS)]:
        assert abs(count_parameters(config.model) / wanted - 1) < 0.25, config.model.family
    found = search_runs("cpu")
    assert len({config.id for config in found}) == len(CONTENDERS) * len(ARMS)
    assert {(config.optimizer, config.learning_rate) for config in found} == set(ARMS)
    assert all(best_arm(made) in ARMS for made in CONTENDERS)
    assert {config.seed for config in rival_runs("cpu")} == {0, 1, 2} and len(CONTENDERS) >= 8


@pytest.mark.slow
@pytest.mark.parametrize("name", [*OTHERS, "inside", "long-hops", "rivals", "rivals-search"])
def test_smoke_of_the_others(name: str, out: Path) -> None:
    found = reproduce(find_experiment(name), "smoke", out)
    assert all(file.exists() and file.stat().st_size for file in found.files)


def test_every_scale_has_runs_of_the_papers_shape() -> None:
    for name, experiment in EXPERIMENTS.items():
        if name in ("variants", "long-hops", "end-question") or name in RIVALS:
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


def rows_of(weight: float, seed: int, error: float) -> list[dict[str, Any]]:
    """Two nets' rows of figure-2, one k a row, as `measure_errors` makes them."""
    shape = {"heads": 4, "width": 128, "family": "modern", "max_k": 16, "samples": None, "dropout": "off"}
    shape |= {"auxiliary_weight": weight, "seed": seed, "steps": 2000 if weight else 2500, "run": f"{weight}{seed}"}
    return [
        {**shape, "depth": depth, "scale": "cpu", "on": on, "k": k, "error": error * k}
        for depth in (2, 3)
        for on in ("test", "planted")
        for k in range(17)
    ]


def test_four_curves_each_said_for_what_it_is(tmp_path: Path) -> None:
    rows = rows_of(0.0, 0, 0.002) + rows_of(0.0, 1, 0.004) + rows_of(4.0, 0, 0.001)
    found = [(c.name, c.dropout, c.steps, len(c.seeds)) for c in curves_of(rows, 2)]
    assert found == [
        ("ours, one k asked", "off", (2500,), 2),
        ("ours, every k asked", "off", (2000,), 1),
        ("published", "on", (100_000,), 0),
        ("the authors' nets", "off", (100_000,), 0),
    ]
    assert curves_of(rows, 2)[0].errors[10] == pytest.approx(0.03)
    for draw in (draw_by_k, draw_by_depth):
        picture, table = draw(rows, tmp_path)
        assert picture.stat().st_size and "SMOKE" not in table.read_text()
        assert "ours, one k asked: 2,500 steps, 2 seeds, dropout off (2, 3 layers)" in table.read_text()
    assert "| 2 | ours, one k asked, dropout off | 2,500 | 5, 2 | 5, 2 |" in (tmp_path / "differences.md").read_text()
    assert draw_by_k([{**row, "scale": "smoke"} for row in rows], tmp_path)[1].read_text().startswith("SMOKE TEST")


def test_the_authors_nets_reach_further_with_dropout_off() -> None:
    on, off = published_errors(), released_errors()
    reached = {
        depth: [reach({k: error for (d, k), error in table.items() if d == depth}) for table in (on, off)]
        for depth in (2, 3, 4, 5)
    }
    assert reached == {2: [1, 1], 3: [2, 3], 4: [3, 6], 5: [4, 11]} and len(off) == 68


def test_rows_of_another_version_of_a_measure_are_not_taken_for_its_own(tmp_path: Path) -> None:
    config = fast(1, embed_dim=8, num_heads=1, max_k=1, length=6, steps=1, batch_size=2)

    def experiment(version: int, says: str) -> Experiment:
        measure = Measure("words", version, lambda subject, scale: [{"says": says}, {"says": "more"}])
        return Experiment("words", "none", "words", lambda scale: [config], measure, lambda rows, folder: [])

    first = reproduce(experiment(1, "old"), "smoke", tmp_path).rows
    assert reproduce(experiment(1, "unseen"), "smoke", tmp_path).rows == first  # kept
    second = reproduce(experiment(2, "new"), "smoke", tmp_path).rows
    assert [row["says"] for row in second] == ["new", "more"] and second[0]["measure"] == "words-2"
    assert all(row["train_cpu_seconds"] > 0 for row in first + second)
    assert len({row["id"] for row in first + second}) == 4 and {row["run"] for row in second} == {config.id}


def test_rows_measured_elsewhere_are_drawn_without_training(out: Path, tmp_path: Path) -> None:
    experiment = find_experiment("figure-2")
    rows = reproduce(experiment, "smoke", out)
    found = reproduce(experiment, "smoke", tmp_path, known=rows.files[0])
    assert found.rows == rows.rows and not (tmp_path / "runs").exists()
    other = Experiment("other", "2", "", experiment.runs, Measure("errors", 99, lambda s, scale: []), draw_by_k)
    assert read_known(rows.files[0], experiment.measure, "smoke").keys() == {row["run"] for row in rows.rows}
    assert not read_known(rows.files[0], other.measure, "smoke")  # of another version
    assert not read_known(rows.files[0], experiment.measure, "cpu")
    for text, said in (("{}", "holds no rows"), ("never", "holds no rows"), ("[1]", "holds no rows")):
        (tmp_path / "rows").write_text(text)
        with pytest.raises(InputError, match=said):
            reproduce(experiment, "smoke", tmp_path, known=tmp_path / "rows")
    with pytest.raises(InputError, match="nowhere: No such file"):
        reproduce(experiment, "smoke", tmp_path, known="nowhere")
