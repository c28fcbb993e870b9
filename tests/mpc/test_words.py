"""What is no word is refused, by stage, table and column; what is one is counted, also at the end."""

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
from logdepth.mpc.kernels import NumpyKernels
from logdepth.mpc.numba_kernels import NumbaKernels
from logdepth.mpc.words import WORDS

FOUR = np.arange(5)  # offsets of one row on each of four machines


class Fat(Table):
    """Could carry anything beside its columns."""


class Text(str):
    pass


NO_TABLES = [
    (lambda: Table({"v": np.zeros((4, 50))}, FOUR), r"column 'v' of table 'x' has shape \(4, 50\); .* each of 4 rows"),
    (lambda: Table({}, FOUR), "table 'x' has no columns, so its rows would cost nothing"),
    (lambda: Table({"v": np.full(4, "a" * 1000)}, FOUR), "column 'v' of table 'x' holds dtype.*U1000.* no word"),
    (lambda: Table({"v": np.full(4, b"a")}, FOUR), "no word"),
    (lambda: Table({"v": np.array([{}, [], "", 0], object)}, FOUR), "holds dtype.'O'.*no word"),
    (lambda: Table({"v": np.zeros(4, [("a", "i8"), ("b", "i8")])}, FOUR), "no word"),
    (lambda: Table({"v": np.zeros(4, np.longdouble)}, FOUR), "no word"),
    (lambda: Table({"v": np.zeros(4, np.complex128)}, FOUR), "no word"),
    (lambda: Table({"v": np.zeros(4, ">i8" if np.little_endian else "<i8")}, FOUR), "byte order"),
    (lambda: Table({"v": np.zeros(4, np.dtype("i8", metadata={"more": 1}))}, FOUR), "no word"),
    (lambda: Table({"v": np.ma.zeros(4, np.int64)}, FOUR), "is a MaskedArray; a plain NumPy array"),
    (lambda: Table({"v": np.zeros(4).tolist()}, FOUR), "is a list; a plain NumPy array"),
    (lambda: Table({"v": np.zeros(4), "w": np.zeros(5)}, FOUR), r"column 'w' of table 'x' has shape \(5,\)"),
    (lambda: Table({"v": np.zeros(3)}, FOUR), r"has shape \(3,\); it needs one word for each of 4 rows"),
    (lambda: Table({"": np.zeros(4)}, FOUR), "needs a name"),
    (lambda: Table({Text("v"): np.zeros(4)}, FOUR), "needs a name that is text"),
    (lambda: Table({"v": np.zeros(3)}, np.arange(4)), r"the offsets of table 'x' are an array .* 4 machines need 5"),
    (lambda: Table({"v": np.zeros(4)}, FOUR * 1.0), "the offsets of table 'x' are an array of float64"),
    (lambda: Table({"v": np.zeros(4)}, FOUR.tolist()), "the offsets of table 'x' are a list"),
    (lambda: Table({"v": np.zeros(4)}, np.array([0, 3, 1, 4, 4])), "start at 0 and never fall"),
    (lambda: Table({"v": np.zeros(4)}, np.array([1, 2, 3, 4, 4])), "start at 0 and never fall"),
    (lambda: Fat({"v": np.zeros(4)}, FOUR), "no plain Table"),
    (lambda: {"v": np.zeros(4)}, "'x' is a dict; a Table is needed"),
]


def numbers(shard):
    return Table({"n": shard.machines}, np.arange(shard.num_machines + 1))


def run(*stages, memory=1000, inputs=None, **engine):
    inputs = {"n": rows_per_machine(4, n=np.arange(4))} if inputs is None else inputs
    return LocalEngine(**engine).run(Protocol("mine", Spec(4, memory, 4), stages, dict), inputs)


@pytest.mark.parametrize(("make", "message"), NO_TABLES)
def test_no_table_of_words(make, message):
    to_next = (np.arange(4) + 1) % 4

    def keep(shard):
        return Change(keep={"x": make()})

    def mail(shard):
        return Change(mail={"x": (make(), to_next)})

    with pytest.raises(InputError, match="^mine: local stage 'keep': .*" + message):
        run(Local(keep))
    with pytest.raises(InputError, match="^mine: stage 'store': .*" + message):
        run(Send("store", keep))
    with pytest.raises(InputError, match="^mine: stage 'tell': .*" + message):
        run(Send("tell", mail))
    with pytest.raises(InputError, match="^mine: the input: .*" + message):
        run(inputs={"x": make()})


