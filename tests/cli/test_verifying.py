"""Verify, predict and plot at the command line: exit status, one line for what cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from logdepth.cli.main import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    path = str(tmp_path_factory.mktemp("cli") / "model")
    assert main(["compile", "khop", "--k", "16", "--length", "100", "--symbols", "ACGT", "--out", path]) == 0
    return path


@pytest.mark.parametrize("option", [("--device", "nonsense"), ("--device", "cuda:99"), ("--dtype", "float33")])
def test_what_is_not_there_is_one_line(capsys, folder: str, option: tuple[str, str]) -> None:
    assert main(["verify", folder, *option]) == 2
    out, err = capsys.readouterr()
    assert not out and err.startswith("logdepth: ") and len(err.splitlines()) == 1 and option[1] in err


def test_another_dtype_is_status_1(capsys, folder: str) -> None:
    assert main(["verify", folder, "--samples", "4", "--dtype", "float64"]) == 1
    out = capsys.readouterr().out
    assert "NOT COVERED: the certificate is about float32, not float64" in out and "0 wrong" in out


def test_the_pointers_of_the_demo(capsys, folder: str, tmp_path: Path) -> None:
    out = str(tmp_path / "a.png")
    assert main(["plot", folder, "--text", "ACGTTGCAACGTACGGTCATGCCA", "--out", out, "--json"]) == 0
    heads = json.loads(capsys.readouterr().out)["followed"]
    follows = {head["layer"]: head["follows"] for head in heads if head["follows"]}
    assert follows == {2: "find", 3: "find^2", 4: "find^4", 5: "find^8", 6: "find^16"}
    assert main(["plot", folder, "--text", "ACG", "--k", "2", "--out", out]) == 2
    assert "takes no header" in capsys.readouterr().err
