"""Numbers with units: exact, or refused in one line; and what a plan makes of the edges of its ranges."""

import random
from contextlib import suppress

import pytest

from logdepth.errors import InputError
from logdepth.jobs.plan import extrapolate, plan
from logdepth.jobs.quantities import Memory, parse_bandwidth, parse_count, parse_memory, parse_seconds
from logdepth.protocols import BUILT_IN


def test_counts_are_exact():
    assert parse_count("9007199254740993") == 2**53 + 1  # a float would be one less
    assert parse_count("9223372036854775807") == 2**63 - 1
    assert [parse_count(text) for text in ("5e6", "5_000_000", "5,000,000", "0.5e7", " 7 ", "1.0")] == [
        5_000_000
    ] * 4 + [7, 1]


@pytest.mark.parametrize(
    ("parse", "texts"),
    [
        (
            parse_count,
            ["-1", "1.5", "1e-1", "1__0", "_1", "1_", "1,00", "0x1", "１", "nan", "inf", "1e400", "9" * 5000, "2e19"],
        ),
        (
            parse_memory,
            ["-1", "1.2.3GiB", "GiB", "1e400", "1e19", "1,5GiB", "1 2GiB", "1GiBs", "1Zi", "１GiB", "9" * 5000],
        ),
        (parse_bandwidth, ["0Gbit", "0", "1e-400", "-1Gbit", "1.2.3Gbit", "1e400bit", "Gbit", "1Gbaud", "9" * 5000]),
        (parse_seconds, ["-1ms", "1.2.3ms", "ms", "1h", "1e400", "nan", "inf", "1e--5", "9" * 5000]),
    ],
)
def test_refused_in_one_line(parse, texts):
    for text in texts:
        with pytest.raises(InputError) as error:
            parse(text)
        assert len(str(error.value)) < 250 and "\n" not in str(error.value)


def test_random_text_never_does_anything_else():
    rng = random.Random(0)
    for _ in range(4000):
        text = "".join(rng.choice("0123456789..,,__ee+-kKMGTiBbits/psmu ") for _ in range(rng.randrange(9)))
        for parse in (parse_count, parse_memory, parse_bandwidth, parse_seconds):
            with suppress(InputError):
                parse(text)


def test_shares_of_a_word_or_less_and_runs_without_a_round():
    assert extrapolate([0.1, 0.2, 0.4], [1, 2, 4], 0.8) == pytest.approx(8)
    cluster = {"machines": 1000, "memory": Memory(10**9, in_bytes=True), "bandwidth": 1e9, "latency": 1e-3}
    assert plan(BUILT_IN["pointer-doubling"], 1000, calibration_words=4000, **cluster).fits
    assert plan(BUILT_IN["sort"], 5, **{**cluster, "machines": 2}).fits  # all three small runs are of one size
    assert plan(BUILT_IN["khop"], 1000, k=0, **{**cluster, "machines": 4}).prediction.num_rounds == 0
    for size, edges, k in ((0, 1, 1), (10**16, 1, 1), (10, -5, 1), (10, 10**16, 1), (10, 1, -1)):
        with pytest.raises(InputError, match="must be"):
            plan(BUILT_IN["connectivity"], size, edges=edges, k=k, **cluster)
