"""Distributed arrays and blocks against the sentences that define them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from logdepth.mpc.kernels import NumpyKernels
from logdepth.mpc.spec import Spec
from logdepth.mpc.table import Shard
from logdepth.protocols.arrays import addresses, block_owner, block_starts, cell_rows, in_blocks, in_order, in_turn

sizes = given(machines=st.integers(1, 12), size=st.integers(0, 40))


@sizes
def test_an_array(machines, size):
    spec = Spec(machines, 100, size)
    table = in_turn(spec, value=np.arange(size))
    shard = Shard(spec, 0, machines, {"a": table}, NumpyKernels())
    assert (addresses(shard, table) == table["value"]).all()
    assert (shard.machine_of(table) == table["value"] % machines).all()
    assert in_order(table, "value").tolist() == list(range(size))
    assert (cell_rows(shard, table, table, table["value"]) == np.arange(size)).all()


@sizes
def test_blocks(machines, size):
    spec = Spec(machines, 100, size)
    table = in_blocks(spec, value=np.arange(size))
    shard = Shard(spec, 0, machines, {"a": table}, NumpyKernels())
    assert (block_starts(shard, size) == table.offsets[:-1]).all()
    assert (block_owner(spec, table["value"], size) == shard.machine_of(table)).all()
