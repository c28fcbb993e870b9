"""`to-protocol` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from logdepth.cli.main import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("to-protocol")
    arguments = ["compile", "khop", "--k", "3", "--length", "20", "--alphabet", "4", "--out", str(path / "model")]
    assert main(arguments) == 0
    np.save(path / "tokens.npy", np.array([4, 0, 1, 2, 0, 1, 3, 2, 1]))
    np.save(path / "far.npy", np.array([4, 0, 99]))
    np.save(path / "long.npy", np.zeros(30, np.int64))
    np.save(path / "rows.npy", np.zeros((2, 5), np.int64))
    np.save(path / "real.npy", np.zeros(5))
    (path / "empty").mkdir()
    return path


def run(capsys, folder: Path, *arguments: str, tokens: str = "tokens", model: str = "model") -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(["to-protocol", str(folder / model), "--tokens", str(folder / f"{tokens}.npy"), *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize("form", ["faithful", "blocked"])
def test_json_and_logits(capsys, folder, form):
    out = folder / f"{form}.npy"
    status, text, _ = run(capsys, folder, "--form", form, "--out", str(out), "--json")
    found = json.loads(text)
    assert status == 0 and found["form"] == form and found["different_answers"] == 0
    for key in ("num_rounds", "num_machines", "local_memory", "max_words_sent", "max_words_received"):
        assert isinstance(found[key], int) and found[key] > 0
    assert found["max_abs_difference"] < 1e-12 and np.load(out).shape == (9, found["num_classes"])
    status, _, error = run(capsys, folder, "--form", form, "--out", str(out))
    assert status == 2 and "exists already; give --force" in error
    assert run(capsys, folder, "--form", form, "--out", str(out), "--force")[0] == 0


def test_text_gives_every_count(capsys, folder):
    status, text, _ = run(capsys, folder, "--form", "faithful", "--branching", "3", "--ledger")
    assert status == 0 and "18 communications, L (2 D + 2); 14 fused; the paper counts L (2 D + 3) = 21 rounds" in text
    assert "up to level 0" in text and "0 of 9 answers differ" in text
    status, text, _ = run(capsys, folder, "--form", "faithful", "--branching", "3", "--fused", "--word-bits", "16")
    assert status == 0 and "14 communications, fused, 2 D L + 2; 18 unfused" in text and "it says nothing" in text
    status, text, _ = run(capsys, folder, "--memory", "16kB")
    assert status == 0 and "blocked on 9 tokens" in text


@pytest.mark.parametrize(
    ("arguments", "files", "message"),
    [
        ([], {"tokens": "far"}, "far.npy: token 99 at position 2 is outside GPT2LMHeadModel's vocabulary, 0.."),
        ([], {"tokens": "long"}, "there are 30 tokens; GPT2LMHeadModel takes 21 at most"),
        ([], {"tokens": "rows"}, "one row of token ids is needed, (n,) or (1, n), not int64 (2, 5)"),
        ([], {"tokens": "real"}, "not float64 (5,)"),
        ([], {"tokens": "none"}, "none.npy: no such file"),
        ([], {"model": "empty"}, "holds no model"),
        ([], {"model": "none"}, "is not a folder"),
        (
            ["--memory", "9"],
            {},
            "local_memory = 9 is too small: a machine of the blocked form with a single",
        ),
        (
            ["--form", "faithful", "--memory", "9"],
            {},
            "local_memory = 9 is too small: the busiest machine of the",
        ),
        (["--form", "faithful", "--branching", "1"], {}, "branching is 1; a tree needs at least 2"),
        (["--memory", "9", "--branching", "2"], {}, "not allowed with argument"),
        (["--branching", "2"], {}, "a branching is for the faithful form"),
        (["--word-bits", "8"], {}, "word bits are 8; for float words there are: 64, 32, 16"),
        (["--word-bits", "16", "--words", "fixed"], {}, "a machine has to write"),
        (["--workers", "0"], {}, "--workers is 0"),
        (["--out", "logits.txt"], {}, "logits.txt: the name must end in .npy"),
    ],
)
def test_bad_input_is_one_line(capsys, folder, arguments, files, message):
    status, out, error = run(capsys, folder, *arguments, **files)
    assert status == 2 and out == "" and error.count("\n") == 1 and message in error, error
