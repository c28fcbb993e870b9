"""Hash attention is hard attention, bit for bit: small inputs all of them, built-in programs, programs that hypothesis
writes; and what it cannot run is refused by name."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from logdepth.compiler.compile import compile_program
from logdepth.compiler.exact import compile_exact
from logdepth.errors import InputError, ProgramError
from logdepth.lang import Program
from logdepth.programs import BUILT_IN, STATED, Stated, khop_doubling, khop_rank
from logdepth.tasks.graphs import Connectivity
from logdepth.tasks.registry import GRAPH_TASKS
from logdepth.transformer import Affine, RowFunction, SetRows, Transformer
from tests.compiler import test_random_programs as words
from tests.compiler import test_random_sets as sets
from tests.hashing import check_hash
from tests.programs.test_stated import asked_for, each, strings_for

OF_STATED = {program.name for stated in STATED.values() for program in stated.programs}


@pytest.mark.parametrize("name", [n for n, found in BUILT_IN.items() if not found.graph and n not in OF_STATED])
def test_built_in_programs_of_tasks(name: str) -> None:
    length, alphabet = (12, 12) if name.startswith("pointer") else (17, 3)
    header_size = 6 if BUILT_IN[name].takes_header else 0
    parameters: dict[str, Any] = {"loops": 3} if name == "khop_loops" else {"max_k" if header_size else "k": 5}
    if BUILT_IN[name].thinks:
        ids, header_size, parameters = BUILT_IN[name].chain(9, 3, 6 * BUILT_IN[name].takes_header, {"steps": 5})
        length, alphabet = ids.length, ids.alphabet_size
    sizes = {"length": length, "alphabet_size": alphabet, "header_size": header_size}
    graph, model = compile_exact(BUILT_IN[name], **sizes, **parameters)
    rng = np.random.default_rng(0)
    strings = rng.integers(0, alphabet, (8, length))
    strings[0] = 0
    header = rng.integers(0, header_size, 8) if header_size else None
    check_hash(model, graph.vocabulary.encode(strings, header))
    check_hash(model, graph.vocabulary.encode(strings, header), rng.integers(0, length + 1, 8))  # and with padding


@each
def test_built_in_programs_with_a_definition(stated: Stated, program: Program) -> None:
    asked = asked_for(stated, program, 9, dict(stated.example))
    graph, model = compile_exact(program, length=9, alphabet_size=asked.alphabet_size, **asked.parameters)
    check_hash(model, graph.vocabulary.encode(strings_for(stated, asked, 8, "hash")))


@pytest.mark.parametrize("name", list(GRAPH_TASKS))
def test_built_in_programs_on_graphs(name: str) -> None:
    task = GRAPH_TASKS[name](vertices=6, edges=8)
    for program in task.programs:
        sizes = {"length": task.ids.length, "alphabet_size": task.ids.alphabet_size, "vertices": 6, "edges": 8}
        graph, model = compile_exact(BUILT_IN[program], **sizes)
        rng = np.random.default_rng(1)
        drawn = [task.draw(rng, family) for family in task.families]
        check_hash(model, graph.vocabulary.encode(np.array([task.ids.symbols(*edges.T) for edges in drawn])))


@pytest.mark.parametrize("program", [khop_doubling, khop_rank])
def test_all_strings_of_a_length(program: Program) -> None:
    graph, model = compile_exact(program, length=6, alphabet_size=2, k=3)
    check_hash(model, graph.vocabulary.encode(np.array(list(product(range(2), repeat=6)))))


def test_all_graphs_of_a_size() -> None:
    ids = Connectivity(vertices=3, edges=2).ids
    edges = [(u, v) for u in range(3) for v in range(u, 3)]
    graph, model = compile_exact(
        BUILT_IN["connectivity_hooking"],
        length=ids.length,
        alphabet_size=ids.alphabet_size,
        vertices=3,
        edges=2,
    )
    strings = [ids.symbols(*np.array(several).T) for number in (1, 2) for several in product(edges, repeat=number)]
    check_hash(model, graph.vocabulary.encode(np.array(strings)))


@pytest.mark.parametrize("target", ["gpt2", "bert"])
def test_what_a_target_is_made_from(target: str) -> None:
    program = khop_doubling if target == "gpt2" else BUILT_IN["pointer_doubling"]
    found = compile_program(program, length=9, alphabet_size=9, k=5, target=target)
    strings = np.random.default_rng(2).integers(0, 9, (6, 9))
    check_hash(found.transformer, found.graph.vocabulary.encode(strings))


def check_words(case: words.Case) -> None:
    _check(words.written(case), case.length, case.alphabet_size, case.header_size, case.seed)


def check_sets(case: sets.Case) -> None:
    _check(sets.written(case), case.length, case.alphabet_size, 0, case.seed)


def _check(program: Program, length: int, alphabet_size: int, header_size: int, seed: int) -> None:
    sizes = {"length": length, "alphabet_size": alphabet_size, "header_size": header_size}
    try:
        graph, model = compile_exact(program, **sizes)
    except ProgramError as error:  # the language's own limits, said clearly
        if "combinations" in str(error):
            return
        raise
    rng = np.random.default_rng(seed)
    strings = rng.integers(0, alphabet_size, (3, length))
    strings[0] = 0
    header = rng.integers(0, header_size, 3) if header_size else None
    check_hash(model, graph.vocabulary.encode(strings, header), rng.integers(0, length + 1, 3) if seed % 2 else None)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(words.cases)
def test_random_programs(case: words.Case) -> None:
    check_words(case)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(sets.cases)
def test_random_programs_on_sets(case: sets.Case) -> None:
    check_sets(case)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(words.cases)
def test_many_random_programs(case: words.Case) -> None:
    check_words(case)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(sets.cases)
def test_many_random_programs_on_sets(case: sets.Case) -> None:
    check_sets(case)


def changed(model: Transformer, layer: int, **changes: object) -> Transformer:
    """The model with another first head in a layer."""
    layers = list(model.layers)
    head = replace(layers[layer].heads[0], **changes)
    layers[layer] = replace(layers[layer], heads=(head, *layers[layer].heads[1:]))
    return replace(model, layers=tuple(layers))


def refusal(model: Transformer, tokens: np.ndarray) -> str:
    with pytest.raises(InputError) as caught:
        model.run(tokens, "hash")
    return str(caught.value)


@pytest.fixture(scope="module")
def small() -> tuple[Transformer, np.ndarray]:
    graph, model = compile_exact(khop_doubling, length=8, alphabet_size=3, k=2)
    return model, graph.vocabulary.encode(np.array([[0, 1, 2, 0, 1, 1, 2, 0]]))


def test_a_head_of_functions_is_refused_by_name(small: tuple[Transformer, np.ndarray]) -> None:
    model, tokens = small
    query = RowFunction(lambda row, index: row)
    assert "head 'at position-1': its queries, keys and values are functions" in refusal(
        changed(model, 0, query=query), tokens
    )


def test_a_near_match_that_could_win_is_refused(small: tuple[Transformer, np.ndarray]) -> None:
    """The last row of the query is minus the threshold: with one and a half bits less, a mismatch might win."""
    model, tokens = small
    query = model.layers[0].heads[0].query
    assert isinstance(query, Affine)
    for less, refused in ((0.5, False), (1.5, True)):
        bias = query.bias.copy()
        bias[-1] += less
        other = changed(model, 0, query=Affine(query.weight, bias))
        if refused:
            assert "is no exact-match join" in refusal(other, tokens)
        else:
            check_hash(other, tokens)


def test_ties_are_refused_where_one_key_is_meant(small: tuple[Transformer, np.ndarray]) -> None:
    """Without its order, the look-up of the last occurrence has as many best keys as there are occurrences."""
    model, tokens = small
    head = model.layers[1].heads[0]
    query = head.query
    assert isinstance(query, Affine) and head.name.startswith("last")
    bias = query.bias.copy()
    bias[-3] = 0.0  # the order's coordinate: then cancel, then the threshold
    message = refusal(changed(model, 1, query=Affine(query.weight, bias)), tokens)
    assert "tie, and it reads what they hold" in message or "no exact-match join" in message


def test_scores_that_float64_rounds_are_refused(small: tuple[Transformer, np.ndarray]) -> None:
    model, tokens = small
    query = model.layers[0].heads[0].query
    assert isinstance(query, Affine)
    assert "not exact in float64" in refusal(changed(model, 0, query=Affine(query.weight / 3, query.bias / 3)), tokens)
    assert "not exact in float64" in refusal(
        changed(model, 0, query=Affine(query.weight * 2.0**45, query.bias * 2.0**45)), tokens
    )


def test_rows_that_are_no_set_are_refused(small: tuple[Transformer, np.ndarray]) -> None:
    model, tokens = small
    assert "its word has a coordinate" in refusal(changed(model, 0, sets=(SetRows(0, 2, "key"),)), tokens)


def test_tokens_and_kinds(small: tuple[Transformer, np.ndarray]) -> None:
    model, tokens = small
    with pytest.raises(InputError, match="token ids must be in"):
        model.run(np.full((1, 3), 99), "hash")
    with pytest.raises(InputError, match="a sequence of 18 symbols; the model takes 8"):
        model.run(np.zeros((1, 19), np.int64), "hash")
    with pytest.raises(InputError, match="trace is sparse: sparse_trace"):
        model.trace(tokens, "hash")
    with pytest.raises(InputError, match="must be one of"):
        model.run(tokens, "loud")


def test_progress_ends_where_it_should(small: tuple[Transformer, np.ndarray]) -> None:
    model, tokens = small
    seen: list[tuple[int, int]] = []
    model.run(np.concatenate([tokens, tokens]), "hash", progress=lambda done, total: seen.append((done, total)))
    steps = 2 * (model.depth + 1)
    assert seen == [(number, steps) for number in range(1, steps + 1)]
