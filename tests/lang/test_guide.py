"""The guide's examples do what it says, and compiled they do the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from logdepth.compiler.compile import compile_program
from logdepth.errors import InputError, ProgramError
from logdepth.lang import Program
from tests.brute import brute_force

GUIDE = Path(__file__).parents[2] / "docs" / "language.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^(\w.*?)  # (.+)$", re.MULTILINE)


def test_there_are_eighteen_examples_one_of_costs_and_what_is_refused() -> None:
    assert len(BLOCKS) == 20 and all(SHOWN.search(block) for block in BLOCKS)


@pytest.mark.parametrize("block", BLOCKS, ids=[re.findall(r"def (\w+)", block)[0] for block in BLOCKS])
def test_an_example_of_the_guide(block: str, tmp_path: Path) -> None:
    file = tmp_path / "example.py"
    file.write_text(block)
    names: dict = {}
    exec(compile(SHOWN.sub("", block), str(file), "exec"), names)
    for expression, said in SHOWN.findall(block):
        kind, refused, message = said.partition("Error: ")
        if refused:
            with pytest.raises(InputError, match=re.escape(message)) as caught:
                eval(expression, names)
            assert type(caught.value).__name__ == f"{kind}Error"
            if kind == "Program":
                line = block[: block.index(f"def {expression.split('.')[0]}")].count("\n") + 2
                called = f"{file}:{line})" in str(caught.value)  # within a program that it calls
                assert called or str(caught.value).startswith(f"{file}:{line}: ")
            continue
        assert eval(expression, names) == ast.literal_eval(said), expression
        run = re.fullmatch(r'(\w+)\.run\("(.*?)"(?:, (.*))?\)', expression)
        if run:
            check_compiled(names[run[1]], run[2], eval(f"dict({run[3] or ''})"))


def check_compiled(program: Program, text: str, options: dict) -> None:
    """By definition, and as an exact transformer, the answers are those of `run`."""
    alphabet = list(options.pop("symbols", "".join(sorted(set(text)))))
    header = options.pop("header", None)
    size = 0 if header is None else header + 1
    string = [alphabet.index(symbol) for symbol in text]
    sizes = {"length": len(text), "alphabet_size": len(alphabet), "header_size": size}
    graph = program.trace(**sizes, **options)
    words = brute_force(graph, string, header or 0)[1:]
    symbols = "".join([*alphabet, "_"])
    given = {"symbols": "".join(alphabet)} | ({} if header is None else {"header": header})
    said = program.run(text, **given, **options)
    numbers = words if graph.grid is None else [word / graph.grid for word in words]
    assert said == ("".join(symbols[word] for word in words) if graph.output_is_symbol else numbers)
    try:
        found = compile_program(program, target="gpt2" if program.causal else "bert", **sizes, **options)
    except ProgramError as error:  # as the guide says
        assert program.name == "inverse" and "says it finds one, but of the sequence" in str(error)  # noqa: PT017
        return
    tokens = graph.vocabulary.encode(np.array([string]), None if header is None else np.array([header]))
    ids = found.transformer.run(tokens, "soft")[0, 1:]
    assert graph.vocabulary.answers(ids).tolist() == words
