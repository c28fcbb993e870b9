"""A protocol's words as a router's and back: every type, to the bit; rows by source, then as it wrote them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdepth.mpc.engine import deliver
from logdepth.mpc.kernels import NumpyKernels
from logdepth.mpc.table import Table
from logdepth.mpc.words import WORDS
from logdepth.simulation.communication import concatenate
from logdepth.simulation.limbs import LIMB_BITS, from_limbs, to_limbs
from logdepth.simulation.mail import WORDS_A_WORD, read_mail, schema_of, write_mail
from logdepth.simulation.routers.packets import WORD_LIMIT, Packets


def extremes(dtype):
    match dtype.kind:
        case "b":
            return np.array([False, True])
        case "i" | "u":
            info = np.iinfo(dtype)
            return np.array([info.min, info.max, 0, 1, info.max // 3], dtype)
        case "f":
            info = np.finfo(dtype)
            return np.array([0.0, -0.0, np.inf, -np.inf, np.nan, info.min, info.max, info.smallest_subnormal], dtype)
    return np.array([complex(-0.0, np.nan), complex(np.inf, -1e-45)], dtype)


@pytest.mark.parametrize("dtype", sorted(WORDS, key=str), ids=str)
def test_every_word_to_the_bit(dtype):
    for column in (extremes(dtype), np.random.default_rng(0).bytes(dtype.itemsize * 1000)):
        if isinstance(column, bytes):
            column = np.frombuffer(column, np.uint8) % 2 if dtype.kind == "b" else np.frombuffer(column, dtype)
            column = column.astype(dtype, copy=False)
        limbs = to_limbs(column)
        assert limbs.min() >= 0 and limbs.max() < 1 << LIMB_BITS < WORD_LIMIT
        back = from_limbs(limbs, dtype)
        assert back.dtype == dtype and back.tobytes() == column.tobytes()
    assert len(from_limbs(to_limbs(np.zeros(0, dtype)), dtype)) == 0


TYPES = st.sampled_from(["?", "i1", "u2", "i4", "i8", "u8", "f4", "f8"])


@settings(max_examples=60, deadline=None)
@given(
    num_machines=st.integers(1, 5),
    tables=st.lists(st.lists(TYPES, min_size=1, max_size=3), min_size=1, max_size=3),
    seed=st.integers(0, 2**32),
)
def test_mail_arrives_as_an_engine_delivers_it(num_machines, tables, seed):
    """By source, then as that source wrote; each receiver reads with its own schema alone."""
    rng = np.random.default_rng(seed)
    mail = {}
    for number, types in enumerate(tables):
        counts = rng.integers(0, 5, num_machines)
        rows = int(counts.sum())
        columns = {
            f"c{i}": rng.integers(0, 2, rows * 8, np.uint8).view("u8").astype(kind) for i, kind in enumerate(types)
        }
        table = Table(columns, np.append(0, np.cumsum(counts)))
        mail[f"t{number}"] = (table, rng.integers(0, num_machines, rows))
    machines = np.arange(num_machines)
    packets = write_mail(machines, mail)
    alone = [
        write_mail(
            machines[i : i + 1],
            {n: (t.part(i, i + 1), d[t.offsets[i] : t.offsets[i + 1]]) for n, (t, d) in mail.items()},
        )
        for i in machines
    ]
    assert concatenate(alone).same(packets)
    words = sum(table.num_rows * len(table.columns) for table, _ in mail.values())
    assert len(packets) <= WORDS_A_WORD * words
    arrived = Packets.columns(packets.destination, packets.source, packets.destination, packets.index, packets.word)
    whole = {name: deliver(NumpyKernels(), [(0, *parcel)], num_machines) for name, parcel in mail.items()}
    for machine in machines:
        got = read_mail(schema_of(mail), arrived.of(machines[machine : machine + 1]))
        assert list(got) == list(mail)
        for name, table in got.items():
            own = whole[name].part(machine, machine + 1)
            assert table.offsets.tolist() == own.offsets.tolist()
            for key, column in own.columns.items():
                assert table[key].dtype == column.dtype and table[key].tobytes() == column.tobytes()


def test_messages_are_as_long_as_they_must_be():
    """One table: its limbs. Several: a word for each that has rows."""
    rows = Table({"a": np.array([-1, 7])}, np.array([0, 2]))
    one = Table({"a": np.array([-1])}, np.array([0, 1]))
    none = Table({"b": np.zeros(0, bool)}, np.array([0, 0]))
    to = np.array([1, 1])
    assert len(write_mail(np.array([0]), {"x": (rows, to)})) == 6
    assert len(write_mail(np.array([0]), {"x": (rows, to), "y": (none, to[:0])})) == 7
    assert len(write_mail(np.array([0]), {"x": (one, to[:1]), "y": (none, to[:0])})) == WORDS_A_WORD  # the most
    assert len(write_mail(np.array([0]), {"x": (none, to[:0]), "y": (none, to[:0])})) == 0
