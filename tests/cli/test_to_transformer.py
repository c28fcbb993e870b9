"""`logdepth to-transformer`: figures, the answer checked, and one clear line for what cannot be."""

import json

import numpy as np
import pytest

from logdepth.cli.main import main
from logdepth.simulation import problem_to_transformer

KEYS = {"equal", "num_layers", "num_rounds", "num_heads", "key_dim", "value_dim", "embed_dim", "router"}
SMALL = ["--machines", "4", "--memory", "3000"]


def run(capsys, *arguments):
    status = main(["to-transformer", *arguments])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize("router", ["sums", "hashing", "ports", "dealing"])
def test_json(capsys, router):
    status, out, _ = run(capsys, "khop", "--random", "20", "--k", "3", *SMALL, "--router", router, "--json")
    found = json.loads(out)
    assert status == 0 and found.keys() >= KEYS
    assert found["equal"] is True and found["router"] == router
    if router != "dealing":
        assert found["num_layers"] == found["num_rounds"] + 2 == found["theorem"]["num_layers"]


def test_text_has_the_theorems_figures_beside_the_built_ones(capsys):
    status, out, _ = run(capsys, "sort", "--random", "20", *SMALL, "--form", "unrolled")
    assert status == 0
    assert "layers      10 = 8 communications at most (8 on this input) + init + final; unrolled" in out
    assert "theorem     3.1: 10 layers for R = 9, heads O(log log n)" in out
    assert out.endswith("answer      equal to the engine, to the bit\n")


def test_files(capsys, tmp_path):
    graph = tmp_path / "graph.txt"
    graph.write_text("a b\nb c\nd e\n")
    status, out, _ = run(capsys, "connectivity", "--input", str(graph), *SMALL, "--json")
    assert status == 0 and json.loads(out)["equal"]
    np.save(tmp_path / "numbers.npy", np.array([2**62, -(2**62), 5]))
    status, out, _ = run(capsys, "sort", "--input", str(tmp_path / "numbers.npy"), *SMALL, "--json")
    assert status == 0 and json.loads(out)["equal"]


OWN = """
from logdepth.mpc import per_machine, place_messages
from logdepth.protocols.problem import Problem
from logdepth.protocols.inputs.numbers import NUMBERS

def ring(spec, size):
    def local(round, machine, inbox):
        return [((total + machine,), (machine + 1) % spec.num_machines) for (total,), source in inbox]
    return per_machine("ring", spec, 3, local, message_words=1)

def place(spec, values):
    return place_messages(spec, [[(int(v),)] for v in values[:1]] + [[]] * (spec.num_machines - 1))

RING = Problem("ring", NUMBERS, "sums round a ring", 8, ring, place, ("pairs",))
"""


def test_a_problem_of_ones_own_without_a_layout(capsys, tmp_path):
    file = tmp_path / "own.py"
    file.write_text(OWN)
    status, out, _ = run(capsys, f"{file}:RING", "--random", "5", *SMALL)
    assert status == 0
    assert "layers      3 = 3 communications, machines as tokens from the start; looped" in out


def test_messages_that_break_s_are_the_ledgers_error(capsys, tmp_path):
    file = tmp_path / "own.py"
    file.write_text(OWN)
    status, out, err = run(capsys, str(file), "--random", "5", "--machines", "4", "--memory", "2")
    assert status == 2 and out == "" and err.count("\n") == 1
    assert "machine 0 sends 3 words in round 0 (round 0), more than local_memory = 2" in err


def test_unequal_exits_1(capsys, monkeypatch):
    monkeypatch.setattr(problem_to_transformer, "same", lambda one, other: False)
    status, out, _ = run(capsys, "prefix-sum", "--random", "8", *SMALL)
    assert status == 1 and "answer      NOT EQUAL to the engine" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sort"], "give --input FILE or --random N"),
        (["sort", "--input", "x", "--random", "3"], "give --input FILE or --random N, not both"),
        (["sort", "--input", "no.txt"], "no.txt"),
        (["sorting", "--random", "3"], "there is no problem 'sorting'; did you mean sort"),
        (["sort", "--random", "9", "--router", "sum"], "there is no router 'sum'; there are: sums, hashing, ports"),
        (["sort", "--random", "9", "--form", "flat"], "form is 'flat'; there are: looped, unrolled"),
        (["sort", "--random", "9", "--bounds", "no"], "bounds is 'no'; there are: rehearsal, spec"),
        (["sort", "--random", "99", "--machines", "4", "--memory", "20"], "local_memory = 20 is too small for sort"),
        (["connectivity", "--random", "64", *SMALL, "--form", "unrolled"], "unrolled there may be 1,000"),
        (["sort", "--random", "9", "--edges", "4", "--input", "x"], "not both"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(capsys, arguments, says):
    status, out, err = run(capsys, *arguments)
    assert status == 2 and out == ""
    assert says in err and err.count("\n") == 1 and err.startswith("logdepth: ")
