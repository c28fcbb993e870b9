"""Layouts: token by token the same as a problem's own `place` and `collect`."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.mpc.engine import LocalEngine
from logdepth.mpc.kernels import NumpyKernels
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Shard, Table, join_tables
from logdepth.protocols import BUILT_IN
from logdepth.protocols.inputs.pointers import Pointers
from logdepth.protocols.layout import TOKENS
from logdepth.simulation.problem_to_transformer import same


def columns_of(tables):
    return {
        name: ({key: (c.dtype.str, c.tobytes()) for key, c in t.columns.items()}, t.offsets.tolist())
        for name, t in tables.items()
    }


def check_layout(problem, data, spec):
    """Moves the tokens by hand: what each machine loads is what it was placed, what it unloads is the result."""
    config = problem.config(data)
    protocol, placed = problem.protocol(spec, **config), problem.place(spec, data)
    layout = problem.layout(spec, **config)
    tokens = layout.tokens(data)
    assert {name: column.dtype for name, column in tokens.items()} == dict(layout.inputs)
    final = {}

    def keep(tables):
        final.update(tables)
        return protocol.collect(tables)

    shards = []
    for machine in range(spec.num_machines):
        own = np.flatnonzero(layout.reader == machine)
        table = Table({name: column[own] for name, column in tokens.items()}, np.array([0, len(own)]))
        shards.append(layout.load(Shard(spec, machine, 1, {TOKENS: table}, NumpyKernels())))
    loaded = {name: join_tables([shard[name] for shard in shards]) for name in placed}
    assert [list(shard) for shard in shards] == [list(placed)] * spec.num_machines
    assert columns_of(loaded) == columns_of(placed)

    run = LocalEngine().run(replace(protocol, collect=keep), placed)
    out = {name: np.zeros(len(layout.writer), word) for name, word in layout.outputs.items()}
    for machine in range(spec.num_machines):
        tables = {name: table.part(machine, machine + 1) for name, table in final.items()}
        rows = layout.unload(Shard(spec, machine, 1, tables, NumpyKernels()))
        own = np.flatnonzero(layout.writer == machine)
        assert rows.offsets.tolist() == [0, len(own)]
        for name, column in out.items():
            assert rows[name].dtype == column.dtype
            column[own] = rows[name]
    offsets = np.arange(len(layout.writer) + 1)
    assert same(layout.result(Table(out, offsets)), run.result)


@pytest.mark.parametrize("name", BUILT_IN)
@settings(max_examples=8, deadline=None)
@given(size=st.integers(1, 60), machines=st.integers(1, 12), seed=st.integers(0, 1000))
def test_layouts_are_place_and_collect(name, size, machines, seed):
    problem = BUILT_IN[name]
    data = problem.sample(size, edges=2 * size, k=seed % 20, seed=seed)
    check_layout(problem, data, Spec(machines, 5000, problem.words(problem.config(data))))


def test_odd_inputs():
    check_layout(BUILT_IN["sort"], np.array([0.5, -0.0, -np.inf]), Spec(2, 5000, 3))
    check_layout(BUILT_IN["pointer-doubling"], Pointers(np.array([1, 2, 0]), power=5), Spec(5, 5000, 3))
    check_layout(BUILT_IN["prefix-sum"], np.zeros(0, np.int64), Spec(3, 5000, 0))
    check_layout(BUILT_IN["bipartiteness"], BUILT_IN["bipartiteness"].sample(0, edges=0), Spec(3, 5000, 0))
