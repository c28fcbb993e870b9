"""Every command as a user types it: what it prints, what it refuses, how it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from logdepth.cli.main import _noting_interrupts, main
from logdepth.cli.reference import commands

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    path = str(tmp_path_factory.mktemp("cli") / "model")
    assert main(["compile", "khop", "--k", "3", "--length", "20", "--symbols", "ACGT", "--out", path]) == 0
    return path


@pytest.fixture(scope="module")
def any_folder(tmp_path_factory) -> str:
    path = str(tmp_path_factory.mktemp("cli") / "any")
    assert main(["compile", "khop", "--max-k", "4", "--length", "20", "--alphabet", "3", "--out", path]) == 0
    return path


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_show_solve_predict_agree(capsys, folder: str, tmp_path: Path) -> None:
    text = tmp_path / "in.txt"
    text.write_text("GATTACAGATTACA\nACGTACGTACGT\n")
    assert run(capsys, "show", "khop", "--text", "baebcabebdea", "--k", "2")[1].splitlines()[-1].split()[-1] == "c"
    solved = run(capsys, "solve", "khop", "--k", "3", "--input", str(text))
    predicted = run(capsys, "predict", folder, "--input", str(text))
    assert solved == predicted and solved[0] == 0 and len(solved[1].splitlines()) == 2
    as_json = json.loads(run(capsys, "predict", folder, "--input", str(text), "--json")[1])
    assert [row["text"] for row in as_json] == solved[1].splitlines()
    shown = json.loads(run(capsys, "show", "khop", "--text", "abab", "--k", "1", "--json")[1])
    assert shown["find"] == [0, 0, 2, 3] and shown["answers"] == [None, None, "b", "a"]


def test_fasta_in_fasta_out_and_standard_input(capsys, folder: str, monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(">one two\nGATT\nACA\n>second\nACGT\n"))
    status, out, _ = run(capsys, "predict", folder)
    assert status == 0 and out.splitlines()[::2] == [">one two", ">second"] and len(out.splitlines()[1]) == 7


def test_npy_of_ids(capsys, folder: str, tmp_path: Path) -> None:
    ids = np.array([[2, 0, 3, 3, 0, 1, 0]])
    np.save(tmp_path / "a.npy", ids)
    np.save(tmp_path / "b.npy", np.insert(ids, 0, 4, 1))  # with the start token in front
    outs = [run(capsys, "predict", folder, "--input", str(tmp_path / name))[1] for name in ("a.npy", "b.npy")]
    assert outs[0] == outs[1] and len(outs[0].strip()) == 7


def test_compile_reports(capsys) -> None:
    status, out, _ = run(capsys, "compile", "khop", "--k", "16", "--length", "100")
    assert status == 0 and "6 layers" in out and "exact in float32" in out and "nothing (give --out DIR)" in out
    report = json.loads(run(capsys, "compile", "khop_doubling", "--k", "8", "--length", "100", "--json")[1])
    assert report["depth"] == 5 and report["certificate"]["holds"] and report["sizes"]["parameters"] < 400_000


def test_verify(capsys, folder: str, any_folder: str) -> None:
    status, out, _ = run(capsys, "verify", folder, "--samples", "20")
    assert status == 0 and "verified" in out
    report = json.loads(run(capsys, "verify", any_folder, "--samples", "20", "--seed", "1", "--json")[1])
    assert report["ok"] and report["wrong"] == 0


def test_verify_fails_with_status_1(capsys, folder: str, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(folder, tmp_path / "copy")
    data = bytearray((copy / "model.safetensors").read_bytes())
    data[-2] ^= 0x40
    (copy / "model.safetensors").write_bytes(data)
    status, out, err = run(capsys, "verify", str(copy), "--samples", "8")
    assert status == 1 and "NOT VERIFIED" in out and not err


def test_list_explain_plot(capsys, folder: str, any_folder: str, tmp_path: Path) -> None:
    assert "khop_rank" in run(capsys, "list")[1]
    assert json.loads(run(capsys, "list", "--json")[1])["programs"][0]["parameters"] == ["k"]
    assert "head 1" in run(capsys, "explain", "khop", "--k", "3", "--length", "20")[1]
    assert json.loads(run(capsys, "explain", "khop", "--k", "3", "--length", "20", "--json")[1])["layers"]
    for path, extra in ((folder, []), (any_folder, ["--k", "2"])):
        text = "ACGTACCA" if path == folder else "abcabbca"
        out = tmp_path / f"{Path(path).name}.png"
        assert run(capsys, "plot", path, "--text", text, "--out", str(out), *extra)[0] == 0
        assert out.read_bytes()[:4] == b"\x89PNG"


def test_sample(capsys, tmp_path: Path) -> None:
    out = tmp_path / "data.npz"
    arguments = [
        "sample",
        "khop",
        "--length",
        "98",
        "--alphabet",
        "4",
        "--max-k",
        "16",
        "--count",
        "500",
        "--out",
        str(out),
    ]
    assert run(capsys, *arguments)[0] == 0
    with np.load(out) as data:
        assert data["inputs"].shape == data["targets"].shape == (500, 99) and data["k"].max() <= 16
    assert run(capsys, *arguments)[0] == 2  # there already
    assert run(capsys, *arguments, "--force")[0] == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data.npz"]


OWN = """
from logdepth.lang import Position, Symbol, at, count, program

