from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from logdepth.errors import FolderError, InputError
from logdepth.models.build import build_model
from logdepth.models.config import ModelConfig
from logdepth.train.evaluate import evaluate
from logdepth.train.released import import_run
from logdepth.train.subject import load_subject

CONFIG: dict[str, Any] = {
    "model": {"depth": 2, "headcount": 4, "dim_embedding": 128, "vocab_size": 30, "family": "gpt2"},
    "training": {"task_kwargs": {"seq_len": 100, "char_tokens": 4, "min_hops": 0, "max_hops": 16}, "lr": 1e-4},
}


def released(folder: Path, *, config: Any = None, change: Any = None, masks: bool = False) -> torch.nn.Module:
    """A folder laid out as the authors': config.yaml, model_<step>.pt with `backbone.` names."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config or CONFIG))
    torch.manual_seed(1)
    model = build_model(ModelConfig("paper", 30, 100, num_layers=2, positions="learned", dropout=0.1))
    for step in (1000, 100_000):
        tensors = dict(model.state_dict())
        if masks:  # what older transformers kept among the weights
            tensors["backbone.h.0.attn.bias"] = torch.ones(1, 1, 100, 100, dtype=torch.bool)
            tensors["backbone.h.0.attn.masked_bias"] = torch.tensor(-1e4)
        if change:
            change(tensors)
        torch.save(tensors, folder / f"model_{step}.pt")
    return model


@pytest.mark.parametrize("masks", [False, True])
def test_a_released_run_is_imported_whole(masks: bool, tmp_path: Path) -> None:
    model = released(tmp_path / "theirs", masks=masks).eval()
    config = import_run(tmp_path / "theirs", tmp_path / "run")
    assert (config.steps, config.length, config.max_k, config.model.dropout) == (100_000, 98, 16, 0.1)
    subject = load_subject(tmp_path / "run")
    ids = subject.encode(np.random.default_rng(0).integers(0, 4, (3, 98)), 5)
    assert ids.min() >= 5 and ids[:, 1:].min() >= 17 and ids.max() <= 20  # their class ids
    with torch.no_grad():
        assert torch.equal(subject.model(ids), model(ids))
    errors = {}
    for dropout in (False, True):
        subject.set_dropout(dropout)
        torch.manual_seed(0)
        errors[dropout] = evaluate(subject.task, subject.predict, [1], strings=20)[0].wrong
    assert errors[False] != errors[True]


def test_a_chosen_step(tmp_path: Path) -> None:
    released(tmp_path / "theirs")
    assert import_run(tmp_path / "theirs", tmp_path / "run", step=1000).steps == 1000
    with pytest.raises(FolderError, match="no checkpoint of step 7; there are: 1000, 100000"):
        import_run(tmp_path / "theirs", tmp_path / "other", step=7)
    with pytest.raises(InputError, match="not empty"):
        import_run(tmp_path / "theirs", tmp_path / "run")


def without(name: str) -> Any:
    return lambda tensors: tensors.pop(name)


def adding(name: str) -> Any:
    return lambda tensors: tensors.update({name: torch.zeros(2)})


def changed(where: str, value: Any) -> dict[str, Any]:
    task = {**CONFIG["training"]["task_kwargs"]}
    model = {**CONFIG["model"]}
    (task if where in task else model)[where] = value
    return {"model": model, "training": {"task_kwargs": task}}


BAD = [
    ({"change": without("backbone.ln_f.weight")}, r"missing backbone\.ln_f\.weight"),
    ({"change": without("backbone.wpe.weight")}, r"missing backbone\.wpe\.weight"),
    ({"change": adding("head.weight")}, r"unexpected head\.weight"),
    ({"config": changed("depth", 3)}, r"contradicts config\.yaml: missing backbone\.h\.2"),
    ({"config": changed("dim_embedding", 64)}, "contradicts"),
    ({"config": changed("headcount", 5)}, "not a multiple"),
    ({"config": changed("min_hops", 1)}, "min_hops is 1"),
    ({"config": changed("max_hops", 29)}, "vocab_size is 30"),
    ({"config": changed("seq_len", 200)}, "max_length is 100"),
    ({"config": {"model": {"depth": "two"}}}, r"no whole number under model\.depth"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_what_does_not_fit_is_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    released(tmp_path / "theirs", **options)
    with pytest.raises(FolderError, match=message):
        import_run(tmp_path / "theirs", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="has no config"):
        import_run(tmp_path, tmp_path / "run")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    with pytest.raises(FolderError, match="has no checkpoint"):
        import_run(tmp_path, tmp_path / "run")
    (tmp_path / "model_5.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(FolderError, match="cannot be read"):
        import_run(tmp_path, tmp_path / "run")
    (tmp_path / "model_6.pt").write_bytes(b"")
    with pytest.raises(FolderError, match=r"model_6\.pt cannot be read: it is empty"):
        import_run(tmp_path, tmp_path / "run")
    torch.save({"a": Path("a")}, tmp_path / "model_7.pt")  # unpickling may run anything
    with pytest.raises(FolderError, match="holds more than tensors, which is never loaded") as caught:
        import_run(tmp_path, tmp_path / "run")
    assert "weights_only" not in str(caught.value)
    torch.save([1, 2], tmp_path / "model_8.pt")
    with pytest.raises(FolderError, match="it holds no named tensors"):
        import_run(tmp_path, tmp_path / "run")
    (tmp_path / "config.yaml").write_text("model: [")
    with pytest.raises(FolderError, match="cannot be read"):
        import_run(tmp_path, tmp_path / "run")
