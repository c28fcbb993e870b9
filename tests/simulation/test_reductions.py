"""One cycle or two, asked of connectivity and of hop_k: all small cases, random large ones, and how many rounds."""

import itertools

import networkx
import numpy as np
import pytest

from logdepth.compiler.compile import compile_program
from logdepth.errors import InputError
from logdepth.graphs.graph import Graph
from logdepth.mpc import Spec
from logdepth.programs import khop_doubling, khop_rank
from logdepth.protocols import BUILT_IN
from logdepth.simulation.reductions import (
    by_program,
    check_promise,
    cycle_count_by_hops,
    cycle_instance,
    cycle_lengths,
    cycles_to_connectivity,
    cycles_to_hops,
)
from logdepth.tasks.khop import solve


def graph_of(edges):
    edges = np.asarray(edges)
    return Graph(np.arange(len(edges)), edges[:, 0], edges[:, 1])


def small_graphs(n):
    """All graphs on n vertices that are one cycle or two of n/2: (edges, how many)."""
    found = {}
    for order in itertools.permutations(range(n)):
        for cycles in (1, 2):
            parts = np.array(order).reshape(cycles, -1)
            edges = np.stack([parts, np.roll(parts, -1, axis=1)], axis=-1).reshape(-1, 2)
            found[tuple(sorted(map(tuple, np.sort(edges, axis=1).tolist())))] = cycles
    return found


@pytest.mark.parametrize(("n", "how_many"), [(2, 2), (4, 6), (6, 70)])
def test_hops_tell_all_small_graphs_apart(n, how_many):
    """All graphs; all orders of their edges (of six, a thirtieth); directions and starts at random."""
    rng = np.random.default_rng(n)
    graphs = small_graphs(n)
    assert len(graphs) == how_many
    strings, ends = [], []
    for edges, cycles in graphs.items():
        for order in list(itertools.permutations(range(n)))[:: 1 if n < 6 else 30]:
            for start in range(n) if n < 6 else rng.integers(0, n, 2):
                listed = rng.permuted(np.array(edges)[list(order)], axis=1)
                instance = cycles_to_hops(graph_of(listed), start=int(start))
                strings.append(instance.tokens)
                ends.append((cycles == 2, start))
    answers = solve(np.array(strings), n, n + 3)[:, -1]
    assert all((answer == start) == two for answer, (two, start) in zip(answers, ends, strict=True))
    assert (answers < n).all()  # a vertex: every step is found


def test_what_two_hops_do():
    """Each two hops go one step round the cycle, the same way."""
    graph = cycle_instance(14, 1, seed=3)
    instance = cycles_to_hops(graph, start=5)
    walk = [int(solve(instance.tokens[None], 2 * step, 17)[0, -1]) for step in range(8)]
    edges = {frozenset(edge) for edge in zip(graph.tail.tolist(), graph.head.tolist(), strict=True)}
    assert walk[0] == 5 and len(set(walk)) == 8
    assert all(frozenset(step) in edges for step in itertools.pairwise(walk))


@pytest.mark.parametrize("n", [6, 8, 20])
def test_half_as_many_copies_as_vertices_are_needed(n):
    """A cycle listed in its order is walked forwards, back by all edges but one a step: with a copy fewer it ends."""
    graph = graph_of([[vertex, (vertex + 1) % n] for vertex in range(n)])
    instance = cycles_to_hops(graph, start=1)
    assert solve(instance.tokens[None], n, n + 3)[0, -1] == 1 + n // 2
    assert solve(instance.tokens[9 * n :][None], n, n + 3)[0, -1] == n + 3


@pytest.mark.parametrize("cycles", [1, 2])
@pytest.mark.parametrize("n", [8, 30, 100])
def test_random_large_ones_by_the_program_on_machines(n, cycles):
    for seed in range(3):
        graph = cycle_instance(n, cycles, seed=seed)
        found, ledger = cycle_count_by_hops(graph, by_program(machines=16), start=seed)
        assert found == cycles
        assert ledger.num_rounds == 5 * (n.bit_length() + 2)  # rounds grow as log n: a count, at, last, and the hops


