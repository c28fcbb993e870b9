"""Numbers of a file are exact or refused: text, .npy, and what sort and prefix-sum make of them."""

from __future__ import annotations

import gzip
import random
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logdepth.errors import InputError
from logdepth.jobs import Job, run_job
from logdepth.protocols.inputs.number_files import read_numbers


def text(tmp_path, content):
    path = tmp_path / "n.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ("9223372036854775807\n-9223372036854775808\n9223372036854775806\n", [2**63 - 1, -(2**63), 2**63 - 2]),
        ("+5\n007\n-0\n", [5, 7, 0]),
        (" 1 \t\r\n\x0b2\x0c\n", [1, 2]),
        ("\ufeff1\n2", [1, 2]),
        (gzip.compress(b"1\n2\n", mtime=0), [1, 2]),
        ("\n# only\n\n", []),
        ("0.1\n9007199254740992\n-9007199254740992\n", [0.1, 2.0**53, -(2.0**53)]),
        ("0.5\n9007199254740994\n", [0.5, 2.0**53 + 2]),
        ("1e3\n.5\n5.\n1E-3\ninf\n-Infinity\n", [1000.0, 0.5, 5.0, 0.001, np.inf, -np.inf]),
        ("0.1\n0.10\n1e-1\n0.1000000000000000000\n", [0.1] * 4),
        ("0.10000000000000001\n0.10000000000000001\n", [0.1] * 2),
        ("5e-324\n0.0\n-0.0\n1.7976931348623157e308\n", [5e-324, 0.0, -0.0, 1.7976931348623157e308]),
    ],
)
def test_read_exactly(tmp_path, content, values):
    found = read_numbers(text(tmp_path, content))
    assert found.tolist() == values and found.dtype == (np.int64 if all(type(v) is int for v in values) else np.float64)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1\n9223372036854775808\n", r"n\.txt:2: a whole number beyond int64.*'9223372036854775808'"),
        ("-9223372036854775809\n", r"n\.txt:1: a whole number beyond int64"),
        ("1\n\n# c\n" + "9" * 5000, r"n\.txt:4: a whole number beyond int64"),
        (
            "0.5\n9007199254740993\n",
            r"n\.txt:2: '9007199254740993' is not exactly a float64.*\('0\.5'\).*whole numbers",
        ),
        ("9223372036854775807\n0.5\n", r"n\.txt:1: .* is not exactly a float64"),
        ("1_000\n2\n", r"n\.txt:1: '1_000' is not a number"),
        ("1.5\n1_000\n", r"n\.txt:2: '1_000' is not a number"),
        ("1\n１２\n", r"n\.txt:2: '１２' is not a number"),
        ("1\n٣\n", r"n\.txt:2: '٣' is not a number"),
        ("1\n\u00a02\n", r"n\.txt:2: .* is not a number"),
        ("0x10\n", "'0x10' is not a number"),
        ("1 2\n", "'1 2' is not a number"),
        ("1,5\n", "'1,5' is not a number"),
        ("1\r2\r3\n", "is not a number"),
        ("nan\n1\n", r"n\.txt:1: 'nan' is not a number"),
        ("--1\n", "is not a number"),
        ("1.2.3\n", "is not a number"),
        ("1e\n", "is not a number"),
        ("1\0\n", "is not a number"),
        ("1e400\n", r"n\.txt:1: '1e400' is not within float64"),
        ("1.5\n" + "9" * 400, "is not within float64"),
        ("0." + "1" * 5000, "5,002 characters; a number has 4,000 at most"),
        ("1e99999999999999999999", "is not a number"),
        ("0.1\n2\n0.1000000000000000055\n", r"n\.txt:3: '0\.1000000000000000055' and \(line 1\) '0\.1' differ"),
        ("0.10000000000000001\n0.1\n", r"n\.txt:2: '0\.1' and \(line 1\) '0\.10000000000000001' differ"),
        ("1.0000000000000000001\n1\n", "differ, but are one float64"),
        ("1e-400\n0.0\n", "differ, but are one float64"),
        ("1e-400\n1e-401\n", "differ, but are one float64"),
        ("4e-324\n5e-324\n", "differ, but are one float64"),
        ("9007199254740993.0\n9007199254740992\n", "differ, but are one float64"),
        ("\xff\xfe1\x00".encode("latin-1"), "UTF-16"),
        (gzip.compress(b"1\n" * 9999, mtime=0)[:-20], "truncated"),
    ],
)
def test_refused_with_file_and_line(tmp_path, content, message):
    with pytest.raises(InputError, match=message) as error:
        read_numbers(text(tmp_path, content))
    assert "n.txt" in str(error.value) and len(str(error.value)) < 500 and "\n" not in str(error.value)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_sorted_as_the_decimals_are_or_refused(tmp_path, data):
    """Against exact arithmetic: numbers that crowd round one float64, written in many ways."""
    near = data.draw(st.sampled_from(["0.1", "9007199254740992", "1", "123456789.125", "0", "9223372036854775807"]))
    fraction = Decimal(near)
    count = data.draw(st.integers(1, 6))
    steps = [data.draw(st.integers(-3, 3)) for _ in range(count)]
    sizes = [data.draw(st.sampled_from(["1", "1e-15", "1e-16", "1e-18", "0.5", "1e-330", "2"])) for _ in range(count)]
    words = [format(fraction + step * Decimal(size), "f") for step, size in zip(steps, sizes, strict=True)]
    try:
        values = read_numbers(text(tmp_path, "\n".join(words) + "\n"))
    except InputError:
        return
    exact = [Fraction(word) for word in words]
    order = sorted(range(count), key=exact.__getitem__)
    assert np.argsort(values, kind="stable").tolist() == order
    if values.dtype == np.int64:
        assert [int(value) for value in values] == exact
        return
    for word, value in zip(words, values.tolist(), strict=True):
        assert value == float(word) and ("." in word or value == int(word))


