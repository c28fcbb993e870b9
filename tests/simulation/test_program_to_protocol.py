"""A program as a protocol is the interpreter, and the definition: anywhere, at the least s, whatever the mask."""

import ast
import itertools
import re
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logdepth.errors import InputError, ProgramError, SpecError
from logdepth.lang import Position, Symbol, at, count, exists, first, highest, interpret, last, lowest, program, theirs
from logdepth.mpc import LocalEngine, Spec
from logdepth.mpc.protocol import count_rounds
from logdepth.programs import BUILT_IN, khop_doubling, khop_rank
from logdepth.protocols.inputs.sequences import Symbols
from logdepth.protocols.lookup import may_ask
from logdepth.protocols.sample_sort import plan_sort
from logdepth.protocols.trees import keeping_fan, tree_depth, tree_fan
from logdepth.simulation.meeting import Meeting, meet
from logdepth.simulation.program_problem import program_problem
from logdepth.simulation.program_to_protocol import place_tokens, program_to_protocol
from logdepth.tasks.registry import task_of_program
from tests.brute import brute_force
from tests.compiler.test_random_programs import Case, cases, written
from tests.lang.test_guide import BLOCKS, SHOWN
from tests.protocols.laws import check_laws

HOPS = ("khop_rank", "khop_doubling", "khop_rank_any", "khop_doubling_any", "pointer_doubling")


def wanted(graph, tokens, header=None):
    first_token = None if header is None else np.array([header])
    return interpret(graph, np.asarray(tokens)[None], header=first_token)[0, 1:]


def least(problem, machines, data):
    """The least s on so many machines, found by trying."""
    return problem.least_memory(Spec(machines, 1, len(data.tokens)), problem.config(data))


def equal(problem, machines, memory, data, want):
    """Run strictly; the run."""
    run = problem.run(data, Spec(machines, memory, len(data.tokens)))
    np.testing.assert_array_equal(run.result, want)
    assert run.ledger.num_rounds <= run.ledger.bound
    return run


@pytest.mark.parametrize("machines", [1, 2, 5])
@pytest.mark.parametrize("name", ["khop_rank", "khop_doubling"])
def test_all_short_strings(name, machines):
    for length in range(1, 6):
        for k in (0, 1, 2, 3, 5):
            graph = BUILT_IN[name].trace(length, 2, k=k)
            protocol = program_to_protocol(graph, Spec(machines, 2000, length), length)
            strings = np.array(list(itertools.product(range(2), repeat=length)))
            want = interpret(graph, strings)[:, 1:]
            for string, answer in zip(strings[:: 1 + (k > 1) * 3], want[:: 1 + (k > 1) * 3], strict=True):
                run = LocalEngine().run(protocol, place_tokens(protocol.spec, graph, string))
                assert (run.result == answer).all(), (string, k)


@pytest.mark.parametrize("machines", [2, 3, 7, 16, 33, 64])
@pytest.mark.parametrize("name", HOPS)
def test_built_in_programs_with_repeats_and_without_any(name, machines):
    rng = np.random.default_rng(machines)
    for tokens, alphabet in (
        (rng.integers(0, 3, 90), 3),
        (np.zeros(50, int), 1),
        (rng.permutation(60), 60),
        (np.repeat([0, 1], 20), 2),
    ):
        takes = BUILT_IN[name].takes_header
        hops = int(rng.integers(0, 17))
        problem = program_problem(
            BUILT_IN[name], header=hops if takes else None, header_size=17 * takes, **{"max_k" if takes else "k": 16}
        )
        graph = BUILT_IN[name].trace(len(tokens), alphabet, 17 * takes, **{"max_k" if takes else "k": 16})
        data = Symbols(tokens, alphabet)
        want = wanted(graph, tokens, hops if takes else None)
        memory = least(problem, machines, data)
        for words in (memory, 30 * memory):
            equal(problem, machines, words, data, want)