@program
def neighbour(x: Symbol, position: Position, back: int = 1):
    return at(position - back).read(x)

@program
def broken(x: Symbol, position: Position):
    if x == 1:
        return x
    return position

def plain(x):
    return x
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    return str(path)


def test_a_program_of_ones_own(capsys, own: str, tmp_path: Path) -> None:
    out = str(tmp_path / "m")
    arguments = ["compile", f"{own}:neighbour", "--length", "16", "--symbols", "xyz", "--set", "back=2", "--out", out]
    assert run(capsys, *arguments)[0] == 0
    (tmp_path / "in").write_text("xyzzy\n")
    assert run(capsys, "predict", out, "--input", str(tmp_path / "in"))[1] == "__xyz\n"
    assert run(capsys, "verify", out, "--samples", "20")[0] == 0


BAD = [
    (["compile", "khop", "--k", "-1", "--length", "10"], "--k is -1; it must be at least 0"),
    (["compile", "khop", "--max-k", "-2", "--length", "10"], "--max-k is -2"),
    (["compile", "khop", "--k", "1", "--length", "-5"], "length is -5; it must be at least 1"),
    (["compile", "khop", "--k", "1", "--length", "10", "--alphabet", "0"], "alphabet is 0"),
    (["compile", "khop", "--length", "10"], "either --k or --max-k"),
    (["compile", "khop", "--k", "1", "--max-k", "2", "--length", "10"], "either --k or --max-k"),
    (["compile", "khop", "--k", "1", "--length", "10", "--alphabet", "3", "--symbols", "ab"], "do not agree"),
    (["compile", "khop", "--k", "1", "--length", "10", "--symbols", "aba"], "'a' occurs twice"),
    (["compile", "khop", "--k", "1", "--length", "10", "--dtype", "float16"], "dtype is 'float16'"),
    (["compile", "khop", "--k", "3", "--length", "5000"], "float32 holds up to length"),
    (["compile", "khops", "--k", "1", "--length", "10"], "did you mean khop"),
    (["compile", "zzz", "--length", "10"], "`logdepth list` names"),
    (["compile", "nowhere.py:p", "--length", "10"], "nowhere.py: no such file"),
    (["compile", "{own}:neighbor", "--length", "10"], "did you mean neighbour?"),
    (["compile", "{own}:plain", "--length", "10"], "mark it with @program"),
    (["compile", "{own}", "--length", "10"], "say which program"),
    (["compile", "{own}:broken", "--length", "10"], "mine.py:10: a word has no truth value"),
    (["compile", "{own}:neighbour", "--length", "10", "--set", "bakc=2"], "did you mean back?"),
    (["compile", "{own}:neighbour", "--length", "10", "--set", "back"], "write NAME=VALUE"),
    (
        ["compile", "{own}:neighbour", "--length", "10", "--construction", "rank"],
        "goes with a task: khop",
    ),
    (["compile", "khop", "--k", "1", "--length", "9", "--construction", "ranks"], "khop has: rank, doubling"),
    (["compile", "pointer-chasing", "--k", "1", "--length", "9"], "no built-in program computes pointer-chasing"),
    (["compile", "{syntax}:p", "--length", "10"], "syntax.py:2: SyntaxError"),
    (["compile", "khop", "--k", "1", "--length", "10", "--out", "{folder}"], "not empty; give --force"),
    (["compile", "khop", "--k", "1", "--length", "10", "--out", "{full}", "--force"], "was not written by logdepth"),
    (["compile", "khop", "--k", "1", "--length", "10", "--out", "/proc/nowhere/m"], "cannot write"),
    (["verify", "{full}"], "not a compiled model"),
    (["verify", "{missing}"], "is not a folder"),
    (["verify", "{folder}", "--samples", "0"], "samples is 0"),
    (["predict", "{full}", "--input", "{text}"], "not a compiled model"),
    (["predict", "{folder}", "--input", "{missing}"], "no such file"),
    (["predict", "{folder}", "--input", "{empty}"], "no sequences in it"),
    (["predict", "{folder}", "--input", "{text}"], "line 2, column 3: 'X' is not in the alphabet ACGT"),
    (["predict", "{folder}", "--input", "{long}"], "line 1: 25 symbols; the model takes 20 at most"),
    (["predict", "{folder}", "--input", "{binary}"], "is not text"),
    (["predict", "{folder}", "--input", "{folder}/model.npy"], "no such file"),
    (["predict", "{folder}", "--input", "{text}.npy"], "is not a .npy array"),
    (["predict", "{folder}", "--input", "{floats}"], "array of integers is needed"),
    (["predict", "{folder}", "--input", "{wrong}"], "row 1, column 2: token 9"),
    (["solve", "khop", "--k", "-1", "--input", "{text}"], "--k is -1"),
    (["solve", "khop", "--k", "1", "--input", "{empty}"], "no sequences in it"),
    (["solve", "khpo", "--k", "1", "--input", "{text}"], "did you mean khop?"),
    (["show", "khop", "--text", "", "--k", "1"], "--text is empty"),
    (["show", "khop", "--text", "ab", "--k", "-1"], "--k is -1"),
    (["sample", "khop", "--length", "0", "--alphabet", "4", "--k", "1", "--out", "{missing}.npz"], "length is 0"),
    (
        ["sample", "khop", "--length", "9", "--alphabet", "4", "--k", "1", "--count", "0", "--out", "x.npz"],
        "--count is 0",
    ),
    (["sample", "khop", "--length", "9", "--alphabet", "4", "--k", "1", "--out", "{missing}"], "must end in .npz"),
    (["plot", "{folder}", "--text", "ACGX", "--out", "{missing}.png"], "column 4: 'X'"),
    (["plot", "{folder}", "--text", "ACG", "--out", "{missing}.bmp"], "must end in .png"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[" ".join(a)[:60] for a, _ in BAD])
def test_bad_input_is_one_clear_line(
    capsys, arguments: list[str], message: str, folder: str, own: str, tmp_path: Path
) -> None:
    files = {name: tmp_path / name for name in ("empty", "text", "long", "binary", "full", "missing")}
    files["empty"].write_text("\n\n")
    files["text"].write_text("ACGT\nACXT\n")
    files["long"].write_text("A" * 25 + "\n")
    files["binary"].write_bytes(b"\xff\xfe\x00")
    files["full"].mkdir()
    (files["full"] / "letter.txt").write_text("dear")
    (tmp_path / "text.npy").write_text("not an array")
    files["floats"], files["wrong"] = tmp_path / "floats.npy", tmp_path / "wrong.npy"
    np.save(files["floats"], np.zeros((2, 2)))
    np.save(files["wrong"], np.array([[0, 9]]))
    files["syntax"] = tmp_path / "syntax.py"
    files["syntax"].write_text("x = 1\ndef broken(:\n")
    names = {name: str(path) for name, path in files.items()}
    before = sorted(p.name for p in tmp_path.iterdir())
    status, out, err = run(capsys, *(a.format(folder=folder, own=own, **names) for a in arguments))
    assert status == 2 and not out
    assert message in err and err.startswith("logdepth: ") and len(err.splitlines()) == 1, err
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "__pycache__") == before


