"""`compile`, `explain` and `predict` of models that think, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from logdepth.cli.main import main


@pytest.fixture(scope="module")
def khop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "khop"
    assert main(f"compile khop-cot --length 13 --alphabet 4 --out {folder}".split()) == 0
    return folder


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    file = tmp_path / "in.txt"
    file.write_text("baadbcabadbda\ndcba\n")
    return file


def test_the_answer_and_the_chain_are_printed(khop: Path, texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(f"predict {khop} --input {texts} --k 2".split()) == 0
    assert capsys.readouterr().out == "b\t@10 @5 b\n_\t\n"
    assert main(f"predict {khop} --input {texts} --k 0 --at 2 --no-cache --json".split()) == 0
    first = json.loads(capsys.readouterr().out)[0]
    assert first == {"name": "line 1", "at": 2, "header": 0, "chain": ["a"], "answer": "a"}
    assert main(f"predict {khop} --input {texts} --k 1 --at all".split()) == 0
    assert len(capsys.readouterr().out.splitlines()) == 17


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--k 14", "k is 14; the model's table of 29 positions holds a text of 13 and 13 thoughts"),
        ("--k -1", "k is -1; it must be in 0..13"),
        ("", "line 1: give k (--k)"),
        ("--k 1 --at 14", "position 14 is asked for; the text has positions 1..13"),
        ("--k 1 --at x", "--at is 'x'; it must be a position, counted from 1, or all"),
        ("--k 1 --vertex 3", "--vertex and --goal go with --graph FILE"),
        ("--k 1 --out a.csv", "--out is for models of graphs"),
    ],
)
def test_what_cannot_be_asked(
    options: str, message: str, khop: Path, texts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*f"predict {khop} --input {texts}".split(), *options.split()]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("khop-cot --length 9 --k 3", "khop-cot does every k up to --max-k"),
        ("khop-cot", "give --length N, the longest text, in letters"),
        ("khop-cot --length 9 --vertices 4", "khop-cot takes no --vertices"),
        ("khop-cot --length 9 --max-k -1", "--max-k is -1; it must be at least 0"),
        ("khop-cot --length 9 --construction rank", "khop-cot has: narrow, wide"),
        ("pointer-chasing-cot", "give --vertices V"),
        ("reachability-cot --vertices 0", "--vertices is 0; it must be at least 1"),
        ("reachability-cot --vertices 9 --max-k 7", "a way through 9 vertices takes up to 8"),
        ("reachability-cot --vertices 9 --alphabet 4", "9 vertices are as many letters, not 4"),
        ("khop-cot --length 9 --symbols ab@", "@ marks the pointers"),
        ("khop-cot --length 9 --target bert", "BERT"),
    ],
)
def test_what_cannot_be_compiled(line: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", *line.split()]) == 2
    assert message in capsys.readouterr().err


def test_arcs_of_a_graph(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = tmp_path / "g.txt"
    graph.write_text("10 20\n20 30\n30 10\n40 30\n50 50\n")
    chase, reach = tmp_path / "chase", tmp_path / "reach"
    assert main(f"compile pointer-chasing-cot --vertices 6 --out {chase}".split()) == 0
    assert main(f"compile reachability-cot --vertices 6 --out {reach}".split()) == 0
    capsys.readouterr()
    for line, said in (
        (f"{chase} --graph {graph} --vertex 40 --k 3", "20\t@8 @6 @2 20"),
        (f"{reach} --graph {graph} --vertex 40 --goal 20", "20\t@8 @6 @2 20"),
        (f"{reach} --graph {graph} --vertex 40 --goal 50", "_\t@8 @6 @2 @4 @6"),
    ):
        assert main(["predict", *line.split()]) == 0
        assert capsys.readouterr().out == said + "\n"
    assert main(f"predict {reach} --graph {graph} --vertex 41 --goal 50".split()) == 2
    assert "there is no vertex 41 in the graph" in capsys.readouterr().err


def test_explain_and_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "khop-cot", "--length", "20"]) == 0
    assert "layer 3" in capsys.readouterr().out
    assert main(["list"]) == 0
    assert "khop-cot stands for these: --construction narrow|wide, --length and --alphabet." in capsys.readouterr().out


def test_options_of_thinking_are_refused_elsewhere(tmp_path: Path, texts: Path, capsys: pytest.CaptureFixture) -> None:
    folder = tmp_path / "m"
    assert main(f"compile khop --k 1 --length 13 --out {folder}".split()) == 0
    assert main(f"predict {folder} --input {texts} --at 3".split()) == 2
    assert "--at is for models that think" in capsys.readouterr().err