@pytest.mark.parametrize("machines", [2, 7, 16])
@pytest.mark.parametrize("name", [n for n, p in BUILT_IN.items() if p.graph])
def test_graph_programs(name, machines):
    sizes = {"vertices": 6, "edges": 7}
    task = task_of_program(name)(**sizes)
    problem = program_problem(BUILT_IN[name], **sizes)
    for tokens in task.instances(task.ids.length, 2, machines, "machines"):
        graph = BUILT_IN[name].trace(len(tokens), task.ids.alphabet_size, **sizes)
        data = Symbols(tokens, task.ids.alphabet_size)
        equal(problem, machines, 2 * least(problem, machines, data), data, wanted(graph, tokens))


def test_every_number_of_machines_and_hops():
    tokens = np.random.default_rng(0).integers(0, 4, 40)
    data = Symbols(tokens, 4)
    for machines in range(1, 65):
        k = machines % 13
        problem = program_problem(khop_rank, k=k)
        equal(problem, machines, 3000, data, wanted(khop_rank.trace(40, 4, k=k), tokens))


@pytest.mark.parametrize("size", [0, 1, 2])
def test_fewer_tokens_than_machines(size):
    tokens = np.arange(size) % 2
    run = program_problem(khop_doubling, k=2).run(Symbols(tokens, 2), Spec(5, 2000, size))
    assert run.result.tolist() == wanted(khop_doubling.trace(max(size, 1), 2, k=2), tokens).tolist()


@pytest.mark.parametrize("block", BLOCKS, ids=[re.findall(r"def (\w+)", block)[0] for block in BLOCKS])
def test_the_examples_of_the_guide(block, tmp_path):
    file = tmp_path / "example.py"
    file.write_text(block)
    names: dict = {}
    exec(compile(SHOWN.sub("", block), str(file), "exec"), names)
    for expression, said in SHOWN.findall(block):
        call = re.fullmatch(r'(\w+)\.run\("(.*?)"(?:, (.*))?\)', expression)
        if call is None or "Error: " in said:
            continue
        options = eval(f"dict({call[3] or ''})")
        alphabet = sorted(options.pop("symbols", set(call[2])))
        tokens = np.array([alphabet.index(symbol) for symbol in call[2]])
        problem, data = program_problem(names[call[1]], **options), Symbols(tokens, len(alphabet), tuple(alphabet))
        answers = problem.table(data, problem.run(data, Spec(3, 5000, 6)).result)["answer"]
        shown = ast.literal_eval(said)
        got = "".join(answer or "_" for answer in answers) if isinstance(shown, str) else answers.tolist()
        assert got == shown, expression


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(cases, st.integers(1, 64), st.booleans(), st.integers(0, 60))
def test_random_programs(case: Case, machines: int, causal: bool, longer: int):
    """At the least s and with room, with a mask and without, directly where that fits and all by sorting."""
    tokens = np.random.default_rng(case.seed).integers(0, case.alphabet_size, case.length + longer)
    header = case.seed % 3 if case.header_size else None
    try:
        marked = replace(written(case), causal=causal)
        problem = program_problem(marked, header=header, header_size=case.header_size)
        data = Symbols(tokens, case.alphabet_size)
        memory = least(problem, machines, data)
    except ProgramError as error:  # the language's own limits
        if "combinations" not in str(error):
            raise
        return
    graph = marked.trace(len(tokens), case.alphabet_size, case.header_size)
    want = brute_force(graph, tokens.tolist(), header or 0)[1:]
    equal(problem, machines, memory, data, want)
    equal(problem, machines, 20 * memory, data, want)
    with patch("logdepth.simulation.meeting.may_ask", lambda spec: False):
        run = equal(problem, machines, memory, data, want)
        assert run.ledger.num_rounds == run.ledger.bound


@pytest.mark.slow
@settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases, st.integers(1, 64), st.booleans(), st.integers(0, 300))
def test_many_more_random_programs(case, machines, causal, longer):
    test_random_programs.hypothesis.inner_test(case, machines, causal, longer)


