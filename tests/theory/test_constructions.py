"""No construction beats a bound, and no bound is beaten by less: what is built and run, against what is stated."""

import itertools
from math import ceil, log2

import networkx
import numpy as np
import pytest

from logdepth.compiler.compile import compile_program
from logdepth.graphs.graph import Graph
from logdepth.programs import khop_cot, khop_doubling, khop_rank
from logdepth.simulation.wide import gather, squaring
from logdepth.tasks.khop import solve
from logdepth.theory import STATEMENTS, Asked
from logdepth.theory.asked import LEAST
from logdepth.theory.connectivity import squaring_depth
from logdepth.theory.induction import pairs_in
from logdepth.theory.judgement import judge_sizes, statements_for
from logdepth.theory.khop import khop_width_doubling, khop_width_rank
from logdepth.theory.recurrent import index_bits, table_bits
from logdepth.theory.thoughts import width_of_thoughts


def test_statements_do_not_contradict_each_other():
    """Every task and architecture, at thousands of sizes: `judge_sizes` asserts that nothing is both."""
    rng = np.random.default_rng(0)
    pairs = sorted({(made.task, arch) for made in STATEMENTS for arch in made.archs})
    seen = set()
    for task, arch in pairs:
        for _ in range(150):
            names = [name for name in LEAST if name != "state_bits"]
            sizes = {name: int(2 ** rng.uniform(1, 7 if name in ("k", "layers", "heads") else 16)) for name in names}
            if rng.random() < 0.5:
                sizes |= {"layers": int(rng.integers(1, 6)), "width": int(rng.integers(1, 6)), "heads": 1}
            seen.add((task, judge_sizes(Asked(task, arch, **sizes)).verdict))
    assert {("khop", verdict) for verdict in ("suffices", "impossible", "open")} <= seen


@pytest.mark.parametrize(("program", "width"), [(khop_rank, khop_width_rank), (khop_doubling, khop_width_doubling)])
def test_compiled_programs_have_the_depth_and_beat_no_bound(program, width):
    for k in (0, 1, 2, 3, 4, 5, 8, 9, 16):
        made = compile_program(program, length=40, alphabet_size=8, k=k)
        heads = max(len(layer.heads) for layer in made.transformer.layers) if made.transformer.layers else 1
        sizes = {"layers": made.transformer.depth, "width": width(40, 8), "heads": max(heads, 1)}
        found = judge_sizes(Asked("khop", "transformer", length=40, alphabet=8, k=k, **sizes))
        assert found.verdict == "suffices"
        depths = [bound.finding.depth for bound in found.bounds if bound.statement.construction == program.name]
        assert depths == [made.transformer.depth]


def test_compiled_programs_are_no_wider_than_stated():
    for length, alphabet in [(4, 2), (15, 16), (100, 100), (1000, 2)]:
        for program, width in [(khop_rank, khop_width_rank), (khop_doubling, khop_width_doubling)]:
            found = []
            for k in (1, 2, 17):
                made = compile_program(program, length=length, alphabet_size=alphabet, k=k, certified=False)
                found.append(made.transformer.embed_dim)
            assert max(found) <= width(length, alphabet) <= max(found) + 4


def test_a_chain_of_thought_is_no_wider_than_stated():
    for length, alphabet, k in itertools.product((1, 7, 32, 128), (1, 4, 26), (1, 8, 64)):
        sizes = {"length": length + k + 2, "alphabet_size": alphabet + length, "header_size": k + 1}
        made = compile_program(khop_cot, **sizes, text=length, steps=k, certified=False)
        assert made.transformer.depth == 3 and max(len(layer.heads) for layer in made.transformer.layers) <= 3
        assert made.transformer.embed_dim <= width_of_thoughts(length, alphabet, k)


