"""Every task trains, is evaluated and looked into; runs keep the ids they had when there was one task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from logdepth.analysis.patching import find_pair
from logdepth.analysis.report import analyze
from logdepth.cli.main import main
from logdepth.errors import InputError
from logdepth.experiments.errors import measure_samples
from logdepth.experiments.registry import EXPERIMENTS
from logdepth.tasks.pointer_chasing import PointerChasing
from logdepth.tasks.registry import DEFAULT, TASKS
from logdepth.train.batches import Batches
from logdepth.train.config import TrainConfig
from logdepth.train.evaluate import evaluate, score, score_planted
from logdepth.train.folder import RunFolder, read_config
from logdepth.train.loop import train
from logdepth.train.names import first_id
from logdepth.train.recipes import fast, paper
from logdepth.train.subject import load_subject

TINY: dict[str, Any] = {"num_heads": 2, "embed_dim": 16, "max_k": 2, "length": 20, "alphabet_size": 4, "batch_size": 4}
ROWS = Path(__file__).parents[2] / "docs" / "rows"


def tiny(task: str, **changes: Any) -> TrainConfig:
    return fast(2, task=task, **{**TINY, "steps": 3, "evaluate_strings": 5, **changes})


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("changes", [{}, {"samples": 6}, {"planted": True}, {"curriculum": 9}])
def test_batches_are_the_tasks(name: str, changes: dict[str, Any]) -> None:
    config = tiny(name, **changes)
    task, batches = config.make_task(), Batches(config)
    for step in (0, 2, 7):
        ids, targets, every = batches[step]
        assert every is not None
        for row, k in enumerate(ids[:, 0]):
            strings = task.decode(ids[row : row + 1, 1:])
            assert task.is_instance(strings)[0]
            assert (targets[row] == task.targets(strings, int(k))[0]).all()
            assert (every[row, :, k] == targets[row]).all()


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("changes", [{}, {"causal": False}, {"auxiliary_weight": 0.0}], ids=str)
def test_every_task_trains_is_evaluated_and_analysed(name: str, changes: dict[str, Any], tmp_path: Path) -> None:
    config = tiny(name, samples=9, **changes)
    train(config, tmp_path / "run", threads=1)
    subject = load_subject(tmp_path / "run")
    assert type(subject.task) is TASKS[name] and read_config(tmp_path / "run") == config
    rows = evaluate(subject.task.with_length(30), subject.predict, subject.task.questions, strings=5)
    asked = len(range(30)[subject.task.with_length(30).asked])
    assert rows[0].defined == 5 * asked and all(row.error is not None for row in rows)
    assert {row["on"] for row in measure_samples(subject, "smoke")} == {"test", "planted", "train"}
    found = analyze(subject, tmp_path / "report", strings=4)
    assert found["k"] == 2 and len(found["heads"]) == 4
    page = (tmp_path / "report" / "index.html").read_text()
    assert page.count("data:image/png;base64,") == 5 and f"{subject.task.pointer}^j" in page


@pytest.mark.parametrize("name", TASKS)
def test_the_papers_recipe_takes_every_task(name: str, tmp_path: Path) -> None:
    config = paper(1, task=name, **{**TINY, "embed_dim": 32, "steps": 2, "evaluate_strings": 5})
    train(config, tmp_path / "run", threads=1)
    assert type(load_subject(tmp_path / "run").task) is TASKS[name]


@pytest.mark.parametrize("name", TASKS)
def test_a_perfect_model_has_no_errors_and_a_bad_one_only_errors(name: str) -> None:
    task = TASKS[name](30, 4, max_k=4)
    for found in (evaluate(task, task.solve, task.questions, strings=20), [score_planted(task, task.solve, 4)]):
        assert all(row.wrong == 0 and row.error_all == 0 and row.defined > 0 for row in found)
    strings = task.strings(20)
    found = score(task, lambda strings, k: np.full(strings.shape, -5), 3, strings)
    assert found.error == 1.0 and found.error_all == 1.0
    assert sum(row[3] for row in found.distances) <= found.wrong == found.defined


@pytest.mark.parametrize("causal", [True, False], ids=["causal", "bidirectional"])
def test_pointer_chasing_is_learned(causal: bool, tmp_path: Path) -> None:
    """One hop in two layers: find my symbol among the firsts, say what stands after it."""
    sizes: dict[str, Any] = {"embed_dim": 32, "num_heads": 2, "max_k": 1, "length": 16, "alphabet_size": 4}
    common: dict[str, Any] = {"positions": "learned", "steps": 300, "evaluate_strings": 100}
    config = fast(2, task="pointer-chasing", causal=causal, **common, **sizes)
    subject = train(config, tmp_path / "run", threads=1)
    errors = {row.k: row.error or 0 for row in evaluate(subject.task, subject.predict, [0, 1], strings=100)}
    assert errors[0] < 0.01 and errors[1] < 0.2, errors


def test_pairs_to_patch_are_instances_and_change_the_last_answer_alone(tmp_path: Path) -> None:
    subject = train(tiny("pointer-chasing", steps=1, max_k=3), tmp_path / "run", threads=1)
    task = subject.task
    assert isinstance(task, PointerChasing)
    for seed in range(5):
        pair = find_pair(subject, 3, seed=seed)
        both = np.stack([pair.clean, pair.corrupt])
        assert task.is_instance(both).all() and len(np.flatnonzero(pair.clean != pair.corrupt)) == 1
        assert task.solve(both, 3)[:, -1].tolist() == [pair.clean_answer, pair.corrupt_answer]


def test_runs_keep_the_ids_they_had() -> None:
    """The committed rows name runs by the hash of their config; a run of the default task has no entry for it."""
    named = {json.loads(line).get("run") for file in ROWS.glob("*.jsonl") for line in file.read_text().splitlines()}
    configs = [config for experiment in EXPERIMENTS.values() for config in experiment.runs("cpu")]
    there = {config.id for config in configs} | {first_id(config) for config in configs}
    assert named - {None} and named - {None} <= there
    assert first_id(fast(4)) == "745c0950" and first_id(paper(6)) == "6a2a88c8"
    assert "task" not in fast().to_json()


def test_a_folder_of_one_task_is_not_anothers(tmp_path: Path) -> None:
    mine, other = tiny(DEFAULT), tiny("pointer-chasing")
    assert mine.id != other.id and TrainConfig.from_json(other.to_json()) == other
    RunFolder(tmp_path / "a", mine)
    RunFolder(tmp_path / "b", other)
    with pytest.raises(InputError, match="a run with another task; give another --out"):
        RunFolder(tmp_path / "a", other)
    with pytest.raises(InputError, match="a run with another task; give another --out"):
        RunFolder(tmp_path / "b", mine)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"task": "pointer chasing"}, "no task 'pointer chasing'; did you mean pointer-chasing"),
    ({"task": "pointer-chasing", "length": 8}, "length is 8; 4 pairs and a query need 9"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_configs(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        fast(2, **{**TINY, **change})


def run(capsys: Any, *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_commands_take_every_task(capsys: Any, tmp_path: Path) -> None:
    out, made = str(tmp_path / "run"), str(tmp_path / "s.npz")
    small = ["--layers", "1", "--heads", "2", "--width", "16", "--max-k", "2", "--length", "20", "--batch", "2"]
    given = ["train", "--task", "pointer-chasing", *small, "--steps", "2", "--threads", "1", "--out", out]
    assert run(capsys, *given)[0] == 0
    found = json.loads(run(capsys, "evaluate", out, "--lengths", "9,40", "--strings", "4", "--json")[1])
    assert [(row["length"], row["k"]) for row in found["rows"]] == [(n, k) for n in (9, 40) for k in range(3)]
    status, _, err = run(capsys, "evaluate", out, "--lengths", "8")
    assert status == 2 and "length is 8; it must be at least 9" in err
    assert "f^2       . . . . . . c" in run(capsys, "show", "pointer-chasing", "--text", "abbccaa", "--k", "2")[1]
    shown = json.loads(run(capsys, "show", "pointer-chasing", "--text", "abbccaa", "--k", "2", "--json")[1])
    assert shown["answers"] == [None] * 6 + ["c"] and shown["image"][-1] == 2
    text = tmp_path / "in.txt"
    text.write_text("abbccaab\n")
    status, solved, err = run(capsys, "solve", "pointer-chasing", "--k", "2", "--input", str(text))
    assert status == 0 and "ca" in solved, err
    sizes = ["--length", "9", "--alphabet", "4", "--max-k", "2", "--count", "5", "--out", made]
    assert run(capsys, "sample", "pointer-chasing", *sizes)[0] == 0
    assert np.load(made)["inputs"].shape == (5, 10)
    for arguments, message in (
        (["sample", "pointer-chasing", *sizes, "--force", "--repeats"], "pointer-chasing takes no --repeats"),
        (["show", "pointer-chasing", "--text", "abab", "--k", "1"], "2 pairs and a query need 5"),
        (["show", "pointers", "--text", "abab", "--k", "1"], "did you mean pointer-chasing?"),
    ):
        status, _, err = run(capsys, *arguments)
        assert status == 2 and message in err and len(err.splitlines()) == 1
