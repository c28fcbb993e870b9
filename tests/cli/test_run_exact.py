"""`logdepth run-exact`: folders and programs, sequences and graphs, its account, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import logdepth
from logdepth.cli.main import main
from logdepth.compiled import run_exact as module
from logdepth.graphs import Graph
from logdepth.lang import Symbol, count, program, theirs
from logdepth.programs import BUILT_IN
from logdepth.tasks.khop.solver import solve


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exact") / "khop"
    logdepth.compile(BUILT_IN["khop_rank"], length=20, alphabet="ACGT", k=3).save(path)
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> tuple[str, str]:
    assert main(["run-exact", *arguments]) == status
    return tuple(capsys.readouterr())


@pytest.mark.parametrize("attention", ["hash", "hard", "soft"])
def test_a_folder_says_what_predict_says(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], attention: str
) -> None:
    text = tmp_path / "text"
    text.write_text("GATTACAGATTACAGATTAC\nACGT\n")
    answers, account = said(capsys, str(folder), "--input", str(text), "--attention", attention)
    assert answers.split() == [each.text for each in logdepth.predict(folder, ["GATTACAGATTACAGATTAC", "ACGT"])]
    assert f"{attention} attention on 26 tokens" in account
    assert "equal to the interpreter at every position" in account


def test_json_holds_the_account(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text").write_text("GATTACA\n")
    found = json.loads(said(capsys, str(folder), "--input", str(tmp_path / "text"), "--json", "--no-check")[0])
    assert (found["tokens"], found["wrong"], found["unchecked"], found["attention"]) == (8, None, "not asked", "hash")
    assert found["depth"] == 3 and found["answers"][0]["name"] == "line 1"


def test_longer_than_the_folder(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    symbols = np.random.default_rng(0).integers(0, 4, (1, 300))
    text, out = tmp_path / "text", tmp_path / "out.npy"
    text.write_text("".join("ACGT"[symbol] for symbol in symbols[0]))
    problem = said(capsys, str(folder), "--input", str(text), status=2)[1]
    assert "300 symbols; the model takes 20 at most" in problem
    said(capsys, str(folder), "--input", str(text), "--length", "300", "--out", str(out))
    assert (np.load(out) == solve(symbols, 3, 4)).all()
    assert "exists already" in said(capsys, str(folder), "--input", str(text), "--out", str(out), status=2)[1]


def test_a_program_is_compiled_for_its_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.py").write_text(
        "from logdepth.lang import Symbol, count, program, theirs\n\n\n"
        "@program(causal=False)\ndef place(x: Symbol):\n    return count(where=theirs(x) < x)\n"
    )
    (tmp_path / "text").write_text("banana\n")
    answers, account = said(capsys, f"{tmp_path / 'own.py'}:place", "--input", str(tmp_path / "text"))
    assert answers == "3 0 4 0 4 0\n" and "equal to the interpreter" in account
    answers, _ = said(capsys, "khop", "--k", "2", "--input", str(tmp_path / "text"))
    assert len(answers) == 7


def test_graphs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edges, out = tmp_path / "edges.txt", tmp_path / "labels.csv"
    edges.write_text("ann bob\nbob cat\ndan eve\n")
    answers, account = said(capsys, "connectivity", "--graph", str(edges))
    assert answers.splitlines() == ["vertex\tlabel", "ann\tann", "bob\tann", "cat\tann", "dan\tdan", "eve\tdan"]
    assert "12 tokens" in account
    assert "written" in said(capsys, "connectivity", "--graph", str(edges), "--out", str(out))[0]
    assert out.read_text().splitlines()[1:] == ["ann,ann", "bob,ann", "cat,ann", "dan,dan", "eve,dan"]
    small = tmp_path / "small"
    logdepth.compile(BUILT_IN["connectivity_hooking"], vertices=3, edges=3, target="bert").save(small)
    assert "5 vertices; the model takes 3" in said(capsys, str(small), "--graph", str(edges), status=2)[1]
    edges.write_text("0 1\n1 2\n0 2\n0 2\n")
    assert "4 edges; the model takes 3" in said(capsys, str(small), "--graph", str(edges), status=2)[1]
    assert "give --graph FILE" in said(capsys, str(small), "--input", str(edges), status=2)[1]


def test_bad_input(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "text"
    text.write_text("GATXACA\n")
    assert "'X' is not in the alphabet" in said(capsys, str(folder), "--input", str(text), status=2)[1]
    assert "no such file" in said(capsys, str(folder), "--input", "nowhere.txt", status=2)[1]
    assert "must be at least 1" in said(capsys, str(folder), "--input", str(text), "--length", "0", status=2)[1]
    assert "reads sequences" in said(capsys, "khop_rank", "--graph", str(text), status=2)[1]
    text.write_text("ACGT" * 5000)
    options = ("--input", str(text), "--length", "20000", "--attention", "hard")
    assert "the limit is 2 GiB: use --attention hash" in said(capsys, str(folder), *options, status=2)[1]
    assert "invalid choice: 'loud'" in said(capsys, str(folder), "--attention", "loud", status=2)[1]


def test_a_folder_of_ones_own_program_has_its_length(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.py").write_text(
        "from logdepth.lang import Symbol, last, program, theirs\n\n\n"
        "@program\ndef own(x: Symbol):\n    return last(where=theirs(x) == x).read(x)\n"
    )
    assert main(["compile", f"{tmp_path / 'own.py'}:own", "--length", "5", "--out", str(tmp_path / "own")]) == 0
    (tmp_path / "text").write_text("abcdabcda")
    problem = said(capsys, str(tmp_path / "own"), "--input", str(tmp_path / "text"), "--length", "9", status=2)[1]
    assert "holds its program for 5 symbols; for 9 give the program itself" in problem


def test_wrong_answers_are_not_given(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the account is worth: an interpreter that says something else is noticed."""
    honest = module.interpret
    monkeypatch.setattr(module, "interpret", lambda *a, **b: (honest(*a, **b) + 1) % 4)
    (tmp_path / "text").write_text("GATTACA\n")
    answers, problem = said(capsys, str(folder), "--input", str(tmp_path / "text"), status=1)
    assert answers.count("\n") < 4 and "GATTACA" not in answers and "are not the interpreter's" in problem


