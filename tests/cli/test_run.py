"""`run`, `resume` and `plan` as a user types them."""

from __future__ import annotations

import gzip
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from logdepth.cli.main import main

COMMAND = (  # interrupts on, also where the tests run in the background
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from logdepth.__main__ import run; run()"
)


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture
def edges(tmp_path) -> Path:
    path = tmp_path / "edges.txt"
    path.write_text("# a comment\n30 20\n20 10\n7 7\n41\t40\r\n40 41\n")
    return path


@pytest.mark.parametrize("suffix", ["parquet", "csv", "tsv", "npz"])
def test_labels_of_a_file(capsys, edges, tmp_path, suffix):
    out = tmp_path / f"labels.{suffix}"
    status, text, _ = run(capsys, "run", "connectivity", "--graph", str(edges), "--out", str(out))
    assert status == 0 and "result    components: 3" in text and "proved bound" in text
    if suffix == "npz":
        with np.load(out) as arrays:
            table = {name: arrays[name].tolist() for name in arrays.files}
    else:
        import polars

        read = {"parquet": polars.read_parquet, "csv": polars.read_csv}.get(suffix)
        frame = read(out) if read else polars.read_csv(out, separator="\t")
        table = frame.to_dict(as_series=False)
    assert table == {"vertex": [7, 10, 20, 30, 40, 41], "label": [7, 10, 10, 10, 40, 40]}


def test_json_holds_the_ledger(capsys, edges):
    status, text, _ = run(capsys, "run", "connectivity", "--graph", str(edges), "--json", "--delta", "0.6")
    found = json.loads(text)
    assert status == 0 and found["result"] == {"components": 3}
    for key in ("num_rounds", "num_rounds_bound", "num_machines", "local_memory", "max_words_sent"):
        assert isinstance(found[key], int)
    assert len(found["rounds"]) == found["num_rounds"] <= found["num_rounds_bound"]
    assert found["max_words_sent"] <= found["local_memory"]
    assert found["delta"] == 0.6


def test_three_edges_print_three_lines_of_ledger(capsys, edges):
    _, short, _ = run(capsys, "run", "connectivity", "--graph", str(edges))
    lines = short.splitlines()
    assert [line.split()[0] for line in lines] == ["rounds", "words", "seconds", "result"]
    assert "proved bound" in lines[0] and "of s = " in lines[1]
    _, whole, _ = run(capsys, "run", "connectivity", "--graph", str(edges), "--ledger")
    assert lines[0] in whole.splitlines() and "messages" in whole and "theory" in whole
    for work in (
        "read: the input parsed, ids renumbered",
        "place: edges dealt",
        "collect: labels put",
        "facts: compon",
    ):
        assert re.search(rf"^driver    \d+\.\d\d\d {work}", whole, re.MULTILINE)
    _, rounds, _ = run(capsys, "run", "connectivity", "--graph", str(edges), "--rounds")
    assert rounds.startswith("round ") and whole.startswith("rounds ")


def test_exceeded_limits_are_in_the_short_ledger(capsys, edges):
    common = ["run", "connectivity", "--graph", str(edges), "--machines", "5"]
    least = int(run(capsys, *common, "--memory", "1")[2].split("give at least ")[1].split()[0].replace(",", ""))
    _, text, _ = run(capsys, *common, "--memory", str(least), "--limits", "record", "--json")
    exceeded = json.loads(text)["exceeded"]
    _, text, _ = run(capsys, *common, "--memory", str(least), "--limits", "record")
    assert text.count("exceeded  machine") == min(len(exceeded), 5)


