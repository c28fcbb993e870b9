"""`plan --like` on the command line: what it prints, and one line for what it cannot take."""

import json

import pytest

from logdepth.cli.main import main

CLUSTER = ["--machines", "8", "--memory", "1GiB"]


@pytest.fixture(scope="module")
def edges(tmp_path_factory):
    folder = tmp_path_factory.mktemp("like") / "edges"
    assert (
        main(["generate", "path", "--vertices", "3001", "--parts", "2", "--format", "npy", "--out", str(folder)]) == 0
    )
    return str(folder)


def test_intervals_and_notes(capsys, edges):
    assert main(["plan", "connectivity", "--like", edges, "--sample", "600", *CLUSTER]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines]
    assert names[:6] == ["input", "rounds", "words", "memory", "time", "processes"] and "note" in names
    assert "3,000 edges" in lines[0] and " to " in lines[1] and "proved bound" in lines[1]
    command = ["plan", "connectivity", "--like", edges, "--sample", "600", "--edges", "1e6", *CLUSTER, "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    like = found["like"]
    assert like["edges"] == 10**6 and like["kinds"] == ["balls"] and found["input_words"] == 2 * 10**6
    for interval in like["intervals"].values():
        assert interval["low"] <= interval["value"] <= interval["high"]
    assert like["validated_times"] == 8 and len(like["samples"]) >= 3


def test_what_like_does_not_take(capsys, edges, tmp_path):
    (tmp_path / "empty").mkdir()
    for command, said in [
        (["connectivity", "--like", str(tmp_path / "empty")], "matches no file of edges"),
        (["connectivity", "--like", __file__], "unknown suffix"),
        (["sort", "--like", edges], "--like is for problems on graphs"),
        (["connectivity", "--like", edges, "--size", "9"], "--size is not for --like"),
        (["connectivity", "--like", edges, "--edges", "0"], "--edges is 0"),
        (["connectivity", "--like", edges, "--sample", "2"], "must be 64"),
        (["connectivity", "--vertices", "9", "--edges", "9", "--sample", "100"], "--sample is for --like"),
    ]:
        assert main(["plan", *command, *CLUSTER]) == 2
        captured = capsys.readouterr()
        assert said in captured.err and captured.err.count("\n") == 1 and not captured.out
