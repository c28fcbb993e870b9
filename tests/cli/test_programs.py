"""`FILE.py:program` and `--set`: whatever is in a user's file, one clear line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from logdepth.cli.main import main

ONE = """
from logdepth.lang import Position, Symbol, at, program

print("made")

@program
def previous(x: Symbol, position: Position, back: int = 1):
    print("traced")
    return at(position - back).read(x)

@program
def second(x: Symbol, k: int):
    assert k > 3, "k must be\\n  more than 3"
    return x

@program
def leaves(x: Symbol):
    raise SystemExit(0)

@program
def chooses(x: Symbol):
    return x if x in {1, 2} else 0
"""

FILES = {
    "one.py": ONE,
    "exits.py": "import sys\nsys.exit(0)\n",
    "quits.py": "x = 1\nraise SystemExit\n",
    "lines.py": "raise ValueError('first\\n\\n  second')\n",
    "syntax.py": "x = 1\ndef broken(:\n",
    "indent.py": "def f():\nreturn 1\n",
    "bytes.py": b"x = 1\n\xff\xfe\n",
    "zero.py": b"x = 1\x00\n",
    "empty.py": "",
    "asserts.py": "assert 1 == 2, 'not\\nequal'\n",
    "recursive.py": "def f():\n    return f()\nf()\n",
    "thing.py": "from logdepth.lang import program\n@program\nclass Thing:\n    pass\n",
    "anonymous.py": "from logdepth.lang import program\np = program(lambda x: x)\n",
    "literal.py": "from logdepth.lang import *\n@program\ndef p(x: Symbol):\n    y = x is True\n    return x\n",
    "imported.py": "from one import previous, second\n",
    "hints.py": "from logdepth.lang import *\n@program\ndef p(x: 'Symbl'):\n    return x\n",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    (tmp_path / "folder.py").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


BAD = [
    ("one.py:nope", [], "one.py has no program 'nope'; there: previous, second, leaves, chooses"),
    ("one.py:previuos", [], "did you mean previous? (there: previous, second, leaves, chooses)"),
    ("one.py", [], "one.py: say which program, one.py:NAME (there: previous, second, leaves, chooses)"),
    ("one.py:", [], "say which program"),
    ("one.py:at", [], "at is not a program; mark it with @program"),
    ("one.py:second", ["--set", "k=1"], "one.py:13: AssertionError: k must be more than 3"),
    ("one.py:leaves", [], "one.py:18: SystemExit: 0 (a program returns a word, it does not exit)"),
    ("one.py:chooses", [], "one.py:22: a word cannot be looked up in a set or dict"),
    ("exits.py:p", [], "exits.py:2: SystemExit: 0 (the file ends Python"),
    ("quits.py:p", [], "quits.py:2: SystemExit (the file ends Python"),
    ("lines.py:p", [], "lines.py:1: ValueError: first second"),
    ("syntax.py:p", [], "syntax.py:2: SyntaxError"),
    ("indent.py:p", [], "indent.py:2: IndentationError"),
    ("bytes.py:p", [], "bytes.py:"),
    ("zero.py:p", [], "zero.py: "),
    ("empty.py", [], "there: none; mark a function with @program"),
    ("empty.py:p", [], "empty.py has no program 'p'; there: none"),
    ("asserts.py:p", [], "asserts.py:1: AssertionError: not equal"),
    ("recursive.py:p", [], "recursive.py:2: RecursionError"),
    ("thing.py:Thing", [], "thing.py:2: @program marks a plain function (def), but Thing is a class"),
    ("anonymous.py:p", [], "anonymous.py:2: @program marks a plain function (def), but <lambda> is a lambda"),
    ("literal.py:p", [], "literal.py:4: `is` asks whether two objects are one"),
    ("imported.py:x", [], "there: previous, second"),
    ("hints.py:p", [], "hints.py:2: NameError"),
    ("folder.py:p", [], "folder.py: a folder, not a file"),
    ("missing.py:p", [], "missing.py: no such file"),
    ("khop_rank", ["--set", "k=-1"], "k is -1; it must be at least 0"),
    ("khop_rank", ["--set", "k=1.5"], "k is '1.5'; it must be a whole number"),
    ("khop_rank", ["--set", "k=true"], "k is True; it must be a whole number"),
    ("khop_rank", ["--set", "k=1_0"], "k is '1_0'; it must be a whole number"),
    ("khop_rank", ["--set", "k=\uff13"], "it must be a whole number"),
    ("khop_rank", ["--set", "k="], "k is ''; it must be a whole number"),
    ("khop_rank", ["--set", "k=" + "9" * 5000], "it must be a whole number"),
    ("khop_rank", ["--set", "k=" + "9" * 900], "layers, one for each step"),
    ("khop_rank", ["--set", "k=1", "--set", "k=2"], "k is given twice"),
    ("khop_rank", ["--set", "k=1", "--k", "2"], "--k 2 and --set k=1: give one of them"),
    ("khop_rank", ["--set", "k=1", "--set", "dtype=float64"], "no parameter may be called dtype"),
    ("khop_rank_any", ["--set", "max_k=3", "--headers", "9"], "serves 0..3; give 4, or max_k = 8"),
    ("khop_rank_any", ["--max-k", "3", "--headers", "9"], "--max-k 3 has 4 headers, not 9"),
    ("khop", ["--k", "1", "--length", "100000000"], "length 100,000,000 needs about"),
    ("khop", ["--k", "1", "--alphabet", "100000000"], "alphabet 100,000,000 needs about"),
    ("khop", ["--max-k", "1000000000"], "headers 1,000,000,001 needs about"),
]


@pytest.mark.parametrize(("name", "options", "message"), BAD, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(BAD)])
def test_one_clear_line(capsys, here: Path, name: str, options: list[str], message: str) -> None:
    before = sorted(os.listdir(here))
    length = [] if "--length" in options else ["--length", "9"]
    assert main(["compile", name, *length, *options, "--out", "out"]) == 2
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if line not in ("made", "traced")]
    assert not out and len(lines) == 1 and lines[0].startswith("logdepth: "), err
    assert message in lines[0] and len(lines[0]) < 700
    assert sorted(os.listdir(here)) in (before, sorted([*before, "__pycache__"]))  # of what the file imports


@pytest.mark.parametrize(
    "name", ["one.py:previous", "./one.py:previous", "../{}/one.py:previous", "{here}/one.py:previous"]
)
def test_a_file_by_any_path(capsys, here: Path, name: str) -> None:
    name = name.replace("{here}", str(here)).format(here.name)
    assert main(["compile", name, "--length", "9", "--set", "back=2", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["program"]["parameters"] == {"back": 2}
    assert err.splitlines() == ["made", "traced"]  # what a program prints is not the answer


def test_text_and_decimals_where_they_are_annotated(capsys, here: Path) -> None:
    text = "from logdepth.lang import *\n@program\ndef p(x: Symbol, a: str, b: float, c: int, d: bool):\n    return x\n"
    (here / "kinds.py").write_text(text)
    values = ["--set", "a=12", "--set", "b=1.5", "--set", "c=-0", "--set", "d=True"]
    assert main(["compile", "kinds.py", "--length", "9", "--json", *values]) == 0
    assert json.loads(capsys.readouterr().out)["program"]["parameters"] == {"a": "12", "b": 1.5, "c": 0, "d": True}


def test_the_only_program_of_a_file_needs_no_name(capsys, here: Path) -> None:
    (here / "only.py").write_text(ONE.split("@program\ndef second")[0])
    assert main(["compile", "only.py", "--length", "9"]) == 0
