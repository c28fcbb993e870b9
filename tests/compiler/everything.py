"""Random programs out of everything that the language has, for both targets: the steps of the three files of random
programs, mixed, with headers, symbols and sets; compiled = interpreted = brute force, on stock Hugging Face code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from logdepth.compiled.graph_json import graph_from_json, graph_to_json
from logdepth.compiler.chain import check_chain, longest_chain
from logdepth.compiler.compile import compile_program
from logdepth.errors import ProgramError
from logdepth.lang import Header, Position, Program, ProgramGraph, Symbol, Word, at, interpret, mean, program, symbol
from tests import bert, gpt2
from tests.brute import brute_force
from tests.compiler import test_random_programs as on_words
from tests.compiler import test_random_sets as on_sets
from tests.compiler import test_random_whole as on_sums

Step = tuple[str, int, int, int, int]
KINDS = {"words": on_words.OPERATIONS, "sets": on_sets.OPERATIONS, "sums": on_sums.OPERATIONS}
ROWS = 3  # sequences of each program


class Case(NamedTuple):
    steps: list[Step]
    alphabet_size: int
    length: int
    header_size: int
    universe: int
    causal: bool
    answer: int
    seed: int


step = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.integers(0, KINDS[kind] - 1), *[st.integers(0, 63)] * 3)
)
cases = st.builds(
    Case,
    st.lists(step, min_size=2, max_size=8),
    st.integers(1, 5),
    st.integers(1, 8),
    st.sampled_from([0, 0, 3]),
    st.sampled_from([1, 3, 5, 34]),
    st.booleans(),
    st.integers(0, 6),
    st.integers(0, 1 << 16),
)


def build(words: list[Word], case: Case):
    """A word or a set a step, each from earlier ones; the answer of a kind."""
    sets = on_sets.first_sets(words, case.universe)
    for kind, *rest in case.steps:
        given = (rest[0], rest[1], rest[2], rest[3])
        if kind == "words":
            on_words.build(words, [given])
        elif kind == "sets":
            on_sets.step_on(words, sets, case.universe, [given])
        else:
            on_sums.build(words, [given], case.causal)
    match case.answer:
        case 0:
            return words[-1] + sets[-1].count() + sets[-1].lowest()
        case 1:
            return symbol(words[-1])
        case 2:
            return mean(words[-1]).rounded(4) - 1
    return words[-1]


def written(case: Case) -> Program:
    if case.header_size:

        def random_program(x: Symbol, position: Position, h: Header):  # pyright: ignore[reportRedeclaration]
            return build([x, position, at(0).read(h), h], case)
    else:

        def random_program(x: Symbol, position: Position):
            return build([x, position], case)

    return program(causal=case.causal)(random_program)


def check(case: Case) -> ProgramGraph | None:
    """The graph of a program that was right everywhere; None for one that the language refuses by its limits.

    Raises `AssertionError` for one that was wrong anywhere: at any slot, by hard or softmax attention, in float32."""
    target = "gpt2" if case.causal else "bert"
    sizes = {"length": case.length, "alphabet_size": case.alphabet_size, "header_size": case.header_size}
    try:
        found = compile_program(written(case), target=target, **sizes)
    except ProgramError as error:
        if on_words.is_a_limit(error):
            return None
        raise
    graph = found.graph
    check_chain(found.schedule, longest_chain(found.schedule))
    assert [n.key for n in graph_from_json(graph_to_json(graph)).nodes] == [n.key for n in graph.nodes]
    rng = np.random.default_rng(case.seed)
    strings = rng.integers(0, case.alphabet_size, (ROWS, case.length))
    strings[0] = 0
    header = rng.integers(0, case.header_size, ROWS) if case.header_size else None
    heads = [0] * ROWS if header is None else header.tolist()
    truth = np.array([brute_force(graph, string.tolist(), h) for string, h in zip(strings, heads, strict=True)])
    assert (interpret(graph, strings, header=header) == truth).all()
    want, tokens = graph.vocabulary.answer_ids(truth), graph.vocabulary.encode(strings, header)
    if case.header_size:
        want[:, 0] = graph.vocabulary.blank
    for attention in ("hard", "soft"):
        assert (found.transformer.run(tokens, attention) == want).all(), attention
    scores = gpt2.logits(gpt2.hugging_face(found), tokens) if case.causal else bert.logits(found, tokens)
    assert gpt2.margin(scores, want) >= found.certificate.margin > (1.9 if case.causal else 5.7)
    return graph


def features(graph: ProgramGraph) -> set[str]:
    """What a program uses: operations, kinds of look-ups, relations."""
    found = {node.op for node in graph.nodes}
    matches = [node.match for node in graph.nodes if node.match is not None]
    return found | {f"match {m.kind}" for m in matches} | {f"where {r.kind}" for m in matches for r in m.relations}
