"""Every argument of `run` and `plan` with odd values: a result, or one line and status 2. Nothing else, ever."""

from __future__ import annotations

import random

import pytest

from logdepth.cli.main import main

pytestmark = pytest.mark.slow

ODD = [
    "", "0", "-1", "-0", "+1", "2", "3.5", "1e3", "1e6", "1e12", "1e18", "1e19", "1e308", "1e400", "-1e400", "nan",
    "inf", "-inf", "0x10", "1_000", "1,000", "1,00", "１２", "٣", "½", "1e", "e1", "1e-5", "1e-400", ".5", "5.", ".",
    "1.2.3", "--", "-", "x", "None", "[]", "1 2", " 1", "1\n2", "é", "9" * 30, "9" * 5000, "1/2", "2**10", "1KB",
    "0GiB", "7B", "8B", "1.5GiB", "1e400GiB", "-1GiB", "GiB", "64 GB s", "10Gbit", "0Gbit", "10Gbit/s", "1ms", "0ms",
    "1.2.3ms", "us", "1e30s", "9223372036854775807", "9223372036854775808", "2147483648", "0.14", "0.3333333", "0.99",
    "0.0000001", "2.5", "/", ".", "/dev/null", "/dev/full", "/nonexistent/x", "g.txt", "x.csv", "x.npz", "x.xlsx",
    "x.png", ".csv", "a/b/c.csv", "x" * 300 + ".csv", "%s", "{0}", "~", "*", "'", "\\", "numpy", "record", "mtx",
]  # fmt: skip
RUN = [
    "--graph",
    "--input",
    "--format",
    "--vertices",
    "--k",
    "--power",
    "--symbols",
    "--alphabet",
    "--delta",
    "--gamma",
]
RUN += ["--machines", "--memory", "--limits", "--checkpoint", "--address", "--kernels", "--checkpoint-every", "--out"]
PLAN = ["--vertices", "--edges", "--size", "--k", "--machines", "--memory", "--bandwidth", "--latency", "--cores"]
CLUSTER = ["--machines", "4", "--memory", "1GiB"]
COMMANDS = [
    (["run", "connectivity", "--graph", "g.txt"], RUN),
    (["run", "msf", "--graph", "w.txt"], RUN),
    (["run", "sort", "--input", "n.txt"], RUN),
    (["run", "khop", "--input", "s.txt", "--k", "2"], RUN),
    (["run", "pointer-doubling", "--input", "n.txt"], RUN),
    (["plan", "connectivity", "--vertices", "1000", "--edges", "2000", *CLUSTER], PLAN),
    (["plan", "khop", "--size", "1000", *CLUSTER], PLAN),
]


@pytest.mark.parametrize(("command", "options"), COMMANDS, ids=lambda value: " ".join(value[:2]))
def test_one_line_or_a_result(capsys, tmp_path, monkeypatch, command, options):
    monkeypatch.chdir(tmp_path)
    for name, text in (("g", "1 2\n2 3\n5 6\n"), ("w", "1 2 0.5\n2 3 0.25\n"), ("n", "0\n0\n1\n"), ("s", "abcabc\n")):
        (tmp_path / f"{name}.txt").write_text(text)
    rng = random.Random(command[1])
    for option in options:
        for value in rng.sample(ODD, 25):
            status = main([*command, f"{option}={value}"])
            captured = capsys.readouterr()
            where = (command, option, value[:60], status, captured.err[:500])
            lines = [line for line in captured.err.splitlines() if not line.endswith("words of 8 bytes")]
            if status == 2:
                assert captured.out == "" and len(lines) == 1, where
            else:
                assert status == 0 or (status == 1 and command[0] == "plan"), where
