"""Sample sort: stable, exact, within s, for any skew; and the trees it stands on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.errors import SpecError
from logdepth.mpc import LocalEngine, Protocol, Spec, Table
from logdepth.protocols.sample_sort import least_root, plan_sort, sort
from logdepth.protocols.segments import Last, Sum
from logdepth.protocols.trees import all_reduce, keeping_fan, prefix, tree_depth, tree_fan


def shapes(rng, kind, size):
    return {
        "uniform": lambda: rng.integers(0, 10**9, size),
        "equal": lambda: np.zeros(size, np.int64),
        "two": lambda: rng.integers(0, 2, size),
        "sorted": lambda: np.arange(size),
        "reversed": lambda: -np.arange(size),
        "skewed": lambda: np.minimum(rng.pareto(0.7, size), 10**9).astype(np.int64),
        "sawtooth": lambda: np.arange(size) % 17,
        "extremes": lambda: rng.choice([np.iinfo(np.int64).min, -1, 0, np.iinfo(np.int64).max], size),
    }[kind]()


KINDS = ["uniform", "equal", "two", "sorted", "reversed", "skewed", "sawtooth", "extremes"]


def sorted_rows(values, offsets, spec):
    size = len(values)
    stages = sort(spec, "x", ["v"], 2, max_rows=size, what="sort")
    protocol = Protocol("sort", spec, stages, lambda tables: tables["x"])
    inputs = {"x": Table({"v": values, "row": np.arange(size)}, offsets)}
    run = LocalEngine().run(protocol, inputs)
    order = np.argsort(values, kind="stable")
    np.testing.assert_array_equal(run.result["v"], values[order])
    np.testing.assert_array_equal(run.result["row"], order)
    assert run.ledger.num_rounds == protocol.num_rounds
    return run


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("q", "s", "size"), [(1, 999, 50), (2, 400, 60), (9, 900, 300), (64, 60_000, 57_600), (300, 9000, 30_000)]
)
def test_sorts(kind, q, s, size):
    rng = np.random.default_rng(q)
    sorted_rows(shapes(rng, kind, size), np.arange(q + 1) * size // q, Spec(q, s, size))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(KINDS), st.integers(2, 120), st.integers(0, 800), st.floats(0, 1))
def test_sorts_from_any_placement(seed, kind, q, size, evenness):
    """Machines may hold very different numbers of rows, as far as s allows."""
    rng = np.random.default_rng(seed)
    spec = Spec(q, 4000 + 40 * q, size)
    most = spec.local_memory // 8
    counts = np.zeros(q, np.int64)
    left = size
    for machine in rng.permutation(q):
        counts[machine] = min(left, most, int(size / q / max(evenness, 0.01)) + 1)
        left -= counts[machine]
    sorted_rows(shapes(rng, kind, size - left), np.concatenate([[0], np.cumsum(counts)]), spec)


@pytest.mark.parametrize("delta", [0.25, 0.34, 0.5, 0.75])
def test_rounds_depend_on_delta_not_on_n(delta):
    """A constant for fixed delta: from n = 1e9 on the same, or fewer as s leaves room."""
    rounds = []
    for size in (10**9, 10**12, 10**15, 10**18):
        spec = Spec.from_delta(size, delta, slack=64)
        rounds.append(plan_sort(spec, 1, 2, size).num_rounds)
    assert rounds[-1] <= rounds[-2] <= max(rounds[:2])
    assert rounds[-1] <= 16 / delta**2


def test_too_small_says_the_least():
    spec = Spec(50, 10, 100)
    with pytest.raises(SpecError, match=r"give at least (\d+) words") as error:
        plan_sort(spec, 1, 2, 100)
    least = int(str(error.value).split("give at least ")[1].split()[0])
    plan_sort(Spec(50, least, 100), 1, 2, 100)
    with pytest.raises(SpecError):
        plan_sort(Spec(50, least - 1, 100), 1, 2, 100)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 500), st.integers(1, 3), st.integers(2, 5), st.integers(0, 5000))
def test_more_memory_is_never_refused(q, key_words, row_words, size):
    def fits(memory: int) -> bool:
        try:
            plan_sort(Spec(q, memory, size), key_words, row_words, size)
        except SpecError:
            return False
        return True

    memory, found = 16, []
    while memory < 10**6:
        found.append(fits(memory))
        memory += memory // 7 + 1
    assert found == sorted(found)


@given(st.integers(1, 10**12), st.integers(1, 40))
def test_least_root(value, power):
    root = least_root(value, power)
    assert root**power >= value
    assert root == 1 or (root - 1) ** power < value


def run_stages(spec, stages, name):
    protocol = Protocol("tree", spec, stages, lambda tables: tables[name])
    run = LocalEngine().run(
        protocol, {"home": Table({"v": np.arange(spec.num_machines)}, np.arange(spec.num_machines + 1))}
    )
    assert run.ledger.num_rounds == protocol.num_rounds
    return run.result


@pytest.mark.parametrize("q", [1, 2, 3, 16, 17, 100, 1000])
@pytest.mark.parametrize("s", [80, 200, 5000])
def test_trees(q, s):
    spec = Spec(q, s, q)
    own = {"v": lambda shard: shard["home"]["v"] + 1}

    def values(shard):
        return {"v": own["v"](shard)}

    assert (run_stages(spec, all_reduce(spec, "t", values, "sum", what="sum"), "t")["v"] == q * (q + 1) // 2).all()
    assert (run_stages(spec, all_reduce(spec, "t", values, "max", what="max"), "t")["v"] == q).all()
    assert (run_stages(spec, all_reduce(spec, "t", values, {"v": "min"}, what="min"), "t")["v"] == 1).all()
    if s < 16 * (q.bit_length() + 1):
        return
    before = run_stages(spec, prefix(spec, "t", values, Sum(), words=1, what="p"), "t")["v"]
    np.testing.assert_array_equal(before, np.arange(q) * (np.arange(q) + 1) // 2)

    def odd(shard):
        return {"some": shard["home"]["v"] % 3 // 2, "v": shard["home"]["v"]}

    last = run_stages(spec, prefix(spec, "t", odd, Last(), words=2, what="p"), "t")
    expected = [max([j for j in range(i) if j % 3 == 2], default=None) for i in range(q)]
    found = [int(v) if some else None for some, v in zip(last["some"], last["v"], strict=True)]
    assert found == expected


def test_tree_shapes():
    assert tree_fan(Spec(5, 1000, 1), 2) == 5
    assert [tree_depth(q, 3) for q in (1, 3, 4, 9, 10)] == [0, 1, 2, 2, 3]
    for q in (1, 2, 129, 5000):
        fan, depth = keeping_fan(Spec(q, 400, 1), 2)
        assert fan**depth >= q and depth * fan * 2 <= 400
    with pytest.raises(SpecError, match="has 4 words of it and needs 18"):
        keeping_fan(Spec(129, 16, 0), 1)
    with pytest.raises(SpecError, match="needs 32 words"):
        tree_fan(Spec(129, 16, 0), 2)