NO_DESTINATIONS = [
    (lambda: np.arange(4) + 1, "machine 3 sends row 0 of table 'x' to machine 4; machines are 0..3"),
    (lambda: np.array([0, -1, 0, 0]), "machine 1 sends row 0 of table 'x' to machine -1"),
    (lambda: np.full(4, 10**15), "to machine 1000000000000000"),
    (lambda: np.zeros(4), "destinations of table 'x' are an array of float64"),
    (lambda: np.zeros(4, bool), "destinations of table 'x' are an array of bool"),
    (lambda: np.zeros(4, np.uint64), "destinations of table 'x' are an array of uint64"),
    (lambda: np.zeros(3, int), r"with shape \(3,\); it needs one machine's number, .* for each of 4 rows"),
    (lambda: np.zeros((4, 1), int), "with shape"),
    (lambda: [0, 0, 0, 0], "are a list"),
    (lambda: 0, "are a int"),
]


@pytest.mark.parametrize(("make", "message"), NO_DESTINATIONS)
@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_no_destinations(make, message, kernels):
    with pytest.raises(InputError, match="^mine: stage 'tell': .*" + message):
        run(Send("tell", lambda shard: Change(mail={"x": (numbers(shard), make())})), kernels=kernels)


def test_what_a_stage_may_return():
    def everything(shard):
        return Change(mail={"n": (numbers(shard), shard.machines)})

    for stage, message in [
        (Send("tell", everything), "stage 'tell': table 'n' is both kept and mailed; drop it, or rename one"),
        (Send("tell", lambda shard: Change(mail={"x": numbers(shard)})), "mail 'x' is a Table; a table and its dest"),
        (Send("tell", lambda shard: {}), "stage 'tell': returns a dict; a Change is needed"),
        (Send("tell", lambda shard: Change(drop=("y",))), "stage 'tell': drops table 'y', which is not there"),
        (Send("tell", lambda shard: Change(keep={"control": shard["n"]})), "cannot be called 'control'"),
        (Send("tell", lambda shard: Change(keep={"a|b": shard["n"]})), r"cannot be called 'a\|b'"),
        (Send("tell", lambda shard: shard["m"]), "stage 'tell': there is no table 'm'; there are: n"),
        (Local(everything), "local stage 'everything': mails something; only a Send makes a round"),
        (Local(lambda shard: None), r"local stage \(a lambda, line \d+\): returns a NoneType"),
        (Choose(lambda shard: 1, [], []), r"flag .*has shape \(\); it needs one value for each of 4 machines"),
        (Loop([], 3, lambda shard: shard["n"]["n"], ""), "machines 0 and 1 disagree"),
    ]:
        with pytest.raises(InputError, match="^mine: .*" + message):
            run(stage)


def test_no_input_says_where_to_begin():
    with pytest.raises(InputError, match="mine: the input: a table cannot be called 'control'"):
        run(inputs={"control": rows_per_machine(4, place=np.full(4, 1))})


