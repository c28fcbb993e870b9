"""Look-ups by order and by sets on machines: the interpreter and the definition, in two rounds each, within s."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logdepth.errors import ProgramError, SpecError
from logdepth.lang import Position, Symbol, count, first, highest, interpret, last, one_hot, program, theirs, union
from logdepth.mpc import Spec
from logdepth.mpc.protocol import count_rounds
from logdepth.protocols.inputs.sequences import Symbols
from logdepth.simulation.crossing import Crossing, cross
from logdepth.simulation.program_problem import program_problem
from tests.brute import brute_force
from tests.compiler.test_random_programs import is_a_limit
from tests.compiler.test_random_sets import Case, cases, written
from tests.protocols.laws import check_laws
from tests.simulation.test_program_to_protocol import equal, least


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(cases, st.integers(1, 40), st.integers(0, 40))
def test_random_programs_on_sets(case: Case, machines: int, longer: int):
    """At the least s and with room, with a mask and without."""
    tokens = np.random.default_rng(case.seed).integers(0, case.alphabet_size, case.length + longer)
    marked = written(case)
    try:
        graph = marked.trace(len(tokens), case.alphabet_size)
    except ProgramError as error:  # the language's own limits
        if not is_a_limit(error):
            raise
        return
    problem, data = program_problem(marked), Symbols(tokens, case.alphabet_size)
    want = brute_force(graph, tokens.tolist())[1:]
    memory = least(problem, machines, data)
    equal(problem, machines, memory, data, want)
    equal(problem, machines, 20 * memory, data, want)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases, st.integers(1, 64), st.integers(0, 200))
def test_many_more_random_programs_on_sets(case, machines, longer):
    test_random_programs_on_sets.hypothesis.inner_test(case, machines, longer)


@program
def every_kind(x: Symbol, position: Position):
    """Every kind of look-up by every kind of relation, among tokens that are equal in something else, too."""
    half = x >> 1
    lower = last(where=(theirs(x) < x, theirs(half) == half)).read(position)
    seen = union(where=theirs(half) == half).read(one_hot(x, 40))
    passed = union(where=theirs(x) > x).read(seen)
    number = count(where=passed.contains(theirs(x))) + 3 * count(where=(theirs(seen).contains(x), theirs(x) != x))
    order = (x * 5) & 15
    best = highest(by=order, where=theirs(x) != x).read(position) + first(where=seen.contains(theirs(half))).read(x)
    return lower + number + best + passed.count()


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("machines", [2, 3, 7, 30, pytest.param(300, marks=pytest.mark.slow)])
def test_laws(machines, causal):
    """One result and one ledger, whatever the shards and kernels; the definition."""
    marked = replace(every_kind, causal=causal)
    data = Symbols(np.random.default_rng(machines).integers(0, 40, 50), 40)
    problem = program_problem(marked)
    run = check_laws(problem, data, Spec(machines, least(problem, machines, data), 50))
    assert run.result.tolist() == brute_force(marked.trace(50, 40), data.tokens.tolist())[1:]


@program
def smaller(x: Symbol):
    return count(where=theirs(x) < x)


@program(causal=False)
def ranks(x: Symbol):
    return count(where=theirs(x) < x)


@pytest.mark.parametrize("marked", [smaller, ranks], ids=["causal", "all"])
@pytest.mark.parametrize(("size", "machines"), [(1, 2), (64, 4), (300, 17), (400, 64), (1000, 100)])
def test_the_least_memory_is_what_is_needed(marked, size, machines):
    """All tokens differ, all ask: no machine is over s, one is near it, and with a word less it is refused."""
    tokens = np.random.default_rng(size).permutation(size)
    problem, data = program_problem(marked), Symbols(tokens, max(size, 2))
    want = interpret(marked.trace(size, max(size, 2)), tokens[None])[0, 1:]
    memory = least(problem, machines, data)
    run = equal(problem, machines, memory, data, want)
    assert run.ledger.num_rounds == 2
    most = max(max(row.max_words_sent, row.max_words_received) for row in run.ledger.rounds)
    assert most <= memory
    if size >= 10 * machines:
        assert most >= 0.85 * memory
    with pytest.raises(SpecError, match=f"at least {memory:,} words"):
        problem.run(data, Spec(machines, memory - 1, size))


def test_memory_grows_like_the_square_root_of_the_machines():
    """6 n / sqrt(q) here, three words a fact and three an ask; a look-up by equality takes about n / q."""
    for q in (16, 64, 256, 1024):
        many = 10**6 // q
        crossing = Crossing(Spec(q, 10**9, 10**6), "count", (), ("<",), (1,), (1,), ("count",), True, many, many, 0)
        rows, columns = crossing.grid()
        assert rows * columns <= q and 5.9 <= crossing.load(rows, columns) / (10**6 / q**0.5) <= 6
        assert count_rounds(cross(crossing, what="x")) == 2


def test_few_values_take_little_memory():
    """A block has no more facts than its words have values, and that is planned for."""
    rng, problem = np.random.default_rng(0), program_problem(smaller)
    few, many = (least(problem, 64, Symbols(rng.integers(0, size, 6400), size)) for size in (4, 4000))
    assert few < 600 < 4500 < many
    data = Symbols(rng.integers(0, 4, 6400), 4)
    equal(problem, 64, few, data, interpret(smaller.trace(6400, 4), data.tokens[None])[0, 1:])


@program
def company(x: Symbol, position: Position):
    """Sets of many words, each united over equals and over the greater."""
    near = union(where=theirs(x) == x).read(one_hot(position, 600))
    return near.count() + union(where=theirs(x) > x).read(near).highest(0)


@pytest.mark.parametrize("machines", [2, 5])
def test_sets_of_nineteen_words(machines):
    data = Symbols(np.random.default_rng(0).integers(0, 5, 90), 5)
    problem = program_problem(company)
    want = brute_force(company.trace(90, 5), data.tokens.tolist())[1:]
    equal(problem, machines, least(problem, machines, data), data, want)