def test_the_reference_names_every_command_and_option() -> None:
    text = (DOCS / "cli.md").read_text()
    for name, parser in commands().items():
        assert f"## logdepth {name}" in text, f"run `make docs`: {name} is not in docs/cli.md"
        section = text.split(f"## logdepth {name}\n")[1].split("\n## ")[0]
        options = [o for action in parser._actions for o in action.option_strings]
        assert "--json" in options
        for option in options:
            assert option in section, f"run `make docs`: {name} {option} is not in docs/cli.md"


def test_importing_is_light_and_help_is_quick() -> None:
    code = "import sys, logdepth, logdepth.cli.main as m; m.build_parser().format_help(); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "numpy", "numba", "transformers", "rich"} & set(modules)
    code = "import sys, logdepth; from logdepth.programs import khop_rank; "
    code += "logdepth.compile(khop_rank, length=9, alphabet=2, k=1); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "transformers"} & set(modules)


# tests may be run in the background, where a shell has interrupts ignored, and children inherit that
INTERRUPTIBLE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from logdepth.__main__ import run; run()"
)


def test_an_interrupt_that_python_ignores_comes_again() -> None:
    class Callback:
        def __del__(self) -> None:
            raise KeyboardInterrupt  # printed and forgotten, as in a callback from C

    def work() -> None:
        with _noting_interrupts():
            Callback()
            time.sleep(20)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            work()
    finally:
        signal.signal(signal.SIGINT, before)