@pytest.mark.parametrize("program", [khop_rank, khop_doubling])
def test_by_an_exact_transformer(program):
    """A transformer of floor(log2 k) + 2 layers (ceil for doubling) is a solver too: any callable is."""
    layers = set()

    def by_transformer(instance):
        compilation = compile_program(program, length=len(instance.tokens), alphabet_size=9, k=instance.k)
        layers.add(compilation.transformer.depth)
        ids = compilation.transformer.run(compilation.graph.vocabulary.encode(instance.tokens[None]), "hard")
        return compilation.graph.vocabulary.answers(ids[0, 1:]), None

    for seed in range(2):
        for cycles in (1, 2):
            assert cycle_count_by_hops(cycle_instance(6, cycles, seed=seed), by_transformer) == (cycles, None)
    assert layers == {4 if program is khop_rank else 5}


def test_blanks_in_front_change_nothing():
    graph = cycle_instance(10, 2, seed=1)
    plain, longer = cycles_to_hops(graph, start=3), cycles_to_hops(graph, start=3, length=2000)
    assert len(plain.tokens) == 9 * 10 * 5 + 1 and len(longer.tokens) == 2000
    assert (longer.tokens[-len(plain.tokens) :] == plain.tokens).all()
    assert solve(longer.tokens[None], 10, 13)[0, -1] == 3


@pytest.mark.parametrize("copies", [1, 2, 5])
def test_connectivity_tells_all_small_graphs_apart(copies):
    for n in (2, 4, 6):
        for edges, cycles in small_graphs(n).items():
            graph = cycles_to_connectivity(graph_of(edges), copies)
            shown = networkx.MultiGraph()
            shown.add_nodes_from(range(graph.num_vertices))
            shown.add_edges_from(zip(graph.tail.tolist(), graph.head.tolist(), strict=True))
            parts = [shown.subgraph(part) for part in networkx.connected_components(shown)]
            assert len(parts) == (1 if cycles == 1 else copies + 1)
            assert max(map(networkx.diameter, parts)) <= n + 2
            assert graph.num_edges == n * copies + copies - 1


@pytest.mark.parametrize("cycles", [1, 2])
def test_connectivity_of_random_large_ones_on_machines(cycles):
    graph = cycles_to_connectivity(cycle_instance(200, cycles, seed=cycles), copies=10)
    run = BUILT_IN["connectivity"].run(graph, Spec(20, 60_000, 6000))
    assert len(np.unique(run.result)) == (1 if cycles == 1 else 11)


def test_lengths_of_cycles():
    assert cycle_lengths(graph_of([[0, 0], [2, 1], [1, 2]])) == [2, 1]
    assert cycle_lengths(cycle_instance(50, 1)) == [50]
    with pytest.raises(InputError, match="vertex 0 has degree 3"):
        cycle_lengths(graph_of([[0, 1], [0, 2], [0, 1]]))


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (graph_of([[0, 1], [1, 2], [2, 0]]), "the graph has 1 cycles, of lengths 3; one cycle of even length or two"),
        (graph_of([[0, 1], [1, 2], [2, 0], [3, 3]]), "the graph has 2 cycles, of lengths 3, 1"),
        (graph_of([[vertex, vertex] for vertex in range(6)]), "the graph has 6 cycles, of lengths 1, 1, 1, 1, 1, .."),
    ],
)
def test_without_the_promise(graph, message):
    with pytest.raises(InputError, match=message):
        check_promise(graph)
    with pytest.raises(InputError, match=message):
        cycle_count_by_hops(graph, by_program())


def test_what_is_refused():
    graph = cycle_instance(8, 1)
    with pytest.raises(InputError, match="length is 100; the string of 8 vertices has 289 tokens"):
        cycles_to_hops(graph, length=100)
    with pytest.raises(InputError, match=r"start is 8; vertices are 0..7"):
        cycles_to_hops(graph, start=8)
    with pytest.raises(InputError, match="copies is 0; it must be at least 1"):
        cycles_to_connectivity(graph, 0)
    with pytest.raises(InputError, match="3 cycles of 9 vertices: give 1 or 2 cycles"):
        cycle_instance(9, 3)