@pytest.mark.parametrize("problem", ["connectivity", "spanning-forest", "bipartiteness"])
def test_a_small_run_loads_nothing_that_compiles(edges, problem):
    code = (
        "import sys; from logdepth.cli.main import main; main(sys.argv[1:]); "
        "assert not {'numba', 'scipy', 'torch', 'ray'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, "run", problem, "--graph", str(edges)], check=True, capture_output=True)


def test_gz_names_plot_and_rounds(capsys, tmp_path):
    path = tmp_path / "names.txt.gz"
    path.write_bytes(gzip.compress(b"ann bob\nbob cat\ndan eve\n"))
    out, plot = tmp_path / "o.csv", tmp_path / "p.png"
    status, text, _ = run(
        capsys, "run", "connectivity", "--graph", str(path), "--out", str(out), "--plot", str(plot), "--rounds"
    )
    assert status == 0 and text.splitlines()[1].split()[:3] == ["0", "check:", "count"]
    assert out.read_text().split() == ["vertex,label", "ann,ann", "bob,ann", "cat,ann", "dan,dan", "eve,dan"]
    assert plot.read_bytes()[:4] == b"\x89PNG"


def test_other_problems(capsys, tmp_path):
    (tmp_path / "text.txt").write_text("baebcabebdea\n")
    (tmp_path / "numbers.txt").write_text("3\n1\n2\n")
    (tmp_path / "w.csv").write_text("source,target,weight\nx,y,1.5\ny,z,2\nx,z,0.5\n")
    out = tmp_path / "o.csv"
    options = ["--out", str(out), "--force"]
    assert run(capsys, "run", "khop", "--k", "2", "--input", str(tmp_path / "text.txt"), *options)[0] == 0
    assert out.read_text().splitlines()[-1] == "11,c"
    assert run(capsys, "run", "sort", "--input", str(tmp_path / "numbers.txt"), *options)[0] == 0
    assert out.read_text().splitlines()[1:] == ["0,1,1", "1,2,2", "2,0,3"]
    assert run(capsys, "run", "msf", "--graph", str(tmp_path / "w.csv"), *options)[0] == 0
    assert out.read_text().splitlines()[1:] == ["0,x,y,1.5", "2,x,z,0.5"]
    assert run(capsys, "run", "spanning-forest", "--graph", str(tmp_path / "w.csv"), *options)[0] == 0
    assert out.read_text().splitlines()[1] == "x,x"


def test_checkpoint_and_resume(capsys, edges, tmp_path):
    folder = str(tmp_path / "c")
    first = run(
        capsys,
        "run",
        "connectivity",
        "--graph",
        str(edges),
        "--checkpoint",
        folder,
        "--checkpoint-every",
        "4",
        "--json",
    )
    again = run(capsys, "resume", folder, "--workers", "2", "--json")
    assert first[0] == again[0] == 0

    def clean(text: str) -> dict:
        found = json.loads(text)
        del found["seconds"], found["driver_seconds"], found["peak_bytes"]
        found["driver"] = list(found["driver"])
        for row in found["rounds"]:
            del row["seconds"]
        return found

    assert clean(first[1]) == clean(again[1])


BAD = [
    (["run", "conectivity", "--graph", "E"], "did you mean connectivity"),
    (["run", "connectivity"], "connectivity reads --graph FILE"),
    (["run", "connectivity", "--input", "E"], "reads --graph FILE, not --input"),
    (["run", "sort", "--graph", "E"], "reads --input FILE, not --graph"),
    (["run", "connectivity", "--graph", "missing.txt"], "missing.txt"),
    (["run", "connectivity", "--graph", "BROKEN"], "broken.txt:2: .*'oops'"),
    (["run", "connectivity", "--graph", "E", "--vertices", "41"], "edges.txt:5: .*41"),
    (["run", "connectivity", "--graph", "E", "--machines", "3", "--memory", "1"], "give at least [0-9]+ words"),
    (["run", "connectivity", "--graph", "E", "--machines", "0"], "--machines is 0"),
    (["run", "connectivity", "--graph", "E", "--machines", "3", "--delta", "0.5"], "not both"),
    (["run", "connectivity", "--graph", "E", "--delta", "1.5"], "delta is 1.5"),
    (["run", "connectivity", "--graph", "E", "--out", "x.xlsx"], "unknown suffix"),
    (["run", "connectivity", "--graph", "E", "--out", "E.csv"], "exists already; give --force"),
    (["run", "connectivity", "--graph", "E", "--plot", "x.gif"], "must end in .png"),
    (["run", "connectivity", "--graph", "E", "--workers", "0"], "--workers is 0"),
    (["run", "connectivity", "--graph", "E", "--checkpoint-every", "0"], "--checkpoint-every is 0"),
    (["run", "connectivity", "--graph", "E", "--address", "auto"], "--address is for --engine ray"),
    (["run", "connectivity", "--graph", "E", "--checkpoint", "FULL"], "not empty and holds no checkpoint"),
    (["run", "msf", "--graph", "NAN"], "nan.csv:2"),
    (["run", "khop", "--input", "E"], "khop needs --k"),
    (["run", "khop", "--input", "E", "--k", "-1"], "--k: .-1. is not a whole number"),
    (["resume", "nowhere"], "holds no checkpoint"),
    (["plan", "connectivity", "--machines", "3", "--memory", "1GiB"], "needs --vertices and --edges"),
    (["plan", "sort", "--machines", "3", "--memory", "1GiB"], "needs --size"),
    (["plan", "sort", "--size", "9", "--machines", "3", "--memory", "lots"], "'lots' cannot be read; write 64GiB"),
    (["plan", "sort", "--size", "1e9", "--machines", "3", "--memory", "1MB"], "each needs at least"),
]


@pytest.mark.parametrize(
    ("arguments", "message"), BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_bad_input_is_one_clear_line(capsys, edges, tmp_path, arguments, message):
    (tmp_path / "broken.txt").write_text("1 2\noops\n")
    (tmp_path / "nan.csv").write_text("source,target,weight\n1,2,nan\n")
    (tmp_path / "E.csv").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    names = {"E": edges, "BROKEN": tmp_path / "broken.txt", "NAN": tmp_path / "nan.csv", "E.csv": tmp_path / "E.csv"}
    names["FULL"] = tmp_path / "full"
    before = sorted(path.name for path in tmp_path.iterdir())
    status, out, error = run(capsys, *[str(names.get(word, word)) for word in arguments])
    assert status == 2 and out == ""
    assert len(error.splitlines()) == 1 and re.search(message, error), error
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_limits_record(capsys, edges):
    common = ["run", "connectivity", "--graph", str(edges), "--machines", "5"]
    least = int(run(capsys, *common, "--memory", "1")[2].split("give at least ")[1].split()[0].replace(",", ""))
    assert run(capsys, *common, "--memory", str(least), "--limits", "record")[0] == 0


def test_interrupted_keeps_its_checkpoint(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "g.npy", rng.integers(0, 200_000, (400_000, 2)))
    folder, out = tmp_path / "c", tmp_path / "o.npz"
    command = ["run", "connectivity", "--graph", str(tmp_path / "g.npy"), "--checkpoint", str(folder)]
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            COMMAND,
            *command,
            "--checkpoint-every",
            "1",
            "--out",
            str(out),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 60
    while not list(folder.glob("round-*")) and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("the run was over before the interrupt")
    assert process.returncode == 130 and "Traceback" not in error
    assert not out.exists()
    assert main(["resume", str(folder), "--out", str(out)]) == 0
    with np.load(out) as labels:
        assert (labels["label"] <= labels["vertex"]).all()
