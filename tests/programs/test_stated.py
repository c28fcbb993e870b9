"""Every program with a definition: interpreted = compiled = definition, depth as stated, through save and reload."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import logdepth
from logdepth.compiled.folder import read_folder
from logdepth.compiled.task import task_of
from logdepth.compiler.compile import Compilation, compile_program
from logdepth.compiler.normalize import normalize
from logdepth.compiler.schedule import schedule_program
from logdepth.errors import InputError
from logdepth.lang import Program, interpret
from logdepth.programs import BUILT_IN, STATED, Stated, find_stated
from logdepth.programs.stated import Question
from logdepth.rng import rng_for
from tests.bert import logits as bert_logits
from tests.brute import brute_force
from tests.gpt2 import hugging_face, logits, margin

CASES = [(stated, program) for stated in STATED.values() for program in stated.programs]
each = pytest.mark.parametrize(("stated", "program"), CASES, ids=[program.name for _, program in CASES])
# Other parameters than the example's, and the smallest alphabets.
OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("histogram", {"alphabet": 1}),
    ("occurrences", {"alphabet": 3, "symbol": 2}),
    ("fraction", {"alphabet": 3, "symbol": 2, "grid": 7}),
    ("pair-balance", {"alphabet": 3, "opening": 2, "closing": 1}),
    ("rare-symbols", {"alphabet": 3, "most": 0}),
    ("sum-modulo", {"modulus": 2}),
    ("sum-modulo", {"modulus": 7}),
    ("sum-modulo", {"modulus": 33}),
    ("sort", {"alphabet": 1}),
    ("sort", {"alphabet": 20}),
    ("sort-unique", {"alphabet": 5}),
    ("sort-by-frequency", {"alphabet": 2}),
    ("shift", {"alphabet": 3, "by": 0}),
    ("shift", {"alphabet": 3, "by": 3}),
    ("find-word", {"pattern": "a"}),
    ("find-word", {"pattern": "aabaa"}),
    ("dyck", {"kinds": 1}),
    ("dyck", {"kinds": 3}),
    ("shuffle-dyck", {"kinds": 1}),
    ("shuffle-dyck", {"kinds": 3}),
    ("bracket-partner", {"kinds": 2}),
    ("mqar", {"alphabet": 3, "pairs": 1}),
    ("mqar", {"alphabet": 3, "pairs": 3}),
    ("longest-match", {"alphabet": 2, "most": 1}),
    ("longest-match", {"alphabet": 2, "most": 7}),
    *(("word-problem", {"group": name}) for name in ("z1", "z2", "z12", "s3", "d4", "q8", "a5", "v4", "z2xs3", "s6")),
    ("word-problem", {"group": "s4", "answer": "identity"}),
    ("word-problem", {"group": "z1", "answer": "identity"}),
    ("regex", {"pattern": "a*"}),
    ("regex", {"pattern": "[ab]+c|(ca){2,}", "symbols": "abc"}),
    ("automaton", {"dfa": "symbols a; start p; accept p; p a q; q a p"}),
]
EVERY = [
    *((stated, program, dict(stated.example)) for stated, program in CASES),
    *((STATED[name], program, given) for name, given in OTHERS for program in STATED[name].programs),
]
every = pytest.mark.parametrize(
    ("stated", "program", "given"), EVERY, ids=[f"{i}-{program.name}" for i, (_, program, _) in enumerate(EVERY)]
)


def asked_for(stated: Stated, program: Program, length: int, given: dict[str, Any]) -> Question:
    parameters = {name: value for name, value in given.items() if name != "alphabet"}
    _, alphabet = program.sizes(length, given.get("alphabet"), parameters)
    return stated.asked(program, length, alphabet if isinstance(alphabet, int) else len(alphabet), parameters)


def compiled(program: Program, asked: Question) -> Compilation:
    target = "gpt2" if program.causal else "bert"
    sizes = {"length": asked.length, "alphabet_size": asked.alphabet_size, "target": target}
    return compile_program(program, **sizes, **asked.parameters)


def strings_for(stated: Stated, asked: Question, count: int, purpose: str) -> np.ndarray:
    """All strings if they are few, else uniform ones and those of its own kind."""
    if asked.alphabet_size**asked.length <= count:
        return np.array(list(itertools.product(range(asked.alphabet_size), repeat=asked.length)))
    rng = rng_for(0, "test", stated.name, purpose)
    drawn = [stated.draw(rng, asked) for _ in range(count // 2)] if stated.draw else []
    uniform = rng.integers(0, asked.alphabet_size, (count - len(drawn), asked.length))
    return np.concatenate([uniform, np.array(drawn, np.int64).reshape(len(drawn), asked.length)])


@every
def test_the_program_says_what_the_definition_does(stated: Stated, program: Program, given: dict[str, Any]) -> None:
    for length in (1, 2, 5, 12):
        asked = asked_for(stated, program, length, given)
        strings = strings_for(stated, asked, 1100 if length < 12 else 100, str(length))
        graph = program.trace(length, asked.alphabet_size, **asked.parameters)
        found = interpret(graph, strings)
        assert isinstance(found, np.ndarray)
        assert found[:, 1:].tolist() == [stated.answers(string, asked) for string in strings.tolist()]
        assert found[0].tolist() == brute_force(graph, strings[0].tolist())


@every
def test_its_depth_is_as_stated(stated: Stated, program: Program, given: dict[str, Any]) -> None:
    for length in (2, 4, 5, 8, 9, 33):
        asked = asked_for(stated, program, length, given)
        depth = schedule_program(normalize(program.trace(length, asked.alphabet_size, **asked.parameters))).depth
        assert depth <= stated.depth(asked)  # less where short strings have one answer only: no word of two is abb
        assert depth == stated.depth(asked) or length < 4


@every
def test_stock_code_says_the_same(stated: Stated, program: Program, given: dict[str, Any]) -> None:
    asked = asked_for(stated, program, 6, given)
    found = compiled(program, asked)
    strings = strings_for(stated, asked, 64, "stock")
    truth = np.array([[brute_force(found.graph, s)[0], *stated.answers(s, asked)] for s in strings.tolist()])
    want, tokens = found.graph.vocabulary.output_ids(truth), found.graph.vocabulary.encode(strings)
    scores = logits(hugging_face(found), tokens) if program.causal else bert_logits(found, tokens)
    assert margin(scores, want) >= found.certificate.margin > 0


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_string_of_any_program(data: st.DataObject) -> None:
    stated, program, given = data.draw(st.sampled_from(EVERY))
    asked = asked_for(stated, program, data.draw(st.integers(1, 30)), given)
    symbol = st.integers(0, asked.alphabet_size - 1)
    string = data.draw(st.lists(symbol, min_size=1, max_size=asked.length))
    graph = program.trace(asked.length, asked.alphabet_size, **asked.parameters)
    found = interpret(graph, np.array([string]))
    assert isinstance(found, np.ndarray)
    assert found[0, 1:].tolist() == stated.answers(string, asked)


@each
def test_certified_in_float32_at_length_100(stated: Stated, program: Program) -> None:
    asked = asked_for(stated, program, 100, dict(stated.example))
    found = compiled(program, asked)
    assert found.certificate.holds and found.certificate.dtype == "float32"
    assert found.schedule.depth == stated.depth(asked)


def verified(stated: Stated, program: Program, given: dict[str, Any], length: int, samples: int, path) -> None:
    target = "gpt2" if program.causal else "bert"
    folder = logdepth.compile(program, length=length, target=target, **given).save(path)
    task = task_of(read_folder(folder))
    assert task is not None and task.name == stated.name
    found = logdepth.verify(folder, samples=samples)
    assert found.ok, found


@pytest.mark.parametrize("name", ["sort", "dyck", "word-problem"])
def test_through_save_and_reload(name: str, tmp_path) -> None:
    stated = STATED[name]
    verified(stated, stated.programs[-1], dict(stated.example), 9, 8, tmp_path / "model")


@pytest.mark.slow
@every
def test_all_through_save_and_reload(stated: Stated, program: Program, given: dict[str, Any], tmp_path) -> None:
    verified(stated, program, given, 24, 40, tmp_path / "model")


def test_a_wrong_program_is_found_out(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`verify` holds programs against the definition, not against themselves."""
    folder = logdepth.compile(BUILT_IN["histogram"], length=7, alphabet=3).save(tmp_path / "model")
    changed = Stated("histogram", "", (BUILT_IN["histogram"],), lambda seen, i, _: 0, lambda _: 1, "")
    monkeypatch.setitem(STATED, "histogram", changed)
    with pytest.raises(AssertionError, match="solver of histogram differ at position 1 of"):
        logdepth.verify(folder, samples=8)


def test_names() -> None:
    assert len(BUILT_IN) == len(set(BUILT_IN)) and all(program.name == name for name, program in BUILT_IN.items())
    for stated in STATED.values():
        assert (
            stated.summary
            and stated.source
            and len({program.causal for program in stated.programs}) == len(stated.programs)
        )
        assert all(program.function.__doc__ for program in stated.programs)
    assert find_stated("s5") == (STATED["word-problem"], {"group": "s5"}) and find_stated("khop") is None
    with pytest.raises(InputError, match=r"--target gpt2: no program for sort in which a token sees only"):
        STATED["sort"].program_for("gpt2")
    assert STATED["sort"].program_for(None).name == "sort"
