"""Programs with a definition on the command line: by name, with parameters and files, and without a model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from logdepth.cli.main import main

TABLE = "e a b\ne a b\na b e\nb e a\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "z3.txt").write_text(TABLE)
    (tmp_path / "bad.txt").write_text(TABLE.replace("b e a", "b e c"))
    (tmp_path / "bytes.txt").write_bytes(b"e \xff")
    return tmp_path


def out(capsys: pytest.CaptureFixture[str], line: str | list[str], status: int = 0) -> str:
    assert main(line.split() if isinstance(line, str) else line) == status
    captured = capsys.readouterr()
    return captured.err if status else captured.out


def test_show(capsys, here: Path) -> None:
    assert out(capsys, "show sort --text banana").splitlines()[2].split() == ["sort", *"aaabnn"]
    assert out(capsys, ["show", "s3", "--text", "213 132"]).splitlines()[1:] == [
        "token         213 132",
        "word-problem  213 312",
    ]
    assert out(capsys, "show histogram --target bert --text abab").split()[-4:] == ["2"] * 4
    assert out(capsys, "show fraction --text abb").splitlines()[2].split() == ["fraction", "1", "0.5", "0.33"]
    found = json.loads(out(capsys, "show regex --set pattern=ab* --text abb --json"))
    assert found == {"text": "abb", "answers": ["1", "1", "1"]}


def test_solve_and_sample(capsys, here: Path) -> None:
    (here / "in.txt").write_text("eab\naaa\n")
    assert out(capsys, "solve word-problem --set-file group=z3.txt --input in.txt") == "eae\nabe\n"
    (here / "letters.txt").write_text("abba\n")
    assert out(capsys, "solve reverse --input letters.txt") == "abba\n"
    assert out(capsys, "solve mqar --input letters.txt --symbols abc") == "__bb\n"
    line = "sample dyck --length 8 --planted --count 20 --out d.npz --set kinds=1"
    assert "20 strings" in out(capsys, line)
    with np.load(here / "d.npz") as arrays:
        assert arrays["strings"].shape == arrays["answers"].shape == (20, 8) and arrays["answers"][:, -1].any()
    assert out(capsys, "sample sort --length 5 --alphabet 3 --count 2 --out s.npz --json").count("[") == 2


def test_compile_verify_predict_with_a_file(capsys, here: Path) -> None:
    assert "word_problem (group = e a b e a b" in out(
        capsys, "compile word-problem --set-file group=z3.txt --length 5 --out z3"
    )
    (here / "z3.txt").unlink()  # the folder holds what it said
    assert "z3: verified" in out(capsys, "verify z3 --samples 8")
    (here / "in.txt").write_text("aab\n")
    assert out(capsys, "predict z3 --input in.txt") == "aba\n"


def test_targets(capsys, here: Path) -> None:
    assert json.loads(out(capsys, "compile histogram --length 4 --json"))["target"] == "gpt2"
    found = json.loads(out(capsys, "compile histogram --length 4 --target bert --json"))
    assert (found["target"], found["program"]["name"]) == ("bert", "histogram_whole")
    assert json.loads(out(capsys, "compile sort --length 4 --json"))["target"] == "bert"
    assert "layer 2" in out(capsys, "explain sort --length 6")


def test_list(capsys) -> None:
    text = out(capsys, "list")
    assert "  word-problem " in text and "bert" in text and text.count("histogram") == 1
    found = json.loads(out(capsys, "list --json"))
    assert {each["name"] for each in found["stated"]} >= {"sort", "dyck", "mqar", "regex", "word-problem"}


def test_a_program_on_machines(capsys, here: Path) -> None:
    (here / "bits.txt").write_text("111\n")  # its symbols are 0 and 1 whatever the text holds
    for name in ("parity", "majority"):
        assert out(capsys, f"run {name} --input bits.txt --out {name}.csv --machines 2")
    assert (here / "parity.csv").read_text().split() == ["index,answer", "0,1", "1,0", "2,1"]
    (here / "word.txt").write_text("213 132\n")
    assert out(capsys, "run s3 --input word.txt --out s3.csv --machines 2")
    assert (here / "s3.csv").read_text().split()[1:] == ["0,213", "1,312"]


REFUSED = [
    ("compile sort --length 9 --target gpt2", "--target gpt2: no program for sort in which a token sees only"),
    ("compile bracket-partner --length 9 --target bert", "in which a token sees what stands after it, too, is built"),
    ("compile s5 --length 9 --set group=s4", "s5 says group=s5: leave out --set group=.."),
    ("compile s5 --length 9 --alphabet 5", "alphabet is 5; the 120 symbols of program word_problem are 12345 .. 54321"),
    ("compile s77 --length 9", "group s77 has"),
    ("compile dyck --length 9 --set kinds=0", "kinds is 0; it must be at least 1"),
    ("compile dyck --length 9 --set kinds=99", "kinds is 99; it must be at most 29"),
    ("compile dyck --length 9 --symbols ab", "alphabet is a b; the 2 symbols of program dyck are ( ): leave it out"),
    ("compile sort --length 9 --k 3", "program sort has no parameter k"),
    ("compile word-problem --length 9 --set answer=both", "answer is 'both'; it must be"),
    ("compile automaton --length 9", "program automaton needs the parameter dfa"),
    ("compile regex --length 9 --set pattern=", "names no characters; give symbols"),
    (
        "compile word-problem --length 9 --set-file group=bad.txt",
        "group, line 4: 'c' is none of the elements in line 1",
    ),
    ("compile word-problem --length 9 --set-file group=none.txt", "none.txt: No such file or directory"),
    ("compile word-problem --length 9 --set-file group=bytes.txt", "bytes.txt is not text (byte 2)"),
    ("compile word-problem --length 9 --set-file group", "--set-file group: write NAME=FILE"),
    ("compile srot --length 9", "there is no program 'srot'; did you mean sort"),
    ("compile occurrences --length 9 --set symbol=7", "symbol 7 is not one of the alphabet's, 0..3"),
    ("compile find-word --length 9 --set pattern=abd --symbols abc", "pattern: 'd' is not one of the symbols abc"),
    (
        "compile find-word --length 99 --set pattern=abababababababababab",
        "pattern has 20 letters; find-word takes 1 to 16",
    ),
    ("show sort --text abc --k 2", "sort takes no --k"),
    ("show khop --text abc", "khop: give --k"),
    ("show khop --text abc --k 1 --set a=b", "khop takes no --set"),
    ("sample khop --length 9 --k 1 --out a.npz", "give --alphabet A, how many symbols"),
    ("sample reverse --length 9 --alphabet 3 --planted --out a.npz", "reverse has no strings of its own kind"),
    ("sample sort --length 9 --alphabet 3 --k 1 --out a.npz", "sort takes no --k, --max-k, --repeats and --labels"),
    ("run parity --input z3.txt --symbols abc", "alphabet is a b c; the 2 symbols of program parity are 0 1"),
]


@pytest.mark.parametrize(("line", "message"), REFUSED, ids=[line for line, _ in REFUSED])
def test_one_clear_line(capsys, here: Path, line: str, message: str) -> None:
    said = out(capsys, line, 2)
    assert message in said and said.count("\n") == 1