@program
def everything(x: Symbol, position: Position):
    """Every kind of look-up, two words read at different times through one match, keys of over 64 bits in all."""
    wide, other = x << 38, (3 - x) << 38
    match = last(where=(theirs(wide) == wide, theirs(other) == other))
    place = match.read(position)
    again = match.read(place)
    low = lowest(by=(position & 3) * 2 - x, where=theirs(x) == x).read(position)
    high = highest(by=x).read(position) + first(where=theirs(x) == 1).read(position)
    return place + again + low + high + exists(where=theirs(x) == 2) + at(2 * position - 1).read(x) + count()


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("machines", [1, 3, 8])
def test_every_kind_of_look_up(machines, causal):
    marked = replace(everything, causal=causal)
    for seed in range(8):
        tokens = np.random.default_rng(seed).integers(0, 4, 30)
        graph = marked.trace(30, 4)
        problem, data = program_problem(marked), Symbols(tokens, 4)
        want = brute_force(graph, tokens.tolist())[1:]
        for words in (least(problem, machines, data), 9000):
            equal(problem, machines, words, data, want)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(
    ("machines", "times"), [(7, 20), (40, 3), (60, 1), pytest.param(300, 1, marks=pytest.mark.slow)]
)
def test_laws(machines, times, causal):
    """One result and one ledger, whatever the shards and kernels."""
    problem = program_problem(replace(khop_rank, causal=causal), k=5)
    data = Symbols(np.random.default_rng(1).integers(0, 3, 80), 3)
    check_laws(problem, data, Spec(machines, times * least(problem, machines, data), 80))


@program
def beyond(x: Symbol, position: Position):
    """A query beyond the keys' range matches nothing, though its words in mixed radix would be my own key's."""
    low = position & 3
    return last(where=(theirs(x) == x - 1, theirs(low) == low + 4)).read(position)


@pytest.mark.parametrize("machines", [1, 4])
def test_a_query_beyond_the_keys_matches_nothing(machines):
    data = Symbols(np.random.default_rng(0).integers(0, 4, 30), 4)
    equal(program_problem(beyond), machines, 3000, data, np.zeros(30))


# ---- rounds


@program(causal=False)
def crowd(x: Symbol, position: Position):
    """All ask for a few positions: no machine can be asked that much."""
    return at(position & 15).read(x)