def test_interrupted_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "big.npz"
    arguments = [
        "sample",
        "khop",
        "--length",
        "2000",
        "--alphabet",
        "4",
        "--k",
        "40",
        "--count",
        "2000000",
        "--out",
        str(out),
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *arguments],
        **{"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": {**os.environ}},
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in err and "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_an_interrupt_that_a_library_turns_into_its_own_error(capsys, monkeypatch) -> None:
    from logdepth.cli import inspecting

    def compiling(args) -> int:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise RuntimeError("compilation failed") from error
        return 0

    def broken(args) -> int:
        raise RuntimeError("a fault of ours")

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        monkeypatch.setattr(inspecting, "_list", compiling)
        status, _, error = run(capsys, "list")
        assert status == 130 and error == "logdepth: interrupted; nothing was left half-written\n"
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    monkeypatch.setattr(inspecting, "_list", broken)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        main(["list"])


def test_an_interrupted_run_says_how_to_go_on(capsys, monkeypatch, tmp_path):
    from logdepth.cli import running

    def interrupted(args) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "_run", interrupted)
    monkeypatch.setattr(running, "_resume", interrupted)
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "manifest.json").touch()
    for folder, way_on in ((tmp_path / "saved", True), (tmp_path / "nothing", False)):
        for command in (["run", "sort", "--checkpoint", str(folder)], ["resume", str(folder)]):
            status, _, error = run(capsys, *command)
            said = f"; logdepth resume {folder} goes on with it" if way_on else ""
            assert (status, error) == (130, f"logdepth: interrupted; nothing was left half-written{said}\n")


def test_the_reader_may_hang_up() -> None:
    program = "from logdepth.__main__ import run; run()"
    command = f'"{sys.executable}" -c "{program}" show khop --text {"ab" * 3000} --k 1 | head -c 10'
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in result.stderr
