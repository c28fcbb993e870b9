"""Commands `train`, `evaluate`, `import-run`, `analyze`, `reproduce` as a user types them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from logdepth.cli.main import main
from logdepth.train.folder import read_state, weights_path
from logdepth.train.loop import train
from logdepth.train.recipes import fast
from tests.cli.test_cli import INTERRUPTIBLE

SMALL = ["--layers", "2", "--heads", "2", "--width", "16", "--max-k", "3", "--length", "12", "--batch", "4"]
OFTEN = ["--evaluate-every", "10", "--checkpoint-every", "5", "--threads", "1"]

COMMAND = [sys.executable, "-c", INTERRUPTIBLE]


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> str:
    path = str(tmp_path_factory.mktemp("learning") / "run")
    assert main(["train", *SMALL, *OFTEN, "--steps", "20", "--out", path]) == 0
    return path


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> str:
    path = str(tmp_path_factory.mktemp("learning") / "compiled")
    assert main(["compile", "khop", "--max-k", "3", "--length", "20", "--alphabet", "4", "--out", path]) == 0
    return path


def test_train_reports_and_is_done_only_once(capsys, trained: str) -> None:
    stamp = weights_path(Path(trained), 20).stat().st_mtime_ns
    arguments = ["train", *SMALL, *OFTEN, "--steps", "20", "--out", trained]
    status, out, _ = run(capsys, *arguments)
    assert status == 0 and "20 steps" in out and weights_path(Path(trained), 20).stat().st_mtime_ns == stamp
    as_json = json.loads(run(capsys, *arguments, "--json")[1])
    assert set(as_json["errors"]) == {"0", "1", "2", "3"} and as_json["steps"] == 20
    assert (Path(trained) / "tensorboard").is_dir() and (Path(trained) / "records.jsonl").exists()


def test_evaluate(capsys, trained: str, compiled: str) -> None:
    options = ["--k", "0..2", "--lengths", "12,30", "--strings", "5"]
    found = json.loads(run(capsys, "evaluate", trained, *options, "--json")[1])
    assert [(row["length"], row["k"]) for row in found["rows"]] == [(n, k) for n in (12, 30) for k in range(3)]
    assert {"k", "error", "defined", "error_all", "low", "high", "distances"} <= set(found["rows"][0])
    status, out, _ = run(capsys, "evaluate", compiled, "--strings", "20")
    assert status == 0 and "at most 1.00% wrong up to k = 3" in out and out.count("0.00%  ") >= 4


def test_analyze(capsys, tmp_path: Path) -> None:
    model, out = str(tmp_path / "model"), str(tmp_path / "report")
    sizes = ["--max-k", "7", "--length", "30", "--alphabet", "4"]
    assert run(capsys, "compile", "khop", *sizes, "--out", model)[0] == 0
    status, text, _ = run(capsys, "analyze", model, "--k", "7", "--out", out, "--strings", "4")
    assert status == 0 and "find^4 1.00" in text and "about what the construction rank holds" in text
    assert (tmp_path / "report" / "index.html").exists()
    found = json.loads(run(capsys, "analyze", model, "--out", out, "--strings", "4", "--force", "--json")[1])
    assert found["verdict"]["verdict"] == "rank" and found["error"] == 0


def test_train_from_compiled_weights(capsys, compiled: str, tmp_path: Path) -> None:
    out = str(tmp_path / "run")
    status, text, _ = run(capsys, "train", "--init", compiled, "--steps", "2", "--batch", "2", "--out", out)
    assert status == 0 and "2 steps" in text and text.count("0.00%") == 4


BAD = [
    (["train", "--recipe", "quick", "--out", "X"], "there is no recipe 'quick'"),
    (["train", "--layers", "0", "--out", "X"], "num_layers is 0"),
    (["train", "--width", "30", "--heads", "4", "--out", "X"], "not a multiple of num_heads"),
    (["train", "--recipe", "paper", "--loops", "2", "--out", "X"], "paper takes no num_loops"),
    (["train", "--recipe", "paper", "--optimizer", "muon", "--out", "X"], "muon is not for models of family paper"),
    (["train", "--samples", "0", "--out", "X"], "samples are 0"),
    (["train", "--precision", "bfloat16", "--device", "cpu", "--out", "X"], "bfloat16 is for CUDA"),
    (["train", "--device", "tpu", "--out", "X"], "tpu"),
    (["train", "--threads", "0", "--out", "X"], "--threads is 0"),
    (["train", "--init", "nowhere", "--out", "X"], "nowhere is no run folder"),
    (["evaluate", "nowhere"], "nowhere is neither a run"),
    (["evaluate", "RUN", "--k", "9"], "k is 9; RUN takes 0..3"),
    (["evaluate", "RUN", "--k", "two"], "--k two: write 16, or 0..16"),
    (["evaluate", "RUN", "--k", "3..1"], "least first"),
    (["evaluate", "RUN", "--dropout", "on"], "RUN has no dropout to switch on"),
    (["evaluate", "RUN", "--strings", "0"], "--strings is 0"),
    (["evaluate", "RUN", "--lengths", "0"], "length is 0"),
    (["evaluate", "COMPILED", "--lengths", "21"], "length is 21; COMPILED takes 20 symbols at most"),
    (["train", "--learning-rate", "nan", "--out", "X"], "--learning-rate: 'nan' is not a finite number"),
    (["train", "--auxiliary", "inf", "--out", "X"], "--auxiliary: 'inf' is not a finite number"),
    (["train", "--weight-decay", "-1", "--out", "X"], "weight_decay is -1.0; it must be at least 0"),
    (["evaluate", "RUN", "--threshold", "nan"], "--threshold: 'nan' is not a finite number"),
    (["evaluate", "RUN", "--threshold", "1.5"], "--threshold is 1.5; it is a share of positions, 0 to 1"),
    (["analyze", "RUN", "--k", "4"], "k is 4; RUN takes 0..3"),
    (["analyze", "RUN", "--strings", "1"], "strings is 1"),
    (["import-run", "nowhere", "--out", "X"], "nowhere is no released run"),
    (["reproduce", "figure2"], "did you mean figure-2"),
    (["reproduce", "figure-2", "--scale", "huge"], "scale is 'huge'; there are: smoke, cpu, full"),
    (["reproduce", "figure-2", "--workers", "0"], "--workers is 0"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[" ".join(a) for a, _ in BAD])
def test_bad_input_is_one_clear_line(
    arguments: list[str], message: str, capsys, trained: str, compiled: str, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = {"RUN": trained, "COMPILED": compiled}
    status, out, err = run(capsys, *(names.get(a, a) for a in arguments))
    for short, path in names.items():
        err = err.replace(path, short)
    assert status == 2 and out == "" and message in err and len(err.splitlines()) == 1, err
    assert not any(path.name.startswith(".") for path in tmp_path.iterdir())


def test_interrupted_it_goes_on(tmp_path: Path) -> None:
    command = [*COMMAND, "train", *SMALL, *OFTEN, "--steps", "4000", "--out", str(tmp_path / "r")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    while read_state(tmp_path / "r").step < 10:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and b"interrupted" in err and b"Traceback" not in err
    step = read_state(tmp_path / "r").step
    assert step >= 10 and weights_path(tmp_path / "r", step).exists()


def test_evaluating_an_unfinished_run_names_the_step(capsys, tmp_path: Path) -> None:
    config = fast(1, embed_dim=8, num_heads=1, max_k=1, length=8, steps=9, checkpoint_every=2, evaluate_strings=1)

    def stop(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "run", threads=1, progress=stop)
    status, out, _ = run(capsys, "evaluate", str(tmp_path / "run"), "--strings", "2")
    assert status == 0 and "is not trained to the end: step 4 of 9" in out
    found = json.loads(run(capsys, "evaluate", str(tmp_path / "run"), "--strings", "2", "--json")[1])
    assert (found["step"], found["steps"]) == (4, 9)


def test_evaluate_needs_no_terminal(trained: str) -> None:
    found = subprocess.run([*COMMAND, "evaluate", trained, "--strings", "2"], capture_output=True, check=True)
    assert found.stderr == b"" and b"wrong" in found.stdout
