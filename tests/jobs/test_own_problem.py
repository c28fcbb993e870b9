"""A user's own problem: one new file, run, planned, checkpointed and blamed by `FILE.py:PROBLEM`."""

import json
import sys

import pytest
from tests.protocols.laws import check_laws

from logdepth.cli.main import main
from logdepth.jobs import find_problem

OWN = """
import numpy as np

from logdepth.mpc import Protocol
from logdepth.protocols import Problem
from logdepth.protocols.arrays import in_blocks
from logdepth.protocols.inputs.numbers import NUMBERS
from logdepth.protocols.segments import fold
from logdepth.protocols.trees import all_reduce


def greatest(spec, size):
    def of_block(shard):
        values = shard["values"]
        return {"greatest": fold(np.maximum, values["value"], values.offsets, -(2**63))}

    stages = all_reduce(spec, "all", of_block, "max", drop=("values",), what="greatest")
    return Protocol("greatest", spec, stages, lambda tables: int(tables["all"]["greatest"][0]), {"size": size})


GREATEST = Problem(
    name="greatest",
    input=NUMBERS,
    summary="the greatest of the numbers",
    slack=8,
    protocol=greatest,
    place=lambda spec, values: {"values": in_blocks(spec, value=np.asarray(values, np.int64))},
    columns=("greatest",),
    table=lambda values, result: {"greatest": np.array([result])},
    facts=lambda values, result: {"greatest": result},
)
"""
RUN = ["--machines", "5", "--memory", "900"]


@pytest.fixture
def own(tmp_path):
    (tmp_path / "numbers.txt").write_text("3\n-1\n44\n7\n")
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path / "own.py"


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def failed(capsys, file, old, new, line):
    """Run the file with one thing in it changed; the one line of error, which names the file and a line with `line`."""
    text = OWN.replace(old, new)
    assert text != OWN
    file.write_text(text)
    status, _, error = run(capsys, "run", f"{file}:GREATEST", "--input", file.parent / "numbers.txt", *RUN)
    assert status == 2 and error.count("\n") == 1
    number = next(number for number, row in enumerate(text.splitlines(), 1) if line in row)
    assert error.startswith(f"logdepth: {file}:{number}: "), error
    return error


@pytest.mark.parametrize("name", [":GREATEST", ""])
def test_run(capsys, own, name):
    status, text, _ = run(capsys, "run", f"{own}{name}", "--input", own.parent / "numbers.txt", *RUN, "--json")
    found = json.loads(text)
    assert status == 0 and found["result"] == {"greatest": 44} and found["num_rounds"] == found["num_rounds_bound"] == 2


def test_laws(own):
    problem = find_problem(f"{own}:GREATEST")
    data = problem.sample(100)
    assert check_laws(problem, data, problem.spec(problem.config(data))).result == data.max()


def test_plan(capsys, own):
    machines = ["--machines", "8", "--memory", "1GiB", "--json"]
    status, text, _ = run(capsys, "plan", f"{own}:GREATEST", "--size", "1e5", *machines)
    assert status == 0 and json.loads(text)["problem"] == "greatest"
    assert run(capsys, "plan", f"{own}:GREATEST", *machines)[2] == "logdepth: greatest needs --size\n"
    own.write_text(
        OWN.replace("input=NUMBERS", 'input=__import__("dataclasses").replace(NUMBERS, sized=lambda s: {"size": 7})')
    )
    status, _, error = run(capsys, "plan", f"{own}:GREATEST", "--size", "100", *machines)
    assert status == 2 and "`sized` says {'size': 7}, and `config` {'size': 64}" in error


def test_resume_with_the_same_file_only(capsys, own, monkeypatch):
    saved = own.parent / "saved"
    monkeypatch.chdir(own.parent)
    options = ["--checkpoint", saved, "--checkpoint-every", "1", "--json"]
    assert run(capsys, "run", "own.py:GREATEST", "--input", "numbers.txt", *RUN, *options)[0] == 0
    monkeypatch.chdir("/")
    status, text, error = run(capsys, "resume", saved, "--json")
    assert status == 0 and json.loads(text)["result"] == {"greatest": 44}, error
    own.write_text(OWN.replace("np.maximum", "np.minimum"))
    status, _, error = run(capsys, "resume", saved)
    assert status == 2 and "parameters differs" in error


def test_no_such_problem(capsys, own):
    for name, said in [
        (f"{own}:GREATES", "did you mean GREATEST?"),
        (f"{own}:np", "is a module, not a Problem"),
        (f"{own.parent}/none.py:X", "no such file"),
        ("greates", "FILE.py:PROBLEM"),
    ]:
        status, _, error = run(capsys, "run", name, "--input", own.parent / "numbers.txt")
        assert status == 2 and said in error and error.count("\n") == 1


def test_errors_name_file_line_stage_and_table(capsys, own):
    failed(capsys, own, "def greatest(spec, size):", "def greatest(spec, size:", "def greatest")
    failed(capsys, own, "slack=8", "slack=8 // 0", "slack=8")
    failed(capsys, own, "value=np.asarray(values, np.int64)", "value=values.nothing", "values.nothing")
    failed(capsys, own, '"greatest": result}', '"greatest": result[0]}', "result[0]")
    failed(capsys, own, 'tables["all"]["greatest"][0]', 'tables["none"]', 'tables["none"]')
    error = failed(capsys, own, 'shard["values"]', 'shard["vals"]', 'shard["vals"]')
    assert "greatest: stage 'greatest: up': there is no table 'vals'; there are: values" in error
    error = failed(capsys, own, 'values["value"]', 'values["val"]', 'values["val"]')
    assert "stage 'greatest: up': table 'values' has no column 'val'; there are: value" in error
    error = failed(capsys, own, 'return {"greatest": fold(', 'return {"greatest": 1 // 0, "a": fold(', "1 // 0")
    assert "ZeroDivisionError" in error and "stage 'greatest: up'" in error


def test_broken_rules_name_file_stage_and_table(capsys, own):
    own.write_text(OWN.replace('"max", drop=("values",)', '"max", drop=("value",)'))
    status, _, error = run(capsys, "run", f"{own}:GREATEST", "--input", own.parent / "numbers.txt", *RUN)
    assert status == 2 and error.startswith(f"logdepth: {own}: greatest: stage 'greatest: up': drops table 'value'")


def test_what_is_wrong_with_the_input_is_not_the_problems_fault(capsys, own):
    (own.parent / "numbers.txt").write_text("3\nx\n")
    status, _, error = run(capsys, "run", f"{own}:GREATEST", "--input", own.parent / "numbers.txt")
    assert status == 2 and error.startswith(f"logdepth: {own.parent / 'numbers.txt'}") and "numbers.txt:2: " in error


def test_nothing_of_the_file_stays_behind(own):
    before = set(sys.modules)
    find_problem(f"{own}:GREATEST")
    assert not {name for name in set(sys.modules) - before if name.startswith("logdepth_program")}