def stated(spec, key_words, row_words, max_rows, beside):
    """Rounds of a look-up, directly and at most, as the module says: `1 + 2 D + max(1, sort + 2 D') + 1`."""
    asked = 1 + 2 * tree_depth(spec.num_machines, tree_fan(spec, 2)) if may_ask(spec) else 0
    sorting = plan_sort(spec, key_words, row_words, max_rows, beside).num_rounds
    sorting += 2 * keeping_fan(spec, row_words, (spec.local_memory - beside) // 4)[1]
    return asked + 1 + 1, asked + sorting + 1


@pytest.mark.parametrize("spec", [Spec(4, 4000, 100), Spec(30, 1500, 100), Spec(64, 20000, 3000), Spec(300, 2300, 100)])
def test_rounds_of_a_look_up(spec):
    meeting = Meeting(spec, ("key0",), ("say0",), False, lambda keys: keys[0], max_rows=200, beside=50)
    direct, most = stated(spec, 1, 3, 200, 50)
    assert count_rounds(meet(meeting, what="x")) == most >= direct - 1


def test_the_rounds_stated_are_taken():
    """Directly where all fits; by sorting where it doesn't, or where machines are too many to count: to the round."""
    tokens = np.random.default_rng(0).integers(0, 4, 2000)
    problem, data, spec = program_problem(crowd), Symbols(tokens, 4), Spec(40, 2400, 2000)
    run = check_laws(problem, data, spec)
    assert (run.result == wanted(crowd.trace(2000, 4), tokens)).all()
    assert run.ledger.num_rounds == run.ledger.bound == stated(spec, 2, 3, 4040, 4 * 51 + 16)[1]
    run = equal(problem, 40, 40000, data, wanted(crowd.trace(2000, 4), tokens))
    assert run.ledger.num_rounds == 5 == stated(Spec(40, 40000, 2000), 2, 3, 4040, 4 * 51 + 16)[0]

    data = Symbols(tokens[:100], 4)
    problem = program_problem(khop_rank, k=5)
    run = equal(problem, 300, 2350, data, wanted(khop_rank.trace(100, 4, k=5), tokens[:100]))
    assert not may_ask(Spec(300, 2350, 100)) and run.ledger.num_rounds == run.ledger.bound
    run = equal(problem, 300, 9000, data, wanted(khop_rank.trace(100, 4, k=5), tokens[:100]))
    assert run.ledger.num_rounds == 5 * 5 < run.ledger.bound  # count, at, last and two hops


def test_what_is_ready_together_shares_a_look_up():
    """A count, the token before me (symbol and rank at once), the find, and a hop a digit of k."""
    for k, look_ups in ((1, 1 + 1), (2, 4), (3, 4), (64, 9)):
        graph = khop_rank.trace(64, 4, k=k)
        protocol = program_to_protocol(graph, Spec(4, 9000, 64), 64)
        labels = {stage.label for stage in protocol.stages if hasattr(stage, "label") and "answers" in stage.label}
        assert len(labels) == look_ups == protocol.theory["look-ups"]
        assert protocol.theory["look-ups in a chain"] == 1 + k.bit_length()  # as in a transformer, floor(log2 k) + 2


# ---- refusals


def test_too_little_memory_says_the_least():
    data, problem = Symbols(np.arange(30) % 4, 4), program_problem(khop_rank, k=3)
    memory = least(problem, 6, data)
    equal(problem, 6, memory, data, wanted(khop_rank.trace(30, 4, k=3), data.tokens))
    for words in (memory - 1, 100, 5):
        with pytest.raises(
            SpecError, match=rf"= {words} is too small for khop_rank on 6 machines: .* least {memory:,} "
        ):
            problem.run(data, Spec(6, words, 30))


def test_what_is_refused():
    with pytest.raises(InputError, match="a sequence of 13 symbols; the program was traced for 12 at most"):
        program_to_protocol(khop_rank.trace(12, 4, k=1), Spec(2, 1000, 13), 13)
    problem = program_problem(khop_rank, k=1)
    with pytest.raises(InputError, match=r"tokens: row 1 is 4, which is no symbol of 0..3"):
        problem.run(Symbols(np.array([0, 4]), 4))
    with pytest.raises(InputError, match="program khop_rank takes no header, and one is given: 2"):
        problem.run(Symbols(np.array([0, 1]), 4, header=2))
    with pytest.raises(InputError, match="khop_rank has no parameter power"):
        program_problem(khop_rank, k=1, power=2)
    with pytest.raises(InputError, match="khop_rank_any takes a header; give it"):
        program_problem(BUILT_IN["khop_rank_any"], max_k=3).run(Symbols(np.array([0]), 4))
    with pytest.raises(InputError, match="khop_rank takes no header; leave it"):
        program_problem(khop_rank, k=1, header_size=4)
    with pytest.raises(InputError, match=r"the header is 4; of 4 it is one of 0..3"):
        program_problem(BUILT_IN["khop_rank_any"], max_k=3, header=4, header_size=4)
    with pytest.raises(InputError, match=r"5 headers .* are too many: program khop_rank_any"):
        program_problem(BUILT_IN["khop_rank_any"], max_k=3, header=4)
    with pytest.raises(InputError, match=r"the header is 9; of 4 it is one of 0..3"):
        program_problem(BUILT_IN["khop_rank_any"], max_k=3, header_size=4).run(Symbols(np.array([0]), 4, header=9))
