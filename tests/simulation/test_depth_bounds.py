"""The argument of Corollary 4.3, run: transformers that solve hop_k, as protocols, tell one cycle from two in O(L)."""

import doctest
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from logdepth.compiled.hub import load_model
from logdepth.compiled.model import compile
from logdepth.compiler.compile import compile_program
from logdepth.errors import SpecError
from logdepth.mpc import LocalEngine
from logdepth.programs import khop_doubling, khop_rank
from logdepth.simulation.from_huggingface import from_huggingface
from logdepth.simulation.from_library import from_transformer
from logdepth.simulation.reductions import by_transformer, cycle_count_by_hops, cycle_instance, cycles_to_hops
from tests.simulation.test_reductions import graph_of, small_graphs

DOCS = Path(__file__).parents[2] / "docs"


@lru_cache(maxsize=4)
def compiled_for(program, length, alphabet_size, k):
    made = compile_program(program, length=length, alphabet_size=alphabet_size, k=k)
    return from_transformer(made.transformer), made.graph.vocabulary


def exact(program):
    return lambda instance: compiled_for(program, len(instance.tokens), instance.alphabet_size, instance.k)


def layers(n):
    """Of khop_rank with k = n: the depth of Theorem 4.2."""
    return n.bit_length() - 1 + 2


@pytest.mark.parametrize(
    ("n", "form"), [(2, "blocked"), (2, "faithful"), (4, "blocked"), (4, "faithful"), (6, "blocked")]
)
def test_all_small_graphs(n, form):
    """Edges, their order and directions at random, and the start."""
    rng = np.random.default_rng(n)
    solve = by_transformer(exact(khop_rank), form=form)
    depth = 1 if form == "blocked" else 2 * (3 if n == 2 else 4) + 2  # 20 and 74 tokens, b = 4
    for edges, cycles in small_graphs(n).items():
        listed = rng.permuted(rng.permutation(np.array(edges)), axis=1)
        found, ledger = cycle_count_by_hops(graph_of(listed), solve, start=int(rng.integers(n)))
        assert (found, ledger.num_rounds) == (cycles, layers(n) * depth)


@pytest.mark.parametrize("cycles", [1, 2])
@pytest.mark.parametrize("n", [8, 16, 20])
def test_random_larger_ones(n, cycles):
    """Rounds grow with the layers, as log n: four machines that hear from all others take one a layer."""
    found, ledger = cycle_count_by_hops(cycle_instance(n, cycles, seed=n), by_transformer(exact(khop_rank)), start=3)
    assert (found, ledger.num_rounds) == (cycles, layers(n))


def test_doubling_takes_its_own_depth():
    for n in (4, 6, 8):
        found, ledger = cycle_count_by_hops(cycle_instance(n, 2), by_transformer(exact(khop_doubling)))
        assert (found, ledger.num_rounds) == (2, (n - 1).bit_length() + 2)


@pytest.mark.parametrize("cycles", [1, 2])
def test_rounds_of_each_form(cycles):
    """6 vertices: 163 symbols and the start token, 4 layers, on trees of depth D = ceil(log_b 164)."""
    graph = cycle_instance(6, cycles, seed=1)
    for branching, depth in ((2, 8), (4, 4), (13, 2)):
        for fused, rounds in ((False, 4 * (2 * depth + 2)), (True, 2 * depth * 4 + 2)):
            solve = by_transformer(exact(khop_rank), form="faithful", branching=branching, fused=fused)
            found, ledger = cycle_count_by_hops(graph, solve)
            assert (found, ledger.num_rounds) == (cycles, rounds)


def test_on_little_memory():
    """Tiles on many machines: a layer takes as many rounds as tiles have to come past."""
    graph = cycle_instance(6, 2)
    model, vocabulary = exact(khop_rank)(cycles_to_hops(graph))
    assert model.max_length == 164 and vocabulary.alphabet_size == 9
    found, ledger = cycle_count_by_hops(graph, by_transformer(exact(khop_rank), memory=1000, engine=LocalEngine()))
    per_layer, rest = divmod(ledger.num_rounds, 4)
    assert found == 2 and rest == 0 and 4 < per_layer < ledger.spec.num_machines
    assert not ledger.exceeded and max(line.max_words_held for line in ledger.rounds) <= 1000
    with pytest.raises(SpecError, match="local_memory = 10 is too small"):
        cycle_count_by_hops(graph, by_transformer(exact(khop_rank), memory=10))


@pytest.mark.parametrize("cycles", [1, 2])
def test_the_stock_checkpoint(cycles, tmp_path):
    """The same of GPT-2's weights, as stock code loads them."""

    def checkpoint(instance):
        sizes = {"length": len(instance.tokens), "alphabet": instance.alphabet_size}
        compiled = compile(khop_rank, **sizes, k=instance.k)
        stock = load_model(compiled.save(tmp_path / "model"), device="cpu")
        return from_huggingface(
            stock, dtype=np.dtype(np.float64), num_tokens=len(instance.tokens) + 1
        ), compiled.vocabulary

    found, ledger = cycle_count_by_hops(cycle_instance(6, cycles, seed=2), by_transformer(checkpoint))
    assert (found, ledger.num_rounds) == (cycles, 4)


def test_the_page():
    failures, examples = doctest.testfile(str(DOCS / "depth_bounds.md"), module_relative=False)
    assert examples > 5 and not failures
