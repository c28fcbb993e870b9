"""Laws of every family of models, and the one without heads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from logdepth.analysis.ablation import ablate_heads
from logdepth.analysis.pointers import head_scores
from logdepth.analysis.probes import probe_pointers
from logdepth.analysis.report import analyze
from logdepth.cli.main import main
from logdepth.errors import InputError
from logdepth.models.build import build_model
from logdepth.models.families import FAMILIES, find_family
from logdepth.models.family import TrainableModel
from logdepth.models.inside import Edit, activations, attention_of, edited, trace
from logdepth.tasks.registry import TASKS
from logdepth.train.evaluate import evaluate
from logdepth.train.loop import train
from logdepth.train.recipes import plain
from logdepth.train.subject import Subject, load_subject

OWN = [name for name in FAMILIES if not find_family(name).takes_stock]
SIZES: dict[str, Any] = {"embed_dim": 32, "max_k": 2, "length": 14, "alphabet_size": 3, "batch_size": 4}


def model_of(family: str, **changes: Any) -> TrainableModel:
    torch.manual_seed(0)
    model = build_model(plain(2, family=family, **{**SIZES, **changes}).model).eval()
    for parameter in model.parameters():
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=0.3)
    return model


def ids() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).integers(0, 8, (3, 12)))


@pytest.mark.parametrize("family", OWN)
def test_layers_can_be_watched_and_edited(family: str) -> None:
    model = model_of(family)
    found = activations(model, ids())
    assert len(found.residual) == model.config.depth + 1
    assert found.residual[0].shape == (3, 12 + model.extra_slots, 32)
    assert len(found.heads) == (model.config.depth if model.has_heads else 0)
    for layer in range(1, model.config.depth + 1):
        with edited(model, [Edit(layer, None, torch.zeros_like)]):
            changed = activations(model, ids())
        assert torch.equal(changed.residual[layer], torch.zeros_like(changed.residual[layer]))
        assert torch.equal(changed.residual[layer - 1], found.residual[layer - 1])
    with torch.no_grad():
        assert torch.equal(model(ids()), found.logits)


@pytest.mark.parametrize("family", OWN)
def test_a_causal_family_does_not_look_ahead(family: str) -> None:
    model, before = model_of(family), ids()
    if not model.config.causal:
        pytest.skip("hears slots on both sides")
    after = before.clone()
    after[:, -1] = (after[:, -1] + 1) % 8
    with torch.no_grad():
        assert torch.allclose(model(before)[:, :-1], model(after)[:, :-1], atol=1e-6)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("family", OWN)
def test_every_family_trains_on_every_task(family: str, task: str, tmp_path: Path) -> None:
    config = plain(2, family=family, task=task, steps=2, evaluate_strings=4, **SIZES)
    train(config, tmp_path / "run", threads=1)
    subject = load_subject(tmp_path / "run")
    rows = evaluate(subject.task, subject.predict, subject.task.questions, strings=4)
    assert len(rows) == 3 and all(row.defined for row in rows[:1])


@pytest.fixture(scope="module")
def lstm(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    config = plain(1, family="lstm", steps=150, learning_rate=0.01, evaluate_strings=20, **{**SIZES, "max_k": 1})
    return train(config, tmp_path_factory.mktemp("lstm") / "run", threads=1)


def test_an_lstm_learns_is_evaluated_at_any_length_and_probed(lstm: Subject) -> None:
    task = lstm.task.with_length(40)
    errors = [row.error or 0 for row in evaluate(task, lstm.predict, [0], strings=50)]
    assert errors[0] < 0.05  # to say what it reads, when asked to
    rows = probe_pointers(lstm, 1, [1], strings=30, iterations=5)
    assert {row["layer"] for row in rows} == {0, 1}


def test_asking_an_lstm_for_heads_is_refused(lstm: Subject) -> None:
    strings = lstm.task.strings(3)
    for ask in (
        lambda: attention_of(lstm.model, lstm.encode(strings, 1)),
        lambda: trace(lstm.model, lstm.encode(strings, 1)),
        lambda: head_scores(lstm, 1, strings),
        lambda: ablate_heads(lstm, [1], strings),
        lambda: edited(lstm.model, [Edit(1, 0, torch.zeros_like)]).__enter__(),
    ):
        with pytest.raises(InputError, match="has no heads"):
            ask()


def test_a_report_of_a_model_without_heads(lstm: Subject, tmp_path: Path) -> None:
    found = analyze(lstm, tmp_path / "report", strings=12)
    assert found["heads"] == [] and found["verdict"]
    page = (tmp_path / "report" / "index.html").read_text()
    assert page.count("data:image/png;base64,") == 2 and "no heads" in page
    rows = [json.loads(line) for line in (tmp_path / "report" / "rows.jsonl").read_text().splitlines()]
    assert {row["what"] for row in rows} == {"error", "probe", "patch residual", "construction"}


def test_commands_take_a_family(capsys: Any, tmp_path: Path) -> None:
    out = str(tmp_path / "run")
    given = ["train", "--recipe", "plain", "--family", "lstm", "--layers", "1", "--width", "16", "--length", "12"]
    given += ["--max-k", "2", "--steps", "2", "--batch", "2", "--threads", "1"]
    assert main([*given, "--out", out]) == 0
    assert main(["evaluate", out, "--lengths", "30", "--strings", "3"]) == 0
    assert main(["analyze", out, "--strings", "6", "--out", str(tmp_path / "report")]) == 0
    capsys.readouterr()
    for more, message in (
        (["--heads", "4"], "the lstm model has num_heads = 0"),
        (["--family", "paper", "--width", "32", "--optimizer", "muon"], "muon is not for models of family"),
        (["--recipe", "fast"], "recipe fast takes no family"),
        (["--family", "mamba"], "family is 'mamba'; there are: modern, paper, compiled, lstm, gru"),
    ):
        assert main([*given, *more, "--out", str(tmp_path / "other")]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")  # torch's own, of RMSNorm
@pytest.mark.parametrize("family", OWN)
def test_mixed_precision_goes_forward_and_back(family: str) -> None:
    """What `--precision bfloat16` does on a GPU, here on a CPU: answers and gradients near those of float32."""
    model = model_of(family)
    found = []
    for mixed in (False, True):
        model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            logits = model(ids()).float()
        logits.square().mean().backward()
        grads = [parameter.grad.flatten() for parameter in model.parameters() if parameter.grad is not None]
        found.append((logits.detach().flatten(), torch.cat(grads)))
    for exact, rounded in zip(*found, strict=True):
        assert torch.nn.functional.cosine_similarity(exact, rounded, dim=0) > 0.98