def test_index_by_counting_is_a_bound():
    """All strings of up to seven symbols: prefixes that some suffix tells apart, at the best cut, are states needed."""
    for alphabet, length, k in [(2, 7, 1), (3, 5, 1), (3, 7, 1), (4, 5, 1), (3, 7, 2), (4, 5, 2), (4, 7, 3)]:
        strings = np.array(list(itertools.product(range(alphabet), repeat=length)))
        answers = solve(strings, k, alphabet)[:, -1]
        states = max(
            len(np.unique(answers.reshape(alphabet**cut, -1), axis=0)) for cut in range(1, length)
        )  # rows are prefixes, columns suffixes
        assert index_bits(length, alphabet, k) <= ceil(log2(states))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_index_is_asked_by_its_strings(k):
    """The prefix of pairs, and the suffix that names one: the answer is that pair's value, whatever the values."""
    rng = np.random.default_rng(k)
    q, a = 5, 3
    chain = [q + a + j for j in range(k - 1)]
    for _ in range(20):
        values = rng.integers(q, q + a, q)
        for asked in range(q):
            prefix = [symbol for v in range(q) for symbol in (v, values[v])]
            links = [asked, *chain]
            suffix = [symbol for j in range(k - 1) for symbol in (chain[j], links[j])] + [links[-1]]
            string = np.array([prefix + suffix])
            assert string.shape[1] == 2 * q + 2 * k - 1
            assert solve(string, k, q + a + k)[0, -1] == values[asked]


@pytest.mark.parametrize("k", [1, 3])
def test_one_layer_is_asked_by_its_strings(k):
    """Values at every other place, the query's symbol before one of them; the last symbol does not depend on either."""
    rng = np.random.default_rng(k)
    length = 20 + 2 * (k - 1) + 1
    q = pairs_in(length - 2 * (k - 1))
    assert q == 10
    chain = [2 + j for j in range(k)]
    for asked in range(q):
        values = rng.integers(0, 2, q)
        pairs = [symbol for i in range(q) for symbol in (2 if i == asked else 0, values[i])]
        suffix = [symbol for j in range(1, k) for symbol in (chain[j], chain[j - 1])] + [chain[-1]]
        string = np.array([pairs + suffix])
        assert string.shape[1] == length and solve(string, k, k + 2)[0, -1] == values[asked]


def test_gather_is_one_layer():
    strings = np.random.default_rng(0).integers(0, 5, (50, 30))
    for k in (1, 4, 16):
        assert (gather(strings, lambda found, k=k: solve(found, k, 5)) == solve(strings, k, 5)).all()
    found = judge_sizes(Asked("khop", "transformer", length=30, k=16, layers=1, heads=1, width=30))
    assert (found.verdict, found.by.statement.name) == ("suffices", "gather")
    assert judge_sizes(Asked("khop", "transformer", length=30, k=16, layers=1, heads=1, width=29)).verdict == "open"


def test_squaring_reaches_as_far_as_stated_and_no_farther():
    rng = np.random.default_rng(0)
    for trial in range(12):
        graph = networkx.random_labeled_tree(20, seed=trial) if trial else networkx.path_graph(20)
        edges = rng.permuted(rng.permutation(np.array(graph.edges)), axis=1)
        steps = dict(networkx.all_pairs_shortest_path_length(graph))
        distance = np.array([[steps[a][b] for b in range(20)] for a in range(20)])
        diameter = int(distance.max())
        for layers in range(1, squaring_depth(diameter) + 1):
            reach = squaring(Graph(np.arange(20), edges[:, 0], edges[:, 1]), layers)
            assert (reach == (distance <= 2 ** (layers - 1))).all()
            assert reach.all() == (layers == squaring_depth(diameter))


def test_tables_of_a_layer_are_not_less_than_what_is_needed():
    for alphabet in (3, 4, 8, 20):
        for k in (1, 2, 5):
            for length in (10, 100, 1000):
                assert table_bits(alphabet, k) >= index_bits(length, alphabet, k)


def test_every_construction_named_is_there():
    from logdepth.programs import BUILT_IN

    names = {made.construction for made in STATEMENTS if made.construction}
    elsewhere = {"gather", "squaring", "hop_tables", "layered_chase", "protocol_to_transformer",
                 "transformer_to_protocol"}  # fmt: skip
    assert names <= set(BUILT_IN) | elsewhere
    assert statements_for("khop", "rnn")