def test_sort_of_large_whole_numbers_is_exact(tmp_path):
    rng = random.Random(1)
    numbers = [2**62 + rng.randrange(-9, 9) for _ in range(40)]
    result = run_job(Job("sort", text(tmp_path, "\n".join(map(str, numbers))))).table()
    assert result["value"].tolist() == sorted(numbers)


def test_errors_of_the_problem_name_the_file(tmp_path):
    for content, message in (
        ("1.5\n", r"n\.txt: values holds float64"),
        ("9223372036854775807\n1\n", r"n\.txt: the absolute values of the 2 numbers add up to 9223372036854775808"),
    ):
        with pytest.raises(InputError, match=message):
            run_job(Job("prefix-sum", text(tmp_path, content)))
    for content, message in (
        ("1\n5\n", r"n\.txt: ptr: row 1 is 5"),
        ("0\n-1\n", r"n\.txt: ptr: row 1 is -1"),
        ("0\n1.0\n", r"n\.txt: pointers are whole"),
    ):
        with pytest.raises(InputError, match=message):
            run_job(Job("pointer-doubling", text(tmp_path, content)))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([1, 2**63], np.uint64), r"row 2 is 9223372036854775808, beyond int64"),
        (np.array([1.0, np.nan]), "row 2 is NaN"),
        (np.array([1], np.longdouble), "64 bits at most"),
        (np.array([1j]), "complex128"),
        (np.array(["1"]), "<U1"),
        (np.array([True]), "bool"),
        (np.array([[1]]), r"shape \(1, 1\)"),
        (np.array(1), r"shape \(\)"),
        (np.array([(1, 2)], "i4,i4"), "needs one row"),
        (np.array(["2026-01-01"], "M8[D]"), "needs one row"),
        (np.array([1, "a"], object), "pickle"),
    ],
)
def test_arrays_refused(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=message) as error:
        read_numbers(str(tmp_path / "a.npy"))
    assert "a.npy" in str(error.value)


def test_arrays(tmp_path):
    for dtype in ("u1", "u8", "i2", ">i4", ">i8", "f2", "f4", ">f8"):
        np.save(tmp_path / "a.npy", np.array([3, 1, 2], dtype))
        found = read_numbers(str(tmp_path / "a.npy"))
        assert found.tolist() == [3, 1, 2] and found.dtype == (np.float64 if "f" in dtype else np.int64)


@pytest.mark.parametrize("name", ["missing", "missing.npy", "missing.txt", ".", "x" * 5000, "a\0b"])
def test_what_is_not_there(tmp_path, name):
    with pytest.raises(InputError, match=r"no such file|is a folder|cannot read|name too long"):
        read_numbers(str(tmp_path / name))
    for suffix in (".npz", ".parquet"):
        with pytest.raises(InputError, match=re.escape("text, one a line, or from .npy")):
            read_numbers(str(tmp_path / f"a{suffix}"))


@pytest.mark.parametrize(
    ("tokens", "alphabet", "message"),
    [
        ([0, 2**63 - 1], None, "row 2 is 9223372036854775807; at most"),
        ([0, 5], 5, r"row 2 is 5; with --alphabet 5 tokens are 0\.\.4"),
        ([0, -1], None, "whole numbers from 0"),
        ([0.5], None, "whole numbers from 0"),
        ([0, 1], 2**70, "--alphabet is"),
    ],
)
def test_tokens(tmp_path, tokens, alphabet, message):
    np.save(tmp_path / "t.npy", np.array(tokens))
    with pytest.raises(InputError, match=message):
        run_job(Job("khop", str(tmp_path / "t.npy"), k=1, alphabet=alphabet))


def test_more_symbols_than_a_text_has(tmp_path):
    (tmp_path / "t.txt").write_text("0101\n")
    with pytest.raises(InputError, match=r"--alphabet is 2,147,483,648; a text tells 1,114,112 symbols apart"):
        run_job(Job("khop", str(tmp_path / "t.txt"), k=1, alphabet=2**31))
