"""`logdepth round-trip`: the table, its JSON, its exit status, one line for bad input."""

import json

import numpy as np
import pytest

from logdepth.cli.main import main
from logdepth.jobs import forms

OWN = """
from logdepth.lang import Symbol, count, program, theirs
@program
def ones(x: Symbol):
    print("traced")
    return count(where=theirs(x) == 1)
"""


def test_json(capsys):
    assert main(["round-trip", "khop", "--k", "6", "--length", "32", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["equal"] and len(found["rows"]) == 14 and all(row["equal"] is True for row in found["rows"])
    assert len(found["tokens"]) == len(found["answers"]) == 32
    assert found["parameters"] == {"k": 6} and found["program"] == "khop_rank"


def test_the_table(capsys, tmp_path):
    (tmp_path / "text.txt").write_text("banana\n")
    assert (
        main(["round-trip", "khop", "--k", "2", "--construction", "doubling", "--input", f"{tmp_path}/text.txt"]) == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "khop_doubling (k = 2) on 6 symbols"
    assert lines[2].split() == ["form", "equal", "layers", "rounds", "machines", "width", "words", "seconds"]
    rows = lines[3 : lines.index("", 3)]
    assert len(rows) == 14 and all("  yes  " in row for row in rows)


def test_a_program_of_ones_own(capsys, tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    np.save(tmp_path / "bits.npy", np.array([0, 1, 1, 0, 1]))
    assert main(["round-trip", f"{tmp_path}/own.py:ones", "--input", f"{tmp_path}/bits.npy", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["answers"] == [0, 1, 2, 2, 3] and len(found["rows"]) == 13


def test_what_was_not_run_is_a_line(capsys, monkeypatch):
    monkeypatch.setattr(forms, "FAITHFUL", 5)
    assert main(["round-trip", "pointer_doubling", "--k", "3", "--length", "8", "--alphabet", "8"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "faithful" in line]
    assert len(lines) == 2 and all("not run: 9 tokens take about 81 machines" in line for line in lines)


def test_exit_status_where_one_differs(capsys, monkeypatch):
    right = forms.logits
    monkeypatch.setattr(forms, "logits", lambda model, ids: -right(model, ids))
    assert main(["round-trip", "khop", "--k", "1", "--length", "9"]) == 1
    assert any(
        line.startswith("checkpoint, stock gpt2") and "  NO  " in line for line in capsys.readouterr().out.splitlines()
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["khop", "--k", "3"], "give --length N, for a random sequence of so many symbols, or --input FILE"),
        (["khop", "--length", "9"], "khop: give either --k or --max-k"),
        (["kop", "--length", "9"], "there is no program 'kop'; did you mean khop"),
        (["khop", "--k", "3", "--length", "0"], "length is 0"),
        (["khop", "--k", "3", "--length", "9", "--workers", "2"], "--workers is for --engine ray or both"),
        (["khop", "--k", "3", "--length", "9", "--machines", "0"], "machines is 0; it must be at least 1"),
        (["khop", "--max-k", "3", "--length", "9", "--header", "4"], "the first token's value is 4; of 4 values"),
        (["pointer_doubling", "--k", "3", "--length", "9", "--target", "gpt2"], "GPT-2 is causal"),
        (["khop", "--k", "3", "--input", "missing.txt"], "missing.txt"),
    ],
)
def test_bad_input_is_one_line(capsys, arguments, message):
    assert main(["round-trip", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and message in captured.err and captured.err.count("\n") == 1
