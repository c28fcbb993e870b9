"""Protocols, engines, limits and the ledger, on small protocols written for the purpose."""

import numpy as np
import pytest

from logdepth.errors import InputError, MemoryExceeded
from logdepth.mpc import (
    Change,
    Choose,
    Local,
    LocalEngine,
    Loop,
    Protocol,
    Send,
    Spec,
    Table,
    per_machine,
    place_messages,
    rows_per_machine,
)
from logdepth.mpc.engine import SMALL_WORDS, choose_kernels, machine_ranges


def ring(num_machines, num_rounds, memory=100):
    """Each machine sends what it has to the next; a counter stays at home."""

    def step(shard):
        mail, home = shard["mail"], shard["home"]
        to = (shard.machine_of(mail) + 1) % num_machines
        return Change(
            keep={"home": home.with_columns(seen=home["seen"] + mail.counts)}, drop=("mail",), mail={"mail": (mail, to)}
        )

    spec = Spec(num_machines, memory, num_machines)
    return Protocol("ring", spec, [Send("pass", step)] * num_rounds, lambda tables: tables)


def ring_input(num_machines, rows):
    mail = Table({"value": np.arange(rows)}, np.concatenate([[0], np.full(num_machines, rows)]))
    return {"mail": mail, "home": rows_per_machine(num_machines, seen=np.zeros(num_machines, np.int64))}


def test_ledger_to_the_word():
    run = LocalEngine().run(ring(4, 3), ring_input(4, 5))
    assert run.result["mail"].counts.tolist() == [0, 0, 0, 5]
    assert run.result["home"]["seen"].tolist() == [5, 5, 5, 0]
    rows = run.ledger.rounds
    assert [row.label for row in rows] == ["pass"] * 3
    # the place in the protocol is a word of every machine, and so is its counter
    assert [row.max_words_held for row in rows] == [6, 7, 7]
    assert [row.max_words_sent for row in rows] == [7, 7, 7]
    assert [row.max_words_received for row in rows] == [7, 7, 7]
    assert [row.words_kept for row in rows] == [8, 8, 8]
    assert [row.words_sent for row in rows] == [13, 13, 13]
    assert [row.messages for row in rows] == [5, 5, 5]
    assert run.ledger.summary()["num_rounds_bound"] == 3
    assert run.ledger.summary()["max_words_held"] == 7


@pytest.mark.parametrize("ranges", [None, [(0, 1), (1, 4)], [(0, 1), (1, 2), (2, 3), (3, 4)]])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("kernels", ["numba", "numpy"])
def test_same_whatever_the_shards(ranges, threads, kernels):
    whole = LocalEngine().run(ring(4, 5), ring_input(4, 5))
    other = LocalEngine(kernels=kernels, threads=threads, ranges=ranges).run(ring(4, 5), ring_input(4, 5))
    assert whole.ledger.without_clock() == other.ledger.without_clock()
    for name, table in whole.result.items():
        np.testing.assert_array_equal(table.offsets, other.result[name].offsets)
        for column, values in table.columns.items():
            np.testing.assert_array_equal(values, other.result[name][column])


@pytest.mark.parametrize(
    ("memory", "rows", "what", "round"), [(4, 5, "holds", 0), (6, 5, "sends", 0), (7, 5, None, None)]
)
def test_limits(memory, rows, what, round):
    if what is None:
        LocalEngine().run(ring(4, 3, memory), ring_input(4, rows))
        return
    with pytest.raises(MemoryExceeded, match=rf"machine 0 {what} .* local_memory = {memory}; give") as caught:
        LocalEngine().run(ring(4, 3, memory), ring_input(4, rows))
    assert (caught.value.machine, caught.value.round, caught.value.limit) == (0, round, memory)
    assert caught.value.words > memory
    recorded = LocalEngine().run(ring(4, 3, memory), ring_input(4, rows), strict=False)
    assert recorded.ledger.exceeded and recorded.ledger.summary()["limits_exceeded"] == len(recorded.ledger.exceeded)


def test_receiving_too_much():
    spec = Spec(8, 6, 8)
    step = Send(
        "all to 5", lambda shard: Change(drop=("x",), mail={"x": (shard["x"], np.full(shard["x"].num_rows, 5))})
    )
    inputs = {"x": rows_per_machine(8, value=np.arange(8))}
    with pytest.raises(MemoryExceeded, match="machine 5 receives 9 words in round 0 \\(all to 5\\)"):
        LocalEngine().run(Protocol("gather", spec, [step], dict), inputs)


def counted_loop(bound, last, proved="Theorem 0"):
    """Counts up at home and leaves when `last` is reached."""

    def up(shard):
        return Change(keep={"n": shard.one_each(n=shard["n"]["n"] + 1)})

    return [Loop([Send("up", up)], bound, lambda shard: shard["n"]["n"] >= last, proved)]


