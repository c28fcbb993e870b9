"""docs/programs.md: its tables are up to date, its program runs, its commands say what it says."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

from logdepth.cli.main import main
from logdepth.compiled.programs_page import programs_table, tracr_table, with_table
from logdepth.records import read_rows

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "programs.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_tables_are_up_to_date() -> None:
    assert with_table(TEXT, "programs", programs_table()) == TEXT, "run `make docs`"
    rows = read_rows(ROOT / "benchmarks" / "rows" / "tracr_programs.jsonl")
    assert with_table(TEXT, "tracr", tracr_table(rows)) == TEXT, "run `make docs`"


def test_what_stands_behind_the_program_came_out(tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)
    said = re.search(r"^(STATED\[0\].*?)  # (.*)$", block, flags=re.M)
    assert said is not None
    file = tmp_path / "ones.py"  # where its lines can be read
    file.write_text(block, encoding="utf-8")
    names: dict = {}
    exec(compile(block, str(file), "exec"), names)
    assert eval(said[1], names) == ast.literal_eval(said[2])


def test_its_session(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["compile", "s5", "--length", "64", "--out", "s5"]) == 0
    printed = capsys.readouterr().out
    assert "7 layers" in printed and "435,126 parameters" in printed and "exact in float32" in printed
    (tmp_path / "words.txt").write_text("21345 12354 54321\n")
    assert main(["predict", "s5", "--input", "words.txt"]) == 0
    assert capsys.readouterr().out == "21345 21354 45312\n"
    refused = re.search(r"^\$ logdepth (compile regex .*?)\n(logdepth: .*?)$", TEXT, flags=re.M)
    assert refused is not None
    assert main(shlex.split(refused[1])) == 2
    assert capsys.readouterr().err.strip() == refused[2]


def test_every_compile_on_the_page(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    automaton = re.search(r"```\n(symbols.*?)```", TEXT, flags=re.S)
    assert automaton is not None
    (tmp_path / "even.txt").write_text(automaton[1])
    (tmp_path / "table.txt").write_text("e a\ne a\na e\n")
    lines = re.findall(r"^logdepth (compile .*?)(?:  #.*)?$", TEXT, flags=re.M)
    assert len(lines) >= 9
    for line in lines:
        words = shlex.split(line)
        assert main(words[: words.index("--out")]) == 0, line
        assert "exact in float32 for every input" in capsys.readouterr().out
