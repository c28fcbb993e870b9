"""Ids numbered by the machines: the numbers, the labels and the rounds of the graph that one process would number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import MemoryExceeded
from logdepth.graphs import graph_from_edges
from logdepth.graphs.parts import read_unit, survey
from logdepth.mpc import LocalEngine, Spec
from logdepth.mpc.shelf import Shelf
from logdepth.mpc.spilling import Spill
from logdepth.protocols.components import CONNECTIVITY, IN_PARTS, components_of_parts
from logdepth.protocols.inputs.edge_parts import EdgeParts
from logdepth.protocols.label_parts import LabelParts
from logdepth.protocols.parted import AnswerPlace
from tests.protocols.laws import cut_at


def parts_of(folder: Path, edges, pieces=3, vertices=None, names=False):
    """The edges as files, surveyed, with everything a run needs; and the graph of one process."""
    for index, part in enumerate(np.array_split(np.arange(len(edges)), pieces)):
        rows = "".join(f"{edges[row][0]},{edges[row][1]}\n" for row in part)
        (folder / f"{index}.csv").write_text(rows or "# none\n", encoding="utf-8")
    found = survey(str(folder / "*.csv"), lambda f, x: [f(i) for i in x], folder=str(folder), text_bytes=64)
    assert found.names == names or not edges
    columns = [[row[end] for row in edges] for end in (0, 1)]
    return (
        found,
        IN_PARTS.config(found, vertices),
        graph_from_edges(*columns, vertex_ids=None if vertices is None else range(vertices)),
    )


def run(found, config, spec, engine=None, vertices=None):
    outputs = IN_PARTS.outputs(config, spec, AnswerPlace(rows=True))
    inputs = IN_PARTS.inputs(spec, found, vertices)
    return (engine or LocalEngine()).run(IN_PARTS.protocol(spec, **config), inputs, outputs=outputs)


def check(found, config, graph, spec, vertices=None):
    whole = run(found, config, spec, vertices=vertices)
    one = CONNECTIVITY.run(graph, spec)
    for name, column in CONNECTIVITY.table(graph, one.result).items():
        np.testing.assert_array_equal(whole.result.columns[name], column)
    assert whole.result.vertices == graph.num_vertices
    assert whole.result.components == CONNECTIVITY.facts(graph, one.result)["components"]
    assert whole.ledger.num_rounds <= whole.ledger.bound
    return whole, one


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from([-(2**63), 2**63 - 1, -3, 0, 5, 7, 10**12, 10**15])] * 2), max_size=25))
def test_small_graphs_of_odd_ids(tmp_path_factory, edges):
    found, config, graph = parts_of(tmp_path_factory.mktemp("p"), edges)
    check(found, config, graph, Spec(3, 5000, 1))


@pytest.mark.parametrize(("machines", "memory"), [(1, 200_000), (7, 40_000), (30, 6000), (101, 5000)])
def test_random_graphs(tmp_path, machines, memory):
    edges = (np.random.default_rng(machines).integers(0, 900, (700, 2)) * 10**9 - 10**11).tolist()
    found, config, graph = parts_of(tmp_path, edges, pieces=4)
    spec = Spec(machines, memory, 1)
    whole, _ = check(found, config, graph, spec)
    rng = np.random.default_rng(0)
    for ranges in (cut_at(spec, np.arange(machines)), cut_at(spec, rng.integers(0, machines, 4))):
        other = run(found, config, spec, LocalEngine(kernels="numpy", ranges=ranges))
        assert other.ledger.without_clock() == whole.ledger.without_clock()
        np.testing.assert_array_equal(other.result.columns["label"], whole.result.columns["label"])


def test_names(tmp_path):
    rng = np.random.default_rng(1)
    names = [f"stadt-{'ü' * int(n)}-{i}" for i, n in enumerate(rng.integers(0, 9, 80))]
    edges = [(names[a], names[b]) for a, b in rng.integers(0, 80, (70, 2))]
    found, config, graph = parts_of(tmp_path, edges, names=True)
    assert config["width"] == 4
    check(found, config, graph, Spec(9, 9000, 1))


def test_a_hub_does_not_overload_a_machine(tmp_path):
    edges = [(5, 10 * n) for n in range(3000)]
    found, config, graph = parts_of(tmp_path, edges)
    whole, _ = check(found, config, graph, Spec.from_delta(6000, 0.5, slack=64))
    assert not whole.ledger.exceeded


def test_numbered_vertices_give_the_ledger_of_one_process_to_the_word(tmp_path):
    edges = np.random.default_rng(2).integers(0, 300, (400, 2)).tolist()
    found, config, graph = parts_of(tmp_path, edges, vertices=310)
    spec = Spec.from_delta(IN_PARTS.words(config), 0.5, slack=64)
    assert spec == CONNECTIVITY.spec(CONNECTIVITY.config(graph))
    whole, one = check(found, config, graph, spec, vertices=310)
    assert whole.ledger.without_clock() == one.ledger.without_clock()


def test_ids_are_counted(tmp_path):
    """At least every id travels once: with its machine to be sorted, its rank back, and new ones to their owners."""
    edges = [(2 * n, 2 * n + 1) for n in range(500)]
    found, config, _ = parts_of(tmp_path, edges)
    ledger = run(found, config, Spec(10, 20_000, 1)).ledger
    moved = {}
    for row in ledger.rounds:
        moved[row.label] = moved.get(row.label, 0) + row.words_sent - row.words_kept
    assert moved["ids: rows to their part"] >= 2 * 1000 and moved["ids: ranks back, ids to their owners"] == 2 * 1000


def test_too_little_memory_is_refused(tmp_path):
    edges = np.random.default_rng(2).integers(0, 10**6, (4000, 2)).tolist()
    found, config, _ = parts_of(tmp_path, edges)
    with pytest.raises(MemoryExceeded, match=r"machine 0 holds .* words in round 0 \(input\)"):
        run(found, {**config, "num_edges": 40}, Spec(2, 2000, 1))


class Fixed(Spill):
    """So many ranges, whatever the memory."""

    def ranges(self, spec, workers):
        return 4


def test_range_by_range_from_disk(tmp_path):
    edges = (np.random.default_rng(7).integers(0, 400, (450, 2)) * 7).tolist()
    found, config, graph = parts_of(tmp_path, edges)
    spec, folder = Spec(20, 9000, 1), tmp_path / "spill"
    whole, _ = check(found, config, graph, spec)
    spilled = run(found, config, spec, LocalEngine(spill=Fixed(1 << 30, folder)))
    assert spilled.ledger.without_clock() == whole.ledger.without_clock()
    np.testing.assert_array_equal(spilled.result.columns["label"], whole.result.columns["label"])
    assert list(folder.iterdir()) == []


def test_a_shelf_writes_what_changed_only(tmp_path):
    from logdepth.mpc import Table

    shelf = Shelf(tmp_path)
    offsets = np.array([0, 20_000])
    shelf.put("a", {"x": Table({"one": np.arange(20_000), "two": np.arange(20_000)}, offsets)})
    before = {path.name for path in shelf.folder.iterdir()}
    table = shelf.get("a")["x"]
    shelf.put("a", {"x": table.with_columns(two=table["two"] + 1)})
    after = {path.name for path in shelf.folder.iterdir()}
    assert len(before - after) == 1 == len(after - before)
    found = shelf.pop("a")["x"]
    assert found["one"].tolist() == list(range(20_000)) and found["two"].tolist() == list(range(1, 20_001))
    assert list(shelf.folder.iterdir()) == []


def test_ranges_of_a_worker():
    from logdepth.errors import InputError

    spec = Spec(64, 1 << 22, 50_000_000)
    assert Spill(8 << 30).ranges(spec, 2) == 1 < Spill(1 << 30).ranges(spec, 2) <= 32
    with pytest.raises(InputError, match="give at least 444 MiB"):
        Spill(1 << 20)
    with pytest.raises(InputError, match="give more machines"):
        Spill(1 << 30).ranges(Spec(2, 1 << 30, 50_000_000), 2)


def test_parts_hold_no_rows(tmp_path):
    """What goes to the workers, and what the driver keeps, is names and counts."""
    import pickle

    edges = np.arange(2000).reshape(-1, 2).tolist()
    found, config, _ = parts_of(tmp_path, edges, pieces=1)
    assert len(pickle.dumps(EdgeParts(found, 10))) < 400 * len(found.units)
    assert len(read_unit(found.units[0])[0][0]) == found.units[0].rows
    protocol = components_of_parts(Spec(4, 30_000, 1), **config)
    outputs = LabelParts(4, 1, False, AnswerPlace())
    taken = LocalEngine(threads=4).run(protocol, EdgeParts(found, 4), outputs=outputs).result
    assert taken.columns is None and taken.parts == () and taken.components == 1000