@pytest.mark.parametrize(("bound", "last"), [(5, 5), (5, 2), (0, 0), (5, 0)])
def test_loops_leave_early_and_the_bound_stands(bound, last):
    protocol = Protocol("loop", Spec(3, 9, 3), counted_loop(bound, last), lambda tables: tables["n"]["n"].tolist())
    run = LocalEngine().run(protocol, {"n": rows_per_machine(3, n=np.zeros(3, np.int64))})
    assert run.result == [last] * 3
    assert run.ledger.num_rounds == last
    assert protocol.num_rounds == bound


def test_a_loop_that_breaks_its_bound_is_never_silent():
    protocol = Protocol("loop", Spec(3, 9, 3), counted_loop(4, 5), dict)
    with pytest.raises(AssertionError, match="not done after 4 passes; Theorem 0 rules this out"):
        LocalEngine().run(protocol, {"n": rows_per_machine(3, n=np.zeros(3, np.int64))})


def test_nested_loops_and_choices():
    def add(amount):
        return Send(f"add {amount}", lambda shard: Change(keep={"n": shard.one_each(n=shard["n"]["n"] + amount)}))

    def odd(shard):
        return shard["n"]["n"] % 2

    stages = [
        Loop([Loop([add(1)], 3), Choose(odd, [add(10)], [add(100), Local(lambda shard: Change())])], 2),
        Choose(odd, [], [add(1000)]),
    ]
    protocol = Protocol("nest", Spec(2, 9, 2), stages, lambda tables: tables["n"]["n"].tolist())
    run = LocalEngine().run(protocol, {"n": rows_per_machine(2, n=np.zeros(2, np.int64))})
    assert run.result == [1116, 1116]  # 3 is odd: 13; 16 is even: 116; even: 1116
    assert [row.label for row in run.ledger.rounds][-2:] == ["add 100", "add 1000"]
    assert protocol.num_rounds == 2 * (3 + 1) + 1 >= run.ledger.num_rounds


def test_machines_that_disagree_are_stopped():
    stages = [Choose(lambda shard: shard["n"]["n"], [], [])]
    protocol = Protocol("odd", Spec(2, 9, 2), stages, dict)
    with pytest.raises(InputError, match="disagree"):
        LocalEngine().run(protocol, {"n": rows_per_machine(2, n=np.array([0, 1]))})


def test_local_is_pure():
    protocol = ring(4, 2)
    inputs = ring_input(4, 5)
    before = {name: {key: value.copy() for key, value in table.columns.items()} for name, table in inputs.items()}
    first = LocalEngine().run(protocol, inputs)
    again = LocalEngine().run(protocol, inputs)
    assert first.ledger.without_clock() == again.ledger.without_clock()
    for name, table in inputs.items():
        for key, value in table.columns.items():
            np.testing.assert_array_equal(value, before[name][key])


def test_per_machine_counts_source_and_state():
    def local(round, machine, inbox):
        total = sum(message[0] for message, _ in inbox)
        return [((total + 1, round), (machine + 1) % 3)]

    protocol = per_machine("sum", Spec(3, 10, 3), 4, local, message_words=2)
    run = LocalEngine().run(protocol, place_messages(protocol.spec, [[(5, 0)], [], []]))
    assert run.result == [[((4, 3), 2)], [((9, 3), 0)], [((4, 3), 1)]]
    assert {row.max_words_sent for row in run.ledger.rounds} == {4}  # source, two words, and the round
    inputs = place_messages(protocol.spec, [[(1, 2)], [], []])
    stray = per_machine("bad", Spec(3, 10, 3), 1, lambda *_: [((1, 2), 7)], message_words=2)
    with pytest.raises(InputError, match="machine 0 in round 0 sends to machine 7"):
        LocalEngine().run(stray, inputs)
    short = per_machine("bad", Spec(3, 10, 3), 1, lambda *_: [((1,), 1)], message_words=2)
    with pytest.raises(InputError, match="a tuple of 2 integers"):
        LocalEngine().run(short, inputs)


def test_choices_of_engine():
    assert machine_ranges(5, 9) == [(i, i + 1) for i in range(5)]
    with pytest.raises(InputError, match="auto, numba, numpy"):
        choose_kernels("cuda", 1)
    with pytest.raises(InputError, match="auto, numba, numpy"):
        LocalEngine(kernels="cuda")


def test_kernels_by_size():
    names = [choose_kernels("auto", words).name for words in (0, SMALL_WORDS, SMALL_WORDS + 1)]
    assert names == ["numpy", "numpy", "numba"]
    assert [choose_kernels(name, 1).name for name in ("numba", "numpy")] == ["numba", "numpy"]
    assert choose_kernels("numpy", 10**9).name == "numpy"
