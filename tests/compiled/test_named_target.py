"""The target that a folder names: written, read, asked for what is its own; folders that name none are GPT-2's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import logdepth
from logdepth.cli.main import main
from logdepth.compiled.folder import read_folder
from logdepth.compiler.targets import TARGETS
from logdepth.compiler.targets.gpt2 import Gpt2Target
from logdepth.errors import FolderError, InputError
from logdepth.lang import Position, Symbol, at, program
from logdepth.programs import khop_rank
from tests.compiled.mutations import reseal


@pytest.fixture(autouse=True)
def _another_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGETS, "other", Gpt2Target(name="other"))


def change(folder: Path, **entries: Any) -> None:
    """Fields of `logdepth.json` changed (None: taken out), with the checksums they should have."""
    file = folder / "logdepth.json"
    description = json.loads(file.read_text())
    for name, value in entries.items():
        if value is None:
            del description[name], description["checksums"][name]
        else:
            description[name] = value
    file.write_text(json.dumps(description, indent=1) + "\n")
    reseal(folder)


@pytest.mark.parametrize("target", ["gpt2", "other"])
def test_a_folder_names_its_target_and_is_verified_with_it(tmp_path: Path, target: str) -> None:
    folder = logdepth.compile(khop_rank, length=9, alphabet=3, k=1, target=target).save(tmp_path / "m")
    assert json.loads((folder / "logdepth.json").read_text())["target"] == target
    assert logdepth.load(folder).target is TARGETS[target]
    assert logdepth.verify(folder, samples=8).ok


def test_a_folder_that_names_none_is_a_gpt2s(tmp_path: Path) -> None:
    folder = logdepth.compile(khop_rank, length=9, alphabet=3, k=1).save(tmp_path / "m")
    change(folder, target=None)
    assert "target" not in read_folder(folder).description and logdepth.load(folder).target is TARGETS["gpt2"]
    assert logdepth.verify(folder, samples=8).ok
    assert logdepth.predict(folder, ["aba"])[0].words == [3, 3, 1]


def test_an_unknown_target_is_refused_with_the_known_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = logdepth.compile(khop_rank, length=9, alphabet=3, k=1).save(tmp_path / "m")
    change(folder, target="bart")
    for refused in (logdepth.load, logdepth.verify):
        with pytest.raises(FolderError, match=r"target 'bart'; this version of logdepth knows gpt2, .*other"):
            refused(folder)
    assert main(["compile", "khop", "--k", "1", "--length", "9", "--target", "bart"]) == 2
    assert "target is 'bart'; it must be one of gpt2, " in capsys.readouterr().err
    with pytest.raises(InputError, match="target is 'bart'"):
        logdepth.compile(khop_rank, length=9, alphabet=3, k=1, target="bart")


def test_a_changed_target_is_named_by_verify(tmp_path: Path) -> None:
    folder = logdepth.compile(khop_rank, length=9, alphabet=3, k=1).save(tmp_path / "m")
    file = folder / "logdepth.json"
    file.write_text(file.read_text().replace('"target": "gpt2"', '"target": "other"'))
    with pytest.raises(FolderError, match=r"logdepth\.json \(target\) was changed"):
        logdepth.load(folder)
    assert any("target" in difference for difference in logdepth.verify(folder, samples=4).differences)


def test_the_command_line_names_a_target(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["compile", "khop", "--k", "1", "--length", "9", "--target", "other"]
    assert main([*command, "--json", "--out", str(tmp_path / "m")]) == 0
    assert json.loads(capsys.readouterr().out)["target"] == "other"
    assert main(["verify", str(tmp_path / "m"), "--samples", "4"]) == 0
    assert main(["explain", *command[1:]]) == 0


def test_a_program_that_its_target_cannot_hold_is_refused(tmp_path: Path) -> None:
    @program
    def previous(x: Symbol, position: Position):
        return at(position - 1).read(x)

    folder = logdepth.compile(previous, length=9, alphabet=3).save(tmp_path / "m")
    description = json.loads((folder / "logdepth.json").read_text())
    change(folder, graph={**description["graph"], "causal": False})
    with pytest.raises(FolderError, match=r"program previous is bidirectional .* GPT-2 is causal"):
        logdepth.load(folder)
