"""Names of runs: a changed default, or a new field that hashes, would give a run another's name."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from logdepth.models.config import ModelConfig
from logdepth.train.config import TrainConfig
from logdepth.train.folder import RunFolder, read_state
from logdepth.train.names import FIRST_FIELDS, FIRST_MODEL_FIELDS, UNNAMED, differences, first_id, run_id
from logdepth.train.recipes import fast, paper, plain
from logdepth.train.sweep import run_folder, sweep

SMALL: dict[str, Any] = {"embed_dim": 8, "num_heads": 1, "max_k": 1, "length": 6, "steps": 2, "evaluate_strings": 2}


def test_the_defaults_that_names_leave_out() -> None:
    """Never change one: give the new behaviour a new field."""
    defaults = {f.name: f.default for f in dataclasses.fields(TrainConfig) if f.name != "model"}
    assert {name: defaults[name] for name in defaults if name not in UNNAMED} == {
        **{"length": 98, "alphabet_size": 4, "max_k": 16, "samples": None, "planted": False, "curriculum": 0},
        **{"seed": 0, "steps": 4000, "batch_size": 32, "optimizer": "muon", "learning_rate": 0.02},
        **{"small_rate": 0.003, "weight_decay": 0.0, "warmup": 100, "decay": 1200, "auxiliary_weight": 0.0},
        **{"deep": False, "precision": "float32", "compile": False, "init": "", "task": "khop", "graphs": ""},
    }
    shape = {f.name: f.default for f in dataclasses.fields(ModelConfig) if f.default is not dataclasses.MISSING}
    assert shape == {
        **{"num_layers": 4, "num_heads": 4, "embed_dim": 128, "hidden_dim": 0, "num_loops": 1},
        **{"positions": "rope", "causal": True, "dropout": 0.0, "num_auxiliary": 0, "stock": None},
        **{"window": 8, "stride": 16, "features": 0, "state_dim": 0, "thoughts": 0, "spoken": True},
        **{"num_classes": 0, "graph": "", "vertices": 0},
    }


def test_names_stay() -> None:
    assert (fast().id, plain().id, paper().id) == ("39825f09", "df8fe84a", "db639cc4")
    assert (first_id(fast(4)), first_id(paper(6))) == ("745c0950", "6a2a88c8")


def test_what_changes_the_result_is_in_the_name_and_nothing_else() -> None:
    config = fast(**SMALL)
    changes: dict[str, Any] = {
        **{"length": 5, "alphabet_size": 5, "samples": 3, "planted": True, "curriculum": 1, "seed": 1, "steps": 3},
        **{"batch_size": 2, "learning_rate": 0.01, "small_rate": 0.01, "weight_decay": 0.1, "warmup": 0, "decay": 1},
        **{"auxiliary_weight": 1.0, "deep": False, "precision": "bfloat16", "compile": True, "init": "there"},
    }
    others = [dataclasses.replace(config, **{name: value}) for name, value in changes.items()]
    assert len({config.id, *(other.id for other in others)}) == len(changes) + 1
    assert {dataclasses.replace(config, **{name: 7}).id for name in UNNAMED} == {config.id}


def test_a_field_added_later_renames_nothing() -> None:
    @dataclasses.dataclass(frozen=True)
    class Later(TrainConfig):
        colour: str = "none"

    config = fast()
    values = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
    assert run_id(Later(**values)) == run_id(config) and first_id(Later(**values)) == first_id(config)
    assert run_id(Later(**values, colour="red")) != run_id(config) and first_id(Later(**values, colour="red")) is None


def test_fields_that_had_no_first_id_came_later() -> None:
    later = {"window", "stride", "features", "state_dim", "thoughts", "spoken", "num_classes", "graph", "vertices"}
    assert {f.name for f in dataclasses.fields(TrainConfig)} == {*FIRST_FIELDS, "model", "task", "graphs"}
    assert {f.name for f in dataclasses.fields(ModelConfig)} == {*FIRST_MODEL_FIELDS, *later}
    assert first_id(plain(2, family="window", window=4)) is None
    assert not {*differences(fast())} & {*UNNAMED}


def test_a_run_under_its_first_name_is_found(tmp_path: Path) -> None:
    config = fast(1, **SMALL)
    assert run_folder(tmp_path, config) == tmp_path / config.id
    former = first_id(config)
    assert former and former != config.id
    sweep([config], tmp_path, workers=1)
    (tmp_path / config.id).rename(tmp_path / former)
    assert sweep([config], tmp_path, workers=1) == {config.id: tmp_path / former}
    assert not (tmp_path / config.id).exists() and read_state(tmp_path / former).step == 2


@pytest.mark.parametrize("name", UNNAMED)
def test_how_often_to_look_or_write_may_change_on_the_way(name: str, tmp_path: Path) -> None:
    RunFolder(tmp_path / "run", fast(1, **SMALL))
    assert RunFolder(tmp_path / "run", dataclasses.replace(fast(1, **SMALL), **{name: 9})).last == 0


def test_plain_is_fast_without_the_question() -> None:
    """And so it is found again where `train --auxiliary 0 --no-deep` had put it."""
    for depth, steps in ((2, 2500), (3, 2500), (4, 5000), (5, 5000)):
        config = plain(depth, seed=10)
        assert config == fast(depth, seed=10, steps=steps, auxiliary_weight=0.0, deep=False)
        assert config.model.num_auxiliary == 0 and not config.auxiliary_weight
    assert plain(4, optimizer="adamw").learning_rate == 0.001
    other = plain(2, family="lstm")
    assert (other.optimizer, other.learning_rate, other.steps, first_id(other)) == ("adamw", 0.001, 2000, "c883abb2")