def test_other_errors_name_the_stage():
    with pytest.raises(ZeroDivisionError) as caught:
        run(Send("divide", lambda shard: 1 // 0))
    assert caught.value.__notes__ == ["in mine: stage 'divide'"]


@pytest.mark.parametrize("strict", [True, False])
def test_what_grows_at_the_end_is_counted(strict):
    """Machine 2 makes 50 words out of one after the last round."""

    def grow(shard):
        counts = np.where(shard.machines == 2, 50, 1)
        return Change(keep={"big": Table({"v": np.arange(counts.sum())}, np.concatenate([[0], np.cumsum(counts)]))})

    stages = [Send("wait", lambda shard: Change()), Local(grow)]
    engine, inputs = LocalEngine(), {"n": rows_per_machine(4, n=np.arange(4))}
    protocol = Protocol("mine", Spec(4, 20, 4), stages, dict)
    if strict:
        with pytest.raises(MemoryExceeded, match=r"machine 2 holds 51 words in round 1 \(the end\)") as caught:
            engine.run(protocol, inputs)
        assert (caught.value.machine, caught.value.words) == (2, 51)
    else:
        ledger = engine.run(protocol, inputs, strict=False).ledger
        assert ledger.held_at_end == ledger.summary()["max_words_held"] == 51 and len(ledger.exceeded) == 1


def test_tables_changed_in_place_are_seen():
    """A table in the inbox is frozen, its dict of columns is not: a column of 1000 words a row, put in behind."""

    def sneak(shard):
        shard["n"].columns["more"] = np.zeros((4, 1000))
        return Change()

    with pytest.raises(InputError, match=r"mine: stage 'wait': column 'more' of table 'n' has shape \(4, 1000\)"):
        run(Local(sneak), Send("wait", lambda shard: Change()))
    with pytest.raises(InputError, match="mine: 'the end': column 'more'"):
        run(Local(sneak))

    def slip_in(shard):
        shard.tables["more"] = shard["n"]
        return Change()

    with pytest.raises(TypeError, match="does not support item assignment"):
        run(Local(slip_in))


def test_booleans_cost_a_word():
    def tell(shard):
        return Change(mail={"bits": (Table({"bit": numbers(shard)["n"] > 1}, numbers(shard).offsets), shard.machines)})

    plain, told = run(Send("tell", lambda shard: Change())), run(Send("tell", tell))
    assert told.ledger.rounds[0].words_sent == plain.ledger.rounds[0].words_sent + 4


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("ranges", [[(0, 4)], [(0, 2), (2, 4)], [(0, 1), (1, 2), (2, 3), (3, 4)]])
def test_machines_out_of_step(kernels, ranges):
    """Machines that take their own number for a flag: refused in one shard or in many, also when all then send."""
    upper = lambda shard: shard.machines >= 2  # noqa: E731
    wait = Send("wait", lambda shard: Change())
    for stages in ([Choose(upper, [wait], [])], [Choose(upper, [wait], [wait, wait]), wait]):
        with pytest.raises(InputError, match=r"disagree|machines out of step: machine 0 is at stage"):
            run(*stages, kernels=kernels, ranges=ranges)


def test_a_flag_may_not_look_at_all_machines():
    """In one shard it could: an all-reduce for nothing."""
    total = Choose(lambda shard: np.full(shard.num_machines, shard["n"]["n"].sum() > 3), [], [])
    with pytest.raises(InputError, match=r"flag .*: machine 3 by itself holds another; it looks at others' rows"):
        run(total)


@pytest.mark.parametrize("what", ["name", "column", "type", "mail"])
def test_machines_that_tell_by_names_are_out_of_step(what):
    """A table's name, its columns' names and types are text: a machine may not write its secret there."""

    def secret(shard):
        word = f"secret{shard.first}"
        name, column = (word if what == "name" else "x"), (word if what == "column" else "v")
        table = Table({column: np.zeros(shard.num_machines, [np.int32, np.int64][what == "type" and shard.first > 1])},
                      np.arange(shard.num_machines + 1))  # fmt: skip
        return Change(mail={word: (table, shard.machines)}) if what == "mail" else Change(keep={name: table})

    with pytest.raises(InputError, match="out of step: in stage 'tell' their tables differ, in machine 0"):
        run(Send("tell", secret), ranges=[(0, 2), (2, 4)])


@pytest.mark.parametrize("ranges", [[(2, 4), (0, 2)], [(0, 2)], [(0, 3), (2, 4)], [(0, 2), (2, 2), (2, 4)], [(0, 5)]])
def test_shards_out_of_order_are_refused(ranges):
    with pytest.raises(InputError, match=r"are not machines 0\.\.3 in order"):
        run(Send("wait", lambda shard: Change()), ranges=ranges)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([((1.5,), 1)], "sends .1.5,.; a message is a tuple of 1 integers of 64 bits"),
        ([((2**63,), 1)], "sends .9223372036854775808,."),
        ([(("x",), 1)], "sends"),
        ([((1,), 1.5)], "sends to 1.5; a machine is a whole number"),
        ([((1,), -1)], "sends to machine -1; machines are 0..2"),
    ],
)
def test_one_machine_at_a_time_sends_words(answer, message):
    protocol = per_machine("mine", Spec(3, 10, 3), 1, lambda *_: answer, message_words=1)
    with pytest.raises(InputError, match="mine: machine 0 in round 0 " + message):
        LocalEngine().run(protocol, place_messages(protocol.spec, [[], [], []]))


def test_one_machine_at_a_time_starts_with_words():
    with pytest.raises(InputError, match=r"the message \(1.5,\) is not a tuple of integers of 64 bits"):
        place_messages(Spec(1, 10, 1), [[(1.5,)]])


@pytest.mark.parametrize("dtype", [bool, np.uint64, np.float32, np.complex64])
def test_words_of_other_kinds_travel(dtype):
    assert np.dtype(dtype) in WORDS
    values = np.array([0, 1, 1, 0, 5, 7]).astype(dtype)
    for kernels in (NumpyKernels(), NumbaKernels()):
        (moved, same), offsets = kernels.deliver(np.array([2, 1, 0, 2, 1, 0]), [values, np.arange(6)], 3)
        assert moved.dtype == dtype and (moved == values[[2, 5, 1, 4, 0, 3]]).all() and offsets.tolist() == [0, 2, 4, 6]
        (alone,), _ = kernels.deliver(np.array([1, 0, 0, 0, 0, 0]), [values], 2)
        assert (alone == values[[1, 2, 3, 4, 5, 0]]).all() and (same == [2, 5, 1, 4, 0, 3]).all()
        (kept,), _ = kernels.select(np.array([0, 6]), np.arange(6) % 2 == 0, [values])
        assert (kept == values[::2]).all()
        (merged,), _ = kernels.merge([[values], [values]], [np.array([0, 3, 6])] * 2)
        assert (merged == values[[0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]]).all()