def test_a_check_of_all_pairs_is_left_out_where_it_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    from logdepth.sequences import Alphabet, NamedSequence

    @program
    def smaller(x: Symbol):
        return count(where=theirs(x) < x)

    records = [NamedSequence("line 1", [0, 1, 2, 0])]
    model = module.ExactModel.of_program(smaller, records, Alphabet.of(3))
    assert module.run_exact(model, records)[1].wrong == 0
    monkeypatch.setattr(module, "MOST_PAIRS", 15)
    account = module.run_exact(model, records)[1]
    assert account.wrong is None and "all pairs of 4 tokens in 1 look-ups" in account.unchecked


def test_a_graph_in_python() -> None:
    from logdepth.graphs.tokens import GraphTokens

    graph = Graph(np.arange(4), np.array([0, 2]), np.array([1, 3]), None)
    model = module.ExactModel.of_graph(BUILT_IN["connectivity_hooking"], GraphTokens(4, 2))
    columns, account = module.run_exact_graph(model, graph)
    assert columns["answer"].tolist() == [0, 0, 2, 2] and account.wrong == 0


@pytest.mark.slow
def test_a_million_tokens() -> None:
    from logdepth.sequences import Alphabet, NamedSequence

    symbols = np.random.default_rng(0).integers(0, 4, 1_000_000)
    records = [NamedSequence("random", symbols.tolist())]
    model = module.ExactModel.of_program(BUILT_IN["khop_doubling"], records, Alphabet.of(4), k=64)
    answers, account = module.run_exact(model, records)
    assert account.wrong == 0
    assert (np.array(answers[0].words) == solve(symbols[None], 64, 4)[0]).all()
