"""Commands on graphs, as a user types them: compile by name, verify, predict, explain; refusals are one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from logdepth.cli.main import main

SIZES = ["--vertices", "6", "--edges", "7"]
TASKS = ("connectivity", "spanning-forest", "msf", "one-versus-two-cycle", "bipartiteness", "bipartite", "reachability")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("cli")
    for task in TASKS:
        assert main(["compile", task, *SIZES, "--out", str(root / task)]) == 0
    options = ["--construction", "squaring", *SIZES, "--diameter", "1"]
    assert main(["compile", "connectivity", *options, "--out", str(root / "near")]) == 0
    (root / "triangle.txt").write_text("a b 3\nb c 1\nc a 2\n")
    (root / "path.txt").write_text("a b 3\nb c 1\nc d 2\n")
    return root


@pytest.mark.parametrize(
    ("task", "lines"),
    [
        ("connectivity", ["vertex\tlabel", "a\ta", "b\ta", "c\ta"]),
        ("near", ["vertex\tlabel", "a\ta", "b\ta", "c\ta"]),
        ("spanning-forest", ["edge\ttail\thead", "1\tb\tc", "2\tc\ta"]),
        ("msf", ["edge\ttail\thead\tweight", "1\tb\tc\t1.0", "2\tc\ta\t2.0"]),
        ("one-versus-two-cycle", ["one cycle", "True"]),
        ("bipartiteness", ["bipartite", "False"]),
        ("bipartite", ["bipartite", "False"]),
        ("reachability", ["vertex\treaches the first", "a\tTrue", "b\tTrue", "c\tTrue"]),
    ],
)
def test_predict(made: Path, capsys, task: str, lines: list[str]) -> None:
    capsys.readouterr()
    assert main(["predict", str(made / task), "--graph", str(made / "triangle.txt")]) == 0
    assert capsys.readouterr().out.splitlines() == lines


def test_predict_as_json_and_into_a_file(made: Path, capsys, tmp_path: Path) -> None:
    asked = ["predict", str(made / "connectivity"), "--graph", str(made / "path.txt")]
    capsys.readouterr()
    assert main([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"vertex": ["a", "b", "c", "d"], "label": ["a"] * 4}
    out = tmp_path / "labels.csv"
    assert main([*asked, "--out", str(out)]) == 0 and out.read_text().splitlines()[:2] == ["vertex,label", "a,a"]
    assert main([*asked, "--out", str(out)]) == 2 and "exists already" in capsys.readouterr().err


def test_verify_and_explain(made: Path, capsys) -> None:
    assert main(["verify", str(made / "near"), "--samples", "8"]) == 0
    capsys.readouterr()
    assert main(["explain", "connectivity", "--construction", "squaring", *SIZES]) == 0
    shown = capsys.readouterr().out
    assert "union where" in shown and "layer 5" in shown and "layer 6" not in shown


def test_list_names_both_constructions(capsys) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert "connectivity stands for these: --construction hooking|squaring, --vertices and --edges." in shown


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["predict", "{near}", "--graph", "{path}"], "4 of 4 vertices have no answer"),
        (["predict", "{one-versus-two-cycle}", "--graph", "{path}"], "vertex a has degree 1"),
        (["compile", "connectivity", *SIZES, "--diameter", "2"], "makes no use of --diameter"),
        (["compile", "khop", "--length", "5", "--k", "2", "--diameter", "2"], "makes no use of --diameter"),
        (["compile", "connectivity", "--vertices", "4"], "give --vertices V and --edges E"),
        (["compile", "connectivity", *SIZES, "--k", "3"], "connectivity takes no --k"),
        (["compile", "connectivity", *SIZES, "--target", "gpt2"], "give --target bert"),
        (["compile", "connectivity", *SIZES, "--construction", "squares"], "connectivity has: hooking, squaring"),
        (
            ["compile", "connectivity", *SIZES, "--construction", "squaring", "--diameter", "-1"],
            "diameter is -1; it must be at least 0",
        ),
        (
            ["compile", "connectivity", *SIZES, "--construction", "squaring", "--diameter", "2", "--set", "diameter=3"],
            "give one of them",
        ),
        (
            ["compile", "msf", "--vertices", "2", "--edges", "5000"],
            "float32 holds up to 4,093 edges for this program on 2 vertices; use float64 or --edges 4093",
        ),
    ],
)
def test_refused_in_one_line(made: Path, capsys, arguments: list[str], part: str) -> None:
    names = {"path": made / "path.txt", **{name.name: name for name in made.iterdir()}}
    capsys.readouterr()
    assert main([argument.format(**names) if "{" in argument else argument for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert part in error and error.count("\n") == 1 and "Traceback" not in error


def test_show_and_solve_need_no_model(made: Path, capsys) -> None:
    capsys.readouterr()
    assert main(["solve", "msf", "--graph", str(made / "triangle.txt")]) == 0
    assert main(["predict", str(made / "msf"), "--graph", str(made / "triangle.txt")]) == 0
    first, second = capsys.readouterr().out.split("edge\t")[1:]
    assert first == second
    assert main(["show", "bipartite", "--graph", str(made / "path.txt")]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == ["0", "6", "the", "start", "token", "True"] and lines[2] == ["1", "0", "edge", "0:", "a"]
    assert lines[-1] == ["10", "4", "blank", "of", "d"]
    assert main(["show", "connectivity", "--graph", str(made / "path.txt"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["label"] == ["a"] * 4


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["show", "connectivity"], "connectivity is about graphs; give --graph FILE"),
        (["solve", "bipartite", "--k", "2", "--graph", "g.txt"], "bipartite is about graphs; it takes no --k"),
        (["show", "khop", "--text", "ab"], "khop: give --k"),
        (["show", "khop", "--text", "ab", "--k", "1", "--graph", "g.txt"], "khop is not about graphs"),
        (["solve", "reachability", "--graph", "{path}"], "reachability"),
    ],
)
def test_show_and_solve_refuse_in_one_line(made: Path, capsys, arguments: list[str], part: str) -> None:
    (made / "forked.txt").write_text("a b\na c\n")
    arguments = [str(made / "forked.txt") if argument == "{path}" else argument for argument in arguments]
    capsys.readouterr()
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert (part in error or "vertex a has 2 arcs" in error) and error.count("\n") == 1
