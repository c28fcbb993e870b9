"""What each line costs adds up to the model; the lines that dominate are named; the chain proves the depth."""

from __future__ import annotations

import json

import pytest

import logdepth
from logdepth.cli.main import main
from logdepth.compiled.model import CompiledModel
from logdepth.compiler.chain import ChainStep, check_chain, longest_chain, num_layers
from logdepth.compiler.schedule import schedule_program
from logdepth.lang import Position, Symbol, at, count, one_hot, program, table, theirs, union
from logdepth.programs import BUILT_IN

NUMBERS = ("layers", "heads", "width", "hidden", "parameters")


@program(causal=False)
def on_sets(x: Symbol, position: Position):
    seen = union(where=theirs(x) <= x).read(one_hot(x))
    return count(where=theirs(x) == x) + seen.count()


@program
def nothing(x: Symbol):
    return x


def models() -> list[CompiledModel]:
    found = [
        logdepth.compile(BUILT_IN["khop_rank"], length=20, alphabet=4, k=5),
        logdepth.compile(BUILT_IN["khop_doubling_any"], length=12, alphabet=3, max_k=4, header_size=5),
        logdepth.compile(BUILT_IN["khop_rank"], length=9, alphabet=3, k=2, dtype="bfloat16"),
        logdepth.compile(BUILT_IN["pointer_doubling"], length=8, alphabet=8, k=7, target="bert"),
        logdepth.compile(on_sets, length=7, alphabet=5, target="bert"),
        logdepth.compile(nothing, length=3, alphabet=2),
    ]
    graphs = [program for program in BUILT_IN.values() if program.graph]
    return found + [logdepth.compile(each, vertices=5, edges=4, target="bert") for each in graphs]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.compilation.program.name)
def test_lines_add_up_to_the_model(model: CompiledModel) -> None:
    told, shape = model.costs, model.compilation.shape
    sums = tuple(sum(getattr(row, name) for row in told.rows) for name in NUMBERS)
    assert sums == tuple(getattr(told.total, name) for name in NUMBERS)
    whole = (model.depth, model.depth * shape.num_heads, shape.width, model.depth * shape.inner)
    assert sums == (*whole, model.checkpoint.num_parameters)
    assert all(getattr(row, name) >= 0 for row in told.rows for name in NUMBERS)


@pytest.mark.parametrize("model", models(), ids=lambda model: model.compilation.program.name)
def test_the_chain_proves_the_depth(model: CompiledModel) -> None:
    chain = longest_chain(model.schedule)
    check_chain(model.schedule, chain)
    assert max(1, num_layers(chain)) == model.depth
    if model.depth > 1:
        with pytest.raises(AssertionError, match="deeper"):
            check_chain(model.schedule, chain[-1:])
        with pytest.raises(AssertionError, match="does not use"):
            check_chain(model.schedule, (*chain[:-1], chain[0], chain[-1]))
    if chain:
        with pytest.raises(AssertionError, match="the output"):
            check_chain(model.schedule, chain[:-1] or (ChainStep(0, 1, "attention"),))


def test_a_chain_is_no_proof_of_a_deeper_schedule() -> None:
    schedule = logdepth.compile(BUILT_IN["khop_rank"], length=9, alphabet=3, k=4).schedule
    again = schedule_program(schedule.normal)
    object.__setattr__(again, "depth", again.depth + 1)
    with pytest.raises(AssertionError, match="deeper"):
        check_chain(again, longest_chain(schedule))


SOURCE = """from logdepth.lang import Symbol, Position, at, table

@program
def hard(x: Symbol, position: Position):
    before = at(position - 1).read(x)
    return table(lambda a, b: a * a * b * 7919 % 101 % 64, before, x)
""".replace("import Symbol", "import program, Symbol")


def test_a_line_that_dominates_is_named(capsys, tmp_path) -> None:
    file = tmp_path / "hard.py"
    file.write_text(SOURCE)
    asked = [f"{file}:hard", "--length", "8", "--alphabet", "90"]
    assert main(["explain", *asked]) == 0
    text = capsys.readouterr().out
    assert "return table(lambda a, b" in text and "warning    hard.py:6: a table over 8,281 combinations" in text
    assert "choose(word, words)" in text and "no fewer layers: " in text
    assert main(["explain", *asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["costs"]
    assert sum(row["parameters"] for row in told["lines"]) == told["total"]["parameters"]
    assert max(told["lines"], key=lambda row: row["parameters"])["line"] == 6
    assert [step["line"] for step in told["chain"]] == [5, 6]
    assert main(["compile", *asked]) == 0
    assert "warning      hard.py:6: a table" in capsys.readouterr().err
    assert main(["compile", *asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"][0].startswith("hard.py:6: ")


def test_what_is_small_is_not_warned_of() -> None:
    @program
    def small(x: Symbol, position: Position):
        before = at(position - 1).read(x)
        return table(lambda a, b: a * b % 5, before, x)

    assert not logdepth.compile(small, length=8, alphabet=9).costs.warnings


def test_a_count_says_how_it_is_smaller() -> None:
    @program
    def counting(x: Symbol):
        return count(where=theirs(x) == x)

    (told,) = logdepth.compile(counting, length=2000, alphabet=2).costs.warnings
    assert "a count up to 2,000" in told and "minimum(count(..), m)" in told
