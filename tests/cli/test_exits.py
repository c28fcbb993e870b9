"""How commands end: one line and a status for whatever goes wrong, and no result is lost."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from logdepth.cli.main import build_parser, main
from logdepth.errors import InputError
from logdepth.mpc import LocalEngine

# a Python that starts quickly, and has interrupts on also where the tests run in the background
START = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from logdepth.__main__ import run; "


@pytest.fixture
def numbers(tmp_path) -> Path:
    path = tmp_path / "n.txt"
    path.write_text("3\n1\n2\n")
    return path


def one_line(capsys, *arguments: str) -> str:
    assert main([str(argument) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("logdepth: ") and captured.err.count("\n") == 1, captured
    return captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["run"], "required: PROBLEM; `logdepth run --help` says more"),
        (["run", "sort", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["run", "sort", "--engine", "cloud"], "--engine: invalid choice: 'cloud'"),
        (["run", "sort", "--k", "1_0_"], "--k: '1_0_' is not a whole number"),
        (["run", "khop", "--k", "１２"], "is not a whole number"),
        (["run", "khop", "--k", "9" * 30], "is too large; the limit is 9,223,372,036,854,775,807"),
        (["run", "khop", "--k", "1e999999999"], "is not a whole number"),
        (["run", "sort", "--gamma", "nan"], "--gamma: 'nan' is not a finite number"),
        (["run", "sort", "--delta", "inf"], "--delta: 'inf' is not a finite number"),
        (["run", "sort", "--delta", "0_1"], "is not a finite number"),
        (["solve", "khop", "--k", "1_0"], "--k: '1_0' is not a whole number"),
        (["verify", "nowhere", "--seed", "x" * 5000], "is not a whole number"),
    ],
)
def test_what_the_parser_refuses_is_one_line(capsys, arguments, message):
    error = one_line(capsys, *arguments)
    assert message in error and len(error) < 600


@pytest.mark.parametrize(
    ("memory", "words"), [("5e4", 50_000), ("50_000", 50_000), ("400kB", 50_000), ("1MiB", 2**17), ("1 GiB", 2**27)]
)
def test_memory_is_words_or_bytes(capsys, numbers, memory, words):
    assert main(["run", "sort", "--input", str(numbers), "--memory", memory, "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["local_memory"] == words
    in_bytes = "B" in memory
    assert captured.err == (f"logdepth: --memory {memory} is {words:,} words of 8 bytes\n" if in_bytes else "")


@pytest.mark.parametrize("memory", ["0", "7B", "-1", "64 elephants", "1.5.2GiB", "1e400", "nan", "inf", "", "1,5GiB"])
def test_memory_refused(capsys, numbers, memory):
    assert "memory" in one_line(capsys, "run", "sort", "--input", numbers, f"--memory={memory}") or memory != "7B"
    one_line(capsys, "plan", "sort", "--size", "1000", "--machines", "3", f"--memory={memory}")


def test_plan_takes_the_same_memory(capsys):
    def words(memory):
        assert main(["plan", "sort", "--size", "1000", "--machines", "3", "--memory", memory, "--json"]) == 0
        return json.loads(capsys.readouterr().out)["memory_words"]

    assert words("2_000_000") == 2_000_000
    assert words("16MB") == 2_000_000


PLAN = ["plan", "connectivity", "--vertices", "100", "--edges", "100", "--machines", "3", "--memory", "1GiB"]


@pytest.mark.parametrize(
    ("option", "values"),
    [
        (
            "--bandwidth",
            ["0Gbit", "0", "-1Gbit", "1e400", "1.2.3Gbit", "nan", "infGbit", "Gbit", "1 2Gbit", "1e5e5B", ""],
        ),
        ("--latency", ["1.2.3ms", "-1ms", "nan", "inf", "1e400", "1h", "ms", "1e--5s", "1_", ""]),
        ("--edges", ["-5", "1.5", "1e400", "nan", "1e30", "x", ""]),
        ("--vertices", ["-1", "0", "1e18", "1.5", "9" * 400]),
        ("--machines", ["0", "-1", "1e18", "1.5", "3000000000"]),
        ("--cores", ["0", "-1", "1e18", "x"]),
        ("--k", ["-1", "x", "1e18"]),
    ],
)
def test_plan_refuses_odd_values(capsys, option, values):
    for value in values:
        one_line(capsys, *PLAN, f"{option}={value}")


def test_plan_names_options_that_do_not_belong(capsys):
    assert "takes no --size" in one_line(capsys, *PLAN, "--size", "5")
    command = ["plan", "sort", "--size", "100", "--machines", "3", "--memory", "1GiB"]
    assert "takes no --edges" in one_line(capsys, *command, "--edges", "5")
    cycles = ["plan", "one-versus-two-cycle", "--vertices", "100", "--machines", "2", "--memory", "1MiB"]
    assert "takes no --edges" in one_line(capsys, *cycles, "--edges", "5")


@pytest.fixture
def full_disk(monkeypatch, tmp_path):
    """Everything under tmp_path/full is on a disk without room; temporary files are on another."""
    real, full = os.fsync, tmp_path / "full"
    full.mkdir()
    (tmp_path / "spare").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "spare"))
    monkeypatch.setattr("tempfile.tempdir", None)

    def fsync(handle):
        if Path(os.readlink(f"/proc/self/fd/{handle}")).is_relative_to(full):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    return full


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
@pytest.mark.parametrize("suffix", ["csv", "npz", "parquet"])
def test_a_result_that_does_not_fit_is_kept_elsewhere(capsys, numbers, full_disk, tmp_path, suffix):
    error = one_line(capsys, "run", "sort", "--input", numbers, "--out", full_disk / f"o.{suffix}")
    assert f"cannot write {full_disk}/o.{suffix}: No space left on device; the result is in {tmp_path}/spare/" in error
    kept = Path(error.split("the result is in ")[1].strip())
    assert kept.name == f"o.{suffix}" and kept.stat().st_size > 10
    assert not list(full_disk.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", [["list"], ["--print-completion", "bash"]])
def test_standard_output_on_a_full_disk(command):
    with open("/dev/full", "w") as full:
        found = subprocess.run(
            [sys.executable, "-m", "logdepth", *command], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert found.returncode == 2 and found.stderr == "logdepth: No space left on device\n"


def test_out_that_is_no_file(capsys, numbers, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    command = ["run", "sort", "--input", numbers, "--force", "--out"]
    assert "is not a file" in one_line(capsys, *command, tmp_path / "folder.csv")
    assert "cannot write" in one_line(capsys, *command, numbers / "o.csv")


@pytest.mark.parametrize("problem", ["sort", "khop", "pointer-doubling", "connectivity"])
def test_a_missing_file_is_said_to_be_missing(capsys, tmp_path, problem):
    option = "--graph" if problem == "connectivity" else "--input"
    for name in ("missing", "missing.txt", "missing.npy", "missing.gz"):
        assert f"{name}: no such file" in one_line(capsys, "run", problem, option, tmp_path / name, "--k", "1")
    said = "matches no file of edges" if problem == "connectivity" else "is a folder"  # one of parts
    assert said in one_line(capsys, "run", problem, option, tmp_path, "--k", "1")


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs /dev/fd")
def test_process_substitution(tmp_path):
    def result(arguments):
        command = f"{sys.executable} -m logdepth run {arguments} --json"
        found = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        return json.loads(found.stdout)["result"] if found.returncode == 0 else found.stderr

    assert result("connectivity --graph <(printf '1 2\\n3 4\\n')") == {"components": 2}
    assert "/dev/fd/63:2: 'oops' is not a number" in result("sort --input <(printf '1\\noops\\n')")


@pytest.mark.parametrize("problem", ["khop", "pointer-doubling"])
def test_a_named_pipe(capsys, tmp_path, problem):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("0101\n" if problem == "khop" else "0\n0\n",))
    writer.start()
    options = ["--k", "1"] if problem == "khop" else []
    assert main(["run", problem, "--input", str(pipe), *options, "--json"]) == 0
    writer.join()
    assert json.loads(capsys.readouterr().out)["problem"] == problem


def test_an_engine_that_talks_does_not_break_the_json(capsys, numbers, monkeypatch):
    def close(self):
        print("(raylet) A worker died or was killed")

    monkeypatch.setattr(LocalEngine, "close", close)
    assert main(["run", "sort", "--input", str(numbers), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["result"] == {"numbers": 3} and "(raylet)" in captured.err


def test_the_module_and_the_script_are_the_command(numbers):
    found = subprocess.run([sys.executable, "-m", "logdepth", "--version"], capture_output=True, text=True, check=True)
    assert found.stdout.startswith("logdepth ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion(capsys, shell):
    with pytest.raises(SystemExit) as left:
        main(["--print-completion", shell])
    script = capsys.readouterr().out
    assert left.value.code == 0 and "--checkpoint" in script and "pointer-doubling" in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_an_interrupt_at_any_moment_is_one_line(numbers):
    """Also while modules are imported, before there is a command. The child says when Python itself has started."""
    code = START + "import os; os.write(1, b'!'); run()"
    for delay in (0.0, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6):
        process = subprocess.Popen(
            [sys.executable, "-c", code, "run", "sort", "--input", str(numbers)],
            **{"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True},
        )
        assert process.stdout is not None and process.stdout.read(1) == "!"
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
        if process.returncode == -signal.SIGINT:  # Python had taken its handlers down already: all was done
            assert error == "" and "numbers: 3" in out
        elif process.returncode:
            assert process.returncode == 130, (delay, error)
            assert error == "logdepth: interrupted; nothing was left half-written\n", (delay, error)


def test_errors_of_every_kind_are_one_line(capsys, monkeypatch):
    from logdepth.cli import inspecting

    def raising(error):
        def run(args):
            raise error

        monkeypatch.setattr(inspecting, "_list", run)
        return one_line(capsys, "list")

    assert raising(InputError("two\nlines")) == "logdepth: two lines\n"
    assert raising(MemoryError()).startswith("logdepth: out of memory")
    assert raising(OSError(13, "Permission denied", "a.txt")) == "logdepth: a.txt: Permission denied\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_closed_streams(closed):
    for command, status in (("list", 0), ("nonsense", 2)):
        shell = f"{sys.executable} -m logdepth {command} {closed}"
        found = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
        assert found.returncode == status and "Traceback" not in found.stderr
        assert status == 0 or found.stdout == ""


def test_a_narrow_encoding_is_escaped(tmp_path):
    (tmp_path / "s.txt").write_text("üéüé\n", encoding="utf-8")
    command = [sys.executable, "-m", "logdepth", "run", "khop", "--k", "1", "--input", str(tmp_path / "s.txt")]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert found.returncode == 0 and r"last: \xfc" in found.stdout, found.stderr


def test_help_lists_the_completion():
    assert "--print-completion" in build_parser().format_help()
