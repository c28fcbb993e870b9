"""The Numba kernels give the NumPy kernels' bits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.mpc.kernels import NumpyKernels
from logdepth.mpc.numba_kernels import NumbaKernels

SEEDS = st.integers(0, 2**32 - 1)
BOTH = NumpyKernels(), NumbaKernels()


def offsets_of(rng, num_machines, num_rows):
    return np.concatenate([[0], np.sort(rng.integers(0, num_rows + 1, num_machines - 1)), [num_rows]])


def same(one, two):
    if isinstance(one, tuple | list):
        assert len(one) == len(two)
        for left, right in zip(one, two, strict=True):
            same(left, right)
    else:
        assert one.dtype.kind == two.dtype.kind
        np.testing.assert_array_equal(one, two)


@settings(deadline=None)
@given(SEEDS, st.integers(1, 9), st.integers(0, 200), st.sampled_from([np.int32, np.int64]))
def test_all_kernels(seed, machines, rows, word):
    rng = np.random.default_rng(seed)
    offsets = offsets_of(rng, machines, rows)
    address = rng.integers(0, rng.integers(1, 300), rows).astype(word)
    destination = rng.integers(0, machines, rows).astype(np.int32)
    columns = [address, rng.integers(-(2**60), 2**60, rows), rng.normal(size=rows)]
    mask = rng.random(rows) < rng.random()
    fact_offsets = np.arange(machines + 1) * 300
    facts = rng.integers(0, 10**9, machines * 300)
    index = rng.integers(0, 300, rows).astype(np.int32)
    other = rng.integers(0, 300, rows).astype(np.int32)
    values = rng.integers(0, 10**9, rows)
    ends = rng.integers(0, rng.integers(1, 300), rows).astype(word)
    shift = word(rng.choice([0, 10**6]))
    some = rng.random(machines) < 0.8
    cells = BOTH[0].cells(fact_offsets, 0, machines, np.dtype(word))
    calls = [
        lambda k: k.deliver(destination, columns, machines),
        lambda k: k.deliver_all([destination, destination[:7]], [columns, [c[:7] for c in columns]], machines),
        lambda k: k.select(offsets, mask, columns),
        lambda k: k.owner(address, machines),
        lambda k: k.distinct_by_owner(offsets, address, machines),
        lambda k: k.distinct_by_owner(offsets, address, 10_000),
        lambda k: k.index_pairs(offsets, address, address[::-1].copy(), machines),
        lambda k: k.owner_runs(offsets, np.sort(address % machines) + machines * 7, machines),
        lambda k: k.read_owned(offsets, address, fact_offsets, facts, machines),
        lambda k: k.read_local(offsets, index, fact_offsets, facts),
        lambda k: k.least_at(offsets, index, values, fact_offsets, facts),
        lambda k: k.least_neighbor(offsets, index, other, fact_offsets, facts),
        lambda k: k.merge([columns, columns], [offsets, offsets]),
        *(lambda k, n=n, q=q: k.crowds(offsets, address, q, n) for n in (0, 3) for q in (machines, 5000)),
        lambda k: k.lower_roots(offsets, address, address[::-1] // 2, fact_offsets, cells, machines),
        lambda k: k.marked(offsets, address, fact_offsets, machines),
        lambda k: k.cells(offsets, 3, 7, np.dtype(word)),
        lambda k: k.forest(offsets, address, ends, mask, some, 600),
        lambda k: k.forest(offsets, address + 10**6, ends, mask, some, 600),
        *(lambda k, w=w, p=p: k.stars(offsets, address, ends + shift, w, p) for w in (0, 5, 500) for p in (20, 9999)),
    ]
    for call in calls:
        same(call(BOTH[0]), call(BOTH[1]))


@settings(deadline=None)
@given(st.integers(1, 10**6), st.lists(st.integers(0, 2**31 - 1), max_size=50))
def test_owner_at_the_edge_of_the_quotient(machines, addresses):
    edges = [machines * factor + shift for factor in (1, 1000, 2000) for shift in (-1, 0, 1)]
    address = np.array([*addresses, *edges])
    for kernels in BOTH:
        np.testing.assert_array_equal(kernels.owner(address, machines), address % machines)


@settings(deadline=None)
@given(SEEDS, st.integers(1, 9), st.integers(0, 200))
def test_distinct_by_owner_is_what_it_says(seed, machines, rows):
    rng = np.random.default_rng(seed)
    offsets = offsets_of(rng, 4, rows)
    address = rng.integers(0, 100, rows)
    for kernels in BOTH:
        distinct, starts, index = kernels.distinct_by_owner(offsets, address, machines)
        for machine in range(4):
            own = address[offsets[machine] : offsets[machine + 1]]
            found = distinct[starts[machine] : starts[machine + 1]].tolist()
            assert sorted(found) == sorted(set(own.tolist()))
            first = list(dict.fromkeys(own.tolist()))
            assert found == sorted(first, key=lambda value: (value % machines, first.index(value)))
            assert [found[i] for i in index[offsets[machine] : offsets[machine + 1]]] == own.tolist()


@pytest.mark.parametrize("kernels", BOTH, ids=lambda kernels: kernels.name)
@pytest.mark.parametrize("wrong", [-1, 3])
def test_a_destination_that_is_no_machine(kernels, wrong):
    with pytest.raises((AssertionError, ValueError)):
        kernels.deliver(np.array([0, wrong]), [np.array([1, 2])], 3)
