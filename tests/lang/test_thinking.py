"""Thinking programs: chains by the interpreter are those of the definition, and what cannot be is refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import InputError, ProgramError
from logdepth.lang import Pointer, Position, Program, Symbol, point, program, say, think
from logdepth.programs import (
    khop_blanks,
    khop_cot,
    khop_cot_wide,
    khop_doubling,
    pointer_chasing_cot,
    reachability_cot,
)
from logdepth.tasks.chains import ChainQuestion, ChainTask
from logdepth.tasks.khop.definition import solve_by_definition
from logdepth.tasks.registry import CHAIN_TASKS

OF_K_HOP = (khop_cot, khop_cot_wide, khop_blanks)
OF_ARCS = (pointer_chasing_cot, reachability_cot)


def task_of(program: Program, *sizes: int) -> ChainTask:
    name = "khop-cot" if program in OF_K_HOP else program.name.replace("_", "-")
    return CHAIN_TASKS[name](*sizes)


def chains(program: Program, task: ChainTask, questions: list[ChainQuestion]) -> list[list[int]]:
    graph = program.trace(task.ids.length, task.ids.alphabet_size, task.steps + 1, text=task.text, steps=task.steps)
    prompts = [task.ids.prompt(question.string, question.at) for question in questions]
    return think(graph, prompts, [question.header for question in questions])


def every_question(task: ChainTask) -> list[ChainQuestion]:
    found = []
    for n in range(1, task.text + 1):
        for string in itertools.product(range(task.letters), repeat=n):
            places = range(1, n + 1)
            found += [ChainQuestion(list(string), at, header) for at in places for header in task.headers]
    return found


@pytest.mark.parametrize("program", [*OF_K_HOP, *OF_ARCS], ids=lambda p: p.name)
def test_every_short_text_and_every_question(program: Program) -> None:
    task = task_of(program, 3, 4, 3)
    questions = every_question(task)
    assert len(questions) > 1000
    found = chains(program, task, questions)
    for question, chain in zip(questions, found, strict=True):
        assert chain == task.chain(question), question
        assert task.ids.answer(chain) == task.answer(question), question


@pytest.mark.parametrize("program", [*OF_K_HOP, *OF_ARCS], ids=lambda p: p.name)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_random_texts_and_questions(program: Program, data: st.DataObject) -> None:
    sizes = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 60), st.integers(8, 70)))
    task = task_of(program, *sizes)
    questions = task.questions(20, data.draw(st.integers(0, 99)), "test")
    for question, chain in zip(questions, chains(program, task, questions), strict=True):
        assert chain == task.chain(question) and task.ids.answer(chain) == task.answer(question)


def test_the_answer_is_the_definition_of_k_hop() -> None:
    rng = np.random.default_rng(0)
    task = CHAIN_TASKS["khop-cot"](4, 128, 64)
    questions = [ChainQuestion(rng.integers(0, 4, 128).tolist(), 128, k) for k in range(65)]
    for question, chain in zip(questions, chains(khop_cot, task, questions), strict=True):
        assert task.ids.answer(chain) == solve_by_definition(question.string, question.header, 4)[-1]


def test_what_stands_behind_the_question_does_not_matter_to_blanks() -> None:
    """The chain out of one pass, whatever the blanks are; a chain of thought says something else then."""
    from logdepth.lang import interpret

    task = CHAIN_TASKS["khop-cot"](3, 20, 10)
    rng = np.random.default_rng(1)
    differ = 0
    for question in task.questions(30, 0, "blanks"):
        chain = task.chain(question)
        prompt, k = task.ids.prompt(question.string, question.at), question.header
        blanks = [task.ids.pointer(int(i)) for i in rng.integers(1, 20, k)]
        said = []
        for each in (khop_blanks, khop_cot):
            graph = each.trace(task.ids.length, task.ids.alphabet_size, 11, text=20, steps=10)
            words = interpret(graph, np.array([[*prompt, *blanks]]), header=np.array([k]))
            said.append(words[0, len(prompt) :].tolist())
        assert said[0][: len(chain)] == chain and (len(chain) > k or said[0][len(chain)] == task.ids.nothing)
        differ += said[0] != said[1]
    assert differ > 5


def test_think_shows_the_chain() -> None:
    assert khop_cot.think("baebcabebdea", header=2) == ["@7", "@5", "c"]
    assert khop_cot.think("baebcabebdea", header=0, at=1) == ["b"]
    assert khop_cot.think("abc", header=2) == []
    assert pointer_chasing_cot.think("abbcca", header=4, at=1) == ["@2", "@4", "@6", "@2", "b"]
    assert reachability_cot.think("abbccaddeb", at=9, header=0) == ["@10", "@4", "@6", "a"]


@program(thinks=True)
def twice(x: Symbol, pointer: Pointer, position: Position, text: int, steps: int):
    """Points one back, until the text begins; never says a letter."""
    return point(pointer - 1)


@program(thinks=True)
def endless(x: Symbol, text: int, steps: int):
    return point(1)


@program(thinks=True)
def no_token(x: Symbol, position: Position, text: int, steps: int):
    return position


@program
def no_thoughts(x: Symbol):
    return say(x)


@program
def no_pointers(x: Symbol, pointer: Pointer):
    return pointer


def test_a_program_of_ones_own() -> None:
    assert twice.think("abcd") == ["@3", "@2", "@1"]


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: khop_cot.run("abc"), r"thinks: what it writes is read again; khop_cot\.think"),
        (lambda: khop_doubling.think("abc", k=1), r"does not think; khop_doubling\.run"),
        (lambda: khop_cot.think("abc", header=1, at=4), r"position 4 is asked for; the text has positions 1\.\.3"),
        (lambda: khop_cot.think("", header=1), "alphabet is empty"),
        (lambda: khop_cot.think("abc", header=-1), "header"),
        (lambda: khop_cot.think("abc"), "reads a header"),
        (lambda: khop_cot.think("abc", header=4, steps=3), r"header 4\.\.4 is not in 0\.\.3"),
        (lambda: khop_cot.think("a@b", header=1), "@ marks the pointers"),
        (lambda: endless.think("abc"), "does not end within 9 positions"),
        (lambda: no_token.think("abc"), "it must return a token, but returned"),
        (lambda: no_thoughts.run("abc"), r"only a program that is marked @program\(thinks=True\) returns tokens"),
        (lambda: no_pointers.run("abc"), r"reads pointers; mark it @program\(thinks=True\)"),
        (lambda: reachability_cot.think("abbccd", header=0, steps=2), "a way through 4 vertices takes up to 3"),
        (lambda: khop_cot.trace(9, 6, 4, text=3, steps=3), "of texts of 3 and 3 thoughts it is 8"),
    ],
)
def test_what_is_refused(run: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        run()


def test_a_program_that_thinks_is_causal() -> None:
    with pytest.raises(ProgramError, match="thinks, so it is causal"):

        @program(thinks=True, causal=False)
        def sees_all(x: Symbol, text: int, steps: int):
            return say(x)
